# SPDX-License-Identifier: BSD-2-Clause
"""debian/ without building: what would stop or spoil a package."""

import fnmatch
import os
import re
import shutil
import subprocess

import pytest

from lib import BUILD_DIR, SOURCE_DIR

DEBIAN = SOURCE_DIR / "debian"

SCRIPTS = ("saslauthd.preinst", "saslauthd.postinst", "saslauthd.prerm",
           "saslauthd.postrm", "saslauthd-instances")

# Of a build that has every mechanism; with fewer there is less to install.
EVERYTHING = ("PAM", "LMDB", "LDAP", "RADIUS", "SHADOW")


def version_of_configure():
    return re.search(r"AC_INIT\(\[saslauthd\], \[([^]]+)\]\)",
                     (SOURCE_DIR / "configure.ac").read_text())[1]


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """What `make install` installs, as debian/rules calls it."""
    text = (BUILD_DIR / "config.h").read_text()
    for part in EVERYTHING:
        if f"#define WITH_{part} 1" not in text:
            pytest.skip(f"built without {part}")
    top = tmp_path_factory.mktemp("installed")
    subprocess.run(["make", "-s", "-C", BUILD_DIR, "install",
                    f"DESTDIR={top}", "libdir=/usr/lib",
                    "libexecdir=/usr/libexec"],
                   check=True, stdout=subprocess.DEVNULL)
    return {os.path.relpath(os.path.join(folder, name), top)
            for folder, _, names in os.walk(top) for name in names}


def patterns():
    for listed in sorted(DEBIAN.glob("*.install")):
        for line in listed.read_text().splitlines():
            yield listed.name, line.split()[0]


def matches(path, pattern):
    return path.startswith(pattern + "/") or fnmatch.fnmatch(path, pattern)


# Of those who change the sources.
NOT_INSTALLED = {"CONTRIBUTING.md", "LICENSE"}


def test_pages_lead_to_what_is_installed(installed):
    doc = "usr/share/doc/saslauthd"
    pages = [path for path in installed if path.startswith(doc + "/") and
             path.endswith(".md")]
    assert len(pages) > 10
    for path in pages:
        name = os.path.relpath(path, doc)
        text = re.sub(r"`[^`]*`", "", (SOURCE_DIR / name).read_text())
        for link in re.findall(r"\]\(([^)\s#]+)", text):
            target = os.path.normpath(os.path.join(
                os.path.dirname(path), link))
            if re.match(r"[a-z]+:", link) or \
                    os.path.relpath(target, doc) in NOT_INSTALLED:
                continue
            assert target in installed, f"{name}: {link}"


def test_every_pattern_matches_something(installed):
    for name, pattern in patterns():
        if not (SOURCE_DIR / pattern).exists():
            assert any(matches(path, pattern) for path in installed), \
                f"{name}: {pattern}"


def test_everything_is_in_one_package(installed):
    for path in installed:
        found = [name for name, pattern in patterns()
                 if matches(path, pattern)]
        assert len(found) == 1, (path, found)


def test_the_version_is_that_of_configure():
    first = (DEBIAN / "changelog").read_text().splitlines()[0]
    assert first.startswith(f"saslauthd ({version_of_configure()}) ")


def test_files_that_rules_copies_are_there():
    for line in (DEBIAN / "rules").read_text().split():
        if line.startswith("packaging/"):
            assert (SOURCE_DIR / line).is_file(), line
    for line in (DEBIAN / "saslauthd.examples").read_text().split():
        assert (SOURCE_DIR / line).exists(), line


def test_a_release_has_all_of_it():
    listed = (SOURCE_DIR / "packaging" / "local.mk").read_text().split()
    for path in DEBIAN.rglob("*"):
        if path.is_file():
            assert str(path.relative_to(SOURCE_DIR)) in listed


def test_scripts_pass_shellcheck():
    if shutil.which("shellcheck") is None:
        pytest.skip("shellcheck is not installed")
    subprocess.run(["shellcheck", "-s", "sh",
                    *(DEBIAN / name for name in SCRIPTS)], check=True)


def test_dpkg_reads_control_and_changelog():
    if shutil.which("dpkg-parsechangelog") is None:
        pytest.skip("dpkg-dev is not installed")
    said = subprocess.run(["dpkg-parsechangelog", "-l",
                           DEBIAN / "changelog"], check=True,
                          capture_output=True, text=True)
    assert said.stderr == ""
    # Exit 1 says which are missing here; 255 that it could not read them.
    checked = subprocess.run(["dpkg-checkbuilddeps", DEBIAN / "control"],
                             check=False, capture_output=True, text=True)
    assert checked.returncode in (0, 1), checked.stderr


def test_the_defaults_are_read_by_a_shell():
    """Started by nobody until its owner says so."""
    said = subprocess.run(
        ["sh", "-c", '. "$1"; echo "$START|$NAME|$MECHANISMS|$OPTIONS"',
         "sh", DEBIAN / "saslauthd.defaults"], check=True, text=True,
        capture_output=True)
    assert said.stdout == "no|saslauthd|pam|-c -m /var/run/saslauthd\n"
    assert said.stderr == ""
