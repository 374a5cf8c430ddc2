#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""A million users in the user database, in every layout: made from a stream,
looked up, listed, one of them changed. Run by hand; see README.md."""

import argparse
import os
import pathlib
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

TOP = pathlib.Path(__file__).resolve().parents[2]
sys.path += [str(TOP / "tests"), str(TOP / "tests" / "mech")]

LAYOUTS = ["hashed", "lmdb", "berkeley", "gdbm"]
HASH = "$1$saltsalt$qjXMvbEw8oaL.CzflDtaK/"
REALM = "example.org"
# crypt(3) takes none so long: the mechanism then finds the user, and that is
# all that is measured.
PASSWORD = "x" * 600
LOOK_UPS = 20000
CHANGES = 5
SEED = 20261122                 # the same users each time


def arguments():
    p = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    p.add_argument("layouts", nargs="*", default=LAYOUTS)
    p.add_argument("--build", type=pathlib.Path, default=TOP / "build")
    p.add_argument("--users", type=int, default=1_000_000)
    p.add_argument("--dir", help="where the files lie")
    return p.parse_args()


def login(number):
    return f"user{number:07d}"


def timed(args, **keywords):
    """Seconds, and kilobytes of memory at the most."""
    began = time.monotonic()
    with subprocess.Popen(args, **keywords) as process:
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        sys.exit(f"{args[0]}: exit status {process.returncode}")
    return time.monotonic() - began, usage.ru_maxrss


def create(tool, db, layout, stream):
    with open(stream, "rb") as source:
        return timed([tool, "--import", "htpasswd", "--layout", layout, "-f",
                      db, "-u", REALM, "-"], stdin=source)


def change(tool, db):
    """One user, as a web mailer does it: the median."""
    seconds = []
    for _ in range(CHANGES):
        began = time.monotonic()
        subprocess.run([tool, "--hash", "md5crypt", "-p", "-f", db, "-u",
                        REALM, login(7)], input=b"secret", check=True)
        seconds.append(time.monotonic() - began)
    return statistics.median(seconds)


def look_up(drive, users, known):
    """Microseconds of CPU for one, of users in random order."""
    numbers = random.Random(SEED)
    before = drive.stats().cpu_usec
    for _ in range(LOOK_UPS):
        who = login(numbers.randrange(users))
        answer = drive.ask(who, PASSWORD, realm=REALM)
        if answer.reason != known:
            sys.exit(f"{who}: {answer}")
    return (drive.stats().cpu_usec - before) / LOOK_UPS


def measure(args, layout, directory, stream):
    # Told of the build by the environment.
    from drive import Drive
    tools = args.build / "tools"
    db = directory / f"db.{layout}"
    seconds, kilobytes = create(tools / "saslpasswd2", db, layout, stream)
    with Drive("sasldb", f"sasldb_path={db}") as drive:
        usec = look_up(drive, args.users, "bad_password")
        worker = drive.stats().rss_kb
    listing, list_kilobytes = timed([tools / "sasldblistusers2", db],
                                    stdout=subprocess.DEVNULL)
    changing = change(tools / "saslpasswd2", db)
    print(f"{layout:9} {db.stat().st_size >> 20:6} {seconds:8.1f} "
          f"{kilobytes >> 10:6} {usec:9.1f} {worker >> 10:6} {listing:7.2f} "
          f"{list_kilobytes >> 10:6} {changing * 1000:9.0f}", flush=True)


def main():
    args = arguments()
    args.build = args.build.resolve()
    os.environ["BUILD_DIR"] = str(args.build)
    directory = pathlib.Path(tempfile.mkdtemp(prefix="sasldb-", dir=args.dir))
    try:
        stream = directory / "stream"
        with open(stream, "w", encoding="ascii") as file:
            for number in range(args.users):
                file.write(f"{login(number)}:{HASH}\n")
        print("           file   create    RSS   look-up    RSS    list    "
              "RSS    change\n"
              "            MiB        s    MiB    CPU us    MiB       s    "
              "MiB        ms")
        for layout in args.layouts:
            measure(args, layout, directory, stream)
    finally:
        shutil.rmtree(directory)


if __name__ == "__main__":
    main()
