# SPDX-License-Identifier: BSD-2-Clause
"""Settings of mechanism radius at the start: what is told of them, what stops
a start, and that no secret is told."""

import re
import subprocess

import pytest

from lib import SOURCE_DIR
from lib.daemon import SASLAUTHD, START_SEC
from lib.freeradius import SIGN
from test_manuals import MAN, built_mechanisms, section, source

pytestmark = pytest.mark.skipif("radius" not in built_mechanisms(),
                                reason="radius is not built")

GOOD, CONFIGURATION = 0, 78
HUSH = "hush-hush"

MINIMAL = "radius_servers: a.example.org [2001:db8::1]:1645\n" \
    f"radius_secret: {HUSH}\n"

# (lines, what stands in the complaint)
BAD = [
    ("radius_server: b timeout=1\n", "radius_server: b is not in radius_serv"),
    (f"radius_server_secret: {HUSH}\n", ":3: radius_server_secret: wants a "
     "server of radius_servers, a blank, and its secret"),
    (f"radius_server_secret: {HUSH} a.example.org\n",
     "radius_server_secret: begins with a server that is not in"),
    (f"radius_server: a.example.org {HUSH}\n", "radius_server: "
     "a.example.org: wants option=value"),
    (f"radius_server: secret={HUSH} a.example.org\n", "radius_server: "
     "begins with a server of radius_servers"),
    (f"radius_server: a.example.org secret={HUSH}\n", "radius_server: "
     "a.example.org: secret: is none of timeout"),
    (f"radius_servers: a.example.org:1812:{HUSH}\n", "radius_servers: "
     "a.example.org: has more colons than host:port"),
    (f"radius_servers: a.example.org:{HUSH}\n", "radius_servers: "
     "a.example.org: a port is"),
    ("radius_server: a.example.org timeout=9\n"
     "radius_server: [2001:db8::1]:1645 timeout=99\n"
     "radius_server: a.example.org retries=1\n",
     ":4: radius_server: [2001:db8::1]:1645: timeout: wants 1 to 60"),
    ("\nradius_user_name: %x\n", ":4: radius_user_name: tokens are"),
    ("radius_attribute: 77=x\nradius_attribute: 80=x\n",
     ":4: radius_attribute: 80: is not for requests"),
    ("radius_timeout: 0\n", ":3: radius_timeout: wants a time from 1 to 60"),
    ("radius_retries: 11\n", ":3: radius_retries: wants a number from 0 to"),
    ("radius_status_server: perhaps\n", "radius_status_server: wants yes or"),
    ("radius_user_name: %x\n", "radius_user_name: tokens are"),
    ("radius_attribute: NAS-Prot=1\n", "(did you mean NAS-Port?)"),
    ("radius_tls_cert: cert.pem\n", "radius_tls_cert: wants an absolute"),
    ("radius_secert: x\n", "did you mean radius_secret?"),
]


@pytest.fixture(name="check")
def fixture_check(tmp_path):
    """check(text) -> (exit status, all that it says)"""
    def check(text, option="-O"):
        path = tmp_path / "saslauthd.conf"
        path.write_text(text)
        path.chmod(0o600)
        run = subprocess.run(
            [SASLAUTHD, "--check", "-a", "radius", option, path], text=True,
            stdin=subprocess.DEVNULL, capture_output=True, check=False,
            timeout=START_SEC)
        assert HUSH not in run.stdout + run.stderr
        return run.returncode, run.stdout + run.stderr
    return check


@pytest.mark.parametrize("option", ["-O", "--config"])
def test_good(check, option):
    assert check(MINIMAL, option) == (GOOD, "configuration is good\n")


@pytest.mark.parametrize("lines, complaint", BAD)
def test_bad(check, lines, complaint):
    status, said = check(MINIMAL + lines)
    assert status == CONFIGURATION and complaint in said, said


def test_nothing_is_set(check):
    status, said = check("")
    assert status == CONFIGURATION
    assert "radius_servers: there is none" in said


def test_a_secret_file_that_is_not_there(open_dir):
    """A daemon whose only backend does not open does not start."""
    path = open_dir / "saslauthd.conf"
    path.write_text("radius_servers: a\n"
                    f"radius_secret_file: {open_dir}/secret\n")
    run = subprocess.run(
        [SASLAUTHD, "-a", "radius", "-O", path, "-m", open_dir], text=True,
        stdin=subprocess.DEVNULL, capture_output=True, check=False,
        timeout=START_SEC)
    assert run.returncode == CONFIGURATION
    assert f"{open_dir}/secret" in run.stderr


def test_certificates_that_are_not_there(check, tmp_path):
    """The start would fail; a key is for nobody else."""
    key = tmp_path / "key.pem"
    key.touch(0o644)
    lines = f"radius_tls_cacert_file: {tmp_path}/ca.pem\n" \
        f"radius_tls_cert: {tmp_path}/cert.pem\nradius_tls_key: {key}\n"
    said = check("radius_servers: tls://a.example.org\n" + lines)[1]
    for name in ("cacert_file", "cert"):
        assert re.search(f"radius_tls_{name}: .*: No such file", said), said
    assert f"radius_tls_key: {key}: everybody may read it" in said
    assert check(MINIMAL + lines) == (GOOD, "configuration is good\n")


@pytest.mark.parametrize("text, said", [
    (None, "No such file or directory"), ("no certificate\n", "")])
def test_a_certificate_that_is_none(open_dir, text, said):
    """The start says which file, and why."""
    ca = open_dir / "ca.pem"
    if text is not None:
        ca.write_text(text)
    path = open_dir / "saslauthd.conf"
    path.write_text("radius_servers: tls://a\n"
                    f"radius_tls_cacert_file: {ca}\n")
    path.chmod(0o600)
    run = subprocess.run(
        [SASLAUTHD, "-a", "radius", "-O", path, "-m", open_dir], text=True,
        stdin=subprocess.DEVNULL, capture_output=True, check=False,
        timeout=START_SEC)
    assert run.returncode == CONFIGURATION
    assert re.search(f"cannot be opened.*radius_tls_cacert_file: {ca}: "
                     f"{said}", run.stderr), run.stderr


def test_answers_without_a_signature_are_warned_of(start_daemon, open_dir):
    path = open_dir / "saslauthd.conf"
    path.write_text(MINIMAL + "radius_server: a.example.org "
                    "require_message_authenticator=no\n")
    path.chmod(0o600)
    daemon = start_daemon("-a", "radius", "-O", path)
    warned = [line for line in daemon.output.splitlines()
              if "CVE-2024-3596" in line]
    assert len(warned) == 1 and "a.example.org" in warned[0]
    assert HUSH not in daemon.output


def test_the_lines_of_the_manual():
    """What an older FreeRADIUS needs is what the tests run with."""
    assert SIGN in (MAN / "saslauthd-radius.5").read_text()
    guide = (SOURCE_DIR / "docs" / "migration.md").read_text()
    assert SIGN in re.sub("^    ", "", guide, flags=re.M)


def test_the_dictionary_of_the_manual():
    """Every attribute that a line may set."""
    table = re.search(r"attributes\[\] = \{(.*?)\n\};",
                      source("mechanisms/rad_dictionary.c"), re.S)[1]
    names = re.findall(r'\{ "([\w-]+)", [^{}]*NULL \}', table)
    assert len(names) > 15
    said = re.search(r"The dictionary has (.*?)\.\n",
                     section("saslauthd-radius.5", "ATTRIBUTES"), re.S)[1]
    assert sorted(re.split(r"[,;]?\s(?:and\s)?", said)) == sorted(names)
