# SPDX-License-Identifier: BSD-2-Clause
"""mech_radius against a real FreeRADIUS, of the version that answers without
Message-Authenticator unless it is told to add it."""

import os
import pty
import re
import subprocess
import time

import pytest

from drive import HOSTILE_NAMES, PROGRAM, Drive, assert_no_growth
from lib import freeradius, slapd
from lib.freeradius import (BLOCKED_MESSAGE, PASSWORD, SECRET,
                            TOKEN_MESSAGE, USERS, FreeRadius)

pytestmark = [
    pytest.mark.needs_root,
    pytest.mark.skipif(freeradius.obstacle() is not None,
                       reason=freeradius.obstacle() or ""),
]

OK = ("ok", "none")
BAD_PASSWORD = ("denied", "bad_password")
EXTRA_QUESTION = ("denied", "extra_question")
NO_SUCH_USER = ("denied", "no_such_user")
TOO_LONG = ("denied", "password_too_long")
DOWN = ("tempfail", "backend_down")
NOT_SIGNED = ("tempfail", "no_message_authenticator")


def settings(servers, **more):
    values = {"radius_servers": servers, "radius_secret": SECRET,
              "radius_timeout": 1, "radius_retries": 1, **more}
    return [f"{key}={value}" for key, value in values.items()]


@pytest.fixture(name="drive")
def fixture_drive(radius):
    with Drive("radius", *settings(radius.name)) as drive:
        yield drive


@pytest.mark.parametrize("user", USERS)
def test_right_and_wrong(drive, user):
    """Of 1, 15, 16, 17 and 128 bytes, and 8-bit, too."""
    password = USERS[user]
    assert drive.verdict(user, password) == OK
    assert drive.verdict(user, password + "x")[0] == "denied"
    assert drive.verdict(user, "wrong") == BAD_PASSWORD
    if len(password) > 1:
        assert drive.verdict(user, password[:-1]) == BAD_PASSWORD


def test_a_password_that_is_too_long(radius, drive):
    asked = len(radius.log_text())
    assert drive.verdict("n128", USERS["n128"] + "d") == TOO_LONG
    assert drive.verdict("n128", "d" * 8000) == TOO_LONG
    assert len(radius.log_text()) == asked


def test_a_user_that_is_none(drive):
    """RADIUS does not tell."""
    assert drive.verdict("nobody", PASSWORD) == BAD_PASSWORD


def test_what_the_server_says_is_told(drive):
    answer = drive.ask("blocked", PASSWORD)
    assert answer[:2] == BAD_PASSWORD
    assert BLOCKED_MESSAGE in answer.detail


def test_a_question(radius, drive):
    """It is signed, too, or its user would take the server away."""
    answer = drive.ask("token", PASSWORD)
    assert answer[:2] == EXTRA_QUESTION
    assert TOKEN_MESSAGE in answer.detail
    assert drive.parts()[radius.name] == "up"


@pytest.mark.parametrize("name", HOSTILE_NAMES)
def test_hostile_names(drive, name):
    expected = NO_SUCH_USER if len(name) > 253 else BAD_PASSWORD
    assert drive.verdict(name, PASSWORD) == expected
    assert drive.verdict("joe", PASSWORD) == OK


def test_a_server_that_wants_signed_requests(radius):
    with Drive("radius", *settings(radius.strict_name)) as drive:
        assert drive.verdict("joe", PASSWORD) == OK
        assert drive.verdict("joe", "wrong") == BAD_PASSWORD


def test_a_server_that_does_not_sign(radius_dir):
    """As the package of Debian 12 comes."""
    with FreeRadius(radius_dir, address="127.0.0.62", sign=False) as server:
        with Drive("radius", *settings(server.name)) as drive:
            for password in (PASSWORD, "wrong"):
                answer = drive.ask("joe", password)
                assert answer[:2] == NOT_SIGNED
                assert "Message-Authenticator" in answer.detail
            assert "Message-Authenticator" in drive.parts()[server.name]
        with Drive("radius", *settings(
                server.name,
                radius_require_message_authenticator="no")) as drive:
            assert drive.verdict("joe", PASSWORD) == OK
            assert drive.verdict("joe", "wrong") == BAD_PASSWORD


def test_another_secret(radius):
    """The server drops what is not signed by its own."""
    with Drive("radius", *settings(radius.name,
                                   radius_secret="another")) as drive:
        assert drive.verdict("joe", PASSWORD) == DOWN


def test_ipv6(radius_dir):
    with FreeRadius(radius_dir, address="::1", port=1912) as server:
        with Drive("radius", *settings(server.name)) as drive:
            assert drive.verdict("joe", PASSWORD) == OK
            assert drive.verdict("joe", "wrong") == BAD_PASSWORD


def test_a_name_with_two_addresses(radius_dir):
    """The first of them, of IPv6, refuses."""
    with FreeRadius(radius_dir, address="127.0.0.1", port=1912):
        with Drive("radius", *settings("localhost:1912")) as drive:
            began = time.monotonic()
            assert drive.verdict("joe", PASSWORD) == OK
            assert time.monotonic() - began < 1


@pytest.mark.ordinary_build  # ASan keeps what is freed
def test_requests_without_growth(drive):
    assert_no_growth(drive, [("joe", PASSWORD), ("joe", "wrong"),
                             ("x" * 1000, "wrong")], each=3500)


def test_a_changed_password(radius, drive):
    """Nothing is remembered here."""
    try:
        radius.set_users({"joe": "new"})
        radius.stop()
        radius.start()
        assert drive.verdict("joe", PASSWORD) == BAD_PASSWORD
        assert drive.verdict("joe", "new") == OK
    finally:
        radius.set_users(USERS)
        radius.stop()
        radius.start()


def test_a_secret_in_a_file(radius, radius_dir):
    path = radius_dir / "secret"
    path.write_text("wrong\n")
    with Drive("radius", *settings(radius.name, radius_secret="unused",
                                   radius_secret_file=path)) as drive:
        assert drive.command("changed") == "no"
        assert drive.verdict("joe", PASSWORD) == DOWN
        path.write_text(f"{SECRET}\nsecond line\n")
        assert drive.command("changed") == "yes"
        assert drive.verdict("joe", PASSWORD) == OK
        path.write_text("\n")	# half of it
        assert drive.command("changed") == "no"
        assert drive.verdict("joe", PASSWORD) == OK


def test_a_server_with_settings_of_its_own(radius):
    with Drive("radius", *settings(
            f"127.0.0.99 {radius.name}", radius_secret="of the other",
            radius_server_secret=f"{radius.name}  {SECRET}",
            radius_server="127.0.0.99 timeout=1 retries=0")) as drive:
        assert drive.verdict("joe", PASSWORD) == OK


def test_status_server(radius):
    """A server that comes back is found out between two requests."""
    with Drive("radius", *settings(radius.name,
                                   radius_status_server="yes")) as drive:
        assert drive.verdict("joe", PASSWORD) == OK
        radius.pause()
        assert drive.verdict("joe", PASSWORD) == DOWN
        assert drive.parts()[radius.name].startswith("down no answer")
        radius.resume()
        time.sleep(drive.idle() / 1000 + 0.01)
        drive.idle()
        assert drive.parts()[radius.name] == "up"


# RadSec.

@pytest.fixture(name="tls")
def fixture_tls(radius_cert):
    """The keys of a client that may ask."""
    return {"radius_tls_cacert_file": radius_cert.ca.cert,
            "radius_tls_cert": radius_cert.cert,
            "radius_tls_key": radius_cert.key}


def tls_settings(tls, servers, **more):
    return [f"{key}={value}" for key, value in
            {"radius_servers": servers, "radius_timeout": 2, **tls,
             **more}.items()]


def test_radsec(radius, tls):
    with Drive("radius", *tls_settings(
            tls, f"tls://{radius.address}")) as drive:
        assert drive.verdict("joe", PASSWORD) == OK
        assert drive.verdict("joe", "wrong") == BAD_PASSWORD
        assert drive.verdict("n128", USERS["n128"]) == OK


@pytest.mark.ordinary_build  # ASan keeps what is freed
def test_radsec_without_growth(radius, tls):
    with Drive("radius", *tls_settings(
            tls, f"tls://{radius.address}")) as drive:
        assert_no_growth(drive, [("joe", PASSWORD), ("joe", "wrong")],
                         each=5000)


def test_radsec_is_connected_once(radius, tls):
    def connections():
        return radius.log_text().count("adding new socket")

    with Drive("radius", *tls_settings(
            tls, f"tls://{radius.address}")) as drive:
        before = connections()
        for _ in range(5):
            assert drive.verdict("joe", PASSWORD) == OK
        assert connections() == before + 1
        radius.stop()
        radius.start()
        assert drive.verdict("joe", PASSWORD) == OK
        assert connections() == before + 2


def test_a_key_with_a_passphrase(radius_dir, tls):
    """Nobody is there to be asked for it, whatever terminal there is."""
    key = radius_dir / "locked.key"
    subprocess.run(
        ["openssl", "pkey", "-in", tls["radius_tls_key"], "-aes256",
         "-passout", "pass:x", "-out", key], check=True, capture_output=True)
    terminal, inside = pty.openpty()
    try:
        run = subprocess.run(
            ["setsid", "--ctty", "--wait", PROGRAM, "radius",
             "radius_servers=tls://127.0.0.61", *(f"{name}={value}" for
                 name, value in {**tls, "radius_tls_key": key}.items())],
            stdin=inside, stdout=inside, stderr=subprocess.PIPE, text=True,
            timeout=10, check=False)
    finally:
        os.close(terminal)
        os.close(inside)
    assert run.returncode == 78 and "radius_tls_key: " in run.stderr


def test_radsec_beside_udp(radius, tls):
    with Drive("radius", *tls_settings(
            tls, f"tls://127.0.0.99, {radius.name}",
            radius_secret=SECRET)) as drive:
        assert drive.verdict("joe", PASSWORD) == OK


@pytest.mark.parametrize("change, said", [
    ({"radius_tls_cert": "", "radius_tls_key": ""}, "receive|TLS"),
    ({"radius_tls_cacert_file": "other"}, "self.signed|unable to get"),
])
def test_radsec_is_refused(radius, radius_dir, tls, change, said):
    """Without a certificate of ours; by a server that nobody knows."""
    if "radius_tls_cacert_file" in change:
        change = {"radius_tls_cacert_file":
                  slapd.make_ca(radius_dir, "other").cert}
    tls = {key: value for key, value in {**tls, **change}.items() if value}
    with Drive("radius", *tls_settings(
            tls, f"tls://{radius.address}")) as drive:
        answer = drive.ask("joe", PASSWORD)
        assert answer[:2] == DOWN
        assert re.search(said, answer.detail), answer


