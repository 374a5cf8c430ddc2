# SPDX-License-Identifier: BSD-2-Clause
"""Debian packages of this tree, from a clean copy of it."""

import pathlib
import shutil
import subprocess

from lib import SOURCE_DIR

# What building leaves at the top of a tree, and git's own.
NOT_SOURCE = shutil.ignore_patterns(
    ".git", "build", "build-*", "aclocal.m4", "autom4te.cache", "configure",
    "configure~", "config.h.in", "config.h.in~", "Makefile.in")
BYTE_CODE = shutil.ignore_patterns("__pycache__")

NEEDED = ("dpkg-buildpackage", "dh", "lintian")

ENVIRONMENT = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/nonexistent",
               "LC_ALL": "C.UTF-8", "DEBIAN_FRONTEND": "noninteractive",
               "DEB_BUILD_OPTIONS": "nocheck parallel=2"}


def obstacle():
    """What this machine lacks to build them, or None."""
    for program in NEEDED:
        if shutil.which(program) is None:
            return f"{program} is not installed"
    return None


def run(*command, cwd):
    """What it said; it has to succeed."""
    done = subprocess.run(command, cwd=cwd, env=ENVIRONMENT, text=True,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, check=False)
    assert done.returncode == 0, \
        f"{' '.join(command)}: {done.returncode}\n{done.stdout[-8000:]}"
    return done.stdout


def export(to):
    """A copy of the sources as a fresh clone has them."""
    def unwanted(folder, names):
        ignore = NOT_SOURCE if folder == str(SOURCE_DIR) else BYTE_CODE
        return ignore(folder, names)

    shutil.copytree(SOURCE_DIR, to, symlinks=True, ignore=unwanted)


class Debs:
    """The source package, and the packages built from that."""

    def __init__(self, directory):
        self.directory = pathlib.Path(directory)
        self.tree = self.directory / "built-here"
        export(self.directory / "saslauthd")
        run("dpkg-buildpackage", "-us", "-uc", "-S",
            cwd=self.directory / "saslauthd")
        source, = self.directory.glob("*.dsc")
        run("dpkg-source", "-x", source.name, str(self.tree),
            cwd=self.directory)
        self.log = run("dpkg-buildpackage", "-us", "-uc", "-b",
                       cwd=self.tree)

    def changes(self):
        return sorted(self.directory.glob("*.changes"))

    def files(self):
        """The packages without those of debugging symbols, by name."""
        found = {}
        for path in sorted(self.directory.glob("*.deb")):
            name = path.name.partition("_")[0]
            if not name.endswith("-dbgsym"):
                found[name] = path
        return found

    def field(self, package, name):
        return run("dpkg-deb", "-f", str(self.files()[package]), name,
                   cwd=self.directory).strip()

    def unpack(self, package, to):
        run("dpkg-deb", "-x", str(self.files()[package]), str(to),
            cwd=self.directory)
