# SPDX-License-Identifier: BSD-2-Clause
"""The lines the daemon can log, as they stand in its source."""

import functools
import re

from lib import SOURCE_DIR

FOLDERS = ("common", "saslauthd", "front", "mechanisms")

STRING = r'"((?:[^"\\]|\\.)*)"'

# Adjacent ones are one; a macro between them is a value.
STRINGS = re.compile(rf"{STRING}(?:\s*(?:{STRING}|[A-Z_]+\b))*")

CALL = re.compile(rf"\blog_msg\(([^\"]*),\s*{STRING},\s*"
                  rf"({STRINGS.pattern})", re.S)

DIRECTIVE = re.compile(r"%[-+ #0]*\*?\d*(?:\.\d+|\.\*)?(?:hh|ll|[hlz])?"
                       r"[a-zA-Z]")


def sources():
    for folder in FOLDERS:
        for path in sorted((SOURCE_DIR / folder).rglob("*.c")):
            yield path.read_text()


def joined(literals):
    """The text of adjacent C strings, with %s for a macro."""
    parts = re.findall(rf"{STRING}|([A-Z_]+)\b", literals)
    text = "".join("%s" if macro else string for string, macro in parts)
    return text.replace(r"\"", '"')


@functools.cache
def pattern(text):
    """What a format can come to."""
    return re.compile(".*".join(re.escape(part)
                                for part in DIRECTIVE.split(text)))


@functools.cache
def logged():
    """{"function: format"} of every line that is logged without -V and has
    words of its own."""
    lines = set()
    for text in sources():
        for call in CALL.finditer(text):
            priority, function, literals = call[1], call[2], call[3]
            if "LOG_DEBUG" not in priority:
                lines.add(f"{function}: {joined(literals)}")
    return {line for line in lines if not line.endswith(": %s")
            or DIRECTIVE.sub("", line.partition(": ")[2]).strip()}


@functools.cache
def texts():
    """Every string with words of its own, whoever logs it in the end."""
    found = {joined(literals[0]) for text in sources()
             for literals in STRINGS.finditer(text)}
    return {text for text in found
            if len(re.findall(r"[a-z]{2,}", DIRECTIVE.sub("", text))) > 1}
