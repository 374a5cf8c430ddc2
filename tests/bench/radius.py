#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""mech_radius against a FreeRADIUS of this host: answers per second beside
radclient, which asks the same without a daemon; how long a request takes when
the first server is gone. README.md says how to run it."""

import argparse
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
# pylint: disable=wrong-import-position
from candidates import Bench
from lib.freeradius import DICTIONARIES, PASSWORD, SECRET, FreeRadius
from lib.radius_script import ScriptedServer, silent
from lib.slapd import certificate, make_ca

USER = "joe"
FIRST = "127.0.0.66"		# the server that is gone
ADDRESS = "127.0.0.67"
WARM_UP_REQUESTS = 200
RADCLIENT_REQUESTS = 2000	# a second or so of one client
AFTERWARDS = 20			# requests that must not suffer any more


def start(bench, base, workers, *lines):
    conf = base / "saslauthd.conf"
    conf.write_text("\n".join([f"radius_secret: {SECRET}", *lines, ""]))
    conf.chmod(0o600)
    bench.ours.start("radius", ["-O", str(conf), "-n", str(workers)])


def daemon_speed(bench, base, clients, seconds, *lines):
    start(bench, base, clients, *lines)
    bench.load(bench.ours, [USER], "smtp", "-n", str(WARM_UP_REQUESTS))
    # No two of them ask for one: equal requests in flight are joined.
    figures = bench.timed_load(bench.ours, bench.users[:clients], "smtp",
                               "-c", str(clients), "-t", str(seconds))
    bench.ours.stop()
    return figures


def radclient_speed(server, base, clients, seconds):
    """Its requests are counted beforehand: as many as last so long."""
    path = base / "requests"
    path.write_text(f'User-Name = "{USER}"\nUser-Password = "{PASSWORD}"\n'
                    "Message-Authenticator = 0x00\n"
                    'NAS-Identifier = "bench"\nNAS-Port-Type = Virtual\n'
                    "Service-Type = Authenticate-Only\n")

    def run(count):
        began = time.monotonic()
        subprocess.run(
            ["radclient", "-q", "-D", DICTIONARIES, "-c", str(count), "-p",
             str(clients), "-f", path, server.name, "auth", SECRET],
            check=True, stdout=subprocess.DEVNULL)
        return count / (time.monotonic() - began)

    return run(max(RADCLIENT_REQUESTS, int(run(RADCLIENT_REQUESTS) *
                                           seconds)))


def speed(bench, args, base):
    ca = make_ca(base)
    made = certificate(ca, "radius.test", ips=[ADDRESS])
    users = {USER: PASSWORD, **{user: PASSWORD for user in bench.users}}
    print(f"{'answers/s':12}{'clients':>8}{'median':>9}{'p99 ms':>9}"
          f"{'CPU us':>9}")
    with FreeRadius(base, ADDRESS, tls=made, log=False, users=users,
                    remember_sec=0) as server:
        ways = {
            "UDP": [f"radius_servers: {server.name}"],
            "RadSec": [f"radius_servers: tls://{ADDRESS}",
                       f"radius_tls_cacert_file: {ca.cert}",
                       f"radius_tls_cert: {made.cert}",
                       f"radius_tls_key: {made.key}"]}
        for clients in args.clients:
            for way, lines in ways.items():
                runs = [daemon_speed(bench, base, clients, args.seconds,
                                     *lines) for _ in range(args.rounds)]
                each, late, cpu = (
                    statistics.median(run[key] for run in runs) for key in
                    ("requests_per_second", "p99_usec", "cpu_usec"))
                print(f"{way:12}{clients:8}{each:9.0f}{late / 1000:9.2f}"
                      f"{cpu:9.1f}")
            alone = statistics.median(
                radclient_speed(server, base, clients, args.seconds)
                for _ in range(args.rounds))
            print(f"{'radclient':12}{clients:8}{alone:9.0f}")


def failover(bench, args, base):
    """With the defaults, at one request after the other."""
    with ScriptedServer(ADDRESS, secret=SECRET) as second:
        for kind in ("refuses", "is silent"):
            first = ScriptedServer(FIRST, secret=SECRET)
            if kind == "is silent":
                first.always(silent)
                first.start()
            start(bench, base, 4, f"radius_servers: {FIRST} {second.name}")
            took = [bench.load(bench.ours, [USER], "smtp", "-n",
                               "1")["max_usec"] / 1000]
            took.append(bench.load(bench.ours, [USER], "smtp", "-n",
                                   str(AFTERWARDS))["max_usec"] / 1000)
            print(f"first server {kind}: one request takes {took[0]:.0f} ms, "
                  f"the next {AFTERWARDS} at most {took[1]:.0f} ms")
            bench.ours.stop()
            first.stop()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", type=pathlib.Path, default="build")
    parser.add_argument("--clients", default=[1, 8, 64], type=lambda text: [
        int(word) for word in text.split(",")])
    parser.add_argument("--seconds", type=float, default=5)
    parser.add_argument("--rounds", type=int, default=3)
    args = parser.parse_args()
    build = args.build.resolve()
    bench = Bench(build, build, PASSWORD)
    bench.users = [f"user{number}" for number in range(max(args.clients))]
    with tempfile.TemporaryDirectory() as scratch:
        base = pathlib.Path(scratch)
        base.chmod(0o755)
        speed(bench, args, base)
        failover(bench, args, base)


if __name__ == "__main__":
    main()
