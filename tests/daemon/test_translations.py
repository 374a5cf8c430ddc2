# SPDX-License-Identifier: BSD-2-Clause
"""The pages for readers: links lead somewhere, and a translation says what
its original says, as far as a program can tell."""

import collections
import os
import re

import pytest

import markdown_page as pages
from lib import SOURCE_DIR

# A translation, and what it follows.
JAPANESE = {
    "docs/ja/README.md": "README.md",
    "docs/ja/postfix.md": "docs/postfix.md",
    "docs/ja/sendmail.md": "docs/sendmail.md",
}
NOTE = re.compile(r"^> .*版 `([0-9a-f]{7})`", re.M)
README_LINES_MAX = 120


def relative(page):
    return [link for link in pages.links(pages.read(page))
            if not re.match(r"[a-z]+:", link)]


def test_links_are_found():
    """Lest the next test pass because it finds none."""
    assert "docs/" in " ".join(relative("README.md"))
    assert any("#" in link for page in pages.pages()
               for link in relative(page))


@pytest.mark.parametrize("page", pages.pages())
def test_links(page):
    for link in relative(page):
        path, _, anchor = link.partition("#")
        folder = os.path.dirname(page)
        target = os.path.normpath(os.path.join(folder, path)) if path \
            else page
        assert (SOURCE_DIR / target).exists(), f"{page}: {link}"
        if anchor:
            assert anchor in pages.anchors(pages.read(target)), \
                f"{page}: {link}"


def test_readme_is_short():
    assert len(pages.read("README.md").splitlines()) < README_LINES_MAX


def test_all_translations_are_listed():
    assert sorted(JAPANESE) == [page for page in pages.pages()
                                if page.startswith("docs/ja/")]


@pytest.mark.parametrize("page", JAPANESE)
def test_commands_and_settings(page):
    """The same blocks of code in the same order, but for comments."""
    original = pages.blocks(pages.read(JAPANESE[page]))
    assert original
    assert pages.blocks(pages.read(page)) == original


@pytest.mark.parametrize("page", JAPANESE)
def test_shape(page):
    """Headings, and the rows and numbers of tables and lists."""
    def shape(text):
        text = pages.prose(text)
        rows = re.findall(r"^\|.*\|$", text, re.M)
        return (pages.levels(text), [row.count("|") for row in rows],
                len(re.findall(r"^(?:-|\d+\.) ", text, re.M)))
    assert shape(pages.read(page)) == shape(pages.read(JAPANESE[page]))


@pytest.mark.parametrize("page", JAPANESE)
def test_words_in_code(page):
    """What stands in back-quotes in the text is not translated; in a table
    it is in the same place."""
    original = pages.read(JAPANESE[page])
    text = NOTE.sub("", pages.read(page))
    assert collections.Counter(pages.code(text)) == \
        collections.Counter(pages.code(original))

    def rows(text):
        return [pages.code(row) for row in
                re.findall(r"^\|.*\|$", pages.prose(text), re.M)]
    assert rows(text) == rows(original)


@pytest.mark.parametrize("page", JAPANESE)
def test_follows_the_english_page(page):
    """No failure, since not everybody who mends an English page writes
    Japanese; but those that are behind are named at the end of a check."""
    followed = NOTE.search(pages.read(page))
    assert followed, f"{page} does not say what it follows"
    now = pages.revision(JAPANESE[page])
    if followed[1] != now:
        pytest.skip(f"follows {followed[1]} of {JAPANESE[page]}, which is "
                    f"{now} now")
