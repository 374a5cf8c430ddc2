# SPDX-License-Identifier: BSD-2-Clause
"""A saslauthd beside which stands another saslauthd-pool."""

import re
import shutil
import sys

from lib import SOURCE_DIR
from lib.daemon import POOL, SASLAUTHD


def frame_type(name):
    """The number of a type in common/frame.h."""
    header = (SOURCE_DIR / "common" / "frame.h").read_text()
    names = re.findall(r"^\t(FRAME_\w+)[ =,]", re.search(
        r"enum frame_type \{(.*?)\n\};", header, re.S)[1], re.M)
    return names.index(name) + 1


def make(directory, script, **values):
    """The daemon's path. The script is formatted with these values and with
    the types of frames and paths it may need."""
    program = directory / SASLAUTHD.name
    shutil.copy2(SASLAUTHD, program)
    fake = directory / POOL.name
    fake.write_text(f"#!{sys.executable}\n" + script.format(
        where=str(directory), real=str(POOL),
        failed=frame_type("FRAME_FAILED"), **values))
    fake.chmod(0o755)
    return program


# Its backend "two" does not open while the file "broken" is there.
BREAKABLE = """
import os, socket, struct, sys
if "broken" in os.listdir({where!r}) and len(sys.argv) == 1:
    channel = socket.socket(fileno=3)
    frame = channel.recv(65537, socket.MSG_PEEK)
    if b"two" in frame.partition(b"site.conf")[2][:8]:
        channel.recv(65537)
        why = b"the key is unreadable"
        channel.send(struct.pack(">BBH", {failed}, 69, len(why)) + why)
        sys.exit(69)
os.execv({real!r}, ["saslauthd-pool: pool", *sys.argv[1:]])
"""
