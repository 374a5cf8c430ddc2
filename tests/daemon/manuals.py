# SPDX-License-Identifier: BSD-2-Clause
"""Reading the manual pages, which are mdoc(7)."""

import re

from lib import SOURCE_DIR

MAN = SOURCE_DIR / "docs" / "man"
PAGES = sorted(p.name for p in MAN.glob("*.[58]"))


def source(name):
    return (SOURCE_DIR / name).read_text()


def section(page, title):
    """Text between .Sh (or .Ss) title and the next heading of its kind."""
    match = re.search(rf"^\.(S[hs]) {title}$(.*?)(?=^\.Sh|^\.\1|\Z)",
                      (MAN / page).read_text(), re.M | re.S)
    assert match, f"{page} has no section {title}"
    return match[2]


def sections(page):
    """Titles in their order."""
    return re.findall(r"^\.Sh (.*)$", (MAN / page).read_text(), re.M)


def plain(text):
    """As one line of words, without macros and escapes."""
    text = re.sub(r"^\.(?:[A-Z][a-z] )+|\\&|^\.[A-Z][a-z]$", "", text,
                  flags=re.M)
    text = re.sub(r" (?:No|Ns|Pq|Ar|Cm|Xr|Fl|Dv|Sy|Li) (?=\S)", " ", text)
    return re.sub(r" (?=[.,;:)](?:\s|$))", "", " ".join(text.split()))
