# SPDX-License-Identifier: BSD-2-Clause
"""The Debian packages: that they build, and what is in them."""

import os
import stat
import subprocess

import pytest

import debs

# Not of the build under test: once is enough.
pytestmark = [pytest.mark.long, pytest.mark.ordinary_build]

# Besides documentation and manual pages.
CONTENTS = {
    "saslauthd": {
        "etc/init.d/saslauthd",
        "lib/systemd/system/saslauthd.service",
        "lib/systemd/system/saslauthd@.service",
        "usr/lib/sysusers.d/saslauthd.conf",
        "usr/libexec/saslauthd-instance",
        "usr/libexec/saslauthd-instances",
        "usr/libexec/saslauthd-pool",
        "usr/sbin/saslauthctl",
        "usr/sbin/saslauthd",
        "usr/sbin/saslcache",
        "usr/sbin/testsaslauthd",
        "usr/share/lintian/overrides/saslauthd",
        "usr/share/saslauthd/saslauthd.defaults",
    },
    "saslauthd-ldap": {"usr/lib/saslauthd/mech_ldap.so"},
    "saslauthd-radius": {"usr/lib/saslauthd/mech_radius.so"},
    "saslauthd-sasldb": {"usr/lib/saslauthd/mech_sasldb.so"},
    "sasl2-userdb-tools": {"usr/sbin/saslpasswd2",
                           "usr/sbin/sasldblistusers2"},
}

# Libraries of one package that no other one may need.
HEAVY = {"libldap": "saslauthd-ldap", "libargon2": "saslauthd-ldap"}
NOT_IN_DAEMON = ("libldap", "libargon2", "libdb", "libgdbm", "liblmdb",
                 "libssl", "libkrb5", "libcurl")


@pytest.fixture(scope="module")
def unpacked(packages, tmp_path_factory):
    """Where each package's files are, by its name."""
    found = {}
    for name in packages.files():
        found[name] = tmp_path_factory.mktemp(name)
        packages.unpack(name, found[name])
    return found


def files(directory):
    return {os.path.relpath(os.path.join(folder, name), directory)
            for folder, _, names in os.walk(directory) for name in names}


def test_lintian_finds_no_error(packages):
    for changes in packages.changes():
        debs.run("lintian", "--allow-root", "--fail-on", "error",
                 changes.name, cwd=packages.directory)


def test_every_package_and_its_symbols(packages):
    assert set(packages.files()) == set(CONTENTS)
    for name in CONTENTS:
        assert list(packages.directory.glob(f"{name}-dbgsym_*.deb")), name


@pytest.mark.parametrize("name", CONTENTS)
def test_contents(unpacked, name):
    found = {path for path in files(unpacked[name])
             if not path.startswith(("usr/share/doc/", "usr/share/man/"))}
    assert found == CONTENTS[name]


def test_each_program_has_its_manual_page(unpacked):
    for name, paths in CONTENTS.items():
        pages = {os.path.basename(path) for path in files(unpacked[name])}
        for path in paths:
            program = os.path.basename(path)
            if path.startswith("usr/sbin/"):
                assert f"{program}.8.gz" in pages
            if program.startswith("mech_"):
                kind = program[len("mech_"):-len(".so")]
                assert f"saslauthd-{kind}.5.gz" in pages


def test_modes(unpacked):
    for directory in unpacked.values():
        for path in files(directory):
            mode = os.lstat(directory / path).st_mode
            assert not mode & (stat.S_ISUID | stat.S_ISGID |
                               stat.S_IWGRP | stat.S_IWOTH), path
            runs = path.startswith(("usr/sbin/", "usr/libexec/",
                                    "etc/init.d/"))
            assert bool(mode & stat.S_IXOTH) == runs, path


def test_where_it_was_built_is_not_told(packages, unpacked):
    told = str(packages.directory).encode()
    for directory in unpacked.values():
        for path in files(directory):
            assert told not in (directory / path).read_bytes(), path


def test_heavy_libraries_stay_in_their_packages(packages):
    daemon = packages.field("saslauthd", "Depends")
    for library in NOT_IN_DAEMON:
        assert library not in daemon
    for library, owner in HEAVY.items():
        for name in CONTENTS:
            needs = library in packages.field(name, "Depends")
            assert needs == (name == owner), (library, name)


def test_only_the_scripts_are_conffiles(packages):
    """dpkg may ask about a conffile, in the middle of a swap."""
    for name, path in packages.files().items():
        info = subprocess.run(["dpkg-deb", "-I", path, "conffiles"],
                              capture_output=True, text=True, check=False)
        expected = "/etc/init.d/saslauthd\n" if name == "saslauthd" else ""
        assert info.stdout == expected
