# SPDX-License-Identifier: BSD-2-Clause
"""What a review of mech_ldap found: each of these was wrong once."""

import time

import pytest

from lib import built_with
from lib import ldap_script as script
from lib.slapd import PASSWORD, PEOPLE, SUFFIX, Slapd, certificate, make_ca
from test_ldap import OK, drive_of

pytestmark = pytest.mark.skipif(not built_with("LDAP"),
                                reason="ldap is not built")

REFERS, FAR = "127.0.0.71", "127.0.0.72"
FAR_PEOPLE = f"ou=far,{SUFFIX}"
STOLEN = "a password that whoever answers has made up"


@pytest.fixture(name="hanging")
def fixture_hanging():
    servers = [script.ScriptedServer(f"127.0.0.{n}").start_hanging()
               for n in (62, 63, 64, 65)]
    yield servers
    for server in servers:
        server.stop()


@pytest.mark.parametrize("encrypted", ["ldaps", "start_tls"])
def test_no_referral_leads_out_of_tls(slapd_dir, encrypted):
    ca = make_ca(slapd_dir, "ca of referrals")
    made = certificate(ca, "refers.example.test", ips=[REFERS])
    with Slapd(slapd_dir, REFERS, tls=made) as server, \
            script.ScriptedServer(FAR) as far:
        server.add(f"dn: {FAR_PEOPLE}\nobjectClass: referral\n"
                   "objectClass: extensibleObject\nou: far\n"
                   f"ref: {far.uri}{PEOPLE}\n")
        far.always("search", lambda c, r: c.send(
            script.message(r.message_id, script.entry(
                f"uid=joe,{PEOPLE}", {"userPassword": [STOLEN]})) +
            script.message(r.message_id, script.result(
                script.SEARCH_DONE, 0))))
        far.always("extended", script.code(2))	# it has no StartTLS
        keys = {"servers": server.ldaps} if encrypted == "ldaps" else \
            {"start_tls": "yes"}
        with drive_of(server, "custom", search_base=FAR_PEOPLE,
                      referrals="yes", tls_cacert_file=ca.cert,
                      **keys) as drive:
            assert drive.ask("joe", STOLEN).result == "misconfig"
        assert far.asked["search"] == 0 and not far.binds


def test_all_urls_of_a_referral_share_the_time(hanging):
    with script.ScriptedServer("127.0.0.61") as server:
        server.always("search", script.code(script.REFERRAL, referrals=[
            h.uri + SUFFIX for h in hanging]))
        with drive_of(server, bind_dn=script.SERVICE_DN, timeout=1,
                      password=script.SERVICE_PASSWORD,
                      referrals="yes") as drive:
            began = time.monotonic()
            assert drive.ask("joe", PASSWORD).result in ("tempfail",
                                                         "misconfig")
            assert time.monotonic() - began < 2


@pytest.mark.parametrize("between", [",", ", ", " , ", "\t"])
def test_commas_are_between_servers(slapd, hanging, between):
    first = hanging[0].uri
    with drive_of(slapd, servers=first + between + slapd.uri) as drive:
        began = time.monotonic()
        assert drive.verdict("joe", PASSWORD) == OK
        assert time.monotonic() - began < 3
        parts = drive.parts()
        assert list(parts) == [first, slapd.uri]
        assert parts[first].startswith("down") and parts[slapd.uri] == "up"


def test_start_tls_is_for_ldap_only(slapd_tls):
    plain, tls = slapd_tls.uri, slapd_tls.ldaps
    for first, second in ((tls, plain), (slapd_tls.ldapi, plain),
                          ("ldap://127.0.0.99/", tls)):
        with drive_of(slapd_tls, servers=f"{first} {second}",
                      start_tls="yes",
                      tls_cacert_file=slapd_tls.tls.ca.cert) as drive:
            assert drive.verdict("joe", PASSWORD) == OK
            if "127.0.0.99" not in first:
                assert drive.parts()[first] == "up"


@pytest.mark.parametrize("mech", ["DIGEST-MD5 PLAIN", "PLAIN,DIGEST-MD5",
                                  "CRAM-MD5 digest-md5"])
def test_several_mechanisms(slapd, mech):
    with drive_of(slapd, use_sasl="yes", mech=mech) as drive:
        assert drive.verdict("joe", PASSWORD) == OK
        assert drive.verdict("joe", "wrong") == ("denied", "bad_password")


@pytest.mark.parametrize("stored", ["{CRYPT}!", "{crypt}*", "{CRYPT}!!",
                                    "{CRYPT}*LK*", "{CRYPT}!$6$ab$cd"])
def test_locked_in_the_hash(slapd, stored):
    slapd.password("bob", stored)
    try:
        with drive_of(slapd, "custom") as drive:
            for password in (PASSWORD, stored, stored[7:]):
                assert drive.verdict("bob", password) == ("denied", "locked")
    finally:
        slapd.password("bob", PASSWORD)
