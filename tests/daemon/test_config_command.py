# SPDX-License-Identifier: BSD-2-Clause
"""saslauthctl config: what holds, and where it comes from."""

import json
import signal

import pytest

from control_server import END
from daemon_users import PASSWORD, REALM, USER
from lib import wait_until, wire
from lib.daemon import START_SEC
from saslauthctl import HOSTILE, OK, UNKNOWN, control_characters, run, serve
from test_manuals import keys_of_program, keys_of_source

assert serve	# a fixture

# Of the daemon, of backends, listeners and routes, and what stands outside
# for all backends.
SITE = """\
fold_case: yes
workers: 2
sasldb_path: {store}
backend first {{
    mechanism: sasldb
    workers: 1
    cache: yes
    cache_ttl: 5m
}}
backend second {{
    mechanism: sasldb
    sasldb_path: /nonexistent/\\[odd] name
    queue_max: 50
}}
listener other {{
    path: {directory}/other
    mode: 0660
    default_realm: example.org
}}
route inside {{
    listener: other
    client: 192.0.2.0/24, ::1
    step: first denied=next
    step: second
}}
route rest {{
    step: first
}}
"""


@pytest.fixture
def site(open_dir, store):
    file = open_dir / "site.conf"
    file.write_text(SITE.format(store=store, directory=open_dir))
    return file


def settings(daemon, *args):
    """[{"part", "name", "key", "value", "shown", "origin"}], once all
    backends are open or have failed to."""
    def asked():
        done = run("config", "--json", *args, rundir=daemon.rundir)
        assert done.returncode == OK, done.stderr
        reply = json.loads(done.stdout)
        return None if any(not line["trouble"] for line in
                           reply.get("unopened", [])) else reply["setting"]
    return wait_until(asked, START_SEC, "settings of all backends")


def values(found):
    return [(line["part"], line["name"], line["key"], line["value"])
            for line in found]


def one(found, part, name, key):
    (line,) = [line for line in found if
               (line["part"], line["name"], line["key"]) ==
               (part, name, key)]
    assert line["shown"] == "whole"
    return line["value"], line["origin"]


def keys_of(found, part, name):
    """In their order, each once."""
    return list(dict.fromkeys(line["key"] for line in found if
                              (line["part"], line["name"]) == (part, name)))


def test_every_key(start_daemon, site):
    found = settings(start_daemon("--config", site))
    own = keys_of_source()
    assert keys_of(found, "daemon", "") == list(own)
    of_backend = [name for name, key in own.items() if key.backend]
    assert len(of_backend) > 5
    for name in "first", "second":
        assert keys_of(found, "backend", name) == \
            of_backend + list(keys_of_program("sasldb"))
    for part, names in (("listener", ("default", "other")),
                        ("route", ("inside", "rest"))):
        keys = keys_of_source("saslauthd/site_tables.c", part + "_keys")
        for name in names:
            assert keys_of(found, part, name) == list(keys)


@pytest.mark.needs_root
def test_keys_of_mechanisms(start_daemon):
    found = settings(start_daemon("-a", "sasldb,shadow,getpwent,pam"))
    own = [name for name, key in keys_of_source().items() if key.backend]
    for mechanism in "sasldb", "shadow", "getpwent", "pam":
        assert keys_of(found, "backend", mechanism) == \
            own + list(keys_of_program(mechanism))


def test_origins(start_daemon, site, store, open_dir):
    daemon = start_daemon("--config", site, "-c", "-n", "3", "--set",
                          "queue_max=70", "-V", foreground=True)
    found = settings(daemon)
    for place, key, value, origin in (
            ("daemon", "workers", "3", "-n"),
            ("daemon", "fold_case", "yes", f"{site}:1"),
            ("daemon", "cache", "yes", "-c"),
            ("daemon", "verbose", "yes", "-V"),
            ("daemon", "queue_max", "70", "--set"),
            ("daemon", "run_dir", str(daemon.rundir), "-m"),
            ("daemon", "clients_max", "16384", "default"),
            ("backend first", "workers", "1", f"{site}:6"),
            ("backend first", "cache", "yes", f"{site}:7"),
            ("backend first", "cache_ttl", "300", f"{site}:8"),
            ("backend first", "sasldb_path", str(store), f"{site}:3"),
            ("backend second", "workers", "3", "-n"),
            ("backend second", "cache", "yes", "-c"),
            ("backend second", "cache_ttl", "3600", "default"),
            ("backend second", "queue_max", "50", f"{site}:13"),
            ("backend second", "sasldb_path", "/nonexistent/\\[odd] name",
             f"{site}:12"),
            ("listener other", "mode", "0660", f"{site}:17"),
            ("listener other", "default_realm", "example.org",
             f"{site}:18"),
            ("listener default", "mode", "0777", "default"),
            ("route inside", "listener", "other", f"{site}:21"),
            ("route rest", "step", "first", f"{site}:27")):
        part, _, name = place.partition(" ")
        assert one(found, part, name, key) == (value, origin), (place, key)
    steps = [(line["value"], line["origin"]) for line in found
             if line["key"] == "step" and line["name"] == "inside"]
    assert steps == [("first denied=next", f"{site}:23"),
                     ("second", f"{site}:24")]


def test_option_of_mechanism(start_daemon, store, open_dir):
    """-O; and a bad value in a flat file, which decides nothing."""
    file = open_dir / "flat.conf"
    file.write_text("workers: 2\nworkers: many\nqueue_max: none\n"
                    "sasldb_path: /nonexistent\n")
    found = settings(start_daemon("--config", file, "-a", "sasldb", "-O",
                                  store))
    assert one(found, "backend", "sasldb", "sasldb_path") == \
        (str(store), "-O")
    assert one(found, "backend", "sasldb", "mechanism") == ("sasldb", "-a")
    assert one(found, "backend", "sasldb", "workers") == ("2", f"{file}:1")
    assert one(found, "daemon", "", "queue_max") == ("1000", "default")


@pytest.mark.parametrize("options", [(), ("--all",)], ids=["set", "all"])
def test_reads_back(start_daemon, site, open_dir, options):
    """What is printed comes to the same settings, with and without what is
    a default."""
    old = start_daemon("--config", site, "-n", "3", "-r", "--set",
                       "login_template=%U")
    before = settings(old)
    printed = run("config", *options, rundir=old.rundir)
    assert printed.returncode == OK
    old.stop()
    again = open_dir / "printed.conf"
    again.write_text(printed.stdout)
    new = start_daemon("--config", again)
    assert "run_dir: " in printed.stdout
    after = settings(new)
    assert [line for line in values(after) if line[2] != "run_dir"] == \
        [line for line in values(before) if line[2] != "run_dir"]
    assert new.ask(USER, PASSWORD, realm=REALM) == wire.OK


def test_flags_read_back(start_daemon, store, open_dir):
    """A chain of -a becomes parts."""
    old = start_daemon("-a", "sasldb,getpwent", "-n", "1", "--set",
                       f"sasldb_path={store}")
    before = settings(old)
    text = run("config", "--all", rundir=old.rundir).stdout
    assert "\nroute default {\n" in text
    assert "    # default\n    step: sasldb\n" \
        "    # default\n    step: getpwent\n" in text
    old.stop()
    file = open_dir / "printed.conf"
    file.write_text(text)
    after = settings(start_daemon("--config", file))
    assert [line for line in values(after) if line[2] != "run_dir"] == \
        [line for line in values(before) if line[2] != "run_dir"]


def test_short(start_daemon, site):
    """Neither defaults nor, in a backend, what stands outside of it."""
    daemon = start_daemon("--config", site)
    settings(daemon)	# all are open
    text = run("config", rundir=daemon.rundir).stdout
    assert "default" not in text.replace("default_realm", "")
    _, _, second = text.partition("\nbackend second {\n")
    assert second.partition("\n}\n")[0].splitlines()[1::2] == [
        "    mechanism: sasldb", "    queue_max: 50",
        "    sasldb_path: /nonexistent/\\[odd] name"]
    assert text.count("\n}\n") == text.count(" {\n") == 5


def test_names(start_daemon, site):
    """Of a part, or of a key: with defaults."""
    daemon = start_daemon("--config", site)
    assert {line["name"] for line in settings(daemon, "second")} == \
        {"second"}
    found = settings(daemon, "mode", "join")
    assert {(line["part"], line["key"]) for line in found} == {
        ("daemon", "join"), ("backend", "join"), ("listener", "mode")}
    assert run("config", "default_realm", rundir=daemon.rundir).stdout == \
        "# default\ndefault_realm:\n\n" \
        "listener default {\n    # default\n    default_realm:\n}\n\n" \
        f"listener other {{\n    # {site}:18\n" \
        "    default_realm: example.org\n}\n"
    done = run("config", "mode", "mod", rundir=daemon.rundir)
    assert (done.returncode, done.stdout) == (UNKNOWN, "")
    assert done.stderr == \
        "saslauthctl: No part and no key is called mod\n"


def test_changed_while_running(start_daemon, store):
    """What holds is told, not what the configuration says."""
    daemon = start_daemon("-a", "sasldb", "-O", store)
    assert one(settings(daemon), "daemon", "", "verbose") == \
        ("no", "default")
    assert run("log-level", "debug", rundir=daemon.rundir).returncode == OK
    assert "# running, not default\nverbose: yes\n" in \
        run("config", rundir=daemon.rundir).stdout


def test_after_a_reload(start_daemon, store, open_dir):
    """Also what has to wait for a restart."""
    file = open_dir / "flat.conf"
    text = f"mechanism: sasldb\nsasldb_path: {store}\nworkers: 1\n"
    file.write_text(text)
    daemon = start_daemon("--config", file)
    assert one(settings(daemon), "backend", "sasldb", "workers") == \
        ("1", f"{file}:3")
    file.write_text("clients_max: 100\n" +
                    text.replace("workers: 1", "workers: 2"))
    daemon.signal(signal.SIGHUP)
    found = wait_until(
        lambda: (now := settings(daemon)) and
        one(now, "backend", "sasldb", "workers") == ("2", f"{file}:4") and
        now, START_SEC, "the new settings")
    assert one(found, "daemon", "", "clients_max") == \
        ("16384", f"running, not {file}:1")


def test_bytes(start_daemon, store):
    """What cannot stand in a file does not become a setting of one."""
    daemon = start_daemon("-a", "sasldb", "-O", store, "--set",
                          "default_realm=a\x1b[2Jb\nworkers: 9")
    text = run("config", "default_realm", rundir=daemon.rundir).stdout
    assert "# --set, has bytes that are not shown\n" \
        "# default_realm: a\\x1b[2Jb\\x0aworkers: 9\n" in text


def setting(**members):
    return {"kind": "setting", "part": "backend", "name": "ldap",
            "key": "filter", "value": "(uid=%u)", "shown": "whole",
            "origin": "/etc/saslauthd.conf:3", **members}


def test_what_is_no_setting(serve, open_dir):
    serve([setting(),
           setting(key="password", value="(hidden)", shown="hidden"),
           setting(key="bases", value="ou=people,...", shown="cut"),
           setting(key="bytes", value="caf\ufffd"),
           {"kind": "unopened", "part": "backend", "name": "ldap",
            "trouble": "no file"}, END])
    done = run("config", rundir=open_dir)
    assert done.returncode == OK
    origin = "    # /etc/saslauthd.conf:3"
    assert done.stdout.splitlines() == [
        "backend ldap {",
        origin, "    filter: (uid=%u)",
        origin, "    # password: (hidden)",
        origin + ", too long to be shown", "    # bases: ou=people,...",
        origin + ", has bytes that are not shown", "    # bytes: caf\ufffd",
        "    # not open (no file): its mechanism's settings are not known",
        "}"]


def test_hostile_texts(serve, open_dir):
    serve([setting(**{member: HOSTILE}) for member in
           ("part", "name", "key", "value", "shown", "origin")] +
          [{"kind": "unopened", "part": HOSTILE, "name": HOSTILE,
            "trouble": HOSTILE}, END])
    for args in [], ["--all"], ["filter"]:
        done = run("config", *args, rundir=open_dir)
        assert done.returncode == OK
        assert not control_characters(done.stdout)
