# SPDX-License-Identifier: BSD-2-Clause
"""docs/troubleshooting.md has every reason and every line there is in the
source, and none that is not."""

import re

import pytest

import outcomes
import source_lines
from lib import SOURCE_DIR
from guide_page import Page

# Its sections, by the comments of enum auth_reason.
SECTIONS = {
    "denials by a backend": "Refused",
    "outages": "Outages",
    "limits on guessing": "Limits on guessing",
    "misconfiguration": "To be mended",
}

PAGES = {"Postfix": "postfix", "Exim": "exim", "sendmail": "sendmail",
         "Cyrus IMAP": "cyrus-imap", "slapd": "openldap"}

BUG = "FUNCTION: BUG: TEXT"

PAGE = Page("troubleshooting")


def section(title):
    """The rows of the first table under a heading."""
    text = re.split(rf"^#+ {re.escape(title)}$", PAGE.text, flags=re.M)[1]
    rows = re.findall(r"^\| `(.*?)` \|", text.partition("\n#")[0], re.M)
    assert rows, title
    return rows


def reasons_of_source():
    """{section: words}, by enum auth_reason and auth_reason_name()."""
    header = (SOURCE_DIR / "common/result.h").read_text()
    names = dict(re.findall(r'case (REASON_\w+): return "(\w+)";',
                            (SOURCE_DIR / "common/result.c").read_text()))
    found, words = {}, []
    body = re.search(r"enum auth_reason \{(.*?)\};", header, re.S)[1]
    for line in body.splitlines():
        title = re.match(r"\t/\* ([^;*]+?)[;*]", line)
        reason = re.match(r"\t(REASON_\w+)", line)
        if title:
            words = found.setdefault(SECTIONS[title[1].strip()], [])
        elif reason and reason[1] in names:
            words.append(names.pop(reason[1]))
    assert not names, f"not in the enum: {names}"
    return found


def test_reasons():
    """Both ways, and each where its kind is."""
    found = reasons_of_source()
    found["To be mended"].append("none")	# stands before all others
    assert {title: sorted(words) for title, words in found.items()} == \
        {title: sorted(section(title)) for title in SECTIONS.values()}


def lines_of_page():
    """Of the tables under "Other lines"."""
    text = PAGE.text.partition("\n## Other lines\n")[2]
    return re.findall(r"^\| `(.*?)` \|", text, re.M)


def test_every_line_of_the_source_is_told():
    lines = lines_of_page()
    untold = [
        line for line in sorted(source_lines.logged())
        if ": BUG: " not in line and
        not any(source_lines.pattern(line).fullmatch(told)
                for told in lines)]
    assert not untold, "docs/troubleshooting.md does not have\n" + \
        "\n".join(untold)
    assert BUG in lines


@pytest.mark.parametrize("line", lines_of_page())
def test_every_line_told_is_in_the_source(line):
    if line == BUG:
        return
    # Many a text is made elsewhere, and its place is put in front of it.
    text = line.partition(": ")[2]
    parts = {line, text, text.removeprefix("WHERE: KEY: ")}
    assert any(source_lines.pattern(known).fullmatch(part)
               for known in source_lines.logged() | source_lines.texts()
               for part in parts)


@pytest.mark.parametrize("row", PAGE.table("server"),
                         ids=lambda row: re.sub(r"\W+.*", "", row[0][1:]))
def test_servers(row):
    """As the page of the server says, whose test brings it about."""
    name = re.match(r"\[(.*?)\]\((.*?)\.md\)", row[0])
    page = PAGES[name[1]]
    assert name[2] == page
    said = {case[0]: case[1] for case in Page(page).table(outcomes.TITLE)}
    for cell, case in ((row[1], outcomes.REFUSED), (row[2], outcomes.DOWN)):
        word = re.match(r"\w+", cell.strip("`"))[0]
        assert word in said[case], f"{name[1]}: {cell} is not {said[case]}"
    assert ("as for a wrong password" in row[2]) == \
        (said[outcomes.REFUSED] == said[outcomes.DOWN])
