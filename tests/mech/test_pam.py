# SPDX-License-Identifier: BSD-2-Clause
"""mech_pam: every PAM code, the conversation, real modules, leaks."""

import os
import shutil
import time
from pathlib import Path

import pytest

from drive import BUILD_DIR, HOSTILE_NAMES, Drive, assert_no_growth
from lib import users

MODULE = BUILD_DIR / "tests" / "mech" / "pam_test_code.so"

pytestmark = [
    pytest.mark.needs_root,
    pytest.mark.skipif(not MODULE.exists(), reason="built without PAM"),
]

OK = ("ok", "none")
EXTRA = ("denied", "extra_question")


@pytest.fixture(name="drive")
def fixture_drive():
    with Drive("pam") as d:
        yield d


def service(auth="", account="", name="smtp"):
    """One service of our own module, with these arguments."""
    users.pam_service(name, f"auth required {MODULE} {auth}",
                      f"account required {MODULE} {account}")


# Linux-PAM's numbers (_pam_types.h) and what they mean here.
CODES = {
    0: OK,
    1: ("misconfig", "config"),			# OPEN_ERR
    2: ("misconfig", "config"),			# SYMBOL_ERR
    3: ("tempfail", "backend_error"),		# SERVICE_ERR
    4: ("tempfail", "backend_error"),		# SYSTEM_ERR
    5: ("tempfail", "no_memory"),		# BUF_ERR
    6: ("denied", "not_permitted"),		# PERM_DENIED
    7: ("denied", "bad_password"),		# AUTH_ERR
    8: ("misconfig", "no_access"),		# CRED_INSUFFICIENT
    9: ("tempfail", "backend_down"),		# AUTHINFO_UNAVAIL
    10: ("denied", "no_such_user"),		# USER_UNKNOWN
    11: ("denied", "too_many_tries"),		# MAXTRIES
    12: ("denied", "must_change"),		# NEW_AUTHTOK_REQD
    13: ("denied", "account_expired"),		# ACCT_EXPIRED
    14: ("tempfail", "backend_error"),		# SESSION_ERR
    15: ("tempfail", "backend_down"),		# CRED_UNAVAIL
    16: ("denied", "password_expired"),		# CRED_EXPIRED
    17: ("tempfail", "backend_error"),		# CRED_ERR
    18: ("misconfig", "config"),		# NO_MODULE_DATA
    19: ("tempfail", "backend_error"),		# CONV_ERR
    20: ("tempfail", "backend_error"),		# AUTHTOK_ERR
    21: ("misconfig", "config"),		# AUTHTOK_RECOVERY_ERR
    22: ("tempfail", "backend_error"),		# AUTHTOK_LOCK_BUSY
    23: ("misconfig", "config"),		# AUTHTOK_DISABLE_AGING
    24: ("tempfail", "backend_error"),		# TRY_AGAIN
    25: ("denied", "not_permitted"),		# IGNORE: nobody answered
    26: ("misconfig", "config"),		# ABORT
    27: ("denied", "password_expired"),		# AUTHTOK_EXPIRED
    28: ("misconfig", "config"),		# MODULE_UNKNOWN
    29: ("misconfig", "config"),		# BAD_ITEM
    30: ("misconfig", "config"),		# CONV_AGAIN
    31: ("misconfig", "config"),		# INCOMPLETE
    99: ("denied", "not_permitted"),		# no code: libpam says PERM_DENIED
}


@pytest.mark.parametrize("code", sorted(CODES))
def test_every_code_of_the_authentication(drive, code):
    service(auth=f"code={code}")
    assert drive.verdict("joe", "secret") == CODES[code]


@pytest.mark.parametrize("code", sorted(CODES))
def test_every_code_of_the_account_stage(drive, code):
    service(account=f"code={code}")
    wanted = CODES[code]
    if code == 7:	# the password was right, the account is not
        wanted = ("denied", "not_permitted")
    assert drive.verdict("joe", "secret") == wanted


def test_the_password_is_given(drive):
    service(auth="ask=Password:_ expect=secret")
    assert drive.verdict("joe", "secret") == OK
    assert drive.verdict("joe", "wrong") == ("denied", "bad_password")


def test_a_second_module_that_asks_in_the_same_words(drive):
    users.pam_service(
        "smtp",
        f"auth required {MODULE} ask=Password:_ expect=secret",
        f"auth required {MODULE} ask=Password:_ expect=secret",
        "account required pam_permit.so")
    assert drive.verdict("joe", "secret") == OK


@pytest.mark.parametrize("questions", [
    "ask=Password:_ ask=Verification_code:_",
    "ask=Password:_ ask=Password:_ ask=Password:_ ask=Password:_",
    "echo=Code:_", "ask=Password:_ echo=Code:_",
    "loop", "ask=Password:_ loop",
])
@pytest.mark.parametrize("stage", ["auth", "account"])
def test_another_question_is_refused(drive, stage, questions):
    service(**{stage: questions})
    answer = drive.ask("joe", "secret")
    assert answer[:2] == EXTRA
    assert "secret" not in answer.detail


def test_a_refusal_is_not_hidden_by_the_modules_code(drive):
    # libpam_radius_auth and others make "wrong password" of it.
    service(auth="loop code=7")
    assert drive.verdict("joe", "secret") == EXTRA


def test_a_refused_optional_module_harms_nobody(drive):
    users.pam_service("smtp", "auth required pam_permit.so",
                      f"auth optional {MODULE} echo=Code:_",
                      "account required pam_permit.so")
    assert drive.verdict("joe", "secret") == OK


def test_the_login_is_given_to_who_asks_for_it(drive):
    service(auth="forget expect=joe")
    assert drive.verdict("joe", "secret") == OK


def test_messages_go_to_the_log_without_the_password(drive):
    service(auth="say=server_says_no code=7")
    assert "server says no" in drive.ask("joe", "secret").detail
    service(auth="say=no_such_password:_secret code=7")
    assert "secret" not in drive.ask("joe", "secret").detail


@pytest.mark.parametrize("address, wanted", [
    ("192.0.2.1;4711", "192.0.2.1"), ("2001:db8::1;25", "2001:db8::1"),
    ("192.0.2.9", "192.0.2.9"), ("", "-"), (";25", "-"),
])
def test_address_becomes_the_remote_host(drive, address, wanted):
    service(auth=f"rhost={wanted}")
    assert drive.verdict("joe", "secret", address=address) == OK


@pytest.mark.parametrize("name, wanted", [
    ("", "other"), ("other", "other"), ("smtp", "smtp"), ("SMTP", "smtp"),
    ("a-b_c.d9", "a-b_c.d9"), ("s" * 64, "s" * 64),
    ("nosuchservice", "nosuchservice"),
])
def test_service_names(drive, name, wanted):
    if wanted == "nosuchservice":
        users.pam_service("other",
                          f"auth required {MODULE} service={wanted}",
                          "account required pam_permit.so")
    else:
        service(auth=f"service={wanted}", name=wanted)
    assert drive.verdict("joe", "secret", service=name) == OK


@pytest.mark.parametrize("name", [
    "../shadow", "/etc/shadow", "a/b", ".", "..", ".smtp", "s" * 65, "a b",
    "smtp\n", "sm\u00f6p", b"\xff", "a;b", "$(id)", "x" * 1000,
])
def test_names_that_are_no_service(drive, name):
    service(name="other")
    assert drive.verdict("joe", "secret", service=name) == \
        ("denied", "bad_service")


def test_delay_travels_with_a_denial_only(drive):
    service(auth="delay=2000000 code=7")
    start = time.monotonic()
    answer = drive.ask("joe", "secret")
    assert time.monotonic() - start < 0.5
    # pam_fail_delay(3) varies it by half, up and down.
    assert answer.result == "denied" and 900 <= answer.delay_msec <= 3100
    service(auth="delay=2000000 code=9")
    assert drive.ask("joe", "secret").delay_msec == 0
    service(auth="delay=2000000")
    assert drive.ask("joe", "secret").delay_msec == 0
    service(auth="delay=2000000", account="code=13")
    assert drive.ask("joe", "secret").delay_msec == 0


def test_each_request_has_its_own_delay_and_message(drive):
    service(auth="delay=2000000 say=once code=7")
    assert drive.ask("joe", "secret").delay_msec > 0
    service(auth="code=7")
    answer = drive.ask("joe", "secret")
    assert answer.delay_msec == 0 and "once" not in answer.detail


@pytest.mark.parametrize("lines", [
    ["auth required pam_nosuchmodule.so"],
    ["auth required /nonexistent/pam_x.so"],
])
def test_module_that_cannot_be_loaded(drive, lines):
    users.pam_service("smtp", *lines, "account required pam_permit.so")
    assert drive.verdict("joe", "secret") == ("misconfig", "config")


def test_no_service_file_and_no_other(drive):
    other = users.PAM_DIR / "other"
    before = other.read_bytes()
    other.unlink()
    try:
        assert drive.verdict("joe", "secret", service="nosuch") == \
            ("misconfig", "config")
    finally:
        other.write_bytes(before)


def test_permit_and_deny(drive):
    users.pam_service("smtp", "auth required pam_permit.so",
                      "account required pam_permit.so")
    assert drive.verdict("joe", "secret") == OK
    users.pam_service("smtp", "auth required pam_deny.so",
                      "account required pam_permit.so")
    assert drive.ask("joe", "secret").result == "denied"
    users.pam_service("smtp", "auth required pam_permit.so",
                      "account required pam_deny.so")
    assert drive.verdict("joe", "secret")[0] == "denied"


@pytest.mark.parametrize("control, wanted", [
    ("default=ignore", "denied"),	# Debian's way loses the outage
    ("authinfo_unavail=die default=ignore", "tempfail"),
])
def test_outage_in_a_stack_as_debian_writes_it(drive, control, wanted):
    users.pam_service("smtp", f"auth [success=1 {control}] {MODULE} code=9",
                      "auth requisite pam_deny.so",
                      "auth required pam_permit.so",
                      "account required pam_permit.so")
    assert drive.ask("joe", "secret").result == wanted


@pytest.mark.parametrize("method", sorted(users.METHODS))
def test_pam_unix_every_method(drive, method):
    users.pam_unix_service("smtp")
    users.add("joe", "secret", method)
    assert drive.verdict("joe", "secret") == OK
    answer = drive.ask("joe", "wrong")
    assert answer[:2] == ("denied", "bad_password")
    assert answer.delay_msec > 0


def test_pam_unix_unknown_and_hostile_names(drive):
    users.pam_unix_service("smtp")
    for name in ["nosuch"] + HOSTILE_NAMES:
        assert drive.ask(name, "secret").result == "denied", name


@pytest.mark.parametrize("password", [
    "p\u00e4ss \u20ac", b"\xff\xfe\x01", "a" * 511, " ", "%n%s", "a\nb",
])
def test_pam_unix_hostile_passwords(drive, password):
    users.pam_unix_service("smtp")
    users.add("joe", password, "sha512")
    assert drive.verdict("joe", password) == OK
    assert drive.verdict("joe", "s" * 8000) == ("denied", "bad_password")


def test_empty_hash_is_denied_even_with_nullok(drive):
    users.pam_service("smtp", "auth required pam_unix.so nullok",
                      "account required pam_unix.so")
    users.add("joe", hashed="")
    assert drive.verdict("joe", "anything") == ("denied", "bad_password")


def test_wrong_password_is_answered_at_once(drive):
    users.pam_unix_service("smtp")
    users.add("joe", "secret", "md5")
    start = time.monotonic()
    assert drive.ask("joe", "wrong").result == "denied"
    assert time.monotonic() - start < 0.5


def test_changed_files_are_noticed(drive):
    service()
    drive.command("changed")
    assert drive.command("changed") == "no"
    service(auth="code=7")
    assert drive.command("changed") == "yes"
    assert drive.command("changed") == "no"
    users.pam_service("brandnew", "auth required pam_deny.so")
    assert drive.command("changed") == "yes"
    (users.PAM_DIR / "brandnew").unlink()
    assert drive.command("changed") == "yes"
    assert drive.command("changed") == "no"


def test_replaced_module_is_noticed(drive, open_dir):
    module = open_dir / "pam_copy.so"
    shutil.copy(MODULE, module)
    users.pam_service("smtp", f"auth required {module}")
    drive.command("changed")
    assert drive.command("changed") == "no"
    shutil.copy(MODULE, open_dir / "new")
    os.rename(open_dir / "new", module)
    assert drive.command("changed") == "yes"
    assert drive.command("changed") == "no"


def mapped(drive):
    """Names of the PAM modules in the memory of the process."""
    maps = Path(f"/proc/{drive.process.pid}/maps").read_text()
    return {os.path.basename(line.split()[-1])
            for line in maps.splitlines() if "/pam_" in line}


def test_modules_stay_mapped_between_requests(drive):
    assert not mapped(drive)
    users.pam_service("smtp", "auth required pam_permit.so",
                      "account required pam_succeed_if.so uid >= 0")
    drive.ask("root", "x")
    assert {"pam_permit.so", "pam_succeed_if.so"} <= mapped(drive)


@pytest.mark.parametrize("auth, account, wanted", [
    ("optional {} ask=Password:_ ask=Code:_", "code=9",
     ("tempfail", "backend_down")),
    ("optional {} ask=Password:_ ask=Code:_", "code=13",
     ("denied", "account_expired")),
    ("required {} ask=Password:_ echo=Code:_ code=9", "code=0",
     ("denied", "extra_question")),
])
def test_refused_question_explains_its_own_stage_only(drive, auth, account,
                                                      wanted):
    """An outage is one, whatever was asked before it."""
    users.pam_service(
        "smtp", f"auth required {MODULE}", "auth " + auth.format(MODULE),
        f"account required {MODULE} {account}")
    assert drive.verdict("joe", "secret", "smtp") == wanted


@pytest.mark.parametrize("text", [
    "", "garbage\n", "auth\n", "auth required\n", "auth required nosuch.so\n",
    "auth [success=99 default=ignore] pam_permit.so\n", "\0\xff\n" * 100,
    "auth required pam_unix.so \\\n" * 50,
])
def test_garbage_in_the_service(drive, text):
    """Nobody gets in by it, and the other services go on. Where a service
    has no module at all, libpam takes those of `other`."""
    users.add("joe", "secret", "md5")
    users.pam_unix_service("sound")
    users.pam_unix_service("other")
    service = users.PAM_DIR / "broken"
    service.write_text(text)
    try:
        assert drive.verdict("joe", "wrong", "broken")[0] != "ok"
        assert drive.verdict("joe", "secret", "sound") == OK
    finally:
        service.unlink()


@pytest.mark.ordinary_build  # ASan keeps what is freed
def test_more_services_than_are_kept(drive):
    names = [f"svc{number}" for number in range(40)]
    for name in names:
        users.pam_service(name, "auth required pam_permit.so",
                          "account required pam_permit.so")
    for name in names * 2:
        assert drive.verdict("joe", "x", service=name) == OK
    before = drive.stats()
    for name in names * 5:
        drive.ask("joe", "x", service=name)
    after = drive.stats()
    assert after.descriptors == before.descriptors
    assert after.rss_kb - before.rss_kb <= 256


@pytest.mark.ordinary_build  # ASan keeps what is freed
def test_10000_requests_without_growth(drive):
    users.pam_unix_service("unixes")
    users.add("joe", "secret", "md5")
    service(auth="ask=Password:_ echo=Code:_ delay=1000 code=7")
    assert_no_growth(drive, [
        ("joe", "secret", "unixes"), ("joe", "wrong", "unixes"),
        ("nosuch", "x", "unixes"), ("joe", "x", "smtp"),
        ("joe", "x", "../bad")], each=2000)
