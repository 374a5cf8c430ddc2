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
