# SPDX-License-Identifier: BSD-2-Clause
"""The manual pages say what the source does: options, keys, reasons, each
compared in both directions."""

import collections
import re
import runpy
import subprocess

import pytest

from lib import SOURCE_DIR
from lib.daemon import POOL, SASLAUTHD
from manuals import MAN, plain, section, source

TYPES = {"CONF_BOOL": "yes/no", "CONF_INT": "number",
         "CONF_SECONDS": "seconds", "CONF_STRING": "text",
         "CONF_PATH": "path", "CONF_CHOICE": "choice",
         "CONF_NETWORKS": "networks", "CONF_LINES": "lines",
         "CONF_SECRET": "secret"}

Key = collections.namedtuple("Key", "type range default backend")
# Keys whose text is read as words.
LISTS = {"listener": ("allow_uids", "allow_gids", "services"),
         "route": ("listener", "service", "realm")}

ITEM = re.compile(
    r"^\.It Cm (?P<name>\w+) Pq (?P<type>[a-z/]+)"
    r"(?: from (?P<min>\d+) to (?P<max>\d+))?, default: "
    r"(?:Pa )?(?P<default>\S+?)(?P<backend>, per backend)?$", re.M)


# Options.

def options_of_source():
    """{name: takes an argument}"""
    text = source("saslauthd/options.c")
    letters = re.search(r'getopt_long\(argc, argv, "([\w:]+)"', text)[1]
    options = {letter: colon == ":"
               for letter, colon in re.findall(r"(\w)(:?)", letters)}
    table = re.search(r"long_options\[\] = \{(.*?)\n\};", text, re.S)[1]
    for name, needs in re.findall(r'\{ "(\w+)", (\w+),', table):
        options["-" + name] = needs == "required_argument"
    return options


def options_of_manual():
    text = section("saslauthd.8", "OPTIONS")
    options = {name: rest.startswith("Ar ") for name, rest in
               re.findall(r"^\.It Fl (\S+) ?(.*)$", text, re.M)}
    # Those that are a second name of the item they stand in.
    for name in re.findall(r"^The long form is\n\.Fl (\S+)", text, re.M):
        options[name] = False
    return options


def test_options():
    assert len(options_of_source()) > 15
    assert options_of_manual() == options_of_source()


def test_keys_of_options():
    """Each item names the key it sets, and that key's default."""
    program = {flag: key for key, flag in re.findall(
        r'add\(p, "(\w+)", [^,]+, "-(\w)"\)', source("saslauthd/options.c"))
               if flag != "d"}
    assert len(program) > 7
    items_of = re.findall(r"^\.It Fl (\w)\b(.*?)(?=^\.It|^\.El)", section(
        "saslauthd.8", "OPTIONS"), re.M | re.S)
    named = {flag: re.search(r"^\.Pq Cm (\w+) ?[;.]", text, re.M)
             for flag, text in items_of}
    assert {flag: key[1] for flag, key in named.items()
            if key and flag != "O"} == program
    defaults = {flag: re.search(r"^default:\s(?:\.Pa )?([^\s;.]+)", text,
                                re.M) for flag, text in items_of}
    keys = keys_of_source()
    said = {flag: default[1] for flag, default in defaults.items() if default}
    assert {"c", "m", "n", "r", "s", "t", "V"} == set(said)
    for flag in set(said) - {"m"}:	# which configure decides on
        assert said[flag] == keys[program[flag]].default, flag


def test_synopsis():
    text = section("saslauthd.8", "SYNOPSIS")
    together = "".join(re.findall(r"Fl (\w+(?: \| \w+)*)", text))
    names = set(together) - set(" |") | set(re.findall(r"Fl (-\w+)", text))
    assert names == set(options_of_source()) - {"-help", "-version"}


# saslauthctl.

def ctl_options_of_source():
    """{name: takes an argument}, and {long name: its letter}"""
    text = source("tools/saslauthctl.c")
    letters = re.search(r'getopt_long\(argc, argv, "([\w:]+)"', text)[1]
    options = {letter: colon == ":"
               for letter, colon in re.findall(r"(\w)(:?)", letters)}
    table = re.search(r"long_options\[\] = \{(.*?)\n\};", text, re.S)[1]
    also = {}
    for name, needs, letter in re.findall(
            r"\{ \"([\w-]+)\", (\w+), NULL, '(\w)' \}", table):
        if letter in options:
            also["-" + name] = letter
        else:
            options["-" + name] = needs == "required_argument"
    return options, also


def test_options_of_saslauthctl():
    text = section("saslauthctl.8", "DESCRIPTION") + \
        section("saslauthctl.8", "COMMANDS")
    options, also = {}, {}
    for name, rest, said in re.findall(
            r"^\.It Fl (\S+) ?([^\n]*)$(.*?)(?=^\.It|^\.El)", text,
            re.M | re.S):
        options[name] = rest.startswith("Ar ")
        for long in re.findall(r"^The long form is\n\.Fl (\S+)", said,
                               re.M):
            also[long] = name
    assert len(options) == 9
    assert (options, also) == ctl_options_of_source()


def ctl_commands_of_source():
    """{command: {its operands and options}}"""
    table = re.search(r"struct command commands\[\] = \{(.*?)\n\};",
                      source("tools/saslauthctl.c"), re.S)[1]
    return {name: set(re.findall(r"-?-?[\w]+", operands.lower()))
            for name, operands in re.findall(
                r'\{ "([\w-]+)",\s+"(.*?)"', table)}


def test_commands_of_saslauthctl():
    """Each is in the first list, and described with what it takes."""
    program = ctl_commands_of_source()
    assert len(program) > 8
    listed = re.findall(r"^\.It Cm ([a-z-]+)$",
                        section("saslauthctl.8", "DESCRIPTION"), re.M)
    assert sorted(listed) == sorted(program)
    text = section("saslauthctl.8", "COMMANDS").replace("\\\n", "")
    described = {}
    for name, rest in re.findall(r"^\.It Cm ([a-z-]+)(.*)$", text, re.M):
        words = re.sub(r"\b(Ar|Op|Oo|Oc|Cm)\b", "", rest)
        described[name] = set(re.findall(
            r"-?-?\w+", re.sub(r"\bFl ", "-", words)))
    assert described == program
    assert list(described) == listed, "in two orders"


def test_thresholds_of_saslauthctl():
    text = section("saslauthctl.8", "MONITORING")
    numbers = constants("tools/ctl_verdict.c", "tools/control_client.h")
    assert numbers["RESTART_RECENT_SEC"] == "3600"
    assert "within the last hour" in text
    seconds = int(numbers["CONTROL_TIMEOUT_MSEC"]) // 1000
    assert f"has not answered for {seconds}\nseconds" in text
    for name, key in (("CLIENTS", "clients_max"), ("QUEUE", "queue_max")):
        percent = numbers[name + "_PERCENT"]
        assert re.search(rf"{percent} % of\n\.Cm {key}", text)
    assert f"{numbers['LIMITS_PERCENT']} % full" in text


def test_options_of_saslcache():
    letters = re.search(r'getopt\(argc, argv, "([\w:]+)"',
                        source("tools/saslcache.c"))[1]
    program = {letter: colon == ":"
               for letter, colon in re.findall(r"(\w)(:?)", letters)}
    said = {name: rest.startswith("Ar ") for name, rest in re.findall(
        r"^\.It Fl (\S+) ?(.*)$", section("saslcache.8", "DESCRIPTION"),
        re.M)}
    synopsis = {name: rest.startswith("Ar ") for name, rest in re.findall(
        r"^\.Op Fl (\S+) ?(.*)$", section("saslcache.8", "SYNOPSIS"),
        re.M)}
    assert program == said == synopsis


# The tools of the user database.

def long_options(file):
    """{name: takes an argument}, and {long name: its letter}"""
    text = source(file)
    letters = re.search(r'getopt_long\(argc, argv, "([\w:]+)"', text)[1]
    options = {letter: colon == ":"
               for letter, colon in re.findall(r"(\w)(:?)", letters)}
    table = re.search(r"long_options\[\] = \{(.*?)\n\};", text, re.S)[1]
    also = {}
    for name, needs, letter in re.findall(
            r"\{ \"([\w-]+)\", (\w+), NULL, (\w+|'\w') \}", table):
        if letter.startswith("'"):
            also["-" + name] = letter[1]
        else:
            options["-" + name] = needs == "required_argument"
    return options, also


@pytest.mark.parametrize("page, file", [
    ("saslpasswd2.8", "tools/passwd_options.c"),
    ("sasldblistusers2.8", "tools/sasldblistusers2.c")])
def test_options_of_user_db_tools(page, file):
    program, also = long_options(file)
    text = section(page, "DESCRIPTION")
    said = {name: rest.startswith("Ar ") for name, rest in re.findall(
        r"^\.It Fl (\S+) ?(.*)$", text, re.M)}
    assert len(said) > 4
    assert said == program
    assert set(re.findall(r"^The long form is\n\.Fl (\S+)", text, re.M)) == \
        set(also)
    synopsis = section(page, "SYNOPSIS")
    assert set(re.findall(r"\bFl (-?\w+)", synopsis)) == set(program)
    # And what the program says of itself.
    usage = re.search(r"^usage\(void\)$(.*?)^\}", source(file),
                      re.M | re.S)[1]
    for name in {*program, *also}:
        assert re.search(rf"-{name}\b", usage), name


def test_statuses_of_saslpasswd2():
    numbers = re.findall(r"^#define PASSWD_EXIT_\w+ (\d+)",
                         source("tools/passwd_options.h"), re.M)
    assert re.findall(r"^\.It (\d+)$", section(
        "saslpasswd2.8", "EXIT STATUS"), re.M) == ["0", *numbers]


# Keys.

def constants(*names):
    found = {}
    for name in names:
        found.update(re.findall(r"^#define (\w+) (\d+)", source(name), re.M))
    return found


def member(entry, name):
    """Of a designated initialiser: a word, a number or a string."""
    match = re.search(rf'\.{name} = (\w+|"[^"]*")', entry)
    return match and match[1].strip('"')


def keys_of_source(file="saslauthd/settings.c", array="keys"):
    text = source(file)
    numbers = constants(file, "common/wire.h")
    table = re.search(rf"struct conf_key {array}\[\] = \{{(.*?)\n\}};",
                      text, re.S)[1]
    keys = {}
    for entry in re.findall(r"\{ (\.name.*?) \},", table, re.S):
        kind = TYPES[member(entry, "type")]
        limits = None
        if kind in ("number", "seconds"):
            limits = tuple(int(numbers.get(value, value)) for value in
                           (member(entry, "min"), member(entry, "max")))
        keys[member(entry, "name")] = Key(
            kind, limits, member(entry, "def") or "empty",
            member(entry, "scope") == "SETTINGS_BACKEND")
    return keys


def keys_of_manual(text):
    keys = {}
    for item in ITEM.finditer(text):
        limits = None
        if item["min"]:
            limits = int(item["min"]), int(item["max"])
        keys[item["name"]] = Key(item["type"], limits, item["default"],
                                 item["backend"] is not None)
    return keys


def items(text, form):
    """{name: what the page says of it}"""
    return dict(re.findall(rf"^\.It Cm (\w+) {form}(.*?)(?=^\.It|^\.El)",
                           text, re.M | re.S))


def test_keys_of_the_daemon():
    program = keys_of_source()
    assert len(program) > 20
    text = section("saslauthd.conf.5", "KEYS")
    manual = keys_of_manual(text)
    assert text.count("\n.It Cm ") == len(manual), \
        "an item has not the form that can be compared"
    # configure decides on this one; the table has but a name for it.
    default = re.search(r"\[rundir=(/[\w/]+)\]", source("configure.ac"))[1]
    program["run_dir"] = program["run_dir"]._replace(default=default)
    assert manual == program
    assert f".It Pa {default}/mux\n" in source("docs/man/saslauthd.8")


def test_keys_that_want_a_restart():
    fixed = re.findall(r'keep_(?:text|number|entry)\(p, "(\w+)"', source(
        "saslauthd/plan.c"))
    assert len(fixed) > 4
    said = re.search(r"\n\.Pp\n((?:\.Cm [^\n]*\n|and\n)+)"
                     r"take effect at the next start only",
                     section("saslauthd.conf.5", "RELOAD"))[1]
    assert sorted(re.findall(r"\b[a-z]+_?[a-z]+\b", re.sub(
        r"^(\.Cm|and)", "", said, flags=re.M))) == sorted(fixed)


def test_mechanisms_that_never_read_the_file():
    names = re.findall(r'\{ \.name = "(\w+)",([^}]*)\}', source(
        "mechanisms/mech_names.c"))
    assert len(names) > 8
    said = re.search(r"names one mechanism that never read it:\n"
                     r"(.*?)\n\.Pp", section("saslauthd.conf.5", "Mistakes"),
                     re.S)[1]
    assert set(re.findall(r"\w+", plain(said))) - {"or"} == {
        name for name, rest in names
        if "later" not in rest and "reads_conf" not in rest}


def test_mechanisms_of_the_manual():
    """Those of this version are listed, the others named."""
    names = re.findall(r'\{ \.name = "(\w+)",([^}]*)\}', source(
        "mechanisms/mech_names.c"))
    text = section("saslauthd.8", "DESCRIPTION")
    assert set(re.findall(r"^\.It Cm (\w+)$", text, re.M)) == {
        name for name, rest in names if "later" not in rest}
    later = re.search(r"^The names\n(.*?)^are known", text, re.M | re.S)[1]
    assert set(re.findall(r"\w+", plain(later))) - {"and"} == {
        name for name, rest in names if "later" in rest}


@pytest.mark.parametrize("part, heading", [("listener", "Listeners"),
                                           ("route", "Routes")])
def test_keys_of_parts(part, heading):
    program = keys_of_source("saslauthd/site_tables.c", part + "_keys")
    assert len(program) >= 5
    # A text that is read as words is more than its type says.
    for name in LISTS[part]:
        assert program[name].type == "text"
        program[name] = program[name]._replace(type="list")
    text = section("saslauthd.conf.5", heading)
    manual = keys_of_manual(text)
    assert manual == program


@pytest.mark.parametrize("file, heading", [
    ("saslauthd/settings.c", "KEYS"),
    ("saslauthd/site_tables.c", "Listeners")])
def test_words_of_choices(file, heading):
    text = source(file)
    arrays = dict(re.findall(
        r"const char \*const (\w+)\[\] = \{(.*?)\};", text, re.S))
    used = re.findall(
        r'\.name = "(\w+)", \.type = CONF_CHOICE,.*?\.choices = (\w+)',
        text, re.S)
    assert len(used) == len(arrays) > 0
    said = items(section("saslauthd.conf.5", heading), "Pq")
    for key, array in used:
        for word in re.findall(r'"(\w+)"', arrays[array]):
            assert re.search(rf"^\.Cm (?:\w+ , )*{word}\b", said[key],
                             re.M), f"{key}: {word}"


def test_steps():
    """What leads on from one, by which word, and what it does by itself."""
    text = source("saslauthd/site_routes.c")
    conditions = re.findall(r'\bCONDITION\("(\w+)"', text)
    ahead = set(re.findall(r"\.next_if_(\w+) = true", text))
    manual = section("saslauthd.conf.5", "Routes")
    assert re.findall(r"(\w+)=next\|stop", manual) == conditions
    said = {name: re.search(r"default\n\.Cm (\w+)", text)[1]
            for name, text in re.findall(
                r"^\.It Cm (\w+)\n(.*?)(?=^\.It|^\.El)", manual,
                re.M | re.S)}
    assert said == {name: "next" if name in ahead else "stop"
                    for name in conditions}


def test_numbers_of_parts():
    most = constants("saslauthd/site.h", "common/conf.h")
    for heading, name in (("Backends", "SITE_BACKENDS_MAX"),
                          ("Listeners", "SITE_LISTENERS_MAX")):
        assert f"There may be {most[name]}.\n" in \
            section("saslauthd.conf.5", heading)
    assert f"{most['CONF_NAME_MAX']} at most" in \
        section("saslauthd.conf.5", "Syntax")


def built_mechanisms():
    run = subprocess.run([SASLAUTHD, "-v"], check=True, text=True,
                         capture_output=True)
    return run.stderr.split("\n")[1].partition(": ")[2].split()


def keys_of_program(mechanism):
    run = subprocess.run([POOL, "--keys", mechanism], check=True, text=True,
                         capture_output=True)
    keys = {}
    for line in run.stdout.splitlines():
        name, kind, limits, default, text = line.split("\t")
        assert text, name
        keys[name] = Key(
            kind, tuple(limits.split(".."))
            if kind in ("number", "seconds") else (), default, False)
    return keys


def aliases_of_program(mechanism):
    run = subprocess.run([POOL, "--keys", mechanism], check=True, text=True,
                         capture_output=True)
    return dict(re.findall(r"^(\w+)\t.*\tthe same as (\w+)$", run.stdout,
                           re.M))


@pytest.mark.skipif("ldap" not in built_mechanisms(),
                    reason="ldap is not built")
def test_aliases_of_ldap():
    """Two names of one key stand together."""
    aliases = aliases_of_program("ldap")
    assert len(aliases) == 6
    said = items_of_mechanism("ldap")
    for alias, key in aliases.items():
        assert said[alias] is said[key]


@pytest.mark.skipif("ldap" not in built_mechanisms(),
                    reason="ldap is not built")
def test_words_of_ldap():
    """A choice names all of its words."""
    text = source("mechanisms/dir_settings.c")
    arrays = dict(re.findall(
        r"const char \*const (\w+)\[\] = \{(.*?)\};", text, re.S))
    used = re.findall(r'\.name = "(\w+)",\s+CHOICE\(\w+, (\w+)\)', text)
    assert len(used) == 8
    said = items_of_mechanism("ldap")
    # Said once of the other scope.
    said["ldap_group_scope"] += said["ldap_scope"]
    for key, array in used:
        for word in re.findall(r'"([\w.]+)"', arrays[array]):
            assert re.search(rf"^\.Cm (?:\S+ , )*{re.escape(word)}(?= |$)",
                             said[key], re.M), f"{key}: {word}"


def test_tokens_of_ldap():
    """The two tables are those that the templates are tested with."""
    tokens = runpy.run_path(SOURCE_DIR / "tests/mech/ldap_tokens.py")
    rows = [[cell if cell != "-" else "" for cell in row.split(" Ta ")]
            for row in re.findall(r"^\.It (?!Sy)(.* Ta .*)$",
                                  section("saslauthd-ldap.5", "TOKENS"),
                                  re.M)]
    sent = {login: before for before, login in tokens["WITH_R"].items()}
    assert rows == [
        [row.values[token] for token in "urUd123R"]
        for row in tokens["TABLE"]
    ] + [
        [sent[row.login]] + [row.values[token] for token in "uUd123"]
        for row in tokens["TABLE_WITH_R"]
    ]


def items_of_mechanism(mechanism):
    """{name: what its page says}; other names of a key stand with it."""
    return {name: said for names, said in re.findall(
        r"^\.It Cm (\w+(?: , \w+)*) : Ar(.*?)(?=^\.It|^\.El)",
        source(f"docs/man/saslauthd-{mechanism}.5"), re.M | re.S)
            for name in names.split(" , ")}


def key_of_manual(said):
    """(range, default) of an item's text; None where it has none."""
    text = plain(said)
    limits = re.search(r"\b[Ff]rom (-?\d+) to (\d+)", text)
    default = re.search(r"\b[Dd]efault: (\S+?)[.,;]?(?=\s|$)", text)
    return limits and limits.groups(), default and default[1]


def test_keys_of_mechanisms():
    """Each has a page of its own, with its keys, limits and defaults."""
    mechanisms = built_mechanisms()
    assert mechanisms
    for mechanism in mechanisms:
        said = {name: key_of_manual(text) for name, text in
                items_of_mechanism(mechanism).items()}
        assert said == {
            name: (key.range or None, key.default or "empty")
            for name, key in keys_of_program(mechanism).items()}


# Reasons.

def reasons_of_source():
    return set(re.findall(r'case REASON_\w+: return "(\w+)"',
                          source("common/result.c")))


def test_reasons():
    text = section("saslauthd.8", "Reasons")
    listed = re.findall(r"^\.It Sy (\w+)$", text, re.M)
    assert len(listed) == len(set(listed)) > 20
    assert set(listed) == reasons_of_source()


def test_results():
    words = re.findall(r'case AUTH_\w+: return "(\w+)"',
                       source("common/result.c"))
    text = section("saslauthd.8", "LOG")
    assert {w for w in words if re.search(rf"\b{w}\b", text)} == \
        set(words) - {"unset"}


@pytest.mark.parametrize("page", sorted(
    p.name for p in MAN.glob("saslauthd-*.5")))
def test_reasons_of_mechanisms(page):
    """What a mechanism's page calls a reason is one."""
    words = set(re.findall(r"\bSy ([a-z]+(?:_[a-z]+)+)\b",
                           (MAN / page).read_text()))
    assert words and words <= reasons_of_source()
