# SPDX-License-Identifier: BSD-2-Clause
"""Three databases. Each knows joe in every realm, by a password of its own, so
that it shows which one was asked."""

import socket

from daemon_users import REALM, set_password
from lib import wire

STORES = ("one", "two", "three")
HOST = socket.gethostname()	# sasldb's realm of who sends none
REALMS = (REALM, REALM.upper(), "mail.example.org", "notexample.org",
          "example.net", HOST)


def password_of(store):
    return f"of {store}"


def make(directory):
    """{name: path}"""
    paths = {name: directory / f"{name}.lmdb" for name in STORES}
    for name, path in paths.items():
        for realm in REALMS:
            set_password(path, "joe", password_of(name), realm)
    # One of them knows somebody else.
    set_password(paths["two"], "ann", password_of("two"), REALM)
    return paths


def backend_parts(paths):
    """A part of a configuration for each, and a backend whose database is
    missing."""
    paths = {**paths, "gone": "/nonexistent/users.lmdb"}
    return "".join(f"""
backend {name} {{
    mechanism: sasldb
    sasldb_path: {path}
    workers: 1
}}
""" for name, path in paths.items())


def accepts(path, login="joe", **request):
    """The stores whose password is right."""
    return [name for name in STORES if wire.request(
        path, login, password_of(name), **request) == wire.OK]
