# SPDX-License-Identifier: BSD-2-Clause
"""Postfix, Sendmail and Exim that ask a daemon, and what they log of it.

Each has its port and log(), the lines as they are filed.
"""

import base64
import os
import pathlib
import shutil
import signal
import socket
import subprocess

import watching
from lib import UNPACKED_DIR, postfix, users, wait_until
from lib.isolation import HOST_NAME

START_SEC, REPLY_SEC = 30, 40

CLIENT = "127.0.0.2"	# sendmail lets 127.0.0.1 do what it wants

CLIENT_NAME = "client.example.test"

MUX = "/var/run/saslauthd/mux"	# compiled into Debian's Exim


def converse(port, user, passwords):
    """One session; the code of each reply to AUTH PLAIN. It ends without
    QUIT, as impatient clients do."""
    codes = []
    with socket.create_connection(
            ("127.0.0.1", port), timeout=REPLY_SEC,
            source_address=(CLIENT, 0)) as sock:
        stream = sock.makefile("rwb", buffering=0)

        def reply():
            while True:
                line = stream.readline()
                if line[3:4] != b"-":
                    return int(line[:3] or b"0")

        def command(text):
            stream.write(text.encode() + b"\r\n")
            return reply()

        reply()
        command(f"EHLO {CLIENT_NAME}")
        for password in passwords:
            token = f"\0{user}\0{password}".encode()
            codes.append(command(
                "AUTH PLAIN " + base64.b64encode(token).decode()))
            if codes[-1] not in (435, 454, 535):
                break
    return codes


def greets(port):
    def probe():
        try:
            with socket.create_connection(("127.0.0.1", port),
                                          timeout=REPLY_SEC) as sock:
                return sock.recv(4) == b"220 "
        except OSError:
            return False
    return probe


def libraries():
    """Of what is unpacked."""
    return {**os.environ, "LD_LIBRARY_PATH": ":".join(
        str(d) for d in UNPACKED_DIR.glob("usr/lib/*-linux-gnu*"))}


class Postfix:
    def __init__(self, _directory, _syslog):
        self.server = postfix.Postfix(MUX)
        main_cf = self.server.config / "main.cf"
        # Without TLS, and the second error ends a session; under load the
        # first one does ("smtpd_hard_error_limit = ${stress?{1}:{20}}").
        main_cf.write_text(main_cf.read_text().replace(
            "= encrypt", "= none").replace(
            "smtpd_tls_auth_only = yes", "").replace(
            "hard_error_limit = 1000", "hard_error_limit = 2"))
        self.server.start()
        self.port = self.server.port

    @staticmethod
    def obstacle():
        return None if postfix.MASTER.exists() else "Postfix is not there"

    def log(self):
        return self.server.log().splitlines()

    @staticmethod
    def over(lines):
        return any(": disconnect from " in line for line in lines)

    def stop(self):
        self.server.stop()


SENDMAIL_MC = """divert(-1)
divert(0)dnl
OSTYPE(`linux')dnl
define(`confDOMAIN_NAME', `{host}')dnl
define(`confAUTH_MECHANISMS', `PLAIN LOGIN')dnl
TRUST_AUTH_MECH(`PLAIN LOGIN')dnl
define(`confSERVICE_SWITCH_FILE', `{directory}/service.switch')dnl
define(`confPID_FILE', `{directory}/pid')dnl
define(`QUEUE_DIR', `{directory}/queue')dnl
define(`ALIAS_FILE', `')dnl
define(`HELP_FILE', `')dnl
define(`STATUS_FILE', `')dnl
dnl Whatever else the machine does, it accepts.
define(`confREFUSE_LA', `1000')dnl
define(`confDELAY_LA', `0')dnl
FEATURE(`no_default_msa')dnl
DAEMON_OPTIONS(`Name=MTA, Addr=127.0.0.1, Port={port}')dnl
MAILER(`smtp')dnl
"""


class Sendmail:
    """From its unpacked packages."""

    PROGRAM = UNPACKED_DIR / "usr" / "libexec" / "sendmail" / "sendmail"
    CF = UNPACKED_DIR / "usr" / "share" / "sendmail" / "cf"

    def __init__(self, directory, syslog):
        self.syslog, self.mark = syslog, syslog.mark()
        self.port = postfix.free_port()
        users.add("smmsp", hashed="!")
        with open("/etc/group", "a") as group:
            group.write("smmsp:x:19998:\n")
        sasl = pathlib.Path("/etc/sasl2")
        sasl.mkdir(exist_ok=True)
        (sasl / "Sendmail.conf").write_text(
            postfix.SMTPD_CONF.format(mux=MUX))
        (directory / "queue").mkdir()
        (directory / "service.switch").write_text("hosts files\n")
        (directory / "sendmail.mc").write_text(SENDMAIL_MC.format(
            host=HOST_NAME, directory=directory, port=self.port))
        self._configure(directory)
        # The package's is setgid, which LD_LIBRARY_PATH does not survive.
        program = directory / "sendmail"
        shutil.copyfile(self.PROGRAM, program)
        program.chmod(0o755)
        self.process = subprocess.Popen(
            [program, "-bD", "-C", directory / "sendmail.cf"],
            env=libraries(), start_new_session=True)
        wait_until(greets(self.port), START_SEC, "Sendmail's greeting")

    def _configure(self, directory):
        run = subprocess.run(
            ["m4", f"-D_CF_DIR_={self.CF}/", self.CF / "m4" / "cf.m4",
             directory / "sendmail.mc"], check=True, stdout=subprocess.PIPE)
        (directory / "sendmail.cf").write_bytes(run.stdout)

    @classmethod
    def obstacle(cls):
        if not cls.PROGRAM.exists():
            return "Sendmail is not there"
        return watching.obstacle("m4")

    def log(self):
        self.syslog.mark()
        return watching.filed(line for line in self.syslog.since(self.mark)
                              if line.ident == "sendmail")

    @staticmethod
    def over(lines):
        return any(" did not issue " in line or "lost input channel" in line
                   for line in lines)

    def stop(self):
        os.killpg(self.process.pid, signal.SIGTERM)
        self.process.wait()


EXIM_CONF = """
primary_hostname = {host}
spool_directory = {directory}
log_file_path = {directory}/%slog
log_selector = +smtp_no_mail
auth_advertise_hosts = *
keep_environment =
daemon_smtp_ports = {port}
local_interfaces = 127.0.0.1
host_lookup =
begin authenticators
plain:
  driver = plaintext
  public_name = PLAIN
  server_condition = ${{if saslauthd{{{{$auth2}}{{$auth3}}}}{{1}}{{0}}}}
  server_set_id = $auth2
  server_prompts = :
"""


class Exim:
    PLACES = (pathlib.Path("/usr/sbin/exim4"),
              UNPACKED_DIR / "usr" / "sbin" / "exim4")

    def __init__(self, directory, _syslog):
        self.port = postfix.free_port()
        self.main_log = directory / "mainlog"
        directory.chmod(0o1777)
        users.add("Debian-exim", hashed="!")
        with open("/etc/group", "a") as group:
            group.write("Debian-exim:x:19999:\n")
        configuration = directory / "exim.conf"
        configuration.write_text(EXIM_CONF.format(
            host=HOST_NAME, directory=directory, port=self.port))
        self.process = subprocess.Popen(
            [self.program(), "-C", configuration, "-bdf"],
            env=libraries(), start_new_session=True)
        wait_until(greets(self.port), START_SEC, "Exim's greeting")

    @classmethod
    def program(cls):
        return next((p for p in cls.PLACES if p.exists()), None)

    @classmethod
    def obstacle(cls):
        return None if cls.program() else "Exim is not there"

    def log(self):
        return self.main_log.read_text(errors="replace").splitlines()

    @staticmethod
    def over(lines):
        return any("no MAIL in SMTP connection" in line for line in lines)

    def stop(self):
        os.killpg(self.process.pid, signal.SIGTERM)
        self.process.wait()
