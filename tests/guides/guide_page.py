# SPDX-License-Identifier: BSD-2-Clause
"""What a page of docs/ tells its reader to do, as CONTRIBUTING.md says it is
marked: the words behind the back-quotes of a block, which no reader sees."""

import re
import shlex

from lib import SOURCE_DIR

SYSTEMS = ("debian", "redhat")

PLACES = ("above", "below")

FENCE = re.compile(r"^```(.*)$")


class Block:
    """One fenced block: commands, a file, lines to put into a file, what the
    commands before it print, or a text to look at only."""

    def __init__(self, info, text, where):
        self.text, self.where = text, where
        words = shlex.split(info)
        assert words, f"{where}: a block without a language"
        self.language = words[0]
        self.systems, self.path, self.place = [], None, None
        self.fails = self.is_output = False
        for word in words[1:]:
            self._take(word)
        if not self.systems:
            self.systems = list(SYSTEMS)
        assert self.is_command or self.path or self.language == "text", \
            f"{where}: neither commands nor a file nor text"

    def _take(self, word):
        key, _, value = word.partition("=")
        if word in SYSTEMS:
            self.systems.append(word)
        elif word.startswith("/"):
            self.path = word
        elif key in PLACES:
            self.place = (key, value)
        elif word == "fails":
            self.fails = True
        else:
            assert word == "output", f"{self.where}: what is {word!r}?"
            self.is_output = True

    @property
    def is_command(self):
        return self.language == "sh" and self.path is None

    def merged_into(self, old):
        """The file's text with this block in it."""
        if self.place is None:
            return self.text
        side, begin = self.place
        lines = old.splitlines(keepends=True)
        numbers = [n for n, line in enumerate(lines)
                   if line.startswith(begin)]
        assert numbers, f"{self.where}: {self.path} has no {begin!r}"
        number = numbers[0] + (side == "below")
        return "".join(lines[:number]) + self.text + "".join(lines[number:])


class Page:
    def __init__(self, name):
        self.name = name
        self.text = (SOURCE_DIR / "docs" / f"{name}.md").read_text()
        self.blocks = list(self._blocks())

    def _blocks(self):
        info, lines = None, []
        for number, line in enumerate(self.text.splitlines(), 1):
            fence = FENCE.match(line)
            if fence is None:
                lines.append(line + "\n")
            elif info is None:
                info, lines = fence[1], []
            else:
                yield Block(info, "".join(lines),
                            f"docs/{self.name}.md:{number}")
                info = None
        assert info is None, f"docs/{self.name}.md: a block without end"

    def for_system(self, system):
        return [b for b in self.blocks if system in b.systems]

    def command(self, program):
        """The first commands that begin with it."""
        return next(b.text for b in self.blocks
                    if b.is_command and b.text.startswith(program))

    def table(self, title):
        """The rows of the table whose first column is called that, as lists
        of cells without their back-quotes."""
        rows, inside = [], False
        for line in self.text.splitlines():
            if not line.startswith("|"):
                inside = False
                continue
            cells = [cell.strip().strip("`")
                     for cell in line.strip("|").split("|")]
            if cells[0] == title:
                inside = True
            elif inside and set(line) - set("|-"):
                rows.append(cells)
        assert rows, f"docs/{self.name}.md: no table {title!r}"
        return rows
