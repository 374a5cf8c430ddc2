# SPDX-License-Identifier: BSD-2-Clause
"""docs/openldap.md, followed step by step on both systems, and what it says
of an outage."""

import pathlib
import shutil
import socket

import pytest

import guide_machine as machine
from lib import slapd, users
from outcomes import Outcomes
from guide_page import SYSTEMS

DATA = pathlib.Path("/var/lib/ldap")

# slapd is installed on the machine of the tests, and asked here what its
# installation asks. Its administrator has the password that is always typed.
INSTALLATION = f"""debconf-set-selections <<EOF
slapd slapd/no_configuration boolean false
slapd slapd/domain string example.org
slapd shared/organization string example
slapd slapd/password1 password {machine.PASSWORD}
slapd slapd/password2 password {machine.PASSWORD}
EOF
dpkg-reconfigure slapd"""

ENTRY = """cat >entry <<'EOF'
dn: uid={0},dc=example,dc=org
objectClass: account
objectClass: simpleSecurityObject
uid: {0}
userPassword: {{SASL}}{0}
EOF
ldapadd -x -W -H ldap://127.0.0.1/ -D cn=admin,dc=example,dc=org -f entry"""


def accepts():
    try:
        socket.create_connection(("127.0.0.1", 389)).close()
        return True
    except OSError:
        return False


@pytest.fixture(autouse=True)
def fixture_data():
    shutil.rmtree(DATA, ignore_errors=True)
    yield
    shutil.rmtree(DATA, ignore_errors=True)


@pytest.mark.needs_root
@pytest.mark.skipif(slapd.obstacle() is not None,
                    reason=slapd.obstacle() or "")
@pytest.mark.parametrize("system", SYSTEMS)
def test_page(system, usr, syslog):
    with machine.Machine("openldap", system, usr, {"slapd": accepts}) as m:
        status, output = m.sh(INSTALLATION)
        assert status == 0, output
        m.follow()
        for other in ("nobody-here", "locked"):
            status, output = m.sh(ENTRY.format(other))
            assert status == 0, output
        users.add("locked", hashed="!")
        command = m.page.command("ldapwhoami")

        def login(user, password):
            return m.sh(command.replace(f"uid={machine.USER}", f"uid={user}"),
                        password)[1]

        Outcomes(m, syslog, login, "/var/run/saslauthd", "ldap").check()
