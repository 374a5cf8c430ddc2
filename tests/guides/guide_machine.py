# SPDX-License-Identifier: BSD-2-Clause
"""A Debian machine for one page: our build where a package would put it, the
real mail server from its packages, and nothing that outlives the page.

What its reader does and a test cannot is done by other commands of the same
name. This is all that differs:

  the page says                     here
  --------------------------------  ------------------------------------------
  apt-get install, dnf install      dpkg -i of packages fetched beforehand
                                    (APT_GET), each of which the page has to
                                    name on Debian; those that the machine has
                                    are there already, and dnf's go unheard
  (their installation asks)         Postfix and slapd, which the machine has
                                    unconfigured, get what is answered then
                                    (postfix_is_installed, INSTALLATION)
  systemctl ACTION SERVICE          /etc/init.d/SERVICE ACTION (SYSTEMCTL),
                                    which is the package's; for saslauthd ours,
                                    of packaging/sysv (Debian), or the commands
                                    of packaging/systemd (REDHAT_SERVICE);
                                    "enable" asks whether SERVICE is there
  a password is typed               it comes on standard input
  a reader takes his time           after a start the test waits for the port
  PAM answers "no" after 2 seconds  at once (QUICK_PAM), and Cyrus' three are
                                    none in the end (NO_PAUSE)
  Red Hat                           Debian's mail server with Red Hat's files:
                                    the paths in MOVED are elsewhere, and those
                                    in REDHAT_FILES, and what as_red_hat does,
                                    come with packages there
"""

import os
import pathlib
import shutil
import subprocess
import tempfile

from lib import (BUILD_DIR, SOURCE_DIR, UNPACKED_DIR, isolation, users,
                 wait_until)
from lib.daemon import all_pids, running
from guide_page import Page

PACKAGES = UNPACKED_DIR / "guides"	# filled by scripts/setup

# What may change under a page, beside the session's own /var/lib.
PRIVATE = ("/usr", "/etc", "/var/log", "/var/spool", "/var/cache",
           "/var/backups", "/var/mail")

PROGRAMS = ("/usr/sbin/saslauthd", "/usr/libexec/saslauthd-pool")

STAND_INS = pathlib.Path("/run/guide")

RUN_SEC, START_SEC, STOP_SEC = 120, 30, 15

USER, PASSWORD, WRONG = "joe", "correct horse", "battery staple"

INSTALL = """#!/bin/sh
[ "$1" = install ] || exit 1
shift
[ ! -d {folder} ] || find {folder} -name '*.deb' -exec \\
    dpkg -i --force-all --no-triggers '{{}}' + || exit 1
"""

# All that was fetched has to be named; of what the machine has nobody knows.
APT_GET = INSTALL + """dpkg-query -W "$@" || exit 1
[ ! -f {folder}/list ] || for package in $(cat {folder}/list); do
	case " $* " in
	*" $package "*) ;;
	*) echo "$package is not named"; exit 1 ;;
	esac
done
"""

DNF = INSTALL + "{as_red_hat}\n"

SYSTEMCTL = """#!/bin/sh
[ "$1" != enable ] || exec test -f "/etc/init.d/$2"
exec sh "/etc/init.d/$2" "$1"
"""

REDHAT_SERVICE = """#!/bin/sh
. /etc/sysconfig/saslauthd
start() {{
	mkdir -p "$SOCKETDIR" &&
		{ExecStart}
}}
stop() {{
	start-stop-daemon --stop --oknodo --retry TERM/30 \\
	    --pidfile "$SOCKETDIR/saslauthd.pid"
}}
case $1 in
start)	start ;;
stop)	stop ;;
restart) stop; start ;;
reload)	{ExecReload} ;;
*)	exit 1 ;;
esac
"""

QUICK_PAM = "pam_unix.so nodelay"

PASSWORD_AUTH = f"auth required {QUICK_PAM}\naccount required pam_unix.so\n"

PAM_INCLUDE = "auth include password-auth\naccount include password-auth\n"

REDHAT_FILES = {
    "/etc/pam.d/password-auth": PASSWORD_AUTH,
    "/etc/pam.d/smtp": PAM_INCLUDE,
    "/etc/pam.d/imap": PAM_INCLUDE,
}

# Debian's builds look there instead.
MOVED = {
    "/etc/sasl2/smtpd.conf": "/etc/postfix/sasl/smtpd.conf",
    "/etc/sasl2/slapd.conf": "/etc/ldap/sasl2/slapd.conf",
    "/etc/exim/exim.conf": "/etc/exim4/exim4.conf.template",
}

POLICY = "#!/bin/sh\nexit 101\n"	# invoke-rc.d(8): start nothing


def obstacle(page):
    """What this machine lacks for a page whose server is not installed on it,
    or None."""
    if not (PACKAGES / page / "list").exists():
        return f"the packages for docs/{page}.md are not there"
    return None


def unit():
    """The settings of our unit for systemd."""
    text = (SOURCE_DIR / "packaging/systemd/saslauthd.service").read_text()
    return dict(line.split("=", 1) for line in text.splitlines()
                if "=" in line and not line.startswith("#"))


def installed_build(directory):
    """Our build as `make install` leaves it; the /usr of that."""
    run = subprocess.run(
        ["make", "-s", "-C", BUILD_DIR, "install", f"DESTDIR={directory}"],
        capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout + run.stderr
    usr = directory / "usr"
    assert (usr / "sbin" / "saslauthd").exists(), "not built for /usr"
    return usr


def processes():
    """Pids of our two programs."""
    found = []
    for pid in all_pids():
        try:
            exe = os.readlink(f"/proc/{pid}/exe")
        except OSError:
            continue
        if exe in PROGRAMS and running(pid):
            found.append(pid)
    return found


class Machine:
    """page: its name; ports: probes by service, true when it is ready;
    as_red_hat: commands that make of a Debian package's files what Red Hat's
    package brings."""

    def __init__(self, page, system, usr, ports, as_red_hat=""):
        self.page = Page(page)
        self.system, self.usr, self.ports = system, usr, ports
        self.as_red_hat = as_red_hat
        self.mounted, self.started = [], []
        self.scratch = pathlib.Path(tempfile.mkdtemp(prefix="guide-"))

    def __enter__(self):
        assert isolation.isolated()
        try:
            self._mount_all()
            self._prepare()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, kind, value, trace):
        self.close()

    # Its file systems.
    def _mount(self, target, *options):
        subprocess.run(["mount", *options, target], check=True)
        self.mounted.append(target)

    def _mount_all(self):
        self._mount(str(self.scratch), "-t", "tmpfs", "tmpfs")
        for number, path in enumerate(PRIVATE):
            upper = self.scratch / f"upper{number}"
            work = self.scratch / f"work{number}"
            work.mkdir()
            upper.mkdir()
            shutil.copymode(path, upper)
            os.chown(upper, os.stat(path).st_uid, os.stat(path).st_gid)
            lower = f"{self.usr}:{path}" if path == "/usr" else path
            self._mount(path, "-t", "overlay", "-o",
                        f"lowerdir={lower},upperdir={upper},workdir={work}",
                        "overlay")
        self._mount("/run", "-t", "tmpfs", "-o", "mode=0755", "tmpfs")
        os.mkdir("/run/lock")
        # No third layer over the session's own /var/lib.
        copy = self.scratch / "dpkg"
        shutil.copytree("/var/lib/dpkg", copy, symlinks=True)
        self._mount("/var/lib/dpkg", "--bind", str(copy))

    def close(self):
        try:
            for service in reversed(self.started):
                self.sh(f"systemctl stop {service}")
            wait_until(lambda: not processes(), STOP_SEC,
                       "end of all of saslauthd")
        finally:
            for path in reversed(self.mounted):
                subprocess.run(["umount", "-l", path], check=True)
            shutil.rmtree(self.scratch, ignore_errors=True)

    # What is there before the page begins.
    def _prepare(self):
        policy = pathlib.Path("/usr/sbin/policy-rc.d")
        policy.write_text(POLICY)
        policy.chmod(0o755)
        STAND_INS.mkdir()
        for name, text in (("apt-get", APT_GET), ("dnf", DNF),
                           ("systemctl", SYSTEMCTL)):
            (STAND_INS / name).write_text(text.format(
                folder=PACKAGES / self.page.name,
                as_red_hat=self.as_red_hat))
            (STAND_INS / name).chmod(0o755)
        service = pathlib.Path("/etc/init.d/saslauthd")
        service.unlink(missing_ok=True)
        if self.system == "debian":
            shutil.copyfile(SOURCE_DIR / "packaging/sysv/saslauthd", service)
        else:
            service.write_text(REDHAT_SERVICE.format(**unit()))
            pathlib.Path("/etc/sysconfig").mkdir(exist_ok=True)
            for path, text in REDHAT_FILES.items():
                pathlib.Path(path).write_text(text)
        common = pathlib.Path("/etc/pam.d/common-auth")
        common.write_text(common.read_text().replace("pam_unix.so",
                                                     QUICK_PAM))
        users.restore_shadow()
        users.add(USER, PASSWORD)

    # What the page says.
    def sh(self, commands, password=PASSWORD):
        """(exit status, all output) of these lines."""
        run = subprocess.run(
            ["sh", "-e", "-c", commands], input=f"{password}\n" * 4,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            errors="replace", check=False, timeout=RUN_SEC, cwd=self.scratch,
            env={"PATH": f"{STAND_INS}:/usr/sbin:/usr/bin:/sbin:/bin",
                 "DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C",
                 "HOME": str(self.scratch)})
        self._note_services(commands)
        return run.returncode, run.stdout

    def _note_services(self, commands):
        for line in commands.splitlines():
            words = line.split()
            if words[:1] != ["systemctl"] or words[1] not in ("start",
                                                              "restart"):
                continue
            service = words[2]
            if service not in self.started:
                self.started.append(service)
            if service in self.ports:
                wait_until(self.ports[service], START_SEC,
                           f"{service} on its port")

    def write(self, block):
        path = pathlib.Path(block.path)
        if self.system == "redhat":
            path = pathlib.Path(MOVED.get(block.path, block.path))
            path.parent.mkdir(parents=True, exist_ok=True)
        old = path.read_text() if path.exists() else ""
        path.write_text(block.merged_into(old))

    def follow(self):
        """Do all that the page says, in its order."""
        output = None
        for block in self.page.for_system(self.system):
            if block.path is not None:
                self.write(block)
            elif block.is_output:
                assert output is not None, f"{block.where}: of what?"
                for line in block.text.splitlines():
                    # A prompt may stand in front of it.
                    assert f"{line.strip()}\n" in output, \
                        f"{block.where}: {line!r} is not in\n{output}"
            elif block.is_command:
                status, output = self.sh(block.text)
                assert (status != 0) == block.fails, \
                    f"{block.where}: exit {status}\n{block.text}\n{output}"
