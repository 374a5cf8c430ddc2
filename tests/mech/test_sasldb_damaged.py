# SPDX-License-Identifier: BSD-2-Clause
"""Damaged files of Berkeley DB and LMDB are named, and cost no process its
life or its time: what their own libraries believe, they crash on."""

import pathlib
import random
import struct

import pytest

from test_sasldb_layouts import (BUILT, CONFIG_H, DOWN, OK, drive_of, good,
                                 passwd)
from test_sasldb_tools import SASLDBLISTUSERS2, run

CORPUS = pathlib.Path(__file__).parents[1] / "fuzz" / "corpus"
# Whole files, as their libraries made them.
WHOLE = {"default", "small-pages", "other-order", "cyrus", "hashed",
         "unused-pages"}
# The rows are all there; only who writes would be led astray.
FOR_WRITERS = {"free-is-used"}
LAYOUTS = [name for name in ("berkeley", "lmdb", "hashed")
           if f"#define {BUILT[name]} 1" in CONFIG_H]
FOLDERS = ["treefile"] + (["hashfile"] if "berkeley" in LAYOUTS else [])
DAMAGED = [path for folder in FOLDERS
           for path in sorted((CORPUS / folder).iterdir())
           if path.name not in WHOLE]
ROUNDS = 80
# What makes trouble as a length, a number of a page or an offset.
NUMBERS = [0, 1, 2, 3, 0xff, 0xffff, 0x7fffffff, 0xffffffff]


@pytest.fixture(name="db")
def fixture_db(open_dir):
    return open_dir / "sasldb2"


@pytest.mark.parametrize("path", DAMAGED, ids=lambda path: path.name)
def test_damage_is_named(db, path):
    content = path.read_bytes()
    db.write_bytes(content)
    done = passwd(db, "-u", "d", "u1")
    assert done.returncode == 1
    for words in (b"damaged ", b"cut short"):
        if words in done.stderr:
            break
    else:
        raise AssertionError(done.stderr)
    assert done.stderr.startswith(f"saslpasswd2: {db}: ".encode())
    assert b"copy" in done.stderr           # the mend
    assert db.read_bytes() == content
    assert [name.name for name in db.parent.iterdir()
            if name.name not in ("sasldb2", "sasldb2-lock")] == []
    if path.name in FOR_WRITERS:
        return
    done = run(SASLDBLISTUSERS2, db)
    assert done.returncode == 0
    assert done.stderr.endswith(b"listusers failed\n")
    with drive_of(db) as drive:
        assert drive.verdict("u1", "pw1", realm="d") in (DOWN, OK)


@pytest.mark.parametrize("layout", [name for name in LAYOUTS
                                    if name != "hashed"])
def test_users_on_other_pages_are_found(db, layout):
    """Whichever page of rows is damaged: the first one, too."""
    rows = "".join(f"u{number}@d:{{PLAIN}}{'x' * 200}\n"
                   for number in range(60))
    assert passwd(db, "--layout", layout, "--import", "passwd-file", "-",
                  password=rows).returncode == 0
    content = db.read_bytes()
    new = bytearray(content)
    if layout == "berkeley":
        new[4096 + 25] = 0x55           # the page of the first bucket
    else:                               # the first leaf, and older ones
        for page in range(0, len(content), 4096):
            if b"u0\0d" in content[page:page + 4096]:
                new[page + 10] = 0x55
    db.write_bytes(new)
    found = [passwd(db, "--verify", "-u", "d", f"u{number}",
                    password="x" * 200).returncode for number in range(60)]
    assert set(found) == {0, 1} and found.count(0) > 20
    # Nothing is stored, and a list is no whole one.
    assert passwd(db, "-u", "d", "new").returncode == 1
    assert run(SASLDBLISTUSERS2, db).stderr.endswith(b"listusers failed\n")


def changed(content, numbers):
    """Cut, or with some numbers in it that are others now."""
    if numbers.random() < 0.15:
        return content[:numbers.randrange(len(content))]
    new = bytearray(content)
    for _ in range(numbers.choice([1, 1, 2, 4])):
        page = numbers.randrange(len(new) // 4096) * 4096
        at = page + (numbers.randrange(0, 160, 2) if numbers.random() < 0.7
                     else numbers.randrange(4092))
        value = numbers.choice(NUMBERS + [numbers.getrandbits(32)])
        size, form = numbers.choice([(1, "B"), (2, "H"), (4, "I")])
        struct.pack_into("<" + form, new, at, value % (1 << 8 * size))
    return bytes(new)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_no_damage_costs_a_process(db, layout):
    rows = "".join(f"u{number}@d:{{PLAIN}}pw{number}\n"
                   for number in range(60))
    kept = ["--hash", "md5crypt"] if layout == "hashed" else ["--plain"]
    good(db, "--import", "passwd-file", "--layout", layout, *kept, "-",
         password=rows + "big@d:{PLAIN}" + "x" * 400 + "\n")
    whole = db.read_bytes()
    numbers = random.Random(20261122)
    for _ in range(ROUNDS):
        for path in db.parent.iterdir():
            path.unlink()
        content = changed(whole, numbers)
        db.write_bytes(content)
        with drive_of(db) as drive:         # fails where that crashed
            drive.verdict("u5", "pw5", realm="d")
            drive.verdict("nobody", "pw5", realm="d")
        done = run(SASLDBLISTUSERS2, db)
        assert done.returncode == 0, done
        done = passwd(db, "-u", "d", *kept, "u7")
        assert done.returncode in (0, 1), done
        if done.returncode == 1 and b"-lock" not in done.stderr:
            assert db.read_bytes() == content
