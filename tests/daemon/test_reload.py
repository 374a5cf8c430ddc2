# SPDX-License-Identifier: BSD-2-Clause
"""New settings for a daemon that goes on answering."""

import os
import re
import shutil
import signal
import socket
import subprocess
import threading
import time

import pytest

from asking import Asking, busy
from daemon_users import PASSWORD, REALM, USER
from databases import accepts, password_of
from lib import control, wait_until, wire
from lib.daemon import START_SEC, running
from saslauthctl import SASLAUTHCTL

OK, NO = wire.OK, wire.NO
EX_CONFIG = 78
RELOADS = 200
ROLES = ("keeper", "front", "pool", "worker")

needs_root = pytest.mark.needs_root


def route(store, more=""):
    return f"{more}\nroute all {{\nstep: {store}\n}}\n"


def reload(daemon):
    """What saslauthctl says: its exit status and text."""
    run = subprocess.run(
        [str(SASLAUTHCTL), "-m", str(daemon.rundir), "reload"], text=True,
        check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    return run.returncode, run.stdout


def write(path, text):
    """In one step, as an editor does."""
    new = path.with_suffix(".new")
    new.write_text(text)
    new.replace(path)


@pytest.fixture
def reloadable(start_site, backends):
    """A daemon with .configure(text): write the file and reload."""
    def start(text, *args, **keywords):
        daemon = start_site(text, *args, foreground=True, **keywords)
        file = [a for a in daemon.args if a.endswith("site.conf")][0]
        daemon.file = type(daemon.rundir)(file)

        def configure(new, status=0):
            write(daemon.file, backends + new)
            code, said = reload(daemon)
            assert code == status, said
            daemon.snapshot()
            return said
        daemon.configure = configure
        return daemon
    return start


# What changes.

def test_another_route(reloadable):
    daemon = reloadable(route("one"))
    assert accepts(daemon.socket, realm=REALM) == ["one"]
    daemon.configure(route("two"))
    assert accepts(daemon.socket, realm=REALM) == ["two"]


@pytest.mark.parametrize("role", ROLES)
def test_hup_to_any_process_is_a_reload(reloadable, backends, role):
    daemon = reloadable(route("one"))
    daemon.wait_workers(4)
    write(daemon.file, backends + route("two"))
    os.kill(daemon.by_role(role)[0], signal.SIGHUP)
    wait_until(lambda: "the new settings are in force" in daemon.output,
               START_SEC, "the reload")
    # The front has them when it comes to the keeper's word.
    wait_until(lambda: accepts(daemon.socket, realm=REALM) == ["two"],
               START_SEC, "the new settings")
    assert daemon.output.count("read anew") == 1


def test_answer_is_of_a_file_read_after_the_question(reloadable, backends):
    daemon = reloadable(route("one"))
    for store in ("two", "three", "one", "two"):
        os.kill(daemon.pid, signal.SIGHUP)
        daemon.configure(route(store))
        assert accepts(daemon.socket, realm=REALM) == [store]


def test_hup_to_all_processes_is_one_or_two_reloads(reloadable, backends):
    daemon = reloadable(route("one"))
    daemon.wait_workers(4)
    write(daemon.file, backends + route("two"))
    for role in ROLES:
        for pid in daemon.by_role(role):
            os.kill(pid, signal.SIGHUP)
    wait_until(lambda: accepts(daemon.socket, realm=REALM) == ["two"],
               START_SEC, "the reload")
    assert running(daemon.pid)


def test_backends_come_and_go(reloadable, stores):
    daemon = reloadable(route("one"))
    more = f"""
backend late {{
    mechanism: sasldb
    sasldb_path: {stores["three"]}
}}"""
    daemon.configure(route("late", more))
    assert accepts(daemon.socket, realm=REALM) == ["three"]
    assert "late" in {line["name"] for line in control.ask(
        daemon.rundir, "status") if line["kind"] == "backend"}
    daemon.configure(route("one"))
    assert accepts(daemon.socket, realm=REALM) == ["one"]
    # Those of before are gone, and their workers with them.
    wait_until(lambda: len(daemon.by_role("pool")) == 4, START_SEC,
               "the end of the old pools")


def test_flat_file_reloads(start_daemon, open_dir, stores):
    file = open_dir / "flat.conf"
    file.write_text(f"mechanism: sasldb\nsasldb_path: {stores['one']}\n")
    daemon = start_daemon("--config", file)
    assert accepts(daemon.socket, realm=REALM) == ["one"]
    write(file, f"mechanism: sasldb\nsasldb_path: {stores['two']}\n")
    assert reload(daemon)[0] == 0
    assert accepts(daemon.socket, realm=REALM) == ["two"]


def test_relative_name_of_the_file(start_daemon, open_dir, stores,
                                   monkeypatch):
    """Also once the daemon has left the directory it was started in."""
    file = open_dir / "here.conf"
    file.write_text(f"mechanism: sasldb\nsasldb_path: {stores['one']}\n")
    relative = os.path.relpath(file, "/")
    daemon = start_daemon("--config", relative)
    write(file, f"mechanism: sasldb\nsasldb_path: {stores['two']}\n")
    assert reload(daemon)[0] == 0
    assert accepts(daemon.socket, realm=REALM) == ["two"]


def test_flags_stay_above_the_file(reloadable):
    daemon = reloadable(route("one"), "--set", "request_timeout=7")
    daemon.configure("request_timeout: 9\n" + route("two"))
    line = control.one(daemon.rundir, "setting", "config",
                       part="daemon", key="request_timeout")
    assert (line["value"], line["origin"]) == ("7", "--set")


def test_settings_that_wait_for_a_start(reloadable):
    daemon = reloadable(route("one"))
    said = daemon.configure("clients_max: 100\ncache_size: 9999\n" +
                            route("two"))
    assert "at the next start: clients_max, cache_size" in said
    assert "clients_max: another value takes effect at the next start" in \
        daemon.output
    assert "cache_size: another value takes effect at the next start" in \
        daemon.output
    assert accepts(daemon.socket, realm=REALM) == ["two"]


def test_settings_that_wait_for_a_start_wait_for_a_front(reloadable):
    """One that is started again finds the memory and the rights of before,
    whatever the file says now."""
    daemon = reloadable("limit_size: 1000\n" + route("one"))
    daemon.configure("limit_size: 9999\nclients_max: 100\n" + route("two"))
    front = daemon.one("front")
    os.kill(front, signal.SIGKILL)
    wait_until(lambda: not running(front), START_SEC, "the front's end")
    assert accepts(daemon.socket, realm=REALM) == ["two"]
    line = control.one(daemon.rundir, "setting", "config",
                       part="daemon", key="limit_size")
    assert line["value"] == "1000"
    assert line["origin"].startswith("running, not ")


def test_user_waits_for_a_start(reloadable):
    """For workers as for the front."""
    daemon = reloadable(route("one"))
    daemon.configure("user: news\n" + route("one"))
    assert "as news" not in daemon.output


def test_limits_are_switched_on_and_off(reloadable):
    daemon = reloadable("limits: off\n" + route("one"))
    wrong = [f"wrong {i}" for i in range(4)]

    def answers():
        return [daemon.ask("joe", w, realm=REALM) for w in wrong]

    assert answers() == [NO] * 4
    daemon.configure("limits: enforce\nlimit_identity: 2\n"
                     "limit_compare: 0\n" + route("one"))
    assert answers() == [NO, NO, wire.OUTAGE, wire.OUTAGE]
    daemon.configure("limits: off\n" + route("one"))
    assert answers() == [NO] * 4


# What is refused.

@pytest.mark.parametrize("text, why", [
    ("route all {\nstep: nobody\n}\n", "nobody"),
    ("route all {\nstep: one\n", "site.conf:"),
    ("reqest_timeout: 3\n" + route("one"), "request_timeout"),
    (route("one", "backend bad {\nmechanism: sasldb\nsasldb_pth: /x\n}\n"),
     "sasldb_path"),
    (route("one", "backend bad {\nmechanism: nonesuch\n}\n"), "nonesuch"),
    (route("one", "listener x {\npath: /nonexistent/dir/socket\n}\n"),
     "/nonexistent/dir"),
    (route("one", "listener x {\npath: /tmp/x\nowner: nobody-at-all\n}\n"),
     "nobody-at-all"),
    (route("one", "listener x {\npath: /tmp/x\nallow_uids: no-one\n}\n"),
     "no-one"),
], ids=lambda value: None if "\n" in value else value)
def test_bad_file_changes_nothing(reloadable, text, why):
    daemon = reloadable(route("one"))
    daemon.wait_workers(4)
    before = set(daemon.by_role("pool") + daemon.by_role("front"))
    said = daemon.configure(text, EX_CONFIG)
    assert why in said
    assert re.search(r"the old ones stay in force: .*" + re.escape(why),
                     daemon.output)
    assert accepts(daemon.socket, realm=REALM) == ["one"]
    wait_until(lambda: set(daemon.by_role("pool") +
                           daemon.by_role("front")) == before, START_SEC,
               "the same processes, and no other")
    # And it can be mended.
    daemon.configure(route("two"))
    assert accepts(daemon.socket, realm=REALM) == ["two"]


@pytest.mark.parametrize("role", ["pool", "front"])
def test_restarted_child_does_not_read_an_edited_file(reloadable, backends,
                                                      role):
    """What is in the file is not in force before a reload."""
    daemon = reloadable(route("one"))
    daemon.wait_workers(4)
    write(daemon.file, backends.replace("/one.", "/two.") + "half edi")
    before = daemon.by_role(role)
    for pid in before:
        os.kill(pid, signal.SIGKILL)
    wait_until(lambda: len(set(daemon.by_role(role)) - set(before)) ==
               len(before), START_SEC, "others in their place")
    wait_until(lambda: accepts(daemon.socket, realm=REALM) == ["one"],
               START_SEC, "right answers")
    assert "cannot be opened" not in daemon.output


def test_refusal_says_where_and_how_many(reloadable, start_daemon, open_dir,
                                         stores):
    daemon = reloadable(route("one"))
    said = daemon.configure("reqest_timeout: 1\nwrkers: 2\n" + route("one"),
                            EX_CONFIG)
    assert re.search(r"site\.conf:\d+: reqest_timeout: .*more in the log",
                     said), said
    # A warning, where these are errors.
    file = open_dir / "flat.conf"
    good = f"mechanism: sasldb\nsasldb_path: {stores['one']}\nstrict: yes\n"
    file.write_text(good)
    daemon = start_daemon("--config", file)
    write(file, good + "workers: abc\n")
    code, said = reload(daemon)
    assert (code, "flat.conf:4: workers: " in said) == (EX_CONFIG, True), said


def test_missing_file_changes_nothing(reloadable):
    daemon = reloadable(route("one"))
    daemon.file.unlink()
    code, said = reload(daemon)
    assert (code, "No such file" in said) == (EX_CONFIG, True), said
    assert accepts(daemon.socket, realm=REALM) == ["one"]


def test_no_backend_opens_changes_nothing(start_daemon, open_dir, stores,
                                          breakable):
    file = open_dir / "site.conf"
    part = "backend {0} {{\nmechanism: sasldb\nsasldb_path: {1}\n}}\n" \
        "route all {{\nstep: {0}\n}}\n"
    file.write_text(part.format("one", stores["one"]))
    daemon = start_daemon("--config", file, foreground=True,
                          program=breakable)
    broken = open_dir / "broken"
    broken.touch()
    write(file, part.format("two", stores["two"]))
    code, said = reload(daemon)
    assert (code, "the key is unreadable" in said) == (EX_CONFIG, True), said
    assert accepts(daemon.socket, realm=REALM) == ["one"]
    broken.unlink()
    assert reload(daemon)[0] == 0
    assert accepts(daemon.socket, realm=REALM) == ["two"]


def test_one_backend_does_not_open(start_site, open_dir, breakable):
    """It stops the others as little as at a start."""
    daemon = start_site(route("one"), foreground=True, program=breakable)
    broken = open_dir / "broken"
    broken.touch()
    assert reload(daemon)[0] == 0
    assert accepts(daemon.socket, realm=REALM) == ["one"]
    assert "backend two cannot be opened" in daemon.output
    broken.unlink()
    wait_until(lambda: "backend two is open" in daemon.output, START_SEC,
               "the other one")


# Listeners.

def test_listeners_come_go_and_move(reloadable, open_dir):
    one, two = open_dir / "first", open_dir / "second"
    part = "listener more {\npath: %s\nmode: %s\n}\n"
    daemon = reloadable(route("one"))
    daemon.configure(route("one", part % (one, "0600")))
    assert accepts(one, realm=REALM) == ["one"]
    assert one.stat().st_mode & 0o777 == wire.file_mode(0o600)
    inode = one.stat().st_ino
    daemon.configure(route("two", part % (one, "0666")))
    assert accepts(one, realm=REALM) == ["two"]
    # The same socket with another mode: nobody found it missing.
    assert (one.stat().st_ino, one.stat().st_mode & 0o777) == \
        (inode, wire.file_mode(0o666))
    daemon.configure(route("two", part % (two, "0666")))
    assert accepts(two, realm=REALM) == ["two"]
    assert not one.exists()
    daemon.configure(route("two"))
    assert not two.exists()
    assert accepts(daemon.socket, realm=REALM) == ["two"]


@needs_root
def test_owner_of_a_listener_changes(reloadable, open_dir):
    path = open_dir / "owned"
    part = f"listener more {{\npath: {path}\nmode: 0600\n%s}}\n"
    daemon = reloadable(route("one", part % ""))
    inode = path.stat().st_ino
    daemon.configure(route("one", part % "owner: nobody\ngroup: daemon\n"))
    assert (path.stat().st_ino, path.owner(), path.group()) == \
        (inode, "nobody", "daemon")
    daemon.configure(route("one", part % ""))
    assert path.owner() == "root"


def test_refused_reload_leaves_sockets(reloadable, open_dir):
    first, taken = open_dir / "first", open_dir / "taken"
    part = "listener %s {\npath: %s\n}\n"
    daemon = reloadable(route("one", part % ("a", first)))
    inode = first.stat().st_ino
    taken.mkdir()
    daemon.configure(route("one", part % ("a", open_dir / "new") +
                           part % ("b", taken)), EX_CONFIG)
    assert first.stat().st_ino == inode
    assert not (open_dir / "new").exists()
    assert accepts(first, realm=REALM) == ["one"]


def test_same_socket_by_another_name_of_its_directory(reloadable, open_dir):
    (open_dir / "real").mkdir(mode=0o755)
    (open_dir / "link").symlink_to("real")
    part = "listener %s {\npath: %s\n}\n"
    daemon = reloadable(route("one", part % ("a", open_dir / "real" / "s")))
    daemon.wait_workers(4)
    inode = (open_dir / "real" / "s").stat().st_ino
    daemon.configure(route("two", part % ("b", open_dir / "link" / "s")))
    assert (open_dir / "real" / "s").stat().st_ino == inode
    assert accepts(open_dir / "link" / "s", realm=REALM) == ["two"]
    # But not two listeners at one.
    said = daemon.configure(
        route("two", part % ("a", open_dir / "real" / "s") +
              part % ("b", open_dir / "link" / "s")), EX_CONFIG)
    assert "is that of listener" in said
    assert accepts(open_dir / "link" / "s", realm=REALM) == ["two"]


@needs_root
def test_who_may_ask_changes(reloadable):
    """Names of users are looked up although the front cannot any more."""
    daemon = reloadable(route("one"))
    assert accepts(daemon.socket, realm=REALM) == ["one"]
    daemon.configure(route("one", "listener default {\n"
                           "allow_uids: nobody\n}\n"))
    assert daemon.ask("joe", password_of("one"), realm=REALM) == \
        wire.REFUSED
    daemon.configure(route("one", "listener default {\n"
                           "allow_uids: nobody, root\n}\n"))
    assert accepts(daemon.socket, realm=REALM) == ["one"]


# What runs goes on.

@needs_root
def test_what_runs_is_answered_by_the_old_settings(pam_daemon):
    daemon = pam_daemon("-n", "1", foreground=True)
    slow = Asking(daemon, "slow")
    busy(daemon)
    pool = daemon.one("pool")
    assert reload(daemon)[0] == 0
    daemon.snapshot()
    assert running(pool)
    assert slow.result() == OK
    wait_until(lambda: not running(pool), START_SEC, "the old pool's end")
    assert daemon.ask(USER, PASSWORD, service="quick") == OK


@needs_root
def test_stop_while_old_ones_run(pam_daemon):
    daemon = pam_daemon("-n", "1")
    slow = Asking(daemon, "slow")
    busy(daemon)
    assert reload(daemon)[0] == 0
    daemon.stop(14)
    assert slow.result() == OK


def test_incomplete_request_spans_a_reload(reloadable):
    daemon = reloadable(route("one"))
    data = wire.encode("joe", password_of("one"), realm=REALM)
    with wire.connect(daemon.socket) as client:
        client.sendall(data[:9])
        daemon.configure(route("two"))
        client.sendall(data[9:])
        # It came in by the old settings.
        assert wire.read_to_end(client) == wire.string("OK")


def test_front_that_dies_begins_with_the_new_settings(reloadable):
    daemon = reloadable(route("one"))
    daemon.configure(route("two"))
    front = daemon.one("front")
    os.kill(front, signal.SIGKILL)
    wait_until(lambda: daemon.by_role("front") not in ([], [front]),
               START_SEC, "another front")
    assert accepts(daemon.socket, realm=REALM) == ["two"]
    daemon.configure(route("three"))
    assert accepts(daemon.socket, realm=REALM) == ["three"]


# The cache.

def test_cache_is_kept_where_nothing_changed(reloadable, stores):
    cache = "cache: yes\n"
    daemon = reloadable(cache + route("one"))
    right = password_of("one")
    assert daemon.ask("joe", right, realm=REALM) == OK
    daemon.configure(cache + "log_success: all\n" + route("one"))
    gone = stores["one"].with_suffix(".away")
    shutil.move(stores["one"], gone)
    try:
        assert daemon.ask("joe", right, realm=REALM) == OK
    finally:
        shutil.move(gone, stores["one"])


def test_cache_of_a_changed_backend_is_forgotten(start_daemon, open_dir,
                                                 stores):
    """The same name, another database: what one said is not true of the
    other."""
    file = open_dir / "c.conf"
    text = "cache: yes\nbackend it {{\nmechanism: sasldb\n" \
        "sasldb_path: {}\n}}\nroute all {{\nstep: it\n}}\n"
    file.write_text(text.format(stores["one"]))
    daemon = start_daemon("--config", file)
    assert accepts(daemon.socket, realm=REALM) == ["one"]
    for store in ("two", "one", "three"):
        write(file, text.format(stores[store]))
        assert reload(daemon)[0] == 0
        assert accepts(daemon.socket, realm=REALM) == [store]


# Under load.

class Load(threading.Thread):
    """Asks all the time; each answer must be right for the settings before
    the reload that may be on its way, or after it."""

    def __init__(self, daemon, seed):
        super().__init__(daemon=True)
        self.daemon, self.seed = daemon, seed
        self.stores = ("one", "two")
        self.allowed = {"one"}  # now
        self.during = set()  # since the request began
        self.lock = threading.Lock()
        self.asked, self.wrong, self.over = 0, [], False

    def ask(self):
        store = self.stores[(self.asked + self.seed) % 2]
        with self.lock:
            self.during = set(self.allowed)
        reply = wire.request(self.daemon.socket, "joe", password_of(store),
                             realm=REALM)
        with self.lock:
            during = set(self.during)
        fine = ({OK} if store in during else set()) | \
            ({NO} if during != {store} else set())
        if reply not in fine:
            self.wrong.append((store, during, reply))
        self.asked += 1

    def allow(self, stores):
        with self.lock:
            self.allowed = set(stores)
            self.during |= self.allowed

    def run(self):
        while not self.over:
            try:
                self.ask()
            except (OSError, socket.timeout) as error:
                self.wrong.append(error)


@pytest.mark.parametrize("cache", ["no", "yes"])
def test_reloads_under_load(reloadable, cache):
    """No request is lost, none is answered by settings that are not in
    force."""
    head = f"cache: {cache}\n"
    daemon = reloadable(head + route("one"))
    loads = [Load(daemon, seed) for seed in range(4)]
    for load in loads:
        load.start()
    try:
        for i in range(RELOADS):
            store = ("two", "one")[i % 2]
            for load in loads:
                load.allow(["one", "two"])
            daemon.configure(head + route(store))
            for load in loads:
                load.allow([store])
    finally:
        for load in loads:
            load.over = True
        for load in loads:
            load.join()
    assert [load.wrong[:3] for load in loads] == [[]] * 4
    assert all(load.asked > RELOADS for load in loads)
    assert daemon.output.count("the new settings are in force") == RELOADS
    # Nothing of the old ones is left.
    wait_until(lambda: len(daemon.by_role("pool")) == 4, START_SEC,
               "the end of the old pools")


def test_file_that_is_a_pipe_changes_nothing(reloadable):
    """Nobody may ever write to it, and the keeper has more to do."""
    daemon = reloadable(route("one"))
    daemon.file.unlink()
    os.mkfifo(daemon.file)
    code, said = reload(daemon)
    assert (code, "no regular file" in said) == (EX_CONFIG, True), said
    assert accepts(daemon.socket, realm=REALM) == ["one"]


def test_each_hears_of_his_own_reload(reloadable, backends):
    """Not of one that had read the file before he edited it."""
    daemon = reloadable(route("one"))
    more = "".join(f"backend b{i} {{\nmechanism: sasldb\n"
                   "sasldb_path: /nonexistent\nworkers: 1\n}\n"
                   for i in range(40))
    write(daemon.file, backends + route("two", more))
    os.kill(daemon.pid, signal.SIGHUP)
    wait_until(lambda: len(daemon.by_role("pool")) > 10, START_SEC,
               "pools of a file that was read")
    said = daemon.configure("route all {\nstep: nobody\n}\n", EX_CONFIG)
    assert "nobody" in said
    assert accepts(daemon.socket, realm=REALM) == ["two"]


def test_limits_go_and_come_back(reloadable):
    """Their memory is mapped anew, behind the front's closed doors."""
    strict = "limits: enforce\nlimit_identity: 2\nlimit_compare: 0\n"
    daemon = reloadable(strict + route("one"))
    front = daemon.one("front")
    daemon.configure("limits: off\n" + route("one"))
    daemon.configure(strict + route("one"))
    assert daemon.one("front") == front
    assert [daemon.ask("joe", f"wrong {i}", realm=REALM)
            for i in range(3)] == [NO, NO, wire.OUTAGE]


def test_limits_switched_on_outlive_the_front(reloadable):
    daemon = reloadable("limits: off\n" + route("one"))
    daemon.configure("limits: enforce\nlimit_identity: 2\n"
                     "limit_compare: 0\n" + route("one"))
    assert [daemon.ask("joe", f"wrong {i}", realm=REALM)
            for i in range(3)] == [NO, NO, wire.OUTAGE]
    front = daemon.one("front")
    os.kill(front, signal.SIGKILL)
    wait_until(lambda: daemon.by_role("front") not in ([], [front]),
               START_SEC, "another front")
    assert daemon.ask("joe", "wrong 4", realm=REALM) == wire.OUTAGE


def test_front_does_not_wait_for_a_keeper_that_is_slow(reloadable, backends):
    """However often it is asked to pass on a wish for a reload."""
    daemon = reloadable(route("one"))
    assert reload(daemon)[0] == 0  # it serves
    front = daemon.one("front")
    os.kill(daemon.pid, signal.SIGSTOP)
    try:
        for _ in range(600):
            os.kill(front, signal.SIGHUP)
            time.sleep(0.002)
        assert accepts(daemon.socket, realm=REALM) == ["one"]
    finally:
        os.kill(daemon.pid, signal.SIGCONT)
    write(daemon.file, backends + route("two"))
    assert reload(daemon)[0] == 0
    assert daemon.one("front") == front


@needs_root
def test_drain_after_a_reload_to_shorter_times(pam_daemon, open_dir):
    """Those of before have the time they would have had."""
    file = open_dir / "c.conf"
    text = "workers: 1\nworkers_max: 1\nrequest_timeout: {}\n"
    file.write_text(text.format(30))
    daemon = pam_daemon("--config", file)
    slow = [Asking(daemon, "slow", login=f"user{i}") for i in range(3)]
    busy(daemon)
    write(file, text.format(1))
    assert reload(daemon)[0] == 0
    subprocess.run([str(SASLAUTHCTL), "-m", str(daemon.rundir), "drain"],
                   check=True, stdout=subprocess.DEVNULL)
    assert [one.result() for one in slow] == [OK] * 3


def test_refusal_is_of_the_file_that_was_asked_about(reloadable, backends):
    """Who asks while the keeper still judges another file is not told about
    that one, not even where the keeper hears him only afterwards."""
    daemon = reloadable(route("one"))
    more = "".join(f"backend b{i} {{\nmechanism: sasldb\n"
                   "sasldb_path: /nonexistent\nworkers: 1\n}\n"
                   for i in range(60))
    bad = "listener x {\npath: /nonexistent/dir/socket\n}\n"
    write(daemon.file, backends + route("one", more + bad))
    os.kill(daemon.pid, signal.SIGHUP)
    wait_until(lambda: "read anew" in daemon.output, START_SEC, "its begin")
    daemon.configure(route("two"))
    assert accepts(daemon.socket, realm=REALM) == ["two"]
