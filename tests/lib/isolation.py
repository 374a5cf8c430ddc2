# SPDX-License-Identifier: BSD-2-Clause
"""A machine of its own for one pytest session.

Tests need accounts, PAM files, /run/saslauthd and /dev/log. As root the
whole session is therefore started once more inside new mount, network, host
name and process namespaces, with private copies of /etc, /run, /dev and
/var/lib, so that a test may simply write to /etc/shadow and nothing
survives it. Tests learn of it by SASLAUTHD_TEST_ISOLATED=1; where it cannot
be had, SASLAUTHD_TEST_NOT_ISOLATED holds the reason and tests marked
needs_root are skipped.
"""

import fcntl
import os
import pathlib
import shutil
import signal
import socket
import struct
import subprocess
import sys

HOST_NAME = "mail.example.test"  # libsasl2 and Postfix want a dot

UNSHARE = ["unshare", "--mount", "--net", "--uts", "--pid",
           "--propagation", "private", "--fork", "--mount-proc",
           "--kill-child"]

# Any directory that every system has and no test needs.
SCRATCH = "/mnt"

DEVICES = ("null", "zero", "full", "random", "urandom", "tty")

SIOCGIFFLAGS, SIOCSIFFLAGS, IFF_UP = 0x8913, 0x8914, 1	# netdevice(7)


def isolated():
    return os.environ.get("SASLAUTHD_TEST_ISOLATED") == "1"


def reason():
    """Why this run of the tests is not isolated."""
    return os.environ.get("SASLAUTHD_TEST_NOT_ISOLATED", "")


def decided():
    return isolated() or bool(reason())


def obstacle():
    """What stands in the way of isolation, or None."""
    if os.geteuid() != 0:
        return "needs root"
    if shutil.which("unshare") is None:
        return "needs unshare(1)"
    probe = subprocess.run(UNSHARE + ["true"], stdin=subprocess.DEVNULL,
                           capture_output=True, text=True, check=False)
    if probe.returncode != 0:
        return "needs namespaces: " + probe.stderr.strip()
    return None


def reexec(args):
    """Run pytest with these arguments again, isolated. Never returns."""
    command = UNSHARE + [sys.executable, __file__] + list(args)
    sys.stdout.flush()
    sys.stderr.flush()
    os.execvp(command[0], command)


# What follows runs as process 1 of the new namespaces.

def mount(*args):
    subprocess.run(["mount", *args], check=True)


def private_copy_of_etc():
    mount("-t", "tmpfs", "-o", "mode=0755", "tmpfs", SCRATCH)
    subprocess.run(["cp", "-a", "/etc", SCRATCH], check=True)
    mount("--bind", SCRATCH + "/etc", "/etc")
    # Lazily: the copy lives on under /etc.
    subprocess.run(["umount", "-l", SCRATCH], check=True)


def private_dev():
    """The usual nodes without the host's log socket."""
    mount("-t", "tmpfs", "-o", "mode=0755", "tmpfs", SCRATCH)
    for name in DEVICES:
        path = pathlib.Path(SCRATCH, name)
        path.touch()
        mount("--bind", f"/dev/{name}", str(path))
    for name in ("pts", "shm"):
        pathlib.Path(SCRATCH, name).mkdir()
    mount("--bind", "/dev/pts", SCRATCH + "/pts")
    mount("-t", "tmpfs", "-o", "mode=1777", "tmpfs", SCRATCH + "/shm")
    for name, target in (("ptmx", "pts/ptmx"), ("fd", "/proc/self/fd"),
                         ("stdin", "fd/0"), ("stdout", "fd/1"),
                         ("stderr", "fd/2")):
        os.symlink(target, os.path.join(SCRATCH, name))
    mount("--move", SCRATCH, "/dev")


def private_var_lib():
    """An overlay; the tree under test stays writable should it lie there."""
    from lib import BUILD_DIR, SOURCE_DIR
    below = pathlib.Path("/var/lib").resolve()
    keep = [p for p in (SOURCE_DIR, BUILD_DIR) if below in p.parents]
    mount("-t", "tmpfs", "-o", "mode=0755", "tmpfs", SCRATCH)
    for name in ("upper", "work"):
        pathlib.Path(SCRATCH, name).mkdir()
    for number, path in enumerate(keep):
        pathlib.Path(SCRATCH, str(number)).mkdir()
        mount("--bind", str(path), f"{SCRATCH}/{number}")
    mount("-t", "overlay", "-o",
          f"lowerdir=/var/lib,upperdir={SCRATCH}/upper,"
          f"workdir={SCRATCH}/work", "overlay", "/var/lib")
    for number, path in enumerate(keep):
        mount("--move", f"{SCRATCH}/{number}", str(path))
    shutil.rmtree("/var/lib/saslauthd", ignore_errors=True)
    subprocess.run(["umount", "-l", SCRATCH], check=True)


def private_run():
    mount("-t", "tmpfs", "-o", "mode=0755", "tmpfs", "/run")
    os.mkdir("/run/lock")
    os.chmod("/run/lock", 0o1777)


def loopback_up():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        request = struct.pack("16sH14x", b"lo", 0)
        flags = struct.unpack("16sH14x",
                              fcntl.ioctl(s, SIOCGIFFLAGS, request))[1]
        fcntl.ioctl(s, SIOCSIFFLAGS,
                    struct.pack("16sH14x", b"lo", flags | IFF_UP))


def name_service():
    socket.sethostname(HOST_NAME)
    pathlib.Path("/etc/hostname").write_text(HOST_NAME + "\n")
    hosts = pathlib.Path("/etc/hosts")
    hosts.unlink(missing_ok=True)
    hosts.write_text(f"127.0.0.1 localhost\n::1 localhost\n"
                     f"127.0.0.1 {HOST_NAME} mail\n")
    resolv = pathlib.Path("/etc/resolv.conf")
    resolv.unlink(missing_ok=True)	# often a link into /run
    resolv.write_text("")


def build_namespace():
    private_copy_of_etc()
    private_dev()
    private_var_lib()
    private_run()
    loopback_up()
    name_service()


def reap_until(child):
    """Process 1 collects every orphan, or dead daemons would still count
    as running for start-stop-daemon and for us."""
    while True:
        pid, status = os.wait()
        if pid == child:
            return os.waitstatus_to_exitcode(status)


def main(args):
    sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
    try:
        build_namespace()
        os.environ["SASLAUTHD_TEST_ISOLATED"] = "1"
    except (OSError, subprocess.CalledProcessError) as e:
        os.environ["SASLAUTHD_TEST_NOT_ISOLATED"] = \
            f"needs namespaces: {e}"
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    child = os.fork()
    if child == 0:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        os.execv(sys.executable,
                 [sys.executable, "-m", "pytest"] + list(args))
    code = reap_until(child)
    # As a shell reports a signal.
    sys.exit(code if code >= 0 else 128 - code)


if __name__ == "__main__":
    main(sys.argv[1:])
