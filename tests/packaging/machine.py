# SPDX-License-Identifier: BSD-2-Clause
"""A Debian of its own in a directory: what scripts/debian-root made.

It runs no systemd; services are started by their scripts, as invoke-rc.d(8)
does there. Changes go to a layer above and are lost. Processes are in the
session's own namespace, and Postfix listens on its loopback.
"""

import os
import pathlib
import signal
import smtplib
import struct
import subprocess
import tempfile

from lib import UNPACKED_DIR, wait_until

import debs

IMAGE = UNPACKED_DIR / "debian.tar"

USER, PASSWORD = "joe", "correct horse"
CHROOTED, PLAIN = 25, 587  # where the two smtpd listen
CHROOT_RUN = "/var/spool/postfix/var/run/saslauthd"
START_SEC = 30

RIGHT, WRONG = 235, 535

# utmp(5): run level 2, and none before. invoke-rc.d(8) wants to know.
RUN_LVL = struct.pack("=hxxi32s4s32s308x", 1, ord("2") + 256 * ord("N"),
                      b"~", b"~~", b"runlevel")

MAIN_CF = """compatibility_level=3.6
inet_interfaces=127.0.0.1
inet_protocols=ipv4
maillog_file=/var/log/mail.log
myhostname=mail.example.test
mydestination=mail.example.test
mynetworks=
smtpd_sasl_auth_enable=yes
smtpd_relay_restrictions=permit_sasl_authenticated, reject
smtpd_recipient_restrictions=permit_sasl_authenticated, reject
smtpd_data_restrictions=check_client_access static:HOLD
smtpd_hard_error_limit=1000"""

SMTPD_CONF = "pwcheck_method: saslauthd\nmech_list: PLAIN LOGIN\n"


def obstacle():
    if not IMAGE.exists():
        return "no build/unpacked/debian.tar (scripts/setup long)"
    return None


def mount(*args):
    subprocess.run(["mount", *map(str, args)], check=True)


class Base:
    """The unpacked image, below all machines of a session."""

    def __init__(self):
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="debian-"))
        subprocess.run(["tar", "-C", self.directory, "-xf", IMAGE],
                       check=True)

    def remove(self):
        subprocess.run(["rm", "-rf", "--one-file-system", self.directory],
                       check=True)


class Machine:
    def __init__(self, base):
        self.top = pathlib.Path(tempfile.mkdtemp(prefix="machine-"))
        mount("-t", "tmpfs", "-o", "mode=0755", "tmpfs", self.top)
        for name in ("upper", "work", "root"):
            (self.top / name).mkdir()
        self.root = self.top / "root"
        mount("-t", "overlay", "-o",
              f"lowerdir={base.directory},upperdir={self.top}/upper,"
              f"workdir={self.top}/work", "overlay", self.root)
        mount("-t", "proc", "proc", self.root / "proc")
        mount("--rbind", "/dev", self.root / "dev")
        mount("-t", "tmpfs", "-o", "mode=0755", "tmpfs", self.root / "run")
        (self.root / "run/lock").mkdir()
        (self.root / "run/utmp").write_bytes(RUN_LVL)

    def remove(self):
        self.kill()
        subprocess.run(["umount", "-R", "-l", self.top], check=True)
        self.top.rmdir()

    def kill(self):
        """All whose root directory is this machine's, chrooted or not."""
        for pid in filter(str.isdigit, os.listdir("/proc")):
            try:
                root = os.readlink(f"/proc/{pid}/root")
                if root.startswith(str(self.top)):
                    os.kill(int(pid), signal.SIGKILL)
            except OSError:
                pass  # gone by now

    def path(self, name):
        return self.root / name.lstrip("/")

    def attempt(self, *command, data=None):
        return subprocess.run(
            ["chroot", str(self.root), *command], env=debs.ENVIRONMENT,
            input=data or "", text=True, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, check=False)

    def run(self, *command, data=None):
        """What it said; it has to succeed."""
        done = self.attempt(*command, data=data)
        assert done.returncode == 0, \
            f"{' '.join(command)}: {done.returncode}\n{done.stdout}"
        return done.stdout

    def install(self, *packages):
        """By apt, which asks nobody and has no network."""
        return self.run("apt-get", "install", "-y", "-q",
                        "--no-install-recommends", *packages)

    def copy_in(self, paths):
        """Files from outside, into /srv; their names there."""
        for path in paths:
            (self.root / "srv" / path.name).write_bytes(path.read_bytes())
        return [f"/srv/{path.name}" for path in paths]

    def stock_package(self):
        """The sasl2-bin this Debian came with."""
        package, = self.path("/var/cache/apt/archives").glob("sasl2-bin_*")
        return f"/var/cache/apt/archives/{package.name}"

    def service(self, *args):
        return self.run("service", "saslauthd", *args)

    def restart_whole(self):
        """As a reboot leaves it: nothing runs, /run is empty."""
        self.service("stop")
        subprocess.run(["rm", "-rf", self.path("/run/saslauthd")],
                       check=True)
        self.service("start")

    # Set up as an administrator would.

    def add_user(self):
        self.run("useradd", "-m", USER)
        self.run("chpasswd", data=f"{USER}:{PASSWORD}\n")
        self.run("adduser", "-q", "postfix", "sasl")

    def postfix(self):
        """smtpd twice: in its chroot, as Debian has it, and without."""
        self.run("postconf", "-e", *MAIN_CF.splitlines())
        self.run("postconf", "-M",
                 "submission/inet=submission inet n - n - - smtpd",
                 "smtp/inet=smtp inet n - y - - smtpd")
        self.path("/etc/postfix/sasl/smtpd.conf").write_text(SMTPD_CONF)
        self.run("service", "postfix", "start")
        for port in (CHROOTED, PLAIN):
            wait_until(lambda port=port: self._greets(port), START_SEC,
                       "Postfix' greeting")

    def _greets(self, port):
        try:
            with smtplib.SMTP("127.0.0.1", port):
                return True
        except (OSError, smtplib.SMTPException):
            return False

    def instances(self):
        """Two, with every setting changed that one would change."""
        stock = self.path("/etc/default/saslauthd").read_text()
        self.path("/etc/default/saslauthd").write_text(
            stock.replace('MECHANISMS="pam"', 'MECHANISMS="shadow"') +
            "START=yes\n# mine\n")
        self.path("/etc/default/saslauthd-postfix").write_text(
            f'START=yes\nNAME=saslauthd-postfix\nMECHANISMS=pam\n'
            f'OPTIONS="-c -m {CHROOT_RUN}"\n')
        self.run("dpkg-statoverride", "--remove", "/var/run/saslauthd")
        self.run("dpkg-statoverride", "--add", "root", "sasl", "750",
                 "/var/run/saslauthd")
        self.run("dpkg-statoverride", "--add", "root", "sasl", "710",
                 CHROOT_RUN)
        # As long as it is not, sysvinit starts none of them.
        self.run("update-rc.d", "saslauthd", "enable")
        self.run("saslpasswd2", "-p", "-c", "-u", "example.org", "anna",
                 data="secret of anna")

    # What is asked of it.

    def answer(self, port, password=PASSWORD):
        """What Postfix answers to AUTH PLAIN; a message that it takes is
        part of a right one."""
        with smtplib.SMTP("127.0.0.1", port, timeout=60) as mail:
            mail.ehlo()
            mail.user, mail.password = USER, password
            try:
                code = mail.auth("PLAIN", mail.auth_plain)[0]
            except smtplib.SMTPAuthenticationError as e:
                return e.smtp_code
            assert mail.sendmail("joe@example.test", "a@far.example.test",
                                 "Subject: x\r\n\r\nx\r\n") == {}
            return code

    def accepts_mail(self):
        """On both ports, and only with the right password."""
        said = {port: (self.answer(port), self.answer(port, "wrong"))
                for port in (CHROOTED, PLAIN)}
        assert said == {CHROOTED: (RIGHT, WRONG), PLAIN: (RIGHT, WRONG)}, \
            said
        return True

    def is_ours(self):
        """Whose daemon is it? Cyrus' says two lines."""
        said = self.run("saslauthd", "-v")
        return len(said.strip().splitlines()) > 2

    def kept(self):
        """All that is the administrator's and must not change."""
        state = {}
        for name in ("/etc/default/saslauthd",
                     "/etc/default/saslauthd-postfix", "/etc/sasldb2"):
            status = self.path(name).stat()
            state[name] = (self.path(name).read_bytes(),
                           oct(status.st_mode), status.st_uid,
                           status.st_gid)
        for name in ("/run/saslauthd", CHROOT_RUN):
            status = self.path(name).stat()
            state[name] = (oct(status.st_mode), status.st_uid,
                           status.st_gid)
        state["users"] = self.run("sasldblistusers2")
        state["override"] = self.run("dpkg-statoverride", "--list",
                                     CHROOT_RUN)
        state["members"] = self.run("getent", "group", "sasl")
        return state
