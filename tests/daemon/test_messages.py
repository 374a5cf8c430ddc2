# SPDX-License-Identifier: BSD-2-Clause
"""What an administrator reads when a configuration is wrong: where, which
key, what is wrong with it, what to do. One mistake is one line."""

import pathlib
import re
import subprocess

import pytest

from lib.daemon import SASLAUTHD, START_SEC

WRONG_USE, CONFIGURATION = 64, 78

needs_root = pytest.mark.needs_root

BACKEND = ["backend local {", "mechanism: sasldb", "}"]


def saslauthd(*args):
    return subprocess.run([SASLAUTHD, *map(str, args)], text=True,
                          stdin=subprocess.DEVNULL, capture_output=True,
                          check=False, timeout=START_SEC)


def complaints(*args, status=CONFIGURATION):
    """What a check that fails writes, without ident and process id."""
    run = saslauthd("--check", *args)
    assert run.returncode == status, run.stderr
    assert run.stdout == ""
    return [re.sub(r"^saslauthd\[\d+\] *:main *: ", "", line)
            for line in run.stderr.splitlines()]


@pytest.fixture
def complaints_of(open_dir):
    """Of a file with these lines; the file's name is cut off."""
    def check(*lines, args=(), **keywords):
        file = open_dir / "saslauthd.conf"
        file.write_text("\n".join(lines) + "\n")
        return [line.replace(f"{file}:", "")
                for line in complaints("--config", file, *args, **keywords)]
    return check


@pytest.mark.parametrize("lines, complaint", [
    (["step: lcoal"],
     '5: step: no backend is called "lcoal" (did you mean local?)'),
    (["service: imap", "step: corp"],
     '6: step: no backend is called "corp"'),
    (["step: local", "step: sasldb"],
     '6: step: no backend is called "sasldb": that is a mechanism; a part '
     '"backend sasldb {" with it makes one'),
    (["step:"], "5: step: wants the name of a backend"),
    (["step: local deneid=next"],
     '5: step: no condition is called "deneid=next" '
     '(did you mean denied=next?)'),
    (["step: local next"],
     "5: step: wants denied=, no_such_user= or temporary= with next or "
     'stop, not "next"'),
    (["step: local, local"],
     '5: step: asks one backend: "local" wants a step of its own'),
    (["stpe: local"], "5: stpe: no key of a route (did you mean step?)"),
    (["realm: example.org"], "4: route all: step is missing"),
    (["step: local", "listener: defualt"],
     '6: listener: no listener is called "defualt" (did you mean default?)'),
    (["step: local", "client: 192.0.2.1/24"],
     "6: client: '192.0.2.1/24' has bits set behind its length"),
    (["step: local", "default_realm: example.org"],
     "6: default_realm: no key of a route: it is one of a listener"),
], ids=str)
def test_route(complaints_of, lines, complaint):
    assert complaints_of(*BACKEND, "route all {", *lines, "}") == [complaint]


@pytest.mark.parametrize("lines, complaint", [
    ([], "4: listener inner: path is missing"),
    (["path:"], "5: path: must not be empty"),
    (["path: inner"], "5: path: wants an absolute path, not 'inner'"),
    (["path: /inner", "mode: rw-rw----"],
     "6: mode: wants an octal number from 0 to 0777, not 'rw-rw----'"),
    (["path: /inner", "ownr: mail"],
     "6: ownr: no key of a listener (did you mean owner?)"),
    (["path: /inner", "workers: 3"],
     "6: workers: no key of a listener: it is one of the daemon"),
], ids=str)
def test_listener(complaints_of, lines, complaint):
    assert complaints_of(*BACKEND, "listener inner {", *lines, "}") == \
        [complaint]


@pytest.mark.parametrize("lines, complaint", [
    (["backend local {", "}"], "1: backend local: mechanism is missing"),
    (["backend local {", "mechanism: sasldb", "run_dir: /x", "}"],
     "3: run_dir: is for the whole daemon: write it above the parts"),
    ([*BACKEND, "backend old {", "mechanism: getpwent", "}"],
     "4: backend old: no route says which of the 2 backends are asked: add "
     'a part "route NAME {" with a step for each'),
    # What is meant is clear enough to know who speaks of it.
    (["backed local {", "mechanism: sasldb", "}",
      "route all {", "step: local", "}"],
     "1: no part is called backed: there are backend, listener and route "
     "(did you mean backend?)"),
    ([*BACKEND, "domain example.org {", "}"],
     "4: no part is called domain: there are backend, listener and route"),
    # What does not even read.
    (["backend local", "{", "mechanism: sasldb", "}"],
     "1: no colon behind the key 'backend': wants KEY: VALUE, or KIND NAME "
     "{ to begin a part"),
    (["= 5"], "1: no key at the beginning: wants KEY: VALUE"),
], ids=str)
def test_part(complaints_of, lines, complaint):
    assert complaints_of(*lines) == [complaint]


def test_mechanism_that_no_route_asks(complaints_of):
    assert complaints_of(*BACKEND, "route all {", "step: local", "}",
                         "route rest {", "step: local", "}",
                         args=["-a", "local,shadow"]) == [
        "4: route all: neither this nor another route asks shadow, which "
        '-a names: add "step: shadow" to one, or leave it out of -a']


@pytest.mark.parametrize("args, complaint", [
    (["-a", "lcoal"],
     "unknown authentication mechanism: lcoal (did you mean local?)"),
    (["-a", "shadwo"],
     "unknown authentication mechanism: shadwo (did you mean shadow?)"),
    (["-a", "nosuch"], "unknown authentication mechanism: nosuch"),
])
def test_mechanism_of_the_command_line(complaints_of, args, complaint):
    assert complaints_of(*BACKEND, "route all {", "step: local", "}",
                         args=args, status=WRONG_USE) == [complaint]


def test_mechanism_of_a_part(complaints_of):
    """A backend's name would be none."""
    assert complaints_of("backend lcoal {", "mechanism: sasldbb", "}",
                         "backend other {", "mechanism: local", "}",
                         "route all {", "step: lcoal", "}") == [
        "2: mechanism: unknown authentication mechanism: sasldbb "
        "(did you mean sasldb?)",
        "5: mechanism: unknown authentication mechanism: local"]


@needs_root
@pytest.mark.parametrize("line, complaint", [
    ("owner: no-such", "owner: no user is called no-such"),
    ("group: no-such", "group: no group is called no-such"),
    ("allow_uids: root, no-such",
     'allow_uids: no user "no-such" on this system'),
    ("allow_gids: no-such", 'allow_gids: no group "no-such" on this system'),
])
def test_nobody_of_that_name(complaints_of, line, complaint):
    assert complaints_of(*BACKEND, "listener inner {", "path: /inner", line,
                         "}") == [f"6: listener inner: {complaint}"]


ALL_WRONG = ["owner: no-such", "group: no-such",
             "allow_uids: no-such, root, nobody-else", "allow_gids: no-such"]


@needs_root
@pytest.mark.parametrize("path, complaint", [
    ("/inner", None), ("inner", "5: path: wants an absolute path, not "
                       "'inner'"),
    ("/" + "x" * 150, f"5: listener inner: path: /{'x' * 150} is longer than "
     "the 107 bytes of a socket's path"),
], ids=["good", "relative", "long"])
def test_all_that_is_wrong_with_a_listener(complaints_of, path, complaint):
    assert complaints_of(*BACKEND, "listener inner {", f"path: {path}",
                         *ALL_WRONG, "}") == ([complaint] * bool(complaint)) \
        + ["6: listener inner: owner: no user is called no-such",
           "7: listener inner: group: no group is called no-such",
           '8: listener inner: allow_uids: no user "no-such" on this system',
           '8: listener inner: allow_uids: no user "nobody-else" on this '
           "system",
           '9: listener inner: allow_gids: no group "no-such" on this '
           "system"]


@pytest.fixture
def default_file():
    file = pathlib.Path("/etc/saslauthd.conf")
    yield file
    file.unlink()


@needs_root
@pytest.mark.parametrize("lines", [
    ["backend x {", "no colon", "}"],
    ["", "no colon", "backend x {", "}"]], ids=["before", "behind"])
def test_default_file_with_parts_is_strict(default_file, open_dir, lines):
    """Even for a mechanism that never read it: a file of that time has no
    parts. One without is passed over."""
    complaint = f"{default_file}:2: no colon behind the key 'no': wants " \
        "KEY: VALUE, or KIND NAME { to begin a part"
    default_file.write_text("\n".join(lines) + "\n")
    assert complaints("-a", "shadow") == [complaint]
    run = saslauthd("-a", "shadow", "-m", open_dir / "run")
    assert run.returncode == CONFIGURATION
    default_file.write_text("\nno colon\n")
    assert complaints("-a", "shadow") == [complaint +
                                          "; the file is not used"]


def test_all_at_once(complaints_of):
    assert complaints_of(
        "workers: many",
        "backend local {", "mechanism: sasldb", "cache: perhaps", "}",
        "listener inner {", "path: inner", "mode: 1777", "}",
        "route some {", "listener: inner, outer", "step: lcoal",
        "step: local denied=maybe temporary=nxt", "}",
        "route rest {", "}") == [
            "1: workers: wants a number from 0 to 4096, not 'many'",
            "4: cache: wants yes or no, not 'perhaps'",
            "7: path: wants an absolute path, not 'inner'",
            "8: mode: wants an octal number from 0 to 0777, not '1777'",
            '11: listener: no listener is called "outer"',
            '12: step: no backend is called "lcoal" (did you mean local?)',
            "13: step: wants denied=, no_such_user= or temporary= with next "
            'or stop, not "denied=maybe"',
            '13: step: no condition is called "temporary=nxt" '
            '(did you mean temporary=next?)',
            "15: route rest: step is missing"]
