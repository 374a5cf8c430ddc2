#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""compare - our daemon, Debian's stock one and the floor, in turn.

Run by hand, as root; README.md beside this file says how and what the
figures mean. Everything happens inside a private /etc, /run and process
space, so that nothing of it reaches the machine.
"""
import argparse
import os
import pathlib
import sys

TOP = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(TOP / "tests"))

import cached                                               # noqa: E402
import candidates                                           # noqa: E402
import ldap                                                 # noqa: E402
import ldap_trouble                                         # noqa: E402
import mechanisms                                           # noqa: E402
import million                                              # noqa: E402
import trouble                                              # noqa: E402
from lib import isolation, syslogd                          # noqa: E402

PASSWORD = "correct horse"
INSIDE = "SASLAUTHD_BENCH_INSIDE"    # set once the namespaces are made

MEASUREMENTS = {
    "mechanisms": mechanisms.run,
    "cached": cached.run,
    "million": million.run,
    "hang": trouble.run_hang,
    "stalled": trouble.run_stalled,
    "joined": trouble.run_joined,
    "ldap": ldap.run,
    "ldap-far": ldap_trouble.run_far,
    "ldap-memory": ldap_trouble.run_memory,
    "ldap-down": ldap_trouble.run_down,
}


def arguments():
    p = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    p.add_argument("what", choices=MEASUREMENTS)
    p.add_argument("--build", type=pathlib.Path, default=TOP / "build")
    p.add_argument("--stock", type=pathlib.Path, default="/",
                   help="where Debian's sasl2-bin is unpacked [%(default)s]")
    p.add_argument("--rounds", type=int, default=3)
    p.add_argument("--seconds", type=float, default=2, help="per measurement")
    p.add_argument("--clients", type=lambda text: [int(n) for n in
                   text.split(",")], default=[1, 8, 64])
    p.add_argument("--only", default="",
                   help="mechanisms: cases with this in the name")
    p.add_argument("--verbose", dest="flags", action="store_const",
                   const=["-V"], default=[],
                   help="both daemons with -V: every success is logged")
    args = p.parse_args()
    args.build, args.stock = args.build.resolve(), args.stock.resolve()
    return args


def check_programs(args):
    needed = [args.build / name for name in (
        "saslauthd/saslauthd", "saslauthd/saslauthd-pool",
        "tools/saslpasswd2", "tests/bench/saslbench", "tests/bench/floor",
        "tests/bench/pam_slow.so")]
    if args.what.startswith("ldap"):
        needed.append(args.build / "tests/bench/ldap_floor")
    needed += [args.stock / "usr/sbin" / name for name in (
        "saslauthd", "saslpasswd2")]
    for path in needed:
        if not path.exists():
            sys.exit(f"compare: {path} is missing (see README.md)")


def measure(args):
    log = syslogd.Syslog("/dev/log")
    log.start()
    bench = candidates.Bench(args.build, args.stock, PASSWORD)
    MEASUREMENTS[args.what](bench, args)
    log.stop()


def inside(args):
    """As process 1 of the new namespaces, which reaps every orphan."""
    isolation.build_namespace()
    os.environ["SASLAUTHD_TEST_ISOLATED"] = "1"
    child = os.fork()
    if child == 0:
        measure(args)
        sys.stdout.flush()
        os._exit(0)
    sys.exit(isolation.reap_until(child))


def main():
    args = arguments()
    check_programs(args)
    if os.environ.get(INSIDE):
        inside(args)
    obstacle = isolation.obstacle()
    if obstacle is not None:
        sys.exit("compare: makes accounts and PAM services in a private "
                 f"/etc: {obstacle}")
    os.environ[INSIDE] = "1"
    os.execvp("unshare", isolation.UNSHARE + [sys.executable, *sys.argv])


if __name__ == "__main__":
    main()
