# SPDX-License-Identifier: BSD-2-Clause
"""A million identities in our cache, asked for through the socket."""
import os
import shutil
import statistics
import sys
import tempfile

from lib import control, users

from candidates import Candidate, verdict

LOGIN, REALM = "user", "example.org"    # the generator adds seven digits
SERVICE = "smtp"
IDENTITIES, FEW = 1_000_000, 1_000
CLIENTS = 64
CACHE_KB = 110_000
TURNS, TURN_SEC = 20, 0.5
RATIO_MAX = 1.1                 # what an answer may cost among so many
BYTES_MAX = 100                 # of memory for an identity


def ask(bench, candidate, count, *options):
    return bench.timed_load(candidate, [LOGIN], SERVICE, "-r", REALM, "-c",
                            str(CLIENTS), "-N", str(count), *options)


def ask_each(bench, candidate, count):
    """Of so many, in turn; says how long it took."""
    figures = ask(bench, candidate, count, "-n", str(count))
    print(f"{count} asked in {figures['seconds']:.0f} s, CPU "
          f"{figures['cpu_usec']:.1f} us each", file=sys.stderr)


def stats(candidate):
    return control.one(candidate.rundir, "cache", "stats")


def front_kb(candidate):
    return candidate.memory_kb()["front"][1]


def start(candidate, kilobytes, args):
    """Every login and password is right there, and none is looked up."""
    users.pam_service(SERVICE, "auth required pam_permit.so",
                      "account required pam_permit.so")
    candidate.start("pam", ["-c", "-s", str(kilobytes), *args.flags])


def another(bench):
    """The same programs by another name, which tells them apart."""
    there = tempfile.mkdtemp(prefix="bench-", dir="/run")
    os.chmod(there, 0o755)
    return Candidate("few", [shutil.copy(program, there)
                             for program in bench.ours.programs])


def fill(bench, many):
    before = front_kb(many)
    ask_each(bench, many, IDENTITIES)
    after, held = front_kb(many), stats(many)
    each = (after - before) * 1024 / IDENTITIES
    print(f"{IDENTITIES} identities, -s {CACHE_KB}: {held['entries']} held, "
          f"{held['evicted']} evicted, {held['bytes'] / IDENTITIES:.1f} "
          "bytes of the cache each")
    print(f"PSS of the front: {before} kB when started, {after} kB filled, "
          f"{each:.1f} bytes for an identity, at most {BYTES_MAX} wanted: "
          f"{verdict(each <= BYTES_MAX)}")


def ask_again(bench, many):
    before = stats(many)
    ask_each(bench, many, IDENTITIES)
    after = stats(many)
    more = {key: after[key] - before[key] for key in ("hits", "misses")}
    print(f"every one asked again: hits +{more['hits']}, misses "
          f"+{more['misses']}, evicted {after['evicted']}: " + verdict(
              more == {"hits": IDENTITIES, "misses": 0} and
              after["evicted"] == 0))


def take_turns(bench, many, few):
    """Median CPU time in us of a cached answer, for each of the two."""
    turns = [(many, IDENTITIES, []), (few, FEW, [])]
    before = [stats(candidate)["misses"] for candidate in (many, few)]
    for _ in range(TURNS):
        turns.reverse()         # nobody is always the first
        for candidate, count, collected in turns:
            figures = ask(bench, candidate, count, "-R", "-t", str(TURN_SEC))
            collected.append(figures["cpu_usec"])
    if [stats(candidate)["misses"] for candidate in (many, few)] != before:
        sys.exit("million: not every answer came from the cache")
    return {candidate: statistics.median(collected)
            for candidate, _, collected in turns}


def compare(bench, many, few):
    medians = take_turns(bench, many, few)
    ratio = medians[many] / medians[few]
    print(f"CPU us of a cached answer, random ones of {IDENTITIES}: "
          f"{medians[many]:.2f}, of {FEW}: {medians[few]:.2f}, ratio "
          f"{ratio:.3f}, within {RATIO_MAX - 1:.0%}: "
          f"{verdict(ratio <= RATIO_MAX)}")


def fill_half(bench, candidate):
    before = front_kb(candidate)
    ask_each(bench, candidate, IDENTITIES)
    held = stats(candidate)
    known = held["entries"] + held["evicted"]
    print(f"the same with -s {CACHE_KB // 2}: {held['entries']} held, "
          f"{held['evicted']} evicted, PSS "
          f"{front_kb(candidate) - before} kB more; together all: "
          f"{verdict(held['evicted'] > 0 and known == IDENTITIES)}")


def run(bench, args):
    many, few = bench.ours, another(bench)
    start(many, CACHE_KB, args)
    fill(bench, many)
    ask_again(bench, many)
    start(few, CACHE_KB, args)
    ask_each(bench, few, FEW)
    compare(bench, many, few)
    few.stop()
    many.stop()
    start(many, CACHE_KB // 2, args)
    fill_half(bench, many)
    many.stop()
