# SPDX-License-Identifier: BSD-2-Clause
"""mech_ldap's connections to a real slapd: TLS, who the worker is by
certificate or by its uid, SASL, referrals, long passwords."""

import re
import subprocess
import time
from pathlib import Path

import pytest

from drive import Drive
from lib import built_with
from lib.slapd import (PASSWORD, PEOPLE, REALM, SERVICE_DN, SERVICE_PASSWORD,
                       SUFFIX, Slapd, certificate, make_ca, person)

OK = ("ok", "none")
BAD_PASSWORD = ("denied", "bad_password")
DOWN = ("tempfail", "backend_down")
CONFIG = ("misconfig", "config")

NAME, ADDRESS, FAR = "ldap.example.test", "127.0.0.31", "127.0.0.32"
FAR_PEOPLE = f"ou=far,{SUFFIX}"

REFERRAL = f"""dn: {FAR_PEOPLE}
objectClass: referral
objectClass: extensibleObject
ou: far
ref: ldap://{FAR}/{PEOPLE}
"""

# Of libldap itself, whose configuration is not ours here.
NO_LDAPRC = {"LDAPCONF": "/dev/null"}

pytestmark = [
    pytest.mark.needs_root,
    pytest.mark.skipif(not built_with("LDAP"), reason="ldap is not built"),
]


def drive(uri, environment=None, **keys):
    settings = {"servers": uri, "bind_dn": SERVICE_DN,
                "password": SERVICE_PASSWORD, "search_base": PEOPLE}
    settings.update(keys)
    return Drive("ldap", *(f"ldap_{key}={value}" for key, value in
                           settings.items() if value is not None),
                 environment={**NO_LDAPRC, **(environment or {})})


def assert_serves(d, service="smtp"):
    assert d.verdict("joe", PASSWORD, service) == OK
    assert d.verdict("joe", "wrong", service) == BAD_PASSWORD


@pytest.fixture(name="ca", scope="module")
def fixture_ca(slapd_dir):
    return make_ca(slapd_dir, "ca of links")


@pytest.fixture(name="server", scope="module")
def fixture_server(slapd_dir, ca):
    made = certificate(ca, NAME, ips=[ADDRESS])
    with Slapd(slapd_dir, ADDRESS, tls=made) as server:
        server.add(REFERRAL)
        yield server


@pytest.fixture(name="far", scope="module")
def fixture_far(slapd_dir, ca):
    made = certificate(ca, "far.example.test", ips=[FAR])
    with Slapd(slapd_dir, FAR, tls=made) as server:
        yield server


def encrypted(server, how):
    """(URI, keys) of a way to encrypt."""
    if how == "ldaps":
        return server.ldaps, {}
    return server.uri, {"start_tls": "yes"}


both = pytest.mark.parametrize("how", ["ldaps", "start_tls"])


# TLS

@both
@pytest.mark.parametrize("check_peer", [None, "yes", "no"])
def test_encrypted(server, ca, how, check_peer):
    uri, keys = encrypted(server, how)
    with drive(uri, tls_cacert_file=ca.cert, tls_check_peer=check_peer,
               **keys) as d:
        before = server.operations("TLS established")
        assert_serves(d)
        assert server.operations("TLS established") == before + 2


@both
@pytest.mark.parametrize("check_peer", [None, "yes"])
def test_unknown_ca(server, slapd_dir, how, check_peer):
    uri, keys = encrypted(server, how)
    other = make_ca(slapd_dir, "another ca")
    with drive(uri, tls_cacert_file=other.cert, tls_check_peer=check_peer,
               **keys) as d:
        assert d.verdict("joe", PASSWORD) == CONFIG


@both
def test_no_check_on_request(server, slapd_dir, how):
    uri, keys = encrypted(server, how)
    other = make_ca(slapd_dir, "another ca")
    with drive(uri, tls_cacert_file=other.cert, tls_check_peer="no",
               **keys) as d:
        assert_serves(d)


@both
@pytest.mark.parametrize("names, days", [
    ({"name": "wrong.example.test", "ips": ["127.0.0.77"]}, 2),
    ({"name": "old.example.test", "ips": ["127.0.0.33"]}, -1),
], ids=["name", "expired"])
def test_bad_certificate(slapd_dir, ca, how, names, days):
    made = certificate(ca, days=days, **names)
    with Slapd(slapd_dir, "127.0.0.33", tls=made) as s:
        uri, keys = encrypted(s, how)
        with drive(uri, tls_cacert_file=ca.cert, **keys) as d:
            answer = d.ask("joe", PASSWORD)
        assert answer[:2] == CONFIG
        assert "certificate" in answer.detail
        assert s.operations("BIND dn=") == s.operations('BIND dn="" ')


def test_the_ca_of_libldaps_own_configuration(server, ca):
    with drive(server.ldaps, environment={"LDAPTLS_CACERT": ca.cert}) as d:
        assert_serves(d)


def test_ca_directory(server, ca, open_dir):
    (open_dir / "any.pem").write_bytes(ca.cert.read_bytes())
    # OpenSSL goes by the name, GnuTLS reads all there are.
    name = subprocess.run(
        ["openssl", "x509", "-hash", "-noout", "-in", ca.cert], text=True,
        check=True, stdout=subprocess.PIPE).stdout.strip()
    (open_dir / f"{name}.0").symlink_to("any.pem")
    with drive(server.ldaps, tls_cacert_dir=open_dir,
               environment={"LDAPTLS_CACERT": ""}) as d:
        assert_serves(d)


@pytest.mark.parametrize("ciphers", [None, "NORMAL"])
def test_least_version(slapd_dir, ca, ciphers):
    made = certificate(ca, "old-tls.example.test", ips=["127.0.0.33"])
    with Slapd(slapd_dir, "127.0.0.33", tls=made, global_lines=
               "TLSCipherSuite NORMAL:-VERS-ALL:+VERS-TLS1.2") as s:
        for version, wanted in (("1.0", OK), ("1.1", OK), ("1.2", OK),
                                ("1.3", CONFIG)):
            with drive(s.ldaps, tls_cacert_file=ca.cert, tls_min=version,
                       tls_ciphers=ciphers) as d:
                assert d.verdict("joe", PASSWORD) == wanted, version


def test_tls_where_there_is_none(server, ca, slapd):
    with drive(slapd.uri, tls_cacert_file=ca.cert, start_tls="yes") as d:
        assert d.verdict("joe", PASSWORD) == CONFIG
    plain_port = server.uri.replace("ldap:", "ldaps:")
    with drive(plain_port, tls_cacert_file=ca.cert) as d:
        assert d.ask("joe", PASSWORD).result != "ok"


@pytest.mark.parametrize("keys, words", [
    ({"tls_cacert_file": "/nonexistent/ca.pem"}, "/nonexistent/ca.pem"),
    ({"tls_ciphers": "no such cipher"}, "TLS"),
])
def test_files_and_ciphers_that_are_none(server, capfd, keys, words):
    with pytest.raises(AssertionError, match="78"):
        with drive(server.ldaps, **keys):
            pass
    assert words in capfd.readouterr().err


@both
def test_a_handshake_that_hangs(slapd_dir, ca, how):
    """It ends in time, and nobody runs in circles meanwhile."""
    made = certificate(ca, "mute.example.test", ips=["127.0.0.33"])
    with Slapd(slapd_dir, "127.0.0.33", tls=made) as s:
        uri, keys = encrypted(s, how)
        s.pause()
        with drive(uri, tls_cacert_file=ca.cert, connect_timeout=1,
                   timeout=1, **keys) as d:
            began, cpu = time.monotonic(), d.stats().cpu_usec
            assert d.verdict("joe", PASSWORD) == DOWN
            assert time.monotonic() - began < 4
            assert d.stats().cpu_usec - cpu < 500000
            s.resume()


# Who the worker is

def test_client_certificate(server, ca):
    """Its name is the service account's for this server."""
    made = certificate(ca, "saslauthd")
    with drive(server.ldaps, bind_dn=None, password=None,
               tls_cacert_file=ca.cert, tls_cert=made.cert,
               tls_key=made.key, service_mech="EXTERNAL",
               auth_method="custom") as d:
        # Only the service account may read passwords.
        assert_serves(d)


def test_external_over_ldapi(server):
    with drive(server.ldapi, bind_dn=None, password=None,
               service_mech="EXTERNAL") as d:
        before = server.operations('BIND authcid="gidNumber=0+uidNumber=0')
        assert_serves(d)
        assert server.operations(
            'BIND authcid="gidNumber=0+uidNumber=0') == before + 1


def started(start_daemon, open_dir, **keys):
    """A daemon with these settings, and who its workers are."""
    path = open_dir / "saslauthd.conf"
    path.write_text("".join(f"ldap_{key}: {value}\n"
                            for key, value in keys.items()))
    path.chmod(0o600)
    daemon = start_daemon("-a", "ldap", "-n", "2", "-O", path)
    daemon.wait_workers(2)
    # (Who cannot be dumped has a folder of root's in /proc.)
    uids = {re.search(r"^Uid:\t\d+\t(\d+)", Path(
        f"/proc/{pid}/status").read_text(), re.M)[1]
            for pid in daemon.by_role("worker")}
    return daemon, uids


def test_a_key_only_root_can_read(start_daemon, open_dir, server, ca):
    """It is read before the workers become somebody else."""
    made = certificate(ca, "saslauthd")
    made.key.chmod(0o600)
    daemon, uids = started(
        start_daemon, open_dir, servers=server.ldaps, search_base=PEOPLE,
        tls_cacert_file=ca.cert, tls_cert=made.cert, tls_key=made.key,
        service_mech="EXTERNAL", auth_method="custom")
    assert daemon.ask("joe", PASSWORD).startswith(b"OK")
    assert uids and "0" not in uids


def test_a_worker_is_root_where_that_is_what_it_needs(
        start_daemon, open_dir, server, syslog):
    mark = syslog.mark()
    daemon, uids = started(
        start_daemon, open_dir, servers=server.ldapi, search_base=PEOPLE,
        service_mech="EXTERNAL")
    assert daemon.ask("joe", PASSWORD).startswith(b"OK")
    assert uids == {"0"}
    syslog.wait_for("workers of ldap keep the starting identity", mark=mark)


def test_ldapi(server):
    with drive(server.ldapi) as d:
        assert_serves(d)


def test_ldapi_that_is_not_there():
    with drive("ldapi://%2Fnonexistent%2Fldapi/") as d:
        answer = d.ask("joe", PASSWORD)
        assert answer[:2] == DOWN
        assert "No such file" in answer.detail


# SASL

@pytest.mark.parametrize("mech", [None, "DIGEST-MD5", "SCRAM-SHA-256",
                                  "CRAM-MD5"])
def test_users_by_sasl(server, mech):
    with drive(server.uri, use_sasl="yes", auth_method="fastbind",
               mech=mech, filter=None) as d:
        for _ in range(2):
            assert_serves(d)


def test_method_bind_with_sasl_is_fastbind(server):
    before = server.operations(f'SRCH base="{PEOPLE}"')
    with drive(server.uri, use_sasl="yes", mech="DIGEST-MD5") as d:
        assert_serves(d)
    assert server.operations(f'SRCH base="{PEOPLE}"') == before


def test_a_mechanism_that_is_not_offered(server):
    with drive(server.uri, use_sasl="yes", mech="SCRAM-SHA-999",
               auth_method="fastbind") as d:
        assert d.verdict("joe", PASSWORD) == CONFIG


@pytest.mark.parametrize("mech", ["EXTERNAL", "GSSAPI", "ANONYMOUS"])
def test_a_mechanism_that_lets_everybody_in(server, mech, capfd):
    with pytest.raises(AssertionError, match="78"):
        with drive(server.ldapi, use_sasl="yes", mech=mech,
                   auth_method="fastbind"):
            pass
    assert mech in capfd.readouterr().err


@pytest.mark.parametrize("mech", ["DIGEST-MD5", "SCRAM-SHA-256"])
def test_service_account_by_sasl(server, mech):
    with drive(server.uri, bind_dn=None, use_sasl="yes", mech=mech,
               id="saslauthd", realm=REALM, auth_method="custom") as d:
        assert_serves(d)


def test_service_account_by_sasl_with_a_wrong_password(server):
    with drive(server.uri, bind_dn=None, use_sasl="yes", mech="DIGEST-MD5",
               id="saslauthd", password="wrong", auth_method="custom") as d:
        assert d.verdict("joe", PASSWORD) == CONFIG


def test_secprops(server):
    with drive(server.uri, use_sasl="yes", sasl_secprops="noplain,rubbish",
               auth_method="fastbind") as d:
        assert d.verdict("joe", PASSWORD) == CONFIG
    with drive(server.uri, use_sasl="yes", sasl_secprops="minssf=56",
               mech="DIGEST-MD5", auth_method="fastbind") as d:
        assert_serves(d)


# Passwords

@pytest.mark.parametrize("length", [127, 128, 1024, 8192])
@pytest.mark.parametrize("how", ["plain", "ldaps"])
def test_long_passwords_arrive_whole(server, ca, how, length):
    password = "p" * length
    server.add(person("long", password))
    try:
        with drive(server.uri if how == "plain" else server.ldaps,
                   tls_cacert_file=ca.cert) as d:
            assert d.verdict("long", password) == OK
            assert d.verdict("long", password[:-1]) == BAD_PASSWORD
            assert d.verdict("long", password + "p") == BAD_PASSWORD
    finally:
        server.delete(f"uid=long,{PEOPLE}")


# Referrals

def test_referrals_are_not_followed(server, far):
    before = far.operations("SRCH base")
    with drive(server.uri, search_base=FAR_PEOPLE) as d:
        assert d.verdict("joe", PASSWORD)[0] == "misconfig"
    assert far.operations("SRCH base") == before


@pytest.mark.parametrize("tls", [False, True], ids=["plain", "start_tls"])
@pytest.mark.parametrize("in_list", [False, True], ids=["other", "listed"])
def test_the_service_password_goes_to_our_own_servers(server, far, ca, tls,
                                                      in_list):
    """custom reads the password, which only the service account may."""
    before = far.operations(f'BIND dn="{SERVICE_DN}" mech')
    keys = {"start_tls": "yes", "tls_cacert_file": ca.cert} if tls else {}
    servers = f"{server.uri} {far.uri}" if in_list else server.uri
    with drive(servers, search_base=FAR_PEOPLE, referrals="yes",
               auth_method="custom", **keys) as d:
        assert d.ask("joe", PASSWORD).result == \
            ("ok" if in_list else "denied")
    assert far.operations(f'BIND dn="{SERVICE_DN}" mech') == \
        before + (1 if in_list else 0)


def test_a_referral_to_a_server_that_hangs(server, far):
    far.pause()
    try:
        with drive(server.uri, search_base=FAR_PEOPLE, referrals="yes",
                   timeout=1) as d:
            began = time.monotonic()
            assert d.ask("joe", PASSWORD).result in ("tempfail", "misconfig")
            assert time.monotonic() - began < 5
    finally:
        far.resume()
