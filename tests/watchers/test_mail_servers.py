# SPDX-License-Identifier: BSD-2-Clause
"""fail2ban's own filters for mail servers: with our drop-ins an outage bans
nobody, and every wrong password counts as it did."""

import pathlib
import shutil
import tempfile

import pytest

import watching
from lib import users, wait_until
from mail_servers import CLIENT, CLIENT_NAME, MUX, Exim, Postfix, \
    Sendmail, converse

pytestmark = [
    pytest.mark.needs_root,
    pytest.mark.skipif(watching.obstacle("fail2ban-regex") is not None,
                       reason=str(watching.obstacle("fail2ban-regex"))),
]

USER, PASSWORD, WRONG = "joe", "correct horse", "battery staple"

# A name comes behind the reason: text of an outage in it must not save a
# guesser, text of a guess or an address must not ban anybody.
GUESSER = ("x: generic failure, relay=[203.0.113.9]: SASL PLAIN "
           "authentication failed: generic failure, sasl_username=x")
VICTIM = ("x authentication failure, relay=[203.0.113.9] 535 Incorrect "
          "authentication data (set_id=x)")

# More AUTHs in one session than each server finds decent.
MANY = {Postfix: 3, Sendmail: 4, Exim: 12}

# The filters that count wrong passwords.
FILTERS = {
    Postfix: ["postfix[mode=auth]", "postfix[mode=extra]",
              "postfix[mode=aggressive]"],
    Sendmail: ["sendmail-auth"],
    Exim: ["exim", "exim[mode=aggressive]"],
}

# Others that read the same file.
OTHERS = {
    Postfix: ["postfix", "postfix[mode=ddos]", "postfix[mode=errors]"],
    Sendmail: ["sendmail-reject"],
    Exim: ["exim-spam"],
}

# Those that ban for an outage as fail2ban brings them.
UNJUST = {
    Postfix: FILTERS[Postfix] + OTHERS[Postfix],
    Sendmail: FILTERS[Sendmail],
    Exim: FILTERS[Exim],
}

SETTLE_SEC = 10


class Sessions:
    """Lines of sessions in which AUTH succeeded, was refused and could not
    be decided, and the codes that answered."""

    def __init__(self, server):
        self.server = server
        many = MANY[type(server)]
        self.wait_over(0)	# what waited for the greeting
        self.right = self.session(USER, PASSWORD)
        self.wrong = self.session(USER, WRONG)
        self.hostile = self.session(GUESSER, WRONG)
        self.guesses = self.session(USER, *[WRONG] * many)
        users.SHADOW.chmod(0)
        try:
            self.outage = self.session(USER, PASSWORD)
            self.hostile_outage = self.session(VICTIM, WRONG)
            self.long_outage = self.session(USER, *[PASSWORD] * many)
        finally:
            users.restore_shadow()

    def wait_over(self, before):
        """The lines, when the server has said its last word."""
        def settled():
            lines = self.server.log()[before:]
            return lines if self.server.over(lines) else None
        return wait_until(settled, SETTLE_SEC, "the end in the log")

    def session(self, user, *passwords):
        before = len(self.server.log())
        codes = converse(self.server.port, user, passwords)
        return codes, self.wait_over(before)


@pytest.fixture(scope="module")
def daemon(syslog, start_shared_daemon):
    users.restore_shadow()
    users.add(USER, PASSWORD)
    rundir = pathlib.Path(MUX).parent
    shutil.rmtree(rundir, ignore_errors=True)
    rundir.mkdir()
    rundir.chmod(0o755)
    return start_shared_daemon("-a", "shadow", rundir=rundir)


@pytest.fixture(scope="module", params=[Postfix, Sendmail, Exim],
                ids=lambda kind: kind.__name__.lower())
def sessions(request, daemon, syslog, tmp_path_factory):
    if request.param.obstacle() is not None:
        pytest.skip(request.param.obstacle())
    with tempfile.TemporaryDirectory() as directory:
        server = request.param(pathlib.Path(directory), syslog)
        try:
            yield Sessions(server)
            print("\n".join(server.log()))
        finally:
            server.stop()


def together(*pairs):
    return (sum((codes for codes, _ in pairs), []),
            sum((lines for _, lines in pairs), []))


def named(lines):
    """As Exim writes of a client whose name in the DNS is the one it said;
    the test has no DNS."""
    return [line.replace(f"({CLIENT_NAME})", CLIENT_NAME) for line in lines]


def filters(sessions, table):
    return table[type(sessions.server)]


def test_wrong_passwords_count(sessions, fail2ban):
    codes, lines = together(sessions.wrong, sessions.hostile,
                            sessions.guesses)
    refused = codes.count(535)
    assert refused >= 4
    for rule in filters(sessions, FILTERS):
        assert fail2ban.addresses(rule, lines) == [CLIENT] * refused, \
            f"{rule}: {lines}"


def test_outage_does_not(sessions, fail2ban):
    codes, lines = together(sessions.outage, sessions.hostile_outage,
                            sessions.long_outage)
    if not isinstance(sessions.server, Sendmail):	# it knows but 535
        assert 535 not in codes, lines
    for rule in filters(sessions, FILTERS) + filters(sessions, OTHERS):
        assert fail2ban.addresses(rule, lines + named(lines)) == [], \
            f"{rule}: {lines}"


def test_right_password_does_not(sessions, fail2ban):
    codes, lines = sessions.right
    assert codes == [235]
    for rule in filters(sessions, FILTERS):
        assert fail2ban.addresses(rule, lines) == [], f"{rule}: {lines}"


def test_drop_ins_are_needed(sessions, stock_fail2ban):
    lines = sessions.outage[1] + sessions.long_outage[1]
    for rule in filters(sessions, UNJUST):
        assert stock_fail2ban.addresses(rule, lines), f"{rule}: {lines}"
