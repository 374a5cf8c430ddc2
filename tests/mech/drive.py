# SPDX-License-Identifier: BSD-2-Clause
"""One mechanism in a process of its own: build/tests/mech/mech_drive."""

import collections
import os
import pathlib
import subprocess

from lib import BUILD_DIR

PROGRAM = BUILD_DIR / "tests" / "mech" / "mech_drive"

# Only a build with sanitizers reads these: what libraries themselves leak, and
# whole stacks to tell it by, through those built without frame pointers.
SANITIZERS = {
    "LSAN_OPTIONS": f"suppressions={pathlib.Path(__file__).parent}/lsan.supp:"
    "print_suppressions=0",
    "ASAN_OPTIONS": "fast_unwind_on_malloc=0"}

Answer = collections.namedtuple("Answer", "result reason delay_msec detail")
Stats = collections.namedtuple("Stats", "rss_kb descriptors cpu_usec")


def hexed(field):
    data = field.encode() if isinstance(field, str) else field
    return data.hex()


class Drive:
    """with Drive("shadow") as d: d.ask("joe", "secret").result"""

    def __init__(self, mech, *pairs, identity=None, program=PROGRAM,
                 environment=None):
        def become():
            uid, gid = identity
            os.setgroups([])
            os.setgid(gid)
            os.setuid(uid)
        env = {**os.environ, **SANITIZERS, **(environment or {})}
        # pylint: disable=subprocess-popen-preexec-fn
        self.process = subprocess.Popen(
            [str(program), mech, *pairs], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, env=env, bufsize=0,
            preexec_fn=become if identity else None)
        self.replies = os.fdopen(os.dup(self.process.stdout.fileno()),
                                 encoding="utf-8", errors="replace")

    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace):
        self.process.stdin.close()
        status = self.process.wait(timeout=30)
        self.replies.close()
        self.process.stdout.close()
        assert kind is not None or status == 0, f"mech_drive: {status}"

    def command(self, line):
        self.process.stdin.write(line.encode() + b"\n")
        reply = self.replies.readline()
        assert reply.endswith("\n"), f"no reply to {line.split(' ')[0]}"
        return reply.rstrip("\n")

    def ask(self, login, password, service="smtp", realm="", address="",
            count=1):
        fields = "\t".join(map(hexed, (login, password, service, realm,
                                       address)))
        if count > 1:
            fields = f"repeat {count}\t{fields}"
        result, reason, delay, detail = self.command(fields).split("\t", 3)
        return Answer(result, reason, int(delay), detail)

    def verdict(self, *args, **keywords):
        """(result, reason), for comparisons."""
        return self.ask(*args, **keywords)[:2]

    def idle(self):
        """What a worker does between requests; when it wants to again."""
        return int(self.command("idle"))

    def parts(self):
        """{name: "up", or "down" and why}"""
        return dict(part.split(" ", 1)
                    for part in self.command("parts").split("\t") if part)

    def stats(self):
        pairs = (word.split("=") for word in self.command("stats").split())
        return Stats(**{name: int(value) for name, value in pairs})

    def cpu_usec(self, *args, **keywords):
        """CPU time of these requests."""
        before = self.stats().cpu_usec
        self.ask(*args, **keywords)
        return self.stats().cpu_usec - before

    def least_cpu(self, *logins, tries=30, **keywords):
        """CPU of a wrong password for each. A busy machine only ever adds to
        it, so the least of many counts; taking turns, all have its good
        moments."""
        least = {}
        for _ in range(tries):
            for login in logins:
                usec = self.cpu_usec(login, "wrong", **keywords)
                least[login] = min(usec, least.get(login, usec))
        return least


def assert_no_growth(drive, requests, warm_up=100, each=1000):
    """Ask the requests in turn until each was asked `each` times; neither
    memory nor descriptors may grow after the warm-up."""
    for request in requests:
        drive.ask(*request, count=warm_up)
    before = drive.stats()
    for request in requests:
        drive.ask(*request, count=each)
    after = drive.stats()
    assert after.descriptors == before.descriptors
    # A page or two of fragments is no growth; a leak of 64 bytes in each of
    # 10,000 requests is.
    assert after.rss_kb - before.rss_kb <= 256, (before, after)


# Names that passwd(5) cannot hold, or that mean something to a shell, a
# path or a log.
HOSTILE_NAMES = ["+", "-", "+joe", "-joe", "root:x", ":", "joe\n", "\nroot:",
                 " joe", "joe ", "a b", "../joe", "../../etc/passwd", "/",
                 ".", "..", "%s%s%n", "$(id)", "joe\x1b[2J", "jo\u00e9",
                 b"\xff\xfe", "x" * 1000, "*", "!", "0", "\t"]
