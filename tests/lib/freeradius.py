# SPDX-License-Identifier: BSD-2-Clause
"""A real FreeRADIUS with users in it, in one temporary directory.

    with FreeRadius(shared_dir) as r:
        Drive("radius", f"radius_servers={r.name}", f"radius_secret={SECRET}")

It answers everybody on the loopback network who knows SECRET, on `port`, on
`port` + 1 only requests with Message-Authenticator, and with `tls` on 2083.
"""

import pathlib
import shutil
import signal
import subprocess
import tempfile

from lib import UNPACKED_DIR, wait_until

DICTIONARIES = pathlib.Path("/usr/share/freeradius")

START_SEC = 30
STOP_SEC = 15

SECRET = "a secret that nobody shares"
TLS_SECRET = "radsec"
PASSWORD = "secret"
BLOCKED_MESSAGE = "your account is blocked"
TOKEN_MESSAGE = "what does the token say?"

# name -> password
USERS = {"joe": PASSWORD, "ann@example.org": "other", "eight": "pässwörd",
         "one": "x", "n15": "a" * 15, "n16": "b" * 16, "n17": "c" * 17,
         "n128": "d" * 128}

# What makes 3.2.1 sign its answers; the manual page shows it, too.
SIGN = """
post-auth {
	update reply {
		&Message-Authenticator := 0x00
	}
	Post-Auth-Type REJECT {
		update reply {
			&Message-Authenticator := 0x00
		}
	}
	Post-Auth-Type Challenge {
		update reply {
			&Message-Authenticator := 0x00
		}
	}
}
"""

CONF = """
prefix = /usr
libdir = {modules}
logdir = {base}
run_dir = {base}
max_requests = 16384
cleanup_delay = {remember_sec}
hostname_lookups = no
log {{
	destination = files
	file = {base}/log
	auth = {auth_log}
}}
security {{
	reject_delay = 0
	status_server = yes
}}
thread pool {{
	start_servers = 4
	max_servers = 8
	min_spare_servers = 1
	max_spare_servers = 4
	max_requests_per_server = 0
}}
clients everybody {{
	client loopback {{
		ipaddr = 127.0.0.0/8
		secret = "{secret}"
	}}
	client loopback6 {{
		ipv6addr = ::1
		secret = "{secret}"
	}}
}}
clients careful {{
	client loopback {{
		ipaddr = 127.0.0.0/8
		secret = "{secret}"
		require_message_authenticator = yes
	}}
}}
clients radsec {{
	client loopback {{
		ipaddr = 127.0.0.0/8
		proto = tls
		secret = {tls_secret}
		limit {{
			max_connections = 0
		}}
	}}
}}
modules {{
	pap {{
	}}
	files {{
		filename = {base}/users
	}}
	always handled {{
		rcode = handled
	}}
}}
server default {{
	listen {{
		type = auth
		{family} = {address}
		port = {port}
		clients = everybody
	}}
	listen {{
		type = auth
		{family} = {address}
		port = {strict_port}
		clients = careful
	}}
{tls_listener}
	authorize {{
		files
		pap
	}}
	authenticate {{
		Auth-Type PAP {{
			pap
		}}
		Auth-Type Token {{
			update reply {{
				&Reply-Message := "{token_message}"
			}}
			update control {{
				&Response-Packet-Type := Access-Challenge
			}}
			handled
		}}
	}}
{sign}
}}
"""

TLS_LISTENER = """
	listen {{
		type = auth
		proto = tcp
		{family} = {address}
		port = 2083
		clients = radsec
		limit {{
			max_connections = 0
		}}
		tls {{
			private_key_file = {key}
			certificate_file = {cert}
			ca_file = {ca}
			require_client_cert = yes
			tls_min_version = "1.2"
			tls_max_version = "1.2"
			cipher_list = "DEFAULT"
			ecdh_curve = "prime256v1"
		}}
	}}
"""


def program():
    for root in (pathlib.Path("/"), UNPACKED_DIR):
        path = root / "usr" / "sbin" / "freeradius"
        if path.exists():
            return path
    return None


def obstacle():
    """What this machine lacks for these tests, or None."""
    if program() is None:
        return "freeradius is not installed"
    if shutil.which("radclient") is None:
        return "freeradius-utils is not installed"
    return None


def quoted(text):
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


class FreeRadius:
    """tls: a Certificate for RadSec. sign: with Message-Authenticator in
    every answer, which this version does not do by itself. remember_sec: it
    keeps each request for so long, to know it again."""

    def __init__(self, base_dir, address="127.0.0.61", port=1812, tls=None,
                 sign=True, log=True, users=USERS, remember_sec=5):
        self.base = pathlib.Path(tempfile.mkdtemp(prefix="radius-",
                                                  dir=base_dir))
        self.address, self.port = address, port
        self.log_file = self.base / "log"
        self.process = None
        family = "ipv6addr" if ":" in address else "ipaddr"
        listener = ""
        if tls is not None:
            listener = TLS_LISTENER.format(
                family=family, address=address, key=tls.key, cert=tls.cert,
                ca=tls.ca.cert)
        (self.base / "radiusd.conf").write_text(CONF.format(
            modules=program().parents[1] / "lib" / "freeradius",
            base=self.base, secret=SECRET, tls_secret=TLS_SECRET,
            family=family, address=address, port=port, strict_port=port + 1,
            tls_listener=listener, remember_sec=remember_sec,
            token_message=TOKEN_MESSAGE, sign=SIGN if sign else "",
            auth_log="yes" if log else "no"))
        self.set_users(users)

    def set_users(self, users):
        lines = [f"{quoted(name)} Cleartext-Password := {quoted(password)}\n"
                 for name, password in users.items()]
        lines.append("token Auth-Type := Token\n")
        lines.append("blocked Auth-Type := Reject\n"
                     f"\tReply-Message = {quoted(BLOCKED_MESSAGE)}\n")
        (self.base / "users").write_text("".join(lines))

    @property
    def name(self):
        host = f"[{self.address}]" if ":" in self.address else self.address
        return f"{host}:{self.port}"

    @property
    def strict_name(self):
        return f"{self.address}:{self.port + 1}"

    def __enter__(self):
        return self.start()

    def __exit__(self, kind, value, trace):
        self.stop()
        shutil.rmtree(self.base, ignore_errors=True)

    def start(self):
        with (self.base / "output").open("ab") as output:
            self.process = subprocess.Popen(
                [program(), "-f", "-d", self.base, "-D", DICTIONARIES],
                stdin=subprocess.DEVNULL, stdout=output, stderr=output)
        wait_until(self.answers, START_SEC, "freeradius' answer")
        return self

    def answers(self):
        assert self.process.poll() is None, self.log_text()
        return subprocess.run(
            ["radclient", "-D", DICTIONARIES, "-t", "0.3", "-r", "1",
             self.name, "status", SECRET],
            input="Message-Authenticator = 0x00\n", text=True,
            capture_output=True, check=False).returncode == 0

    def stop(self):
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGCONT)
            self.process.terminate()
            self.process.wait(timeout=STOP_SEC)
        self.process = None

    def pause(self):
        """The kernel takes packets; nothing answers."""
        self.process.send_signal(signal.SIGSTOP)

    def resume(self):
        self.process.send_signal(signal.SIGCONT)

    def log_text(self):
        return "".join(path.read_text(errors="replace") for path in
                       (self.log_file, self.base / "output")
                       if path.exists())
