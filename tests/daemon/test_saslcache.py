# SPDX-License-Identifier: BSD-2-Clause
"""saslcache: the flags and the output of Cyrus' program, from the daemon."""

import csv
import io
import os
import subprocess

import pytest

from control_server import CACHE, END, ControlServer, backend
from daemon_users import PASSWORD, REALM, USER
from lib import BUILD_DIR

SASLCACHE = BUILD_DIR / "tools" / "saslcache"
TIMEOUT_SEC = 30
CREATED = 1795354066	# Sun Nov 22 13:27:46 2026 UTC

HEADER = '"user","realm","service","created","created_localtime"\n'

STATISTICS = """\
----------------------------------------
Saslauthd Cache Detail:

  timeout (seconds)           :  28800
  total slots allocated       :  1711
  slots in use                :  2
  total buckets               :  10000
  buckets per slot            :  6
  buckets in use              :  2
  hash table size (bytes)     :  1000000
  bucket size (bytes)         :  100
  minimum slot allocation     :  0
  maximum slot allocation     :  1
  slots at maximum allocation :  2
  slots at minimum allocation :  1709
  overall hash table load     :  0.00

  hits*                       :  2
  misses*                     :  3
  total lookup attempts*      :  5
  hit ratio*                  :  40.00
  flock failures*             :  0
----------------------------------------
* May not be completely accurate
----------------------------------------
"""

SPREAD = {"kind": "spread", "slots": 1711, "used": 2, "shortest": 0,
          "longest": 1, "at_shortest": 1709, "at_longest": 2}


def entry(user, realm="", service="imap"):
    return {"kind": "entry", "user": user, "realm": realm,
            "service": service, "remote": "", "backend": "ldap",
            "age_sec": 17, "created": CREATED}


class Cache:
    def __init__(self):
        self.entries = [entry("alice")]
        self.cache = CACHE
        self.spread = [SPREAD]

    def __call__(self, words):
        if words[0] == "cache-list":
            return self.entries + [END]
        if words[0] == "flush":
            return [{"kind": "flushed", "entries": len(self.entries)}, END]
        assert words == ["stats", "spread"]
        return [{"kind": "totals"}, self.cache, *self.spread, backend(),
                {"kind": "queue", "queued": 0, "max": 1000}, END]


@pytest.fixture
def cache(open_dir):
    """A scripted daemon in open_dir; `requests` is what it was asked."""
    script = Cache()
    server = ControlServer(open_dir, script)
    script.requests = server.requests
    yield script
    server.close()


def run(*args):
    done = subprocess.run(
        [SASLCACHE, *args], check=False, capture_output=True,
        timeout=TIMEOUT_SEC, stdin=subprocess.DEVNULL,
        env={**os.environ, "LC_ALL": "C.UTF-8", "TZ": "UTC"})
    return (done.returncode, done.stdout.decode(), done.stderr.decode())


@pytest.mark.parametrize("flags", [[], ["-s"]])
def test_statistics(cache, open_dir, flags):
    assert run("-m", open_dir, *flags) == (0, STATISTICS, "")
    assert cache.requests == [["stats", "spread"]]


def test_statistics_of_an_empty_cache(cache, open_dir):
    cache.cache = {**CACHE, "entries": 0, "bytes": 0, "hits": 0,
                   "misses": 0, "others": 0, "refused": 0}
    _, out, _ = run("-m", open_dir)
    assert "  bucket size (bytes)         :  100\n" in out
    assert "  hit ratio*                  :  0.00\n" in out


def test_statistics_of_a_full_cache(cache, open_dir):
    cache.cache = {**CACHE, "entries": 5000, "refusals": 5000,
                   "bytes": 1_000_000}
    _, out, _ = run("-m", open_dir)
    assert "  total buckets               :  10000\n" in out
    assert "  buckets in use              :  5000\n" in out
    assert "  overall hash table load     :  0.50\n" in out


ALICE = '"alice","","imap","1795354066","Sun Nov 22 13:27:46 2026"\n'


def test_dump(cache, open_dir):
    """The rows too on standard output."""
    cache.entries.append(entry("joe", "example.org", "smtp"))
    assert run("-d", "-m", open_dir) == (0, HEADER + ALICE +
        '"joe","example.org","smtp","1795354066",'
        '"Sun Nov 22 13:27:46 2026"\n', "")
    assert cache.requests == [["cache-list"]]


def test_dump_of_nothing(cache, open_dir):
    cache.entries = []
    assert run("-d", "-m", open_dir) == (0, HEADER, "")


def test_dump_is_csv(cache, open_dir):
    """Quotes, commas, ends of lines, and what controls a terminal."""
    cache.entries = [entry('a"b,c"', 'say ""', "x\ny\x1b[2J\\"), entry("ü")]
    _, out, _ = run("-d", "-m", open_dir)
    assert '"a""b,c""","say """"","x\\x0ay\\x1b[2J\\x5c",' in out
    rows = list(csv.reader(io.StringIO(out)))
    assert [row[:3] for row in rows[1:]] == [
        ['a"b,c"', 'say ""', r"x\x0ay\x1b[2J\x5c"], ["ü", "", "imap"]]
    assert {len(row) for row in rows} == {5}


def test_both(cache, open_dir):
    assert run("-d", "-s", "-m", open_dir) == \
        (0, STATISTICS + HEADER + ALICE, "")


def test_flush(cache, open_dir):
    assert run("-f", "-m", open_dir) == (0, "", "")
    assert cache.requests == [["flush"]]


def test_flush_comes_last(cache, open_dir):
    code, out, _ = run("-f", "-d", "-m", open_dir)
    assert (code, out) == (0, HEADER + ALICE)
    assert cache.requests == [["cache-list"], ["flush"]]


def test_path_of_the_old_file(cache, open_dir):
    assert run("-m", open_dir / "cache.mmap") == (0, STATISTICS, "")
    done = subprocess.run([SASLCACHE, "-m", "cache.mmap"], cwd=open_dir,
                          check=True, capture_output=True, text=True)
    assert done.stdout == STATISTICS


def test_no_cache(cache, open_dir):
    cache.cache = {**CACHE, "enabled": False}
    cache.spread = []
    code, out, err = run("-m", open_dir)
    assert (code, out) == (1, "")
    assert err == f"saslcache: The saslauthd in {open_dir} keeps no " \
        "cache: start it with -c.\n"


@pytest.mark.parametrize("flags", [["-s"], ["-d"], ["-f"]])
def test_no_daemon(open_dir, flags):
    code, out, err = run(*flags, "-m", open_dir)
    assert (code, out) == (1, "")
    assert err.startswith("saslcache: saslauthd is not running in")


@pytest.mark.parametrize("flags", [["-x"], ["-m"]])
def test_wrong_use(flags):
    code, out, err = run(*flags)
    assert (code, out) == (1, "")
    assert "usage: saslcache [-d] [-s] [-f] [-m directory]\n" in err


def test_unwritable_output(cache, open_dir):
    with open("/dev/full", "w") as full:
        done = subprocess.run([SASLCACHE, "-m", open_dir], check=False,
                              stdout=full, stderr=subprocess.PIPE)
    assert done.returncode == 1
    assert cache.requests == [["stats", "spread"]]


def test_real_daemon(start_daemon, store):
    daemon = start_daemon("-a", "sasldb", "-c", "-t", "600",
                          "--set", f"sasldb_path={store}")
    for service in ("smtp", "imap", "smtp"):
        assert daemon.ask(USER, PASSWORD, service=service,
                          realm=REALM) == b"OK"
    code, out, err = run("-m", daemon.rundir / "cache.mmap")
    assert (code, err) == (0, "")
    labels = [line.partition(":")[0] for line in out.splitlines()]
    assert labels == [line.partition(":")[0]
                      for line in STATISTICS.splitlines()]
    for line in ("timeout (seconds)           :  600",
                 "buckets in use              :  2",
                 "hits*                       :  1",
                 "misses*                     :  2",
                 "total lookup attempts*      :  3",
                 "hit ratio*                  :  33.33"):
        assert f"\n  {line}\n" in out
    _, out, _ = run("-d", "-m", daemon.rundir)
    assert [row[:3] for row in csv.reader(io.StringIO(out))][1:] == \
        [[USER, REALM, "smtp"], [USER, REALM, "imap"]]
    assert PASSWORD not in out
    assert run("-f", "-m", daemon.rundir) == (0, "", "")
    assert run("-d", "-m", daemon.rundir) == (0, HEADER, "")
    assert "\n  buckets in use              :  0\n" in \
        run("-m", daemon.rundir)[1]


def test_real_daemon_without_cache(start_daemon, store):
    daemon = start_daemon("-a", "sasldb", "--set", f"sasldb_path={store}")
    code, out, err = run("-m", daemon.rundir)
    assert (code, out) == (1, "")
    assert "keeps no cache: start it with -c." in err
