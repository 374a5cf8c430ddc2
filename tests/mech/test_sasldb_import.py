# SPDX-License-Identifier: BSD-2-Clause
"""What saslpasswd2 and sasldblistusers2 do beyond Cyrus SASL's programs:
verify, methods and layouts, import, export, convert, longer lists."""

import datetime
import json
import shutil
import subprocess
import time

import pytest

from lib import BUILD_DIR
from lib.users import hash_password

SASLPASSWD2 = BUILD_DIR / "tools" / "saslpasswd2"
SASLDBLISTUSERS2 = BUILD_DIR / "tools" / "sasldblistusers2"

OK, FAIL, BADPARAM, BADAUTH, NOUSER = 0, 1, 7, 13, 20

CONFIG = (BUILD_DIR / "config.h").read_text()
CYRUS = [name for name, macro in (("berkeley", "WITH_BERKELEY"),
                                  ("gdbm", "WITH_GDBM"))
         if f"#define {macro} 1" in CONFIG] + ["lmdb"]
LAYOUTS = ["hashed"] + CYRUS
FORMATS = ["cyrus", "htpasswd", "passwd-file", "csv"]

HASH = hash_password("s3cret")


def run(program, *args, stdin=b"", **keywords):
    data = stdin if isinstance(stdin, bytes) else stdin.encode()
    return subprocess.run([program, *map(str, args)], input=data, check=False,
                          capture_output=True, timeout=120, **keywords)


def passwd(*args, **keywords):
    return run(SASLPASSWD2, *args, **keywords)


def good(*args, **keywords):
    done = passwd(*args, **keywords)
    assert done.returncode == OK, done.stderr
    return done


def listed(db, *args):
    done = run(SASLDBLISTUSERS2, *args, "-f", db)
    assert (done.returncode, done.stderr) == (OK, b"")
    return done.stdout.decode().splitlines()


def methods(db):
    """{user@realm: how the password is kept}"""
    return {f"{row['user']}@{row['realm']}": row["method"]
            for row in map(json.loads, listed(db, "--json"))}


def verify(db, user, password):
    return passwd("--verify", "-f", db, user, stdin=password).returncode


def tool(name):
    if shutil.which(name) is None:
        pytest.skip(f"{name} is not installed")
    return name


@pytest.fixture(name="db")
def fixture_db(tmp_path):
    return tmp_path / "users"


# One user.

@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("args, kept", [
    (["--hash", "yescrypt"], "yescrypt"), (["--hash", "bcrypt"], "bcrypt"),
    (["--hash", "sha512crypt"], "sha512crypt"), (["--plain"], "plain"),
    ([], None)])
def test_how_it_is_kept(db, layout, args, kept):
    done = passwd("--layout", layout, *args, "-f", db, "joe@dom",
                  stdin="s3cret")
    if layout == "hashed" and kept == "plain":
        assert done.returncode == FAIL
        assert b"in clear is not stored in a hashed database" in done.stderr
        return
    assert done.returncode == OK
    if kept is None:
        kept = "yescrypt" if layout == "hashed" else "plain"
    assert methods(db) == {"joe@dom": kept}
    # A password in clear that nobody asked for is told of.
    told = b"1 password is kept in clear" in done.stderr
    assert told == (kept == "plain" and not args)
    assert (done.stderr == b"") == (not told)
    assert verify(db, "joe@dom", "s3cret") == OK


@pytest.mark.parametrize("layout", LAYOUTS)
def test_verify(db, layout):
    good("--layout", layout, "-f", db, "joe@dom", stdin="s3cret\n")
    for user, password, status, words in (
            ("joe@dom", "s3cret\n", OK, ""),
            ("joe@dom", "S3cret", BADAUTH, "wrong password"),
            ("joe@dom", "s3cret\0", BADPARAM, "NUL byte"),
            ("joe@dom", "", BADPARAM, "invalid parameter"),
            ("ann@dom", "s3cret", NOUSER, "no such user")):
        done = passwd("--verify", "-f", db, user, stdin=password)
        assert (done.returncode, done.stdout) == (status, b"")
        assert words in done.stderr.decode()
        assert bool(words) == bool(done.stderr)


def test_verify_without_database(db):
    done = passwd("--verify", "-f", db, "joe@dom", stdin="s3cret")
    assert done.returncode == FAIL
    assert str(db).encode() in done.stderr
    assert not db.exists()


@pytest.mark.parametrize("args", [
    ["--hash", "yescrypt", "--plain", "joe"], ["--verify", "-d", "joe"],
    ["--verify", "-c", "joe"], ["--verify", "--plain", "joe"],
    ["--import", "csv"], ["--import", "csv", "--export", "csv", "-"],
    ["--export", "csv", "joe"], ["--export", "csv", "--layout", "hashed"],
    ["--convert", "hashed", "joe"], ["-d", "--layout", "hashed", "joe"],
    ["-d", "--hash", "bcrypt", "joe"], ["--import"], ["--nonsense", "joe"]])
def test_wrong_use(args):
    done = passwd(*args)
    assert done.returncode == FAIL
    assert b"saslpasswd2: usage:" in done.stderr


@pytest.mark.parametrize("args, words", [
    (["--hash", "rot13", "joe"], "rot13 is no hash method"),
    (["--layout", "paper", "joe"], "paper is no layout"),
    (["--import", "xls", "-"], "no such format; there are cyrus, "),
    (["--export", "xls"], "no such format; there are cyrus, ")])
def test_names_that_do_not_exist(db, args, words):
    done = passwd("-f", db, *args, stdin="s3cret")
    assert done.returncode == FAIL
    assert words in done.stderr.decode()
    assert not db.exists()


@pytest.mark.parametrize("layout", CYRUS)
def test_layout_of_a_file_that_is_there(db, layout):
    good("--layout", layout, "-f", db, "joe@dom", stdin="s3cret")
    done = passwd("--layout", "hashed", "-f", db, "ann@dom", stdin="s3cret")
    assert done.returncode == FAIL
    assert f"is there already, and {layout}; --convert hashed" in \
        done.stderr.decode()
    # Without the option it stays what it is.
    good("-f", db, "ann@dom", stdin="s3cret")
    assert set(methods(db).values()) == {"plain"}


# Import.

DUMP = """VERSION=3
format=print
type=hash
HEADER=END
 joe\\00dom\\00userPassword
 s3cret
 joe\\00dom\\00cmusaslsecretOTP
 x
 ann\\00other\\00userPassword
 a\\5cb
DATA=END
"""

TEXTS = {
    "cyrus": DUMP,
    "htpasswd": f"# a comment\njoe:{HASH}\nann@other:{HASH}\n",
    "passwd-file": f"joe:{{PLAIN}}s3cret:1000:1000::/home/joe::\n"
                   f"ann@other:{HASH}\n",
    "csv": f"user,realm,password,hash\r\njoe,,s3cret,\r\n"
           f"ann,other,,{HASH}\r\n",
}


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("layout", LAYOUTS)
def test_import(db, tmp_path, name, layout):
    good("--import", name, "--layout", layout, "-u", "dom", "-f", db, "-",
         stdin=TEXTS[name])
    assert sorted(listed(db)) == ["ann@other: userPassword",
                                  "joe@dom: userPassword"]
    assert verify(db, "joe@dom", "s3cret") == OK
    assert verify(db, "joe@dom", "secret") == BADAUTH
    assert verify(db, "ann@other", "a\\b" if name == "cyrus" else
                  "s3cret") == OK
    # The same from a file, over what is there.
    file = tmp_path / "text"
    file.write_text(TEXTS[name])
    done = good("--import", name, "--realm", "dom", "-f", db, file)
    assert b"saslpasswd2: 2 users imported" in done.stderr
    assert len(listed(db)) == 2


def test_address_in_a_table_without_realms(db):
    done = passwd("--import", "csv", "-u", "dom", "-f", db, "-",
                  stdin="user,realm,password\njoe@other,,s3cret\nann,,pw\n"
                        "a@b,dom,pw\n@other,,pw\n")
    assert done.returncode == FAIL
    assert b"standard input:5: names no user" in done.stderr
    # Where a realm is named, the user is what it is.
    assert sorted(listed(db)) == ["a@b@dom: userPassword",
                                  "ann@dom: userPassword",
                                  "joe@other: userPassword"]
    assert verify(db, "joe@other", "s3cret") == OK


def test_import_keeps_as_it_is_told(db):
    text = TEXTS["csv"]
    for args, kept in ((["--layout", "lmdb"], "plain"),
                       (["--hash", "sha512crypt"], "sha512crypt"),
                       (["--plain"], "plain")):
        done = good("--import", "csv", *args, "-u", "dom", "-f", db, "-",
                    stdin=text)
        # A hash stays the hash it is.
        assert methods(db) == {"joe@dom": kept, "ann@other": "md5crypt"}
        assert (b"1 password is kept in clear" in done.stderr) == \
            (kept == "plain" and "--plain" not in args)


def test_import_says_what_it_passes_over(db):
    done = passwd("--import", "htpasswd", "-u", "dom", "-f", db, "-",
                  stdin=f"joe:{HASH}\nhush\nbob:$apr1$x$hush\n\n"
                        f"eve:{{SHA}}hush\nann:{HASH}\n")
    assert done.returncode == FAIL
    assert done.stderr.decode().splitlines() == [
        "saslpasswd2: standard input:2: has no colon",
        "saslpasswd2: standard input:3: has a hash of no method that "
        "crypt(5) knows",
        "saslpasswd2: standard input:5: has a hash of no method that "
        "crypt(5) knows",
        "saslpasswd2: 2 users imported, 3 passed over"]
    assert sorted(listed(db)) == ["ann@dom: userPassword",
                                  "joe@dom: userPassword"]


@pytest.mark.parametrize("layout", LAYOUTS)
def test_import_goes_on_after_a_bad_row(db, layout):
    rows = ["user,password", "a,one", ",two", "b," + "x" * 9000,
            "y" * 40000 + ",three", "c,four"]
    if layout != "hashed":
        rows.insert(3, "d,{CRYPT}$6$salt$hash")
    done = passwd("--import", "csv", "--layout", layout, "-u", "dom", "-f",
                  db, "-", stdin="\n".join(rows) + "\n")
    assert done.returncode == FAIL
    passed_over = len(rows) - 3
    lines = done.stderr.decode().splitlines()
    for number, row in enumerate(rows, 1):
        named = [line for line in lines if f"standard input:{number}: " in
                 line]
        assert len(named) == (0 if row[0] in "uac" else 1), (row[:20], lines)
    assert f"saslpasswd2: 2 users imported, {passed_over} passed over" in lines
    assert sorted(listed(db)) == ["a@dom: userPassword",
                                  "c@dom: userPassword"]


@pytest.mark.parametrize("name, text, words", [
    ("csv", "name,password\njoe,hush\n", "1: names no columns"),
    ("cyrus", "joe\nhush\n", "1: is not the beginning of a dump"),
    ("cyrus", DUMP.replace("DATA=END\n", ""), "cut short: DATA=END"),
    ("csv", 'user,password\njoe,"hush\n', "never closed"),
    ("htpasswd", "joe:" + "x" * 200000, "1: longer than 131072 bytes")],
    ids=range(5))
@pytest.mark.parametrize("layout", ["hashed"] + CYRUS[:-1])
def test_import_that_ends_early(db, name, text, words, layout):
    """Nothing of it is in a file that is written at once; in our own, for so
    few, neither."""
    good("--layout", layout, "-f", db, "eve@dom", stdin="s3cret")
    done = passwd("--import", name, "-u", "dom", "-f", db, "-", stdin=text)
    assert done.returncode == FAIL
    assert words in done.stderr.decode()
    assert b"hush" not in done.stderr
    assert listed(db) == ["eve@dom: userPassword"]


def test_import_of_a_name_that_no_database_takes(db):
    done = passwd("--import", "csv", "-f", db, "-",
                  stdin=f"user,hash\n{'x' * 600},{HASH}\n")
    assert done.returncode == FAIL
    assert str(db) in done.stderr.decode()


@pytest.mark.parametrize("source", LAYOUTS)
@pytest.mark.parametrize("layout", LAYOUTS)
def test_import_of_a_database(db, tmp_path, source, layout):
    other = tmp_path / "other"
    good("--layout", source, "-f", other, "joe@dom", stdin="s3cret")
    good("--layout", source, "--hash", "bcrypt", "-f", other, "ann@dom",
         stdin="s3cret")
    good("--import", "cyrus", "--layout", layout, "-f", db, other)
    for user in ("joe@dom", "ann@dom"):
        assert verify(db, user, "s3cret") == OK
    assert methods(db)["ann@dom"] == "bcrypt"
    plain = "hashed" not in (source, layout)
    assert methods(db)["joe@dom"] == ("plain" if plain else "yescrypt")


def test_import_of_itself(db):
    good("-f", db, "joe@dom", stdin="s3cret")
    done = passwd("--import", "cyrus", "-f", db, db)
    assert done.returncode == FAIL
    assert b"is the database itself" in done.stderr
    assert verify(db, "joe@dom", "s3cret") == OK


def test_import_of_what_is_not_there(db, tmp_path):
    done = passwd("--import", "csv", "-f", db, tmp_path / "none")
    assert done.returncode == FAIL
    assert b"none: No such file" in done.stderr
    assert not db.exists()


def dump(*lines):
    return ("VERSION=3\nformat=print\ntype=hash\nHEADER=END\n" +
            "".join(f" {line}\n" for line in lines) + "DATA=END\n")


@pytest.mark.parametrize("layout", LAYOUTS)
def test_what_db_dump_could_not_read_is_no_password(db, layout):
    """db_dump -r prints UNKNOWN for it, which everybody knows."""
    done = passwd("--import", "cyrus", "--layout", layout, "-f", db, "-",
                  stdin=dump("joe\\00dom\\00userPassword", "UNKNOWN",
                             "ann\\00dom\\00userPassword", "pw"))
    assert done.returncode == FAIL
    assert b":6: is UNKNOWN, which stands for" in done.stderr
    assert b"1 user imported, 1 passed over" in done.stderr
    assert listed(db) == ["ann@dom: userPassword"]


def test_key_without_value_shifts_nothing(db):
    whole = dump("ann\\00dom\\00userPassword", "pw")
    done = passwd("--import", "cyrus", "--layout", "lmdb", "-f", db, "-",
                  stdin=dump("joe\\00dom\\00userPassword") + whole)
    assert done.returncode == FAIL
    assert b":6: cut short: the last key has no value" in done.stderr
    assert listed(db) == []
    # Two whole ones are all right.
    good("--import", "cyrus", "--layout", "lmdb", "-f", db, "-",
         stdin=whole + whole.replace("ann", "joe"))
    assert sorted(listed(db)) == ["ann@dom: userPassword",
                                  "joe@dom: userPassword"]


# Files that the libraries' own tools wrote, and read.

@pytest.mark.skipif("gdbm" not in CYRUS, reason="GDBM is not built")
def test_file_of_gdbmtool(db):
    names = "define key { stringz user, stringz realm, string property }\n"

    def ask(commands, *args):
        return subprocess.run([tool("gdbmtool"), *args, db], check=True,
                              input=(names + commands).encode(),
                              capture_output=True).stdout.decode()

    ask('store {"joe", "dom", "userPassword"} "s3cret"\n'
        'store {"joe", "dom", "cmusaslsecretOTP"} "x"\n', "--newdb")
    assert sorted(listed(db)) == ["joe@dom: cmusaslsecretOTP",
                                  "joe@dom: userPassword"]
    assert verify(db, "joe@dom", "s3cret") == OK
    # What we change the library's own tool reads.
    good("-f", db, "joe@dom", stdin="new")
    assert "new" in ask('fetch {"joe", "dom", "userPassword"}\n')
    assert "x" in ask('fetch {"joe", "dom", "cmusaslsecretOTP"}\n')


def dump_of_mdb(rows):
    return "VERSION=3\nformat=bytevalue\ntype=btree\nHEADER=END\n" + "".join(
        f" {key.encode().hex()}\n {value.encode().hex()}\n"
        for key, value in sorted(rows.items())) + "DATA=END\n"


def test_file_of_mdb_load(db):
    rows = {"joe\0dom\0userPassword": "s3cret",
            "ann\0dom\0userPassword": "other",
            "joe\0dom\0cmusaslsecretOTP": "x"}
    subprocess.run([tool("mdb_load"), "-n", db], check=True,
                   input=dump_of_mdb(rows).encode())
    assert sorted(listed(db)) == [
        "ann@dom: userPassword", "joe@dom: cmusaslsecretOTP",
        "joe@dom: userPassword"]
    assert verify(db, "joe@dom", "s3cret") == OK
    done = good("--export", "csv", "-f", db)
    assert b"1 other secret left out" in done.stderr
    # What we change the library's own tool reads.
    good("-f", db, "ann@dom", stdin="new")
    dump = subprocess.run(["mdb_dump", "-n", "-p", db], check=True,
                          capture_output=True).stdout
    assert b" ann\\00dom\\00userPassword\n new\n" in dump
    assert b" joe\\00dom\\00cmusaslsecretOTP\n x\n" in dump


@pytest.mark.skipif("berkeley" not in CYRUS, reason="Berkeley DB is not built")
def test_export_is_what_db_load_reads(db, tmp_path):
    other = tmp_path / "other"
    good("--layout", "lmdb", "-f", db, "joe@dom", stdin="s3cret")
    dump = good("--export", "cyrus", "-f", db).stdout
    subprocess.run([tool("db5.3_load"), other], input=dump, check=True)
    assert listed(other) == ["joe@dom: userPassword"]
    assert verify(other, "joe@dom", "s3cret") == OK


# Export.

PASSWORDS = {"joe": "s3cret", "ann": "a:b, \"c\"\nd", "bob": " # \\00 ",
             "eve": "gr\u00f6\u00dfe"}


@pytest.mark.parametrize("name", ["cyrus", "passwd-file", "csv"])
@pytest.mark.parametrize("layout", CYRUS)
def test_there_and_back(db, tmp_path, name, layout):
    other = tmp_path / "other"
    for user, password in PASSWORDS.items():
        good("--layout", layout, "-u", "dom", "-f", db, user, stdin=password)
    done = good("--export", name, "-f", db)
    assert b"4 passwords are written in clear" in done.stderr
    good("--import", name, "--layout", layout, "-f", other, "-",
         stdin=done.stdout)
    assert sorted(listed(other)) == sorted(listed(db))
    for user, password in PASSWORDS.items():
        assert verify(other, f"{user}@dom", password) == OK


@pytest.mark.parametrize("name", FORMATS)
def test_hashes_there_and_back(db, tmp_path, name):
    other = tmp_path / "other"
    for user, password in PASSWORDS.items():
        good("-u", "dom", "-f", db, user, stdin=password)
    done = good("--export", name, "-f", db)
    assert done.stderr == b""
    good("--import", name, "-f", other, "-", stdin=done.stdout)
    for user, password in PASSWORDS.items():
        assert verify(other, f"{user}@dom", password) == OK


def test_dates_go_with_csv(db, tmp_path):
    other = tmp_path / "other"
    text = f"user,realm,hash,changed\njoe,dom,{HASH},2001-02-03T04:05:06Z\n"
    good("--import", "csv", "-f", db, "-", stdin=text)
    good("--import", "csv", "-f", other, "-",
         stdin=good("--export", "csv", "-f", db).stdout)
    assert json.loads(listed(other, "--json")[0])["changed"] == \
        "2001-02-03T04:05:06Z"


def test_export_in_hashes(db):
    good("--layout", "lmdb", "-f", db, "joe@dom", stdin="s3cret")
    done = passwd("--export", "htpasswd", "-f", db)
    assert (done.returncode, done.stdout) == (FAIL, b"")
    assert b"saslpasswd2: joe: is kept in clear" in done.stderr
    for name in FORMATS:
        done = good("--export", name, "--hash", "bcrypt", "-f", db)
        assert b"s3cret" not in done.stdout
        assert b"s3cret".hex().encode() not in done.stdout
        assert done.stderr == b""


def test_export_of_one_realm(db):
    for user in ("joe@dom", "ann@other"):
        good("-f", db, user, stdin="s3cret")
    for option in ("-u", "--realm"):
        done = good("--export", "passwd-file", option, "other", "-f", db)
        assert done.stdout.startswith(b"ann@other:{CRYPT}$y$")
        assert done.stdout.count(b"\n") == 1


def test_export_of_what_a_line_cannot_hold(db):
    good("--import", "csv", "-f", db, "-",
         stdin=f"user,realm,hash\na@b,dom,{HASH}\njoe,dom,{HASH}\n")
    done = passwd("--export", "htpasswd", "-f", db)
    assert (done.returncode, done.stdout.count(b"\n")) == (FAIL, 1)
    assert b"saslpasswd2: a@b: has a name" in done.stderr


def test_export_to_a_full_disk(db):
    good("-f", db, "joe@dom", stdin="s3cret")
    with open("/dev/full", "wb") as full:
        done = subprocess.run([SASLPASSWD2, "--export", "csv", "-f", db],
                              stdout=full, stderr=subprocess.PIPE,
                              check=False, timeout=60)
    assert done.returncode == FAIL
    assert b"output: No space left" in done.stderr


# Convert.

@pytest.mark.parametrize("source", LAYOUTS)
@pytest.mark.parametrize("layout", LAYOUTS)
def test_convert(db, source, layout):
    good("--layout", source, "-f", db, "joe@dom", stdin="s3cret")
    db.chmod(0o640)
    good("--convert", layout, "-f", db)
    assert verify(db, "joe@dom", "s3cret") == OK
    assert db.stat().st_mode & 0o7777 == 0o640
    # It is of that layout now.
    good("--layout", layout, "-f", db, "ann@dom", stdin="s3cret")
    plain = "hashed" not in (source, layout)
    assert methods(db)["joe@dom"] == ("plain" if plain else "yescrypt")


@pytest.mark.parametrize("layout", CYRUS)
def test_convert_what_is_in_clear(db, layout):
    good("--layout", layout, "-f", db, "joe@dom", stdin="s3cret")
    good("--convert", layout, "--hash", "sha512crypt", "-f", db)
    assert methods(db) == {"joe@dom": "sha512crypt"}
    assert b"s3cret" not in db.read_bytes()
    assert verify(db, "joe@dom", "s3cret") == OK


# Lists.

def test_long_list(db):
    before = int(time.time())
    good("-f", db, "joe@dom", stdin="s3cret")
    good("--hash", "sha512crypt", "-f", db, "ann\x1b[2J@dom", stdin="s3cret")
    head, *lines = listed(db, "--long")
    assert head.split() == ["METHOD", "CHANGED", "USER"]
    rows = {name: (method, changed)
            for method, changed, name in map(str.split, lines)}
    assert set(rows) == {"joe@dom", "ann\\x1b[2J@dom"}
    method, changed = rows["joe@dom"]
    assert method == "yescrypt"
    then = datetime.datetime.fromisoformat(changed.replace("Z", "+00:00"))
    assert before <= then.timestamp() <= time.time()


def test_json_list(db):
    good("-f", db, "joe \"x\"@dom", stdin="s3cret")
    row = json.loads(listed(db, "--json")[0])
    changed = row.pop("changed")
    assert changed.endswith("Z")
    assert row == {"user": "joe \"x\"", "realm": "dom",
                   "property": "userPassword", "method": "yescrypt"}


@pytest.mark.parametrize("layout", CYRUS)
def test_lists_of_what_has_no_date(db, layout):
    good("--layout", layout, "-f", db, "joe@dom", stdin="s3cret")
    assert listed(db, "--long")[1].split() == ["plain", "-", "joe@dom"]
    assert json.loads(listed(db, "--json")[0]) == {
        "user": "joe", "realm": "dom", "property": "userPassword",
        "method": "plain"}


@pytest.mark.parametrize("args", [[], ["--long"], ["--json"]])
def test_list_of_one_realm(db, args):
    for user in ("joe@dom", "ann@other", "bob@do"):
        good("-f", db, user, stdin="s3cret")
    text = "\n".join(listed(db, *args, "--realm", "dom"))
    assert "joe" in text and "ann" not in text and "bob" not in text


def test_list_is_one_kind_only(db):
    done = run(SASLDBLISTUSERS2, "--long", "--json", "-f", db)
    assert done.returncode == FAIL
    assert b"usage" in done.stderr


# Many.

USERS = 250000
# Of heap and stack: less than the text has.
DATA_BYTES = 10 * 1024 * 1024


def in_little_memory(args, stdin, stdout):
    subprocess.run(["prlimit", f"--data={DATA_BYTES}", SASLPASSWD2,
                    *map(str, args)], stdin=stdin, stdout=stdout, check=True,
                   timeout=120)


@pytest.mark.ordinary_build
@pytest.mark.parametrize("layout", LAYOUTS)
def test_many_in_little_memory(db, tmp_path, layout):
    text = tmp_path / "text"
    with open(text, "w", encoding="ascii") as file:
        for number in range(USERS):
            file.write(f"user{number}@dom:{HASH}\n")
    assert text.stat().st_size > DATA_BYTES
    with open(text, "rb") as file:
        in_little_memory(["--import", "htpasswd", "--layout", layout, "-f",
                          db, "-"], file, subprocess.DEVNULL)
    assert len(listed(db)) == USERS
    assert verify(db, f"user{USERS - 1}@dom", "s3cret") == OK
    with open(tmp_path / "back", "wb") as file:
        in_little_memory(["--export", "htpasswd", "-f", db],
                         subprocess.DEVNULL, file)
    assert (tmp_path / "back").read_text().count(HASH) == USERS
