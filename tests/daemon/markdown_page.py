# SPDX-License-Identifier: BSD-2-Clause
"""The Markdown pages, taken apart: blocks of code, headings, links."""

import hashlib
import re

from lib import SOURCE_DIR

# A fence, what it says of the block, and the block.
FENCED = re.compile(r"^```(.*)\n((?:.*\n)*?)```$", re.M)
HEADING = re.compile(r"^(#+) +(.*)$", re.M)
CODE = re.compile(r"(`+)(.+?)\1", re.S)
LINK = re.compile(r"!?\[[^]]*\]\(([^)\s]+)\)")
# A shell's comment, a configuration file's; not the # within a word.
COMMENT = re.compile(r"(^|\s+)#.*$", re.M)

REVISION_DIGITS = 7	# as git abbreviates


def pages():
    """Every page a reader may come to, relative to the tree."""
    found = [*SOURCE_DIR.glob("*.md")]
    for folder in ("docs", "packaging", "tests"):
        found += SOURCE_DIR.glob(f"{folder}/**/*.md")
    return sorted(str(path.relative_to(SOURCE_DIR)) for path in found)


def read(page):
    return (SOURCE_DIR / page).read_text()


def revision(page):
    """What git calls this text of it: `git show` and `git diff` know it."""
    data = (SOURCE_DIR / page).read_bytes()
    blob = b"blob %d\0" % len(data) + data
    return hashlib.sha1(blob).hexdigest()[:REVISION_DIGITS]


def blocks(text):
    """[(what the fence says, lines without comments)]"""
    return [(kind, [line for line in COMMENT.sub("", code).splitlines()
                    if line.strip()])
            for kind, code in FENCED.findall(text)]


def prose(text):
    """Without the blocks of code."""
    return FENCED.sub("", text)


def code(text):
    """What stands in back-quotes outside of blocks; a break is a blank."""
    return [" ".join(words.split()) for _, words in CODE.findall(prose(text))]


def levels(text):
    return [len(marks) for marks, _ in HEADING.findall(prose(text))]


def links(text):
    """Where they lead; what stands in code is no link."""
    return LINK.findall(CODE.sub("", prose(text)))


def anchors(text):
    """Those that GitHub gives to headings."""
    found = []
    for _, title in HEADING.findall(prose(text)):
        title = re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", title)
        name = re.sub(r"[^\w\- ]", "", title.strip().lower())
        name = name.replace(" ", "-")
        count = found.count(name)
        found.append(f"{name}-{count}" if count else name)
    return found
