# SPDX-License-Identifier: BSD-2-Clause
"""Files for mechanism ldap of the kinds that stand on mail servers and in the
guides for them, as Cyrus saslauthd took them; and what is told at the start
of each. Who logs in everywhere is joe; mia has a mail address, too."""

import dataclasses

START_LINES = r"ldap_|TLS_REQCERT|saslauthd\.conf"


@dataclasses.dataclass
class File:
    text: str
    # Each is somebody whose password is right: login, rest of the request.
    logins: tuple = (("joe", {}),)
    said: tuple = ()


JOE = ("joe", {})
JOE_OF_REALM = ("joe", {"realm": "example.org"})
JOE_AT = ("joe@example.org", {})
MIA_AT = ("mia@example.org", {})

SERVICE = """\
ldap_bind_dn: {service}
ldap_password: {password}
"""

FILES = {
    "the least": File("""\
ldap_servers: {plain}
ldap_search_base: {people}
""", (JOE, JOE_OF_REALM)),

    "openldap": File("""\
# saslauthd.conf: accounts of the mail server
# (see LDAP_SASLAUTHD)

ldap_servers: {plain}
ldap_bind_dn: {service}
ldap_bind_pw: {password}
    ldap_version: 3
ldap_timeout: 10
ldap_time_limit: 10
ldap_scope: sub
ldap_search_base: {people}
ldap_auth_method: bind
ldap_filter: (&(objectClass=inetOrgPerson)(|(uid=%u)(mail=%u)))
ldap_debug: 0
ldap_deref: never
ldap_restart: yes
ldap_referrals: no
""", (JOE, MIA_AT)),

    "old guides": File("""\
LDAP_SERVERS: {plain}
LDAP_SEARCH_BASE: {people}
ldap_filter: uid=%u
ldap_starttls: no
ldap_verbose: off
ldap_cache_ttl: 30
ldap_cache_mem: 32768
""", (JOE,), (
        "saslauthd.conf:4: ldap_starttls: unknown key "
        "(did you mean ldap_start_tls?)",
        "saslauthd.conf:5: ldap_verbose: unknown key",
        "saslauthd.conf:6: ldap_cache_ttl: unknown key",
        "saslauthd.conf:7: ldap_cache_mem: unknown key")),

    "blanks, no line at the end": File(
        "ldap_servers:{plain} \t\n" + SERVICE +
        "ldap_search_base: {people}  \n"
        "ldap_filter:   (uid=%u)   \n\n\t# and a comment  \n"
        "ldap_scope:one"),

    "line ends of another system": File(
        ("ldap_servers: {plain}\n" + SERVICE + "ldap_search_base: {people}\n"
         "ldap_filter: (uid=%u)\nldap_start_tls: no\n").replace(
             "\n", "\r\n")),

    "twice the same key": File("""\
ldap_servers: {gone}
ldap_search_base: dc=nowhere
ldap_servers: {plain}
ldap_search_base: {people}
"""),

    "domains": File("""\
ldap_servers: {plain}
""" + SERVICE + """\
ldap_search_base: ou=people,dc=%2,dc=%1
ldap_filter: (&(uid=%U)(objectClass=person))
""", (JOE_AT, JOE_OF_REALM)),

    "domain and realm": File("""\
ldap_servers: {plain}
""" + SERVICE + """\
ldap_search_base: {people}
ldap_filter: (|(mail=%U@%d)(mail=%u@%r)(&(uid=%U)(uid=joe)))
ldap_default_domain: example.org
""", (MIA_AT, ("mia", {}), ("mia", {"realm": "example.org"}), JOE), (
        "ldap_filter: %d is the realm",)),

    "several servers": File("""\
ldap_servers: {gone} {plain}, {gone}
""" + SERVICE + """\
ldap_search_base: {people}
"""),

    "fastbind": File("""\
ldap_servers: {plain}
ldap_auth_method: fastbind
ldap_filter: uid=%U,{people}
ldap_scope: base
""", (JOE, JOE_AT)),

    "custom": File("""\
ldap_servers: {plain}
ldap_auth_method: custom
""" + SERVICE + """\
ldap_password_attr: userPassword
ldap_search_base: {people}
""", (JOE, ("ann", {}))),	# ann's is {SSHA}

    "group": File("""\
ldap_servers: {plain}
""" + SERVICE + """\
ldap_search_base: {people}
ldap_group_dn: cn=staff,{groups}
ldap_group_attr: uniqueMember
ldap_group_match_method: attr
"""),

    "group filter": File("""\
ldap_servers: {plain}
""" + SERVICE + """\
ldap_search_base: {people}
ldap_group_search_base: {groups}
ldap_group_match_method: filter
ldap_group_filter: (&(cn=mail)(member=%D))
"""),

    "sasl": File("""\
ldap_servers: {plain}
ldap_use_sasl: Yes
ldap_mech: DIGEST-MD5
ldap_auth_method: fastbind
""", (JOE,), ("saslauthd.conf:2: ldap_use_sasl: counts as yes; Cyrus",)),

    "socket of this host": File("""\
ldap_servers: {ldapi}
ldap_search_base: {people}
"""),

    "start_tls": File("""\
ldap_servers: {tls}
ldap_start_tls: yes
ldap_tls_check_peer: yes
ldap_tls_cacert_file: {ca}
""" + SERVICE + """\
ldap_search_base: {people}
"""),

    "ldaps": File("""\
ldap_servers: {ldaps}
ldap_tls_cacert_file: {ca}
""" + SERVICE + """\
ldap_search_base: {people}
"""),

    "no verification": File("""\
ldap_servers: {ldaps}
ldap_tls_check_peer: no
""" + SERVICE + """\
ldap_search_base: {people}
""", (JOE,), ("ldap_tls_check_peer: no: whoever answers",)),

    "not quite right": File("""\
ldap_servers: {plain}
""" + SERVICE + """\
ldap_search_base: {people}
ldap_scope: subtree
ldap_deref: No
ldap_start_tls: disabled
ldap_timeout: five
ldap_version: 4
""", (JOE,), (
        "saslauthd.conf:5: ldap_scope: wants ",
        "saslauthd.conf:6: ldap_deref: wants ",
        "saslauthd.conf:7: ldap_start_tls: wants yes or no",
        "saslauthd.conf:8: ldap_timeout: wants ",
        "saslauthd.conf:9: ldap_version: wants ")),
}
