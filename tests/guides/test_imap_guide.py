# SPDX-License-Identifier: BSD-2-Clause
"""docs/cyrus-imap.md, followed step by step on both systems, and what it says
of an outage."""

import pathlib

import pytest

import guide_machine as machine
from outcomes import LOG_SEC, Outcomes, says
from guide_page import SYSTEMS

AS_RED_HAT = r"""
sed -i -E 's/^\s*(pop3|nntp|http)\s/#&/' /etc/cyrus.conf
cat >>/etc/imapd.conf <<'EOF'
tls_server_cert: /etc/ssl/certs/ssl-cert-snakeoil.pem
tls_server_key: /etc/ssl/private/ssl-cert-snakeoil.key
EOF
adduser cyrus ssl-cert
ln -s /usr/lib/cyrus/bin/imtest /usr/bin"""

# Not told to the reader: three seconds for each refusal.
NO_PAUSE = """echo 'failedloginpause: 0' >>/etc/imapd.conf
systemctl restart cyrus-imapd"""

REALMS = "virtdomains: userid"	# for joe@example.org

LOGIN = """/usr/lib/cyrus/bin/imtest -t "" -m login -a {} 127.0.0.1"""


@pytest.mark.needs_root
@pytest.mark.parametrize("system", SYSTEMS)
def test_page(system, usr, syslog):
    why = machine.obstacle("cyrus-imap")
    if why is not None:
        pytest.skip(why)
    with machine.Machine("cyrus-imap", system, usr,
                         {"cyrus-imapd": says(143, b"* OK ")},
                         AS_RED_HAT) as m:
        m.follow()
        assert m.sh(NO_PAUSE)[0] == 0

        def login(user, password):
            return m.sh(LOGIN.format(user), password)[1]

        Outcomes(m, syslog, login, "/var/run/saslauthd", "imap").check()

        user = f"{machine.USER}@example.org"
        mark = syslog.mark()
        assert "Authenticated." not in login(user, machine.PASSWORD)
        syslog.wait_for(f"cross-realm login {user} denied", LOG_SEC, mark)
        assert f"`{REALMS}`" in m.page.text
        with pathlib.Path("/etc/imapd.conf").open("a") as settings:
            settings.write(REALMS + "\n")
        assert m.sh("systemctl restart cyrus-imapd")[0] == 0
        assert "Authenticated." in login(user, machine.PASSWORD)
