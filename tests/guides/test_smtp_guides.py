# SPDX-License-Identifier: BSD-2-Clause
"""docs/postfix.md, sendmail.md and exim.md, followed step by step on both
systems, and what they say of an outage."""

import pathlib
import shutil

import pytest

import guide_machine as machine
from lib import postfix
from outcomes import LogFile, Outcomes, says
from guide_page import SYSTEMS

SUBMISSION = says(587, b"220 ")

RUNDIR = "/var/run/saslauthd"	# of the daemon when the page is done


def postfix_is_installed():
    """The machine of the tests has it without a configuration; these are the
    files of an "Internet Site"."""
    share = pathlib.Path("/usr/share/postfix")
    shutil.copyfile(share / "main.cf.debian", "/etc/postfix/main.cf")
    shutil.copyfile(share / "master.cf.dist", "/etc/postfix/master.cf")


class Guide:
    """services: names of the mail server; as_red_hat: see Machine; before:
    what to do before the page begins, if the server is installed; log_file:
    where it logs, if not to syslog."""

    def __init__(self, page, services, as_red_hat, before=None,
                 log_file=None):
        self.page, self.services = page, services
        self.as_red_hat, self.before = as_red_hat, before
        self.log_file = log_file

    def obstacle(self):
        why = machine.obstacle(self.page) if self.before is None else None
        return why or postfix.obstacle()	# and of swaks


GUIDES = [
    Guide("postfix", ["postfix"], before=postfix_is_installed,
          as_red_hat="""
postconf -e smtpd_tls_cert_file=/etc/ssl/certs/ssl-cert-snakeoil.pem \\
    smtpd_tls_key_file=/etc/ssl/private/ssl-cert-snakeoil.key"""),
    Guide("sendmail", ["sendmail"], as_red_hat=r"""
sed -i -e '/Name=MSP-v4/d' \
    -e "/^MAILER_/iinclude(\`/etc/mail/tls/starttls.m4')dnl" \
    /etc/mail/sendmail.mc"""),
    Guide("exim", ["exim4", "exim"], as_red_hat="""
cat >/etc/exim4/exim4.conf.localmacros <<X
daemon_smtp_ports = 25 : 587
MAIN_TLS_ENABLE = yes
MAIN_TLS_CERTIFICATE = /etc/ssl/certs/ssl-cert-snakeoil.pem
MAIN_TLS_PRIVATEKEY = /etc/ssl/private/ssl-cert-snakeoil.key
X
adduser Debian-exim ssl-cert
ln -s exim4 /etc/init.d/exim""", log_file="/var/log/exim4/mainlog"),
]


@pytest.mark.needs_root
@pytest.mark.parametrize("system", SYSTEMS)
@pytest.mark.parametrize("guide", GUIDES, ids=lambda guide: guide.page)
def test_page(guide, system, usr, syslog):
    why = guide.obstacle()
    if why is not None:
        pytest.skip(why)
    with machine.Machine(guide.page, system, usr,
                         dict.fromkeys(guide.services, SUBMISSION),
                         guide.as_red_hat) as m:
        if guide.before is not None:
            guide.before()
        m.follow()
        command = m.page.command("swaks")

        def login(user, password):
            return m.sh(command.replace(machine.USER, user), password)[1]

        log = LogFile(guide.log_file) if guide.log_file else syslog
        Outcomes(m, log, login, RUNDIR, "smtp").check()
