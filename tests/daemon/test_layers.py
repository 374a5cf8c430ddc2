# SPDX-License-Identifier: BSD-2-Clause
"""The walls of docs/DESIGN.md as far as the source shows them: who includes
whom, where a library's header may stand, which calls are banned."""

import collections
import re

from lib import SOURCE_DIR

FOLDERS = ("common", "mechanisms", "saslauthd", "front", "tools")

# Both programs are in one folder, but for the front.
SHARED = r"saslauthd/(privs|settings|site(_\w+)?|sigpipe|child|roles|" \
    r"admission)"
POOL = r"saslauthd/(pool|worker|rights)(_\w+)?"
KEEPER = r"saslauthd/(main|keeper(_\w+)?|plan|reload|crew|family|" \
    r"part(_pool)?|options|daemonize|rundir|socket_file|sockets|" \
    r"listen_file(_\w+)?|handover|check|activation|notify)"

# libc, POSIX and the kernel, Solaris' doors included. All others belong to a
# library.
SYSTEM = re.compile(
    r"(assert|ctype|dirent|dlfcn|elf|errno|fcntl|getopt|glob|grp|inttypes|"
    r"libgen|"
    r"limits|locale|math|netdb|poll|pthread|pwd|sched|shadow|signal|"
    r"stdalign|stdarg|stdatomic|stdbool|stddef|stdint|stdio|stdlib|"
    r"stdnoreturn|string|strings|syscall|sysexits|syslog|termios|time|"
    r"unistd|spawn|nss|link|ucred|door|stropts|"
    r"(arpa|linux|net|netinet|sys)/\w+)\.h")

BANNED = re.compile(
    r"\b(strcpy|stpcpy|strcat|strncat|sprintf|vsprintf|gets|atoi|atol|"
    r"atoll|atof|strtok|strtok_r|system|popen|alloca|getlogin)\s*\(")
# What would end a worker, or change more than the request at hand.
BANNED_IN_MECHANISMS = re.compile(
    r"\b(exit|_exit|quick_exit|abort|signal|sigaction|sigprocmask|umask|"
    r"chdir|setuid|setgid|setenv|putenv)\s*\(")

# One module, in several files for its length.
IN_PARTS = {"ldap.h": r"mechanisms/dir_link(_\w+)?\.c",
            "lmdb.h": r"mechanisms/user_db_lmdb(_\w+)?\.c"}

FUNCTION_LINES_MAX = 80
FILE_LINES_MAX = 600

COMMENT_OR_LITERAL = re.compile(
    r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.S)


def sources():
    return {str(path.relative_to(SOURCE_DIR)): path.read_text()
            for folder in FOLDERS
            for path in sorted((SOURCE_DIR / folder).rglob("*.[ch]"))}


SOURCES = sources()
C_FILES = [name for name in SOURCES if name.endswith(".c")]


def bare(text):
    """Without comments and literals; lines keep their numbers."""
    def blank(match):
        found = match[0]
        if found.startswith("/"):
            return re.sub(r"[^\n]", " ", found)
        return found[0] * 2
    return COMMENT_OR_LITERAL.sub(blank, text)


def own_includes(name):
    return re.findall(r'^\s*#\s*include\s+"([^"]+)"', SOURCES[name], re.M)


def external_includes(name):
    found = re.findall(r"^\s*#\s*include\s+<([^>]+)>", SOURCES[name], re.M)
    return [header for header in found if not SYSTEM.fullmatch(header)]


def allowed(name):
    """What a file may include of the project's own headers."""
    if name.startswith("common/"):
        return r"common/.*"
    if name.startswith("mechanisms/"):
        return r"(common|mechanisms)/.*"
    if name.startswith("tools/"):
        return r"common/.*|tools/.*|" \
            r"mechanisms/(user_db|passhash|sasldb_settings)\w*\.h"
    if re.fullmatch(SHARED + r"\.[ch]", name):
        return rf"common/.*|mechanisms/mech_names\.h|{SHARED}\.h"
    if re.fullmatch(POOL + r"\.[ch]", name):
        return rf"common/(?!wire\.h).*|mechanisms/(mech|mech_names)\.h|" \
            rf"({SHARED}|{POOL})\.h"
    if re.fullmatch(KEEPER + r"\.[ch]", name):
        # It never reads a client's byte; main enters the front.
        return rf"common/(?!wire\.h).*|mechanisms/mech_names\.h|" \
            rf"({SHARED}|{KEEPER}|front/front)\.h"
    assert name.startswith("front/"), f"whose is {name}?"
    return rf"common/.*|front/.*|{SHARED}\.h"


def test_there_is_something_to_look_at():
    assert len(C_FILES) > 20
    assert {name.split("/")[0] for name in C_FILES} == set(FOLDERS)


def test_includes_only_what_its_layer_may():
    wrong = [f"{name}: {header}" for name in SOURCES
             for header in own_includes(name)
             if not re.fullmatch(r"config\.h|" + allowed(name), header)]
    assert not wrong


def test_no_mechanism_includes_another():
    names = {n.split("/")[1][:-2] for n in C_FILES
             if re.fullmatch(r"mechanisms/mech_\w+\.c", n)}
    names -= {"mech_table", "mech_names", "mech_answer", "mech_module"}
    for name in C_FILES:
        for header in own_includes(name):
            stem = header.rpartition("/")[2][:-2]
            assert stem not in names or \
                name == f"mechanisms/{stem}.c", f"{name}: {header}"


def test_no_cycle_between_headers():
    state = {}

    def visit(name, path):
        if state.get(name) == "done" or name not in SOURCES:
            return
        assert state.get(name) != "open", " -> ".join(path + [name])
        state[name] = "open"
        for header in own_includes(name):
            visit(header, path + [name])
        state[name] = "done"

    for name in SOURCES:
        if name.endswith(".h"):
            visit(name, [])


def test_a_library_header_stands_in_one_c_file():
    users = collections.defaultdict(list)
    for name in SOURCES:
        for header in external_includes(name):
            assert name.endswith(".c"), f"{name}: {header}"
            users[header].append(name)
    shared = {h: names for h, names in users.items() if len(names) > 1 and
              not (h in IN_PARTS and all(re.fullmatch(IN_PARTS[h], name)
                                         for name in names))}
    assert users, "no library header was found at all"
    assert not shared


def test_no_banned_call():
    found = []
    for name, text in SOURCES.items():
        calls = BANNED.findall(bare(text))
        if name.startswith("mechanisms/"):
            calls += BANNED_IN_MECHANISMS.findall(bare(text))
        found += [f"{name}: {call}" for call in calls]
    assert not found


def switches(text):
    """The body of every switch, nested ones cut out of the outer."""
    for match in re.finditer(r"\bswitch\s*\(", text):
        start = text.index("{", match.end())
        depth, body, inner = 0, [], 0
        for at in range(start, len(text)):
            depth += {"{": 1, "}": -1}.get(text[at], 0)
            if depth == 0:
                break
            if not inner and re.match(r"switch\s*\(", text[at:at + 12]):
                inner = depth
            if not inner:
                body.append(text[at])
            elif text[at] == "}" and depth == inner:
                inner = 0
        yield "".join(body)


def test_no_default_where_a_result_is_judged():
    """A new result must be decided on everywhere; the compiler then says
    where it was forgotten."""
    judged = 0
    for name in C_FILES:
        for body in switches(bare(SOURCES[name])):
            if re.search(r"\bcase\s+(AUTH|REASON)_[A-Z]", body):
                judged += 1
                assert not re.search(r"\bdefault\s*:", body), name
    assert judged > 0


def test_a_file_says_what_it_is():
    """The licence, then what it is for: in the header if there is one,
    where listener.h speaks for listener_unix.c as well."""
    licence = "/* SPDX-License-Identifier: BSD-2-Clause */\n"
    for name, text in SOURCES.items():
        assert text.startswith(licence), name
        headers = {name[:-1] + "h", name.rpartition("_")[0] + ".h"}
        if name.endswith(".h") or not headers & SOURCES.keys():
            assert text.startswith(licence + "/*"), name


def test_config_h_comes_first():
    for name in C_FILES:
        first = re.search(r"^#\s*include\s+(\S+)", SOURCES[name], re.M)
        assert first and first[1] == '"config.h"', name


def functions(lines):
    """(line, length) of every function body."""
    began = None
    for number, line in enumerate(lines, 1):
        if line == "{":
            began = number
        elif line == "}" and began is not None:
            yield began, number - began
            began = None


def test_files_and_functions_stay_readable():
    for name, text in SOURCES.items():
        lines = text.splitlines()
        assert len(lines) <= FILE_LINES_MAX, name
        for began, length in functions(lines):
            assert length <= FUNCTION_LINES_MAX, f"{name}:{began}"
