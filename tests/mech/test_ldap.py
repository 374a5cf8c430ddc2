# SPDX-License-Identifier: BSD-2-Clause
"""mech_ldap against a real slapd: methods, tokens, groups, policies."""

import base64
import contextlib
import hashlib
import re
import subprocess

import pytest

from drive import HOSTILE_NAMES, PROGRAM, Drive, assert_no_growth
from ldap_tokens import (TABLE, TABLE_WITH_R, TOKENS, WITH_R,
                         manual_tables)
from lib import built_with
from lib.slapd import (EXPIRED, GROUPS, LOCKED, PASSWORD, PEOPLE,
                       POLICY_MAX_FAILURES, RESET, SERVICE_DN,
                       SERVICE_PASSWORD, Slapd, person, user_dn)

pytestmark = pytest.mark.skipif(not built_with("LDAP"),
                                reason="ldap is not built")

OK = ("ok", "none")
BAD_PASSWORD = ("denied", "bad_password")
NO_SUCH_USER = ("denied", "no_such_user")
NO_PASSWORD = ("denied", "no_password")
NOT_IN_GROUP = ("denied", "not_in_group")
AMBIGUOUS = ("denied", "ambiguous")
EMPTY_PASSWORD = ("denied", "empty_password")
DOWN = ("tempfail", "backend_down")
CONFIG = ("misconfig", "config")
BAD_HASH = ("misconfig", "bad_hash")

METHODS = ("bind", "custom", "fastbind")
DN_TEMPLATE = f"uid=%u,{PEOPLE}"
STAFF = f"cn=staff,{GROUPS}"
MAIL = f"cn=mail,{GROUPS}"


def pairs_of(server, method, **keys):
    settings = {"servers": server.uri, "bind_dn": SERVICE_DN,
                "password": SERVICE_PASSWORD, "search_base": PEOPLE,
                "auth_method": method}
    if method == "fastbind":
        settings["filter"] = DN_TEMPLATE
    settings.update(keys)
    return [f"ldap_{key}={value}" for key, value in settings.items()
            if value is not None]


def drive_of(server, method="bind", **keys):
    return Drive("ldap", *pairs_of(server, method, **keys))


def unknown(method):
    """A server does not tell who binds that there is no such entry."""
    return BAD_PASSWORD if method == "fastbind" else NO_SUCH_USER


@contextlib.contextmanager
def user(server, uid, password=PASSWORD, extra=()):
    """One more for a while; a list is several values of userPassword."""
    server.add(person(uid, None if isinstance(password, list) else password,
                      extra))
    try:
        if isinstance(password, list):
            server.password(uid, password)
        yield uid
    finally:
        server.delete(user_dn(uid))


# The cases that every mechanism has.

@pytest.mark.parametrize("method", METHODS)
def test_right_wrong_unknown(slapd, method):
    with drive_of(slapd, method) as drive:
        for _ in range(2):
            assert drive.verdict("joe", PASSWORD) == OK
            assert drive.verdict("ann", PASSWORD) == OK
            for wrong in ("Secret", "secre", "secrett", " secret", "*", "\t",
                          SERVICE_PASSWORD, "{SSHA}x"):
                assert drive.verdict("joe", wrong) == BAD_PASSWORD
                assert drive.verdict("ann", wrong) == BAD_PASSWORD
            for name in ("nobody", "jo", "joee", "joe@example.org",
                         "saslauthd", "uid=joe"):
                assert drive.verdict(name, PASSWORD) == unknown(method)


@pytest.mark.parametrize("method", METHODS)
def test_an_empty_password_never_reaches_the_server(slapd, method):
    before = slapd.operations("BIND dn=\"uid=joe")
    with drive_of(slapd, method) as drive:
        assert drive.verdict("joe", "") == EMPTY_PASSWORD
    assert slapd.operations("BIND dn=\"uid=joe") == before


@pytest.mark.parametrize("method", METHODS)
def test_a_user_without_password(slapd, method):
    """A server does not tell who binds why it says no."""
    wanted = NO_PASSWORD if method == "custom" else BAD_PASSWORD
    with user(slapd, "nopass", password=None), \
            drive_of(slapd, method) as drive:
        assert drive.verdict("nopass", PASSWORD) == wanted


@pytest.mark.parametrize("method", METHODS)
def test_password_of_8000_bytes(slapd, method):
    long = "p" * 8000
    with user(slapd, "long", long), drive_of(slapd, method) as drive:
        assert drive.verdict("long", long) == OK
        for wrong in (long[:-1], long + "p", long[:127]):
            assert drive.verdict("long", wrong) == BAD_PASSWORD


@pytest.mark.parametrize("name", HOSTILE_NAMES)
def test_hostile_characters(slapd, name):
    """Neither in filters nor in DNs do they mean anything."""
    group = {"group_filter": "(&(cn=%s)(member=%D))",
             "group_search_base": GROUPS}
    for method in METHODS:
        with drive_of(slapd, method) as drive:
            answer = drive.ask(name, PASSWORD)
            # To a directory, blanks and the like at the ends are nothing
            # (RFC 4518, sections 2.2 and 2.6.1).
            assert answer.result == "denied" or (
                answer[:2] == OK and name.strip() == "joe"), (method, answer)
            assert drive.verdict("joe", name) == BAD_PASSWORD
            assert drive.verdict("joe", PASSWORD, name, name) == OK
        with drive_of(slapd, method, **group) as drive:
            answer = drive.ask("joe", PASSWORD, name)
            # "(cn=*)" would be any group.
            assert answer[:2] == NOT_IN_GROUP, (method, answer)
            assert drive.verdict("joe", PASSWORD, "mail") == OK


@pytest.mark.parametrize("name", [
    "j*", "*", "joe)(uid=*", "nobody)(|(uid=joe", "joe,ou=people",
    "joe+cn=joe", "joe\\2c", "joe\\", "\\6aoe", "jo\\65", "joe#", "#joe",
    "joe\"", "<joe>", "joe;", "joe=joe"])
def test_nobody_is_another(slapd, name):
    templates = {"bind": {"filter": "(|(uid=%u)(cn=%u))"},
                 "fastbind": {"filter": DN_TEMPLATE}}
    for method, keys in templates.items():
        with drive_of(slapd, method, **keys) as drive:
            assert drive.verdict(name, PASSWORD) == unknown(method)


def test_a_name_of_special_characters_can_log_in(slapd):
    name = "a,b+c\"d\\e<f>g;h=i (j)* #k"
    slapd.add(person("special", extra=[f"description: {name}"]))
    try:
        with drive_of(slapd, filter="(description=%u)") as drive:
            assert drive.verdict(name, PASSWORD) == OK
            assert drive.verdict(name + "x", PASSWORD) == NO_SUCH_USER
    finally:
        slapd.delete(user_dn("special"))
    escaped = re.sub(r'([,+"\\<>;=])', r"\\\1", name)
    dn = f"cn={escaped},{PEOPLE}"
    slapd.add(person("odd").replace(user_dn("odd"), dn).replace(
        "cn:: b2Rk", "cn:: " + base64.b64encode(name.encode()).decode()))
    try:
        with drive_of(slapd, "fastbind", filter=f"cn=%u,{PEOPLE}") as drive:
            assert drive.verdict(name, PASSWORD) == OK
    finally:
        slapd.delete(dn)


def test_nobody_listens(slapd):
    nowhere = "ldap://127.0.0.99/"
    with drive_of(slapd, servers=nowhere) as drive:
        answer = drive.ask("joe", PASSWORD)
        assert answer[:2] == DOWN
        assert answer.detail.startswith("connect: ")
        assert PASSWORD not in answer.detail
    with drive_of(slapd, servers=f"{nowhere} {slapd.uri}") as drive:
        assert drive.verdict("joe", PASSWORD) == OK


def test_a_server_that_is_stopped_and_started(slapd_dir):
    with Slapd(slapd_dir, "127.0.0.20") as server, \
            contextlib.ExitStack() as stack:
        drives = [stack.enter_context(drive_of(server, method))
                  for method in METHODS]
        for drive in drives:
            assert drive.verdict("joe", PASSWORD) == OK
        server.stop()
        for drive in drives:
            assert drive.verdict("joe", PASSWORD) == DOWN
        server.start()
        for drive in drives:
            # A question over the connection that broke is put again.
            assert drive.verdict("joe", PASSWORD) == OK
            assert drive.verdict("joe", "wrong") == BAD_PASSWORD


@pytest.mark.parametrize("method", METHODS)
def test_changed_on_the_server(slapd, method):
    with user(slapd, "moved"), drive_of(slapd, method) as drive:
        assert drive.verdict("moved", PASSWORD) == OK
        slapd.password("moved", "new one")
        assert drive.verdict("moved", PASSWORD) == BAD_PASSWORD
        assert drive.verdict("moved", "new one") == OK
        slapd.password("moved", PASSWORD)
        assert drive.verdict("moved", "new one") == BAD_PASSWORD
    with user(slapd, "gone"), drive_of(slapd, method) as drive:
        assert drive.verdict("gone", PASSWORD) == OK
        slapd.delete(user_dn("gone"))
        assert drive.verdict("gone", PASSWORD) == unknown(method)
        slapd.add(person("gone"))


# Finding the user.

@pytest.mark.parametrize("limit", ["0", "1", "2"])
def test_several_entries_are_nobody(slapd, limit):
    with drive_of(slapd, filter="(objectClass=person)",
                  size_limit=limit) as drive:
        assert drive.verdict("joe", PASSWORD) == AMBIGUOUS
    with drive_of(slapd, "custom", filter="(cn=*)",
                  size_limit=limit) as drive:
        assert drive.verdict("joe", PASSWORD) == AMBIGUOUS


def test_an_empty_expansion_is_nobody(slapd):
    for method, keys in (("bind", {"search_base": "%D"}),
                         ("custom", {"search_base": "%D"}),
                         ("fastbind", {"filter": "%d"}),
                         ("fastbind", {"filter": "%2%R"})):
        with drive_of(slapd, method, **keys) as drive:
            answer = drive.ask("joe", PASSWORD)
            assert answer[:2] == NO_SUCH_USER
            assert answer.detail.endswith("expands to nothing")


def test_bases(slapd):
    missing = f"ou=nowhere,{PEOPLE}"
    for base, login, wanted in (
            (missing, "joe", CONFIG),
            ("ou=%d,dc=example,dc=org", "joe@people", OK),
            ("ou=%d,dc=example,dc=org", "joe@nowhere", NO_SUCH_USER),
            ("ou=%d,dc=example,dc=org", "joe", NO_SUCH_USER),
            ("ou=%d,dc=example,dc=org", "joe@people,dc=x", NO_SUCH_USER),
            ("%d=people,dc=example,dc=org", "joe@ou", OK),
            ("%d=people,dc=example,dc=org", "joe@ou=x,ou", NO_SUCH_USER)):
        with drive_of(slapd, search_base=base, filter="(uid=%U)") as drive:
            assert drive.verdict(login, PASSWORD) == wanted, (base, login)


def test_scopes(slapd):
    for scope, base, wanted in (
            ("sub", "dc=example,dc=org", OK), ("one", PEOPLE, OK),
            ("one", "dc=example,dc=org", NO_SUCH_USER),
            ("base", PEOPLE, NO_SUCH_USER), ("base", user_dn("joe"), OK)):
        with drive_of(slapd, search_base=base, scope=scope) as drive:
            assert drive.verdict("joe", PASSWORD) == wanted, (scope, base)


def test_the_root_of_all_is_nobody(slapd):
    """Its name is empty, and to bind with that is to be anonymous."""
    with drive_of(slapd, search_base="", scope="base",
                  filter="(objectClass=*)") as drive:
        assert drive.verdict("joe", PASSWORD) == CONFIG


def test_service_account(slapd):
    with drive_of(slapd, bind_dn=None, password=None) as drive:
        assert drive.verdict("joe", PASSWORD) == OK
    with drive_of(slapd, "custom", bind_dn=None, password=None) as drive:
        # Anonymous may not read it.
        assert drive.verdict("joe", PASSWORD) == NO_PASSWORD
    for keys in ({"password": "wrong"}, {"password": None},
                 {"bind_dn": f"cn=nobody,{PEOPLE}"}, {"bind_dn": "no dn"}):
        with drive_of(slapd, **keys) as drive:
            assert drive.verdict("joe", PASSWORD) == CONFIG, keys
            assert drive.verdict("joe", "wrong") == CONFIG, keys
        with drive_of(slapd, "fastbind", **keys) as drive:
            assert drive.verdict("joe", PASSWORD) == OK, keys


def test_password_file(slapd, open_dir):
    path = open_dir / "password"
    path.write_text("wrong\n")
    with drive_of(slapd, "custom", password_file=path) as drive:
        assert drive.verdict("joe", PASSWORD) == CONFIG
        assert drive.command("changed") == "no"
        path.write_text(SERVICE_PASSWORD + "\nand what is behind it")
        assert drive.command("changed") == "yes"
        assert drive.command("changed") == "no"
        assert drive.verdict("joe", PASSWORD) == OK
        # What cannot be read leaves the old one in force.
        path.write_text("\n")
        assert drive.command("changed") == "no"
        path.unlink()
        assert drive.command("changed") == "no"
        assert drive.verdict("joe", PASSWORD) == OK
    for content in (None, "", "\n", "x" * 8192):
        if content is not None:
            path.write_text(content)
        done = subprocess.run(
            [PROGRAM, "ldap", *pairs_of(slapd, "bind", password_file=path)],
            input=b"", capture_output=True, check=False, timeout=60)
        assert done.returncode == 78
        assert b"ldap_password_file" in done.stderr


# Passwords that are compared here.

def hashed(prefix, name, salt=b""):
    digest = hashlib.new(name, PASSWORD.encode() + salt).digest()
    return prefix + base64.b64encode(digest + salt).decode()


@pytest.mark.parametrize("stored, wanted", [
    (PASSWORD, OK), ("{CLEARTEXT}" + PASSWORD, OK),
    ("secret2", BAD_PASSWORD),
    (hashed("{MD5}", "md5"), OK), (hashed("{sha}", "sha1"), OK),
    (hashed("{SMD5}", "md5", b"salt"), OK),
    (hashed("{SSHA}", "sha1", b"12345678"), OK),
    (hashed("{SSHA}", "sha1", b"s" * 64), OK),
    (hashed("{SSHA512}", "sha512", b"salt"), OK),
    (hashed("{SHA256}", "sha256"), OK),
    ("{CRYPT}$1$saltsalt$TqXYmkFWaOMMF5EK3aIy/0", BAD_PASSWORD),
    ("{NOSUCH}" + PASSWORD, BAD_HASH), ("{SASL}joe@example.org", BAD_HASH),
    ("{SSHA}AAAA", BAD_HASH)])
def test_custom(slapd, stored, wanted):
    with user(slapd, "hashed", stored), drive_of(slapd, "custom") as drive:
        answer = drive.ask("hashed", PASSWORD)
        assert answer[:2] == wanted
        # The stored value is no password, and tells nobody its bytes.
        if stored.startswith("{"):
            assert drive.ask("hashed", stored).result != "ok"
            assert stored.partition("}")[2] not in answer.detail


@pytest.mark.parametrize("method", ("bind", "custom"))
def test_every_value_counts(slapd, method):
    values = ["first", hashed("{SSHA}", "sha1", b"salt"), "last"]
    with user(slapd, "many", values), drive_of(slapd, method) as drive:
        for password in ("first", PASSWORD, "last"):
            assert drive.verdict("many", password) == OK
        for password in ("second", "firstlast", values[1]):
            assert drive.verdict("many", password) == BAD_PASSWORD


def test_password_attribute(slapd):
    with user(slapd, "attr", "other", extra=[f"description: {PASSWORD}"]), \
            drive_of(slapd, "custom", password_attr="description") as drive:
        assert drive.verdict("attr", PASSWORD) == OK
        assert drive.verdict("attr", "other") == BAD_PASSWORD


def test_unknown_user_takes_the_time_of_a_wrong_password(slapd):
    slow = "{PBKDF2-SHA256}20000$c2FsdHNhbHRzYWx0$" + base64.b64encode(
        hashlib.pbkdf2_hmac("sha256", PASSWORD.encode(), b"saltsaltsalt",
                            20000)).decode().rstrip("=").replace("+", ".")
    with user(slapd, "slow", slow), drive_of(slapd, "custom") as drive:
        assert drive.verdict("slow", PASSWORD) == OK
        usec = drive.least_cpu("slow", "nobody")
    assert 0.8 < usec["nobody"] / usec["slow"] < 1.25, usec


# Groups.

GROUP_CHECKS = {
    "unique": {"group_dn": STAFF},
    "member": {"group_dn": MAIL, "group_attr": "member"},
    "filter": {"group_filter": "(&(cn=mail)(member=%D))",
               "group_search_base": GROUPS},
    "both": {"group_filter": "(member=%D)", "group_search_base": GROUPS,
             "group_dn": STAFF, "group_match_method": "filter"},
    "one level": {"group_filter": "(member=%D)", "group_scope": "one",
                  "group_search_base": GROUPS},
    # As before, this is searched for below ldap_search_base.
    "no base": {"group_filter": "(&(uid=joe)(uid=%u))"},
}


@pytest.mark.parametrize("check", GROUP_CHECKS)
@pytest.mark.parametrize("method, identity", [
    *((method, "method") for method in METHODS),
    *((method, "service") for method in METHODS),
    ("bind", "user"), ("fastbind", "user")])
def test_groups(slapd, method, identity, check):
    with drive_of(slapd, method, group_as=identity, search_base=PEOPLE,
                  **GROUP_CHECKS[check]) as drive:
        for _ in range(2):
            assert drive.verdict("joe", PASSWORD) == OK
            assert drive.verdict("ann", PASSWORD) == NOT_IN_GROUP
            # Who does not know the password does not learn of groups.
            assert drive.verdict("ann", "wrong") == BAD_PASSWORD
            assert drive.verdict("joe", "wrong") == BAD_PASSWORD


@pytest.mark.parametrize("method", METHODS)
def test_a_group_by_the_service(slapd, method):
    with drive_of(slapd, method, group_dn=f"cn=%s,{GROUPS}",
                  group_attr="member") as drive:
        assert drive.verdict("joe", PASSWORD, "mail") == OK
        assert drive.verdict("ann", PASSWORD, "mail") == NOT_IN_GROUP
        for service in ("nosuch", "", "mail,ou=x", "*"):
            assert drive.verdict("joe", PASSWORD, service) == NOT_IN_GROUP


@pytest.mark.parametrize("keys", [
    {"group_dn": f"cn=nosuch,{GROUPS}"},
    {"group_dn": STAFF, "group_attr": "noSuchAttribute"},
    {"group_filter": "(member=%D)", "group_search_base": "ou=nosuch"}],
                         ids=str)
def test_a_group_that_is_not_there_is_misconfigured(slapd, keys):
    with drive_of(slapd, **keys) as drive:
        assert drive.verdict("joe", PASSWORD) == CONFIG
        assert drive.verdict("joe", "wrong") == BAD_PASSWORD


def test_nested_groups(slapd):
    """OpenLDAP does not know Active Directory's rule: nothing matches it."""
    with drive_of(slapd, group_dn=MAIL, group_nested="yes") as drive:
        before = slapd.operations("SRCH base=\"cn=mail")
        assert drive.verdict("joe", PASSWORD) == NOT_IN_GROUP
        assert slapd.operations("SRCH base=\"cn=mail") == before + 1
    with drive_of(slapd, group_dn=f"cn=nosuch,{GROUPS}",
                  group_nested="yes") as drive:
        assert drive.verdict("joe", PASSWORD) == CONFIG


def test_several_groups_with_a_limit_of_one(slapd):
    with drive_of(slapd, group_filter="(cn=*)", size_limit="1",
                  group_search_base=GROUPS) as drive:
        assert drive.verdict("joe", PASSWORD) == OK


def test_group_of_who_came_by_sasl(slapd):
    """The DN is what the server says it is."""
    with drive_of(slapd, "fastbind", use_sasl="yes", mech="SCRAM-SHA-256",
                  group_dn=STAFF) as drive:
        assert drive.verdict("joe", PASSWORD) == OK
        assert drive.verdict("joe", "wrong") == BAD_PASSWORD
        assert drive.verdict("bob", PASSWORD) == NOT_IN_GROUP


# Password policies.

@pytest.mark.parametrize("method", ("bind", "fastbind"))
def test_policies(slapd_ppolicy, method):
    with drive_of(slapd_ppolicy, method) as drive:
        assert drive.verdict("joe", PASSWORD) == OK
        for uid, reason in ((LOCKED, "locked"),
                            (EXPIRED, "password_expired"),
                            (RESET, "must_change")):
            assert drive.verdict(uid, PASSWORD) == ("denied", reason)
        assert drive.verdict(EXPIRED, "wrong") == BAD_PASSWORD
        assert drive.verdict(RESET, "wrong") == BAD_PASSWORD


def test_too_many_failures(slapd_ppolicy):
    with user(slapd_ppolicy, "guessed"), drive_of(slapd_ppolicy) as drive:
        for _ in range(POLICY_MAX_FAILURES):
            assert drive.verdict("guessed", "wrong") == BAD_PASSWORD
        assert drive.verdict("guessed", PASSWORD) == ("denied", "locked")


# Templates.

def shown(text):
    """A filter as slapd logs it."""
    return re.sub(r"\\([0-9a-fA-F]{2})", lambda m: chr(int(m[1], 16)), text)


@pytest.mark.parametrize("row", TABLE + TABLE_WITH_R, ids=str)
def test_tokens(slapd, row):
    template = "".join(f"(description=<{i}|%{token}|>)"
                       for i, token in enumerate(TOKENS))
    # A realm of the request's own hides the default one.
    for default in {row.default_realm, "" if row.realm else
                    row.default_realm}:
        with drive_of(slapd, filter=f"(|{template})",
                      default_realm=default) as drive:
            assert drive.verdict(row.login, "x", "smtp",
                                 row.realm) == NO_SUCH_USER
        last = [line for line in slapd.log_text().splitlines()
                if "filter=\"(|(description=" in line][-1]
        got = re.findall(r"<(\d)\|(.*?)\|>", shown(last))
        assert {TOKENS[int(i)]: value for i, value in got} == row.values


def test_the_table_has_what_r_makes_of_each_login():
    assert [row.login for row in TABLE_WITH_R] == list(WITH_R.values())
    assert {row.login for row in TABLE} == set(WITH_R)


def test_the_manual_has_the_table():
    plain, with_r = manual_tables()
    assert plain == [row.values for row in TABLE]
    sent = [row.pop("sent") for row in with_r]
    assert sent == list(WITH_R)
    assert with_r == [{token: row.values[token] for token in with_r[0]}
                      for row in TABLE_WITH_R]
    assert len(with_r[0]) == len(TOKENS) - 2  # without realms


def test_other_tokens(slapd):
    with user(slapd, "joe%"), drive_of(slapd, filter="(uid=%u%%)") as drive:
        assert drive.verdict("joe", PASSWORD) == OK
    with drive_of(slapd, filter="(uid=%s)") as drive:
        assert drive.verdict("x", PASSWORD, "joe") == OK
    # Outside of groups %D is nothing, and so is what is no token.
    with drive_of(slapd, filter="(uid=%D%u%x)") as drive:
        assert drive.verdict("joe", PASSWORD) == OK


@pytest.mark.parametrize("method, keys, words", [
    ("bind", {"filter": "(uid=%u"}, b"ldap_filter"),
    ("bind", {"search_base": "people"}, b"ldap_search_base"),
    ("fastbind", {"filter": "(uid=%u)"}, b"ldap_filter"),
    ("bind", {"group_dn": "staff"}, b"ldap_group_dn"),
    ("bind", {"group_filter": "%D"}, b"ldap_group_filter")])
def test_templates_that_can_never_be(slapd, method, keys, words):
    done = subprocess.run(
        [PROGRAM, "ldap", *pairs_of(slapd, method, **keys)],
        input=b"", capture_output=True, check=False, timeout=60)
    assert done.returncode == 78
    assert words in done.stderr


@pytest.mark.ordinary_build  # ASan keeps what is freed
@pytest.mark.parametrize("method", METHODS)
def test_requests_without_growth(slapd, method):
    with drive_of(slapd, method, group_dn=STAFF) as drive:
        assert_no_growth(drive, [("joe", PASSWORD), ("joe", "wrong"),
                                 ("nobody", PASSWORD), ("ann", PASSWORD),
                                 ("(\xe9*", PASSWORD), (b"\xff", PASSWORD)],
                         warm_up=300, each=1500)
