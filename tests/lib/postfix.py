# SPDX-License-Identifier: BSD-2-Clause
"""A real Postfix with its submission service, and swaks to talk to it.

Everything of it lies in one temporary directory. Its smtpd asks the socket
it is given through libsasl2, as on a mail server: PLAIN and LOGIN, behind
STARTTLS only.
"""

import os
import pathlib
import re
import shutil
import socket
import subprocess
import tempfile

from lib import wait_until
from lib.isolation import HOST_NAME

MASTER = pathlib.Path("/usr/lib/postfix/sbin/master")
START_SEC = 30
SWAKS_SEC = 60

# smtpd looks for its SASL file here before /usr/lib/sasl (Debian's patch;
# cyrus_sasl_config_path is not heeded).
SASL_DIR = "sasl"

MAIN_CF = """
compatibility_level = 3.6
queue_directory = {base}/queue
data_directory = {base}/data
maillog_file = {base}/log/mail.log
maillog_file_prefixes = {base}/log
myhostname = {host}
mydestination =
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
mynetworks =
alias_maps =
alias_database =
smtpd_tls_cert_file = {base}/cert.pem
smtpd_tls_key_file = {base}/key.pem
smtpd_tls_security_level = encrypt
smtpd_tls_auth_only = yes
smtpd_sasl_auth_enable = yes
smtpd_sasl_security_options = noanonymous
smtpd_relay_restrictions = permit_sasl_authenticated, reject
smtpd_recipient_restrictions = permit_sasl_authenticated, reject
# Mail that is accepted stays in the queue, where a test finds it.
smtpd_data_restrictions = check_client_access static:HOLD
# A test asks many wrong passwords in a row.
smtpd_soft_error_limit = 1000
smtpd_hard_error_limit = 1000
"""

# No service that delivers.
MASTER_CF = """
{port} inet n - {chroot} - - smtpd
  -o syslog_name=postfix/submission
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
showq unix n - n - - showq
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
tlsmgr unix - - n 1000? 1 tlsmgr
postlog unix-dgram n - n - 1 postlogd
"""

SMTPD_CONF = """pwcheck_method: saslauthd
mech_list: PLAIN LOGIN
saslauthd_path: {mux}
"""


def obstacle():
    """What this machine lacks for these tests, or None."""
    if not MASTER.exists():
        return "Postfix is not installed"
    if shutil.which("swaks") is None:
        return "swaks is not installed"
    if subprocess.run(["perl", "-MNet::SSLeay", "-e1"], check=False,
                      capture_output=True).returncode != 0:
        return "swaks has no TLS (Net::SSLeay)"
    return None


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Reply:
    """What the server said to one swaks run."""

    def __init__(self, run):
        self.transcript = run.stdout
        self.exit_status = run.returncode

    @property
    def auth(self):
        """The code that ended AUTH: 235, 454, 535 ... or 0."""
        codes = re.findall(r"^<~[ *] (235|4\d\d|5\d\d) ",
                           self.transcript.partition(" ~> AUTH ")[2], re.M)
        return int(codes[0]) if codes else 0

    @property
    def recipient(self):
        """The code that answered RCPT, or 0."""
        codes = re.findall(r"^<~[ *] (\d{3}) ",
                           self.transcript.partition(" ~> RCPT ")[2], re.M)
        return int(codes[0]) if codes else 0

    @property
    def queue_id(self):
        """Under which the message was accepted, or None."""
        match = re.search(r"250 2\.0\.0 Ok: queued as (\w+)",
                          self.transcript)
        return match[1] if match else None

    def __repr__(self):
        return f"exit {self.exit_status}\n{self.transcript}"


class Postfix:
    def __init__(self, mux, chroot=False, local_domain=None,
                 sasl_conf=None):
        """mux: the path smtpd connects to, as seen from where it runs;
        sasl_conf: what libsasl2 is told instead."""
        self.base = pathlib.Path(tempfile.mkdtemp(prefix="postfix-"))
        self.base.chmod(0o755)
        self.port = free_port()
        self.config = self.base / "config"
        self.queue = self.base / "queue"
        self.log_file = self.base / "log" / "mail.log"
        for name in ("config", "queue", "data", "log"):
            (self.base / name).mkdir()
        shutil.chown(self.base / "data", "postfix")
        self._certificate()
        main_cf = MAIN_CF.format(base=self.base, host=HOST_NAME)
        if local_domain is not None:
            main_cf += f"smtpd_sasl_local_domain = {local_domain}\n"
        (self.config / "main.cf").write_text(main_cf)
        (self.config / "master.cf").write_text(MASTER_CF.format(
            port=f"127.0.0.1:{self.port}", chroot="y" if chroot else "n"))
        (self.config / SASL_DIR).mkdir()
        (self.config / SASL_DIR / "smtpd.conf").write_text(
            sasl_conf or SMTPD_CONF.format(mux=mux))

    def _certificate(self):
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
             "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
             "-subj", f"/CN={HOST_NAME}", "-keyout",
             str(self.base / "key.pem"), "-out",
             str(self.base / "cert.pem")],
            check=True, capture_output=True)

    def _postfix(self, command):
        return subprocess.run(
            ["postfix", "-c", str(self.config), command], text=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, check=False)

    def start(self):
        run = self._postfix("start")
        assert run.returncode == 0, f"{run.stdout}\n{self.log()}"
        wait_until(self._greets, START_SEC, "Postfix's greeting")
        return self

    def _greets(self):
        try:
            with socket.create_connection(
                    ("127.0.0.1", self.port), timeout=5) as s:
                return s.recv(4) == b"220 "
        except OSError:
            return False

    def log(self):
        try:
            return self.log_file.read_text(errors="replace")
        except FileNotFoundError:
            return ""

    def queued(self):
        """Ids of the messages in the queue."""
        run = subprocess.run(
            ["postqueue", "-c", str(self.config), "-j"], text=True,
            capture_output=True, check=True)
        return re.findall(r'"queue_id": "(\w+)"', run.stdout)

    def send(self, mechanism, user, password):
        """Authenticate and send a message. mechanism None: do not."""
        command = ["swaks", "--server", f"127.0.0.1:{self.port}", "--tls",
                   "--ehlo", "client.example.test",
                   "--from", "sender@example.test",
                   "--to", "rcpt@far.example.test", "--timeout", "40"]
        if mechanism is not None:
            command += ["--auth", mechanism, "--auth-user", user,
                        "--auth-password", password,
                        "--auth-hide-password"]
        return Reply(subprocess.run(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True, errors="replace",
            check=False, timeout=SWAKS_SEC, env={**os.environ,
                                                 "HOME": str(self.base)}))

    def stop(self):
        self._postfix("stop")
        shutil.rmtree(self.base, ignore_errors=True)
