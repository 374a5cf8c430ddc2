# SPDX-License-Identifier: BSD-2-Clause
"""What each token of a template stands for, as saslauthd-ldap(5) has it.

No realm means that the request brings none; DEFAULT is ldap_default_realm. The
last rows are those of -r, which puts the realm behind the login before a
mechanism sees it.
"""

import collections
import re

from lib import SOURCE_DIR

Row = collections.namedtuple("Row", "login realm default_realm values")

TOKENS = ("u", "U", "d", "1", "2", "3", "r", "R")
REALM, DEFAULT = "r1.r2", "h.i"


def row(login, realm, default_realm, *values):
    assert len(values) == len(TOKENS)
    return Row(login, realm, default_realm, dict(zip(TOKENS, values)))


TABLE = [
    # no realm, and no default one
    row("a", "", "",
        "a", "a", "", "", "", "", "", ""),
    row("a@b.c.d", "", "",
        "a@b.c.d", "a", "b.c.d", "d", "c", "b", "", ""),
    row("a@b@c.d", "", "",
        "a@b@c.d", "a", "b@c.d", "d", "b@c", "", "", ""),
    row("@b", "", "",
        "@b", "", "b", "b", "", "", "", ""),
    row("a@", "", "",
        "a@", "a", "", "", "", "", "", ""),
    # no realm, but a default one
    row("a", "", DEFAULT,
        "a", "a", "h.i", "i", "h", "", "h.i", "@h.i"),
    row("a@b.c.d", "", DEFAULT,
        "a@b.c.d", "a", "b.c.d", "d", "c", "b", "h.i", "@h.i"),
    row("a@b@c.d", "", DEFAULT,
        "a@b@c.d", "a", "b@c.d", "d", "b@c", "", "h.i", "@h.i"),
    row("@b", "", DEFAULT,
        "@b", "", "b", "b", "", "", "h.i", "@h.i"),
    row("a@", "", DEFAULT,
        "a@", "a", "h.i", "i", "h", "", "h.i", "@h.i"),
    # a realm, whatever the default one
    row("a", REALM, DEFAULT,
        "a", "a", "r1.r2", "r2", "r1", "", "r1.r2", "@r1.r2"),
    row("a@b.c.d", REALM, DEFAULT,
        "a@b.c.d", "a", "b.c.d", "d", "c", "b", "r1.r2", "@r1.r2"),
    row("a@b@c.d", REALM, DEFAULT,
        "a@b@c.d", "a", "b@c.d", "d", "b@c", "", "r1.r2", "@r1.r2"),
    row("@b", REALM, DEFAULT,
        "@b", "", "b", "b", "", "", "r1.r2", "@r1.r2"),
    row("a@", REALM, DEFAULT,
        "a@", "a", "r1.r2", "r2", "r1", "", "r1.r2", "@r1.r2"),
]

# A login as it is sent, and what -r and the realm r1.r2 make of it.
WITH_R = {
    "a": "a@r1.r2",
    "a@b.c.d": "a@b.c.d@r1.r2",
    "a@b@c.d": "a@b@c.d@r1.r2",
    "@b": "@b@r1.r2",
    "a@": "a@@r1.r2",
}

TABLE_WITH_R = [
    row("a@r1.r2", REALM, DEFAULT,
        "a@r1.r2", "a", "r1.r2", "r2", "r1", "", "r1.r2", "@r1.r2"),
    row("a@b.c.d@r1.r2", REALM, DEFAULT,
        "a@b.c.d@r1.r2", "a", "b.c.d@r1.r2", "r2", "d@r1", "c", "r1.r2",
        "@r1.r2"),
    row("a@b@c.d@r1.r2", REALM, DEFAULT,
        "a@b@c.d@r1.r2", "a", "b@c.d@r1.r2", "r2", "d@r1", "b@c", "r1.r2",
        "@r1.r2"),
    row("@b@r1.r2", REALM, DEFAULT,
        "@b@r1.r2", "", "b@r1.r2", "r2", "b@r1", "", "r1.r2", "@r1.r2"),
    row("a@@r1.r2", REALM, DEFAULT,
        "a@@r1.r2", "a", "@r1.r2", "r2", "@r1", "", "r1.r2", "@r1.r2"),
]


def manual_tables():
    """The tables of the manual's section TOKENS, each a list of rows, each a
    dictionary by what stands in its column's head."""
    manual = SOURCE_DIR / "docs" / "man" / "saslauthd-ldap.5"
    section = manual.read_text().split("\n.Sh TOKENS\n")[1].split("\n.Sh ")[0]
    tables = []
    for table in re.findall(r"^\.Bl -column.*?^\.El$", section, re.M | re.S):
        head, *rows = [line[len(".It "):].split(" Ta ")
                       for line in table.splitlines()
                       if line.startswith(".It ")]
        names = [re.sub(r"^Sy (\\&%)?", "", name) for name in head]
        tables.append([dict(zip(names, ("" if cell == "-" else cell
                                        for cell in cells)))
                       for cells in rows])
    return tables
