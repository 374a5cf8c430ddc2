# SPDX-License-Identifier: BSD-2-Clause
"""Make docs/watch.svg, the README's picture: watch_picture.py BUILD_DIR.

A daemon with three backends is asked by a hundred clients for some eighty
seconds; in the last fourteen its directory server is stopped. What `saslauthctl
watch` shows then, on a terminal of 80 columns, is written as SVG. Needs root,
slapd and a build with everything, and touches nothing but that file.
"""

import fcntl
import math
import os
import pathlib
import pty
import random
import re
import struct
import subprocess
import sys
import tempfile
import termios
import threading
import time
from xml.sax.saxutils import escape

ROOT = pathlib.Path(__file__).resolve().parents[1]
PICTURE = ROOT / "docs" / "watch.svg"
os.environ["BUILD_DIR"] = sys.argv[1]
sys.path.insert(0, str(ROOT / "tests"))
# pylint: disable=wrong-import-position
from lib import BUILD_DIR, isolation, users, wire
from lib.daemon import Daemon
from lib.slapd import PASSWORD, PEOPLE, Slapd, crowd_uid

COLUMNS, ROWS = 80, 22
SECONDS = COLUMNS + 2	# so that every column is filled
OUTAGE_AT = SECONDS - 14
CLIENTS = 100
MAILBOXES = 400
WRONG = 0.06		# how often somebody mistypes
REALMS = ("example.com", "example.net", "example.org")

CONF = """cache: yes
cache_ttl: 20
backend customers {{
    mechanism: sasldb
    sasldb_path: {customers}
}}
backend staff {{
    mechanism: sasldb
    sasldb_path: {staff}
}}
backend directory {{
    mechanism: ldap
    ldap_servers: {uri}
    ldap_search_base: {people}
}}
route customers {{
    realm: example.com
    step: customers
}}
route staff {{
    realm: example.net
    step: staff
}}
route everybody {{
    step: directory
}}
"""

# In pixels.
CELL_WIDTH, CELL_HEIGHT, MARGIN = 8.4, 18, 14
SVG = """<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {w:g} {h:g}" \
width="{w:g}" height="{h:g}" role="img" aria-labelledby="title">
<!-- Made by scripts/watch_picture.py. -->
<title id="title">saslauthctl watch: rates, latency, cache, queue, workers, \
three backends of which one is down, and a plot</title>
<rect x="1" y="1" width="{inner_w:g}" height="{inner_h:g}" rx="8" \
fill="#16181d" stroke="#6b7280" stroke-width="1.5"/>
<g fill="#e5e7eb" font-size="14" xml:space="preserve" \
font-family="DejaVu Sans Mono, Menlo, Consolas, monospace">
{lines}
</g>
<path fill="#e5e7eb" shape-rendering="crispEdges" d="{bars}"/>
</svg>
"""


def make_users(path, realm):
    hashed = users.hash_password(PASSWORD)
    rows = "".join(f"{crowd_uid(n)},{realm},{hashed}\n"
                   for n in range(MAILBOXES))
    subprocess.run([BUILD_DIR / "tools" / "saslpasswd2", "--import", "csv",
                    "-f", path, "-"], input="user,realm,hash\n" + rows,
                   text=True, check=True, stdout=subprocess.DEVNULL)


def busy(at):
    """Requests a second of one client, so that the plot has a shape."""
    return 1.6 + math.sin(at / 11) + 0.5 * math.sin(at / 3.1)


def crowd(socket, over):
    """Mail programs of whomever, one after the other."""
    began = time.monotonic()
    while not over.wait(random.expovariate(busy(time.monotonic() - began))):
        password = "mistyped" if random.random() < WRONG else PASSWORD
        wire.request(socket, crowd_uid(random.randrange(MAILBOXES)),
                     password, "smtp", random.choice(REALMS))


def last_screen(rundir, seconds):
    """What is on the terminal after so many seconds, line by line."""
    primary, secondary = pty.openpty()
    fcntl.ioctl(secondary, termios.TIOCSWINSZ,
                struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
    watch = subprocess.Popen(
        [BUILD_DIR / "tools" / "saslauthctl", "-m", rundir, "watch", "-n",
         str(seconds)], stdin=secondary, stdout=secondary, stderr=secondary,
        start_new_session=True, env={**os.environ, "LC_ALL": "C.UTF-8"})
    os.close(secondary)
    shown = b""
    try:
        while data := os.read(primary, 65536):
            shown += data
    except OSError:	# EIO: it has ended
        watch.wait()
    frame = shown.decode().replace("\r", "").split("\x1b[H")[-1]
    return re.sub(r"\x1b\[[?\d]*[a-zA-Z]", "", frame).rstrip().split("\n")


def bar(column, row, eighths):
    """A block character drawn, since fonts leave gaps between them."""
    height = CELL_HEIGHT * eighths / 8
    return (f"M{MARGIN + column * CELL_WIDTH:g} "
            f"{MARGIN + (row + 1) * CELL_HEIGHT:g}v-{height:g}"
            f"h{CELL_WIDTH:g}v{height:g}z")


def draw(lines):
    texts, bars = [], []
    for row, line in enumerate(lines):
        for column, cell in enumerate(line):
            if "\u2581" <= cell <= "\u2588":
                bars.append(bar(column, row, ord(cell) - 0x2580))
        text = re.sub("[\u2581-\u2588]", " ", line).rstrip()
        if text:
            texts.append(
                f'<text x="{MARGIN}" y="{MARGIN + row * CELL_HEIGHT + 14}" '
                f'textLength="{len(text) * CELL_WIDTH:g}">'
                f"{escape(text)}</text>")
    width = 2 * MARGIN + COLUMNS * CELL_WIDTH
    height = 2 * MARGIN + len(lines) * CELL_HEIGHT
    return SVG.format(w=width, h=height, inner_w=width - 2,
                      inner_h=height - 2, lines="\n".join(texts),
                      bars="".join(bars))


def watch_for_a_while(base):
    """The screen at the end of it."""
    for name, realm in zip(("customers", "staff"), REALMS):
        make_users(base / name, realm)
    with Slapd(base, people=MAILBOXES, delay_msec=3) as directory:
        conf = base / "saslauthd.conf"
        conf.write_text(CONF.format(
            customers=base / "customers", staff=base / "staff",
            uri=directory.uri, people=PEOPLE))
        daemon = Daemon("--config", conf, rundir="/run/saslauthd",
                        foreground=True)
        daemon.start()
        over = threading.Event()
        clients = [threading.Thread(target=crowd, args=(daemon.socket, over))
                   for _ in range(CLIENTS)]
        for client in clients:
            client.start()
        threading.Timer(OUTAGE_AT, directory.stop).start()
        lines = last_screen(daemon.rundir, SECONDS)
        over.set()
        for client in clients:
            client.join()
        daemon.finish()
    return lines


def main():
    isolation.build_namespace()
    os.mkdir("/run/saslauthd")
    with tempfile.TemporaryDirectory() as name:
        base = pathlib.Path(name)
        base.chmod(0o755)
        PICTURE.write_text(draw(watch_for_a_while(base)))


if __name__ == "__main__":
    if os.environ.get("WATCH_PICTURE") != "isolated":
        os.environ["WATCH_PICTURE"] = "isolated"
        os.execvp(isolation.UNSHARE[0], isolation.UNSHARE +
                  [sys.executable, __file__, sys.argv[1]])
    main()
