# SPDX-License-Identifier: BSD-2-Clause
"""Accounts and PAM services, in the private /etc of the session only."""

import ctypes
import os
import pathlib
import shutil
import time

from lib import isolation

PASSWD = pathlib.Path("/etc/passwd")
SHADOW = pathlib.Path("/etc/shadow")
PAM_DIR = pathlib.Path("/etc/pam.d")

# crypt(5) prefixes, and a cost at which a test suite stays quick.
METHODS = {
    "yescrypt": (b"$y$", 1),
    "gost-yescrypt": (b"$gy$", 1),
    "scrypt": (b"$7$", 6),
    "bcrypt": (b"$2b$", 4),
    "sha512": (b"$6$", 1000),
    "sha256": (b"$5$", 1000),
    "md5": (b"$1$", 0),
    "des": (b"", 0),
}

CHEAP = "md5"

FIRST_UID = 20000

_libcrypt = ctypes.CDLL("libcrypt.so.1")
for _name in ("crypt", "crypt_gensalt"):
    getattr(_libcrypt, _name).restype = ctypes.c_char_p
_libcrypt.crypt.argtypes = [ctypes.c_char_p, ctypes.c_char_p]
_libcrypt.crypt_gensalt.argtypes = [
    ctypes.c_char_p, ctypes.c_ulong, ctypes.c_char_p, ctypes.c_int]


def hash_password(password, method=CHEAP):
    """A crypt(3) hash of the password as libxcrypt makes it."""
    prefix, cost = METHODS[method]
    data = password.encode() if isinstance(password, str) else password
    setting = _libcrypt.crypt_gensalt(prefix, cost, None, 0)
    assert setting, f"libcrypt cannot make {method} settings"
    hashed = _libcrypt.crypt(data, setting)
    assert hashed and not hashed.startswith(b"*"), f"crypt: {method}"
    return hashed.decode()


def today():
    """Days since 1970, as shadow(5) counts."""
    return int(time.time() // 86400)


def replace(path, text):
    """By rename, as passwd(1) does; owner and mode are kept."""
    status = path.stat()
    new = path.with_name(path.name + ".new")
    new.write_text(text)
    os.chown(new, status.st_uid, status.st_gid)
    new.chmod(status.st_mode & 0o7777)
    new.rename(path)


def _without(path, name):
    return [line for line in path.read_text().splitlines()
            if line.partition(":")[0] != name]


def add(name, password=None, method=CHEAP, hashed=None, in_passwd=False,
        last_change=None, max_days="99999", inactive="", expire="",
        uid=None):
    """Make or replace an account. `hashed` wins over `password`; in_passwd
    puts the hash into /etc/passwd, where getpwent looks."""
    assert isolation.isolated(), "accounts are made in a private /etc only"
    if hashed is None:
        hashed = hash_password(password, method)
    passwd, shadow = _without(PASSWD, name), _without(SHADOW, name)
    if uid is None:
        uid = FIRST_UID + len(passwd)
    if last_change is None:
        last_change = today()
    field = hashed if in_passwd else "x"
    passwd.append(f"{name}:{field}:{uid}:{uid}::/nonexistent:"
                  "/usr/sbin/nologin")
    if not in_passwd:
        shadow.append(f"{name}:{hashed}:{last_change}:0:{max_days}:7:"
                      f"{inactive}:{expire}:")
    replace(PASSWD, "\n".join(passwd) + "\n")
    replace(SHADOW, "\n".join(shadow) + "\n")


def restore_shadow():
    """Owner, group and mode as Debian has them."""
    assert isolation.isolated()
    shutil.chown(SHADOW, "root", "shadow")
    SHADOW.chmod(0o640)


def remove(name):
    assert isolation.isolated()
    for path in (PASSWD, SHADOW):
        replace(path, "\n".join(_without(path, name)) + "\n")


def pam_service(name, *lines):
    """Write /etc/pam.d/NAME."""
    assert isolation.isolated()
    PAM_DIR.mkdir(exist_ok=True)
    (PAM_DIR / name).write_text("\n".join(lines) + "\n")


def pam_unix_service(name):
    """A service that asks pam_unix and nothing else."""
    pam_service(name, "auth required pam_unix.so",
                "account required pam_unix.so")
