# SPDX-License-Identifier: BSD-2-Clause
"""What every manual page has, and what programs other than the daemon and
lines of the log are: both as the source says."""

import errno
import math
import os
import re

import pytest

from lib import SOURCE_DIR
from manuals import MAN, PAGES, plain, section, sections, source

# In this order; a page may have others between them.
FIRST = ["NAME", "SYNOPSIS", "DESCRIPTION"]
LAST = ["FILES", "EXIT STATUS", "EXAMPLES", "SECURITY", "SEE ALSO"]

OURS = re.compile(r"^\.Xr (\S*sasl\S*) (\d)", re.M)


@pytest.mark.parametrize("page", PAGES)
def test_sections(page):
    titles = sections(page)
    assert titles[:3] == FIRST
    assert [title for title in titles if title in LAST] == LAST
    assert len(titles) == len(set(titles))
    for title in LAST[:-1]:
        assert len(plain(section(page, title)).split()) > 5, title


@pytest.mark.parametrize("page", PAGES)
def test_pages_lead_to_each_other(page):
    """What is mentioned exists, and stands at the end, too."""
    text = (MAN / page).read_text()
    mentioned = {f"{name}.{number}" for name, number in OURS.findall(text)}
    assert mentioned <= set(PAGES)
    assert page not in mentioned
    at_end = {f"{name}.{number}" for name, number in
              OURS.findall(section(page, "SEE ALSO"))}
    assert at_end == mentioned


@pytest.mark.parametrize("page", PAGES)
def test_sections_that_are_mentioned(page):
    """Of this page, or of the one that is named behind them."""
    text = re.sub(r"\\&", "", (MAN / page).read_text())
    for title, other in re.findall(
            r"\bSx ([A-Z][^\n.;,]*?) ?[.;,:]?$(?:\n(?:in|of)\n"
            r"\.Xr (\S+ \d))?", text, re.M):
        where = other.replace(" ", ".") if other else page
        assert section(where, re.escape(title)), title


@pytest.mark.parametrize("page", PAGES)
def test_files_of_the_sources(page):
    for name in re.findall(r"\bdocs/[\w./-]+\w", (MAN / page).read_text()):
        assert (SOURCE_DIR / name).exists(), name


def test_every_page_is_distributed():
    listed = re.findall(r"docs/man/(\S+\.[58])", source("docs/local.mk"))
    assert sorted(listed) == PAGES


# Exit statuses.

def numbers_of(*files):
    """{number} of the names of sysexits(3) and our own that they have."""
    text = "".join(source(name) for name in files)
    own = dict(re.findall(r"^#define (E(?:X|XIT)_\w+) (\d+)", text, re.M))
    own.update(EXIT_SUCCESS="0", EXIT_FAILURE="1")
    found = set()
    for name in set(re.findall(r"\bE(?:X|XIT)_[A-Z]+\b", text)):
        found.add(int(own[name]) if name in own else
                  getattr(os, name))
    return found


def keeper_side():
    """What a pool says to its keeper is not among them."""
    return ["saslauthd/" + name for name in os.listdir(
        SOURCE_DIR / "saslauthd") if name.endswith(".c") and
        name not in ("pool.c", "keeper_frames.c")]


def statuses_of_manual(page):
    return [int(number) for number in re.findall(
        r"^\.It (\d+)$", section(page, "EXIT STATUS"), re.M)]


@pytest.mark.parametrize("page, files", [
    ("saslauthd.8", keeper_side()),
    ("testsaslauthd.8", ["tools/testsaslauthd.c"]),
    ("saslcache.8", ["tools/saslcache.c"]),
    ("sasldblistusers2.8", ["tools/sasldblistusers2.c"])])
def test_statuses(page, files):
    said = statuses_of_manual(page)
    assert len(said) > 1
    assert said == sorted(numbers_of(*files))


def test_statuses_of_saslauthctl():
    """A refused reload has one of sysexits(3)."""
    plugin = re.search(r"enum ctl_exit \{(.*?)\};", source("tools/ctl.h"),
                       re.S)[1]
    reload = numbers_of("tools/ctl_actions.c")
    assert statuses_of_manual("saslauthctl.8") == sorted(
        {int(n) for n in re.findall(r"= (\d+)", plugin)} | reload)


@pytest.mark.parametrize("page", [p for p in PAGES if p.endswith(".5")])
def test_statuses_of_other_pages(page):
    """They repeat some of a program's, and none that it has not."""
    of = "saslauthctl.8" if "metrics" in page else "saslauthd.8"
    text = section(page, "EXIT STATUS")
    said = {int(n) for n in re.findall(r"(?:^\.It | with )(\d+)\b", text,
                                       re.M)}
    assert said and said <= set(statuses_of_manual(of))


# Options of testsaslauthd.

def test_options_of_testsaslauthd():
    text = source("tools/testsaslauthd.c")
    letters = re.search(r'getopt_long\(argc, argv, "([\w:]+)"', text)[1]
    program = {letter: colon == ":"
               for letter, colon in re.findall(r"(\w)(:?)", letters)}
    program.update({"-" + name: needs == "required_argument"
                    for name, needs in re.findall(
                        r'\{ "([\w-]+)", (\w+), NULL', text)})
    said = {name: rest.startswith("Ar ") for name, rest in re.findall(
        r"^\.It Fl (\S+) ?(.*)$", section("testsaslauthd.8", "DESCRIPTION"),
        re.M)}
    assert said == program
    assert set(re.findall(r"\bFl (-?[\w-]+)", section(
        "testsaslauthd.8", "SYNOPSIS"))) == set(program)
    usage = re.search(r"^usage\(.*?^\}", text, re.M | re.S)[0]
    for name in program:
        assert re.search(rf"-{name}\b", usage), name


def test_usage_of_saslauthd():
    """What -h prints has every option of the manual."""
    usage = re.search(r"usage_text\[\] =(.*?);\n", source(
        "saslauthd/options.c"), re.S)[1]
    printed = set(re.findall(r'"  -(-?\w+)', usage))
    said = set(re.findall(r"^\.It Fl (\S+)", section(
        "saslauthd.8", "OPTIONS"), re.M))
    assert printed == said


# Numbers.

def number(name, file):
    text = re.search(rf"^#define {name}\s+([\d*() ]+)", source(file), re.M)
    return math.prod(map(int, re.findall(r"\d+", text[1])))


def test_numbers_of_metrics():
    """They grow with every reason."""
    services = number("METRICS_SERVICES", "front/metrics.h")
    reasons = len(re.findall(r"case REASON_\w+: return", source(
        "common/result.c")))
    results = len(re.findall(r"case AUTH_\w+: return", source(
        "common/result.c"))) - 1	# "unset" is never counted
    text = plain(section("saslauthd-metrics.5", "LABELS"))
    pairs = reasons * results
    assert f"at most {(services + 1) * pairs} samples" in text
    assert f"{services + 1} services by {pairs} pairs" in text
    assert f"the first {services} names" in text
    assert f"at most {number('LABELS_NAME_MAX', 'front/labels.h')} bytes" \
        in text
    assert number("METRICS_MECHS", "front/metrics.h") == 8
    assert "The first eight are told apart" in text
    parts = number("FRAME_PARTS_MAX", "common/frame.h")
    assert f"A backend has {parts} of them at most" in text


def test_numbers_of_the_configuration():
    text = plain(section("saslauthd.conf.5", "Syntax"))
    line = number("CONF_LINE_MAX", "common/conf.h")
    assert f"A line has at most {line} bytes" in text
    assert number("CONF_FILE_MAX", "common/conf.h") == 1024 * 1024
    assert "the file 1 MiB" in text
    old = number("FAMILY_OLD_MAX", "saslauthd/family.h")
    assert old == 6
    assert "If six older configurations" in section("saslauthd.conf.5",
                                                    "RELOAD")
    samples = number("SERVICE_TIME_SAMPLES", "front/service_time.h")
    kept = number("ENTRIES_OF_IDENTITY_MAX", "front/entries.h")
    whole = plain((MAN / "saslauthd.conf.5").read_text())
    assert f"the median time of the last {samples}" in whole
    assert f"the {kept} newest entries are kept" in whole


def test_numbers_of_the_daemon():
    """Those of the page that no key sets."""
    text = plain((MAN / "saslauthd.8").read_text())
    line = number("LOG_LINE_MAX", "common/log.h")
    assert f"A line has at most {line} bytes" in text
    value = number("STR_LOG_VALUE_MAX", "common/str.h")
    assert f"A value is cut at {value} bytes" in text
    reply = number("OUTAGE_BYTES", "front/listener_door.c")
    assert f"An outage is a reply of {reply} bytes" in text
    stop = number("STOP_MSEC", "saslauthd/keeper.c") // 1000
    assert f"let running requests finish for at most {stop} seconds" in text
    wait = number("ANSWER_MSEC", "tools/ask_unix.c") // 1000
    assert f"within {wait} seconds" in plain(
        (MAN / "testsaslauthd.8").read_text())


def test_defaults_that_are_computed():
    """Where 0 stands for another number."""
    text = plain(section("saslauthd.conf.5", "KEYS"))
    file = "saslauthd/settings.c"
    assert number("WORKERS_MAX_FACTOR", file) == 4
    assert "four times" in text
    one = number("WORKERS_MAX_PER_REQUEST", file)
    assert re.search(rf"\b{one} if that is 0", text)
    assert number("WORKERS_PER_CPU", file) == 2
    assert "at most twice the number of processors" in text
    usual = number("WORKER_REQUESTS_DEFAULT", file)
    pam = number("WORKER_REQUESTS", "mechanisms/mech_pam.c")
    assert re.search(rf"0: {pam} for pam\W+{usual} for the others", text)
    assert f"replaced after {pam} requests" in plain(
        (MAN / "saslauthd-pam.5").read_text())


def test_numbers_of_pam():
    text = plain((MAN / "saslauthd-pam.5").read_text())
    name = number("SERVICE_MAX", "mechanisms/mech_pam.c")
    assert f"more than {name} bytes are denied" in text
    wait = number("DELAY_MAX_MSEC", "front/request.c") // 1000
    assert f"at most {wait} seconds" in text
    kept = number("SPARES_MAX", "mechanisms/mech_pam.c")
    assert f"the last {kept} services" in text


def test_verdicts_of_pam():
    """Each code with its reason, and under its result."""
    table = re.findall(r"\{ (PAM_\w+), AUTH_(\w+), REASON_(\w+) \}", source(
        "mechanisms/mech_pam.c"))
    assert len(table) > 25
    said, titles = {}, {"denied": "DENIED", "temporary": "TEMPFAIL",
                        "misconfiguration": "MISCONFIG"}
    for title, item in re.findall(
            r"^\.It (\w+).*?$(.*?)(?=^\.It|^\.El)",
            section("saslauthd-pam.5", "Verdicts"), re.M | re.S):
        waiting = []
        for code, reason in re.findall(
                r"^\.Dv (PAM_\w+)|^\.Pq Sy (\w+)", item, re.M):
            if code:
                waiting.append(code)
                continue
            said.update({name: (titles[title], reason) for name in waiting})
            waiting = []
        assert not waiting, f"{waiting} without a reason"
    assert said == {code: (result, reason.lower())
                    for code, result, reason in table if result != "OK"}


# Lines of the log.

def test_members_of_lines():
    """Those of each shape, in their order."""
    text = source("front/authlog.c")
    members = re.findall(r'json_\w+\(j, "(\w+)"', text)
    manual = section("saslauthd.8", "A line for each attempt")
    said = re.search(r"^\.It Cm json$(.*?)^are|^\.It Cm json$(.*)", manual,
                     re.M | re.S)[0]
    listed = " ".join(re.findall(r"^\.Li (.*)$", said, re.M))
    assert re.findall(r"\w+", listed) == members
    added = re.search(r'"( \[backend=.*?)", a->backend', text, re.S)[1]
    behind = re.search(r"^\.It Cm extended$.*?^\.Li (.*?) :$", manual,
                       re.M | re.S)[1]
    names = re.compile(r"\[(\w+)=")
    assert names.findall(behind) == names.findall(added)
    classic = re.search(r"do_auth .*?\.Ed", manual, re.S)[0]
    assert names.findall(classic) == ["user", "service", "realm", "mech",
                                      "reason"]
    # [remote] stands there only if it is known.
    assert set(names.findall(text)) == set(names.findall(manual))


def test_words_of_lines():
    """How a line begins, its results and where an answer came from."""
    text = source("front/authlog.c")
    manual = section("saslauthd.8", "A line for each attempt")
    begins = set(re.findall(r'return "(auth [\w ()]+)"', text))
    assert len(begins) > 5
    assert set(re.findall(r"^\.It Li (auth [^\\]*)\\&:$", manual,
                          re.M)) == begins
    sources = re.findall(r'case ANSWER_\w+:\s+return "(\w+)"',
                         source("front/answer.c"))
    assert len(sources) == 5
    said = plain(re.search(r"came from:(.*?)The reason", manual, re.S)[1])
    assert {w for w in re.findall(r"\b[a-z]+\b", said)
            if w in sources} == set(sources)


def literals(*folders):
    """Strings of the source as printf(3) is given them, pieces joined."""
    found = set()
    for folder in folders:
        for file in sorted((SOURCE_DIR / folder).glob("*.c")):
            text = re.sub(r'\bPRI\w+\b', '"d"', file.read_text())
            for joined in re.findall(r'"(?:[^"\\\n]|\\.)*"(?:\s*"(?:[^"\\\n]'
                                     r'|\\.)*")*', text):
                found.add("".join(re.findall(r'"((?:[^"\\\n]|\\.)*)"',
                                             joined)))
    return found


def same_word(said, printed):
    """A page has a word, or in capitals what stands there; the source has
    it, or a conversion of printf(3)."""
    return said.rstrip(".,;:") == printed.rstrip(".,;:") or \
        "%" in printed or re.search(r"\b[A-Z]+\b", said)


def is_said(message, text):
    """Are these words, which may break off, in what is printed? A conversion
    at its end may stand for any number of words."""
    said, printed = message.strip(". ").split(), text.split()
    return any(
        all(map(same_word, said, printed[at:])) and
        set(said) & set(printed[at:]) and
        (len(said) <= len(printed) - at or "%" in printed[-1])
        for at in range(len(printed)))


def diagnosed(page):
    return [re.sub(r"^FILE(-lock)?: |^FILE:LINE: KEY: ", "", text)
            for text in re.findall(r'^\.It "(.*)"$', section(
                page, "DIAGNOSTICS"), re.M)]


@pytest.mark.parametrize("page, folders", [
    ("saslauthd-ldap.5", ["mechanisms", "saslauthd", "common"]),
    ("saslauthd-radius.5", ["mechanisms"]),
    ("saslauthd-sasldb.5", ["mechanisms"])])
def test_diagnostics_are_said(page, folders):
    """Each that a page explains is in the source."""
    texts = literals(*folders)
    messages = diagnosed(page)
    assert len(messages) > 3
    for message in messages:
        if not message.endswith(os.strerror(errno.ENOENT)):
            assert any(is_said(message, text) for text in texts), message


@pytest.mark.parametrize("page, file", [
    ("saslauthd-ldap.5", "mechanisms/dir_settings_check.c"),
    ("saslauthd-radius.5", "mechanisms/rad_settings_check.c")])
def test_remarks_are_diagnosed(page, file):
    """Each remark of a mechanism about its settings is explained."""
    remarks = ["".join(re.findall(r'"(.*?)"', call)) for call in re.findall(
        r'\bspeaker_tell\(&?to,\s*((?:"[^"\n]*"\s*)+)', source(file))]
    assert len(remarks) > 2
    messages = diagnosed(page)
    for remark in remarks:
        if remark == "%s: %s: %s":      # the system's words, of a file
            remark = "%s: %s: " + os.strerror(errno.ENOENT)
        assert any(is_said(message, remark) for message in messages), remark


def test_other_lines():
    """Those that the manual explains are in the source."""
    texts = literals("common", "front", "saslauthd", "mechanisms")
    text = section("saslauthd.8", "Other lines")
    lines = re.findall(r"^(?:\.It|and|) ?\.?Li (.*?)(?: [,:])?$", text, re.M)
    assert len(lines) > 20
    for line in lines:
        for message in line.replace("\\&", "").split(" , "):
            message = re.sub(r"^\w+: ", "", message)
            assert message == "..." or any(
                is_said(message, text) for text in texts), message
