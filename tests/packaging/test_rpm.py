# SPDX-License-Identifier: BSD-2-Clause
"""The RPM spec: that rpmbuild accepts it, and what it packs."""

import os
import shutil
import subprocess

import pytest

import debs
from lib import SOURCE_DIR

# Not of the build under test: once is enough.
pytestmark = [pytest.mark.long, pytest.mark.ordinary_build]

SPEC = SOURCE_DIR / "packaging" / "rpm" / "saslauthd.spec"

# Of systemd-rpm-macros, which Debian's rpm has not.
MACROS = {"_unitdir": "/usr/lib/systemd/system",
          "_sysusersdir": "/usr/lib/sysusers.d",
          "systemd_post": "true", "systemd_preun": "true",
          "systemd_postun_with_restart": "true",
          "sysusers_create_compat": "true", "systemd_requires": "%{nil}",
          "_libdir": "/usr/lib64"}

CONTENTS = {
    "saslauthd": {
        "/etc/sysconfig/saslauthd",
        "/usr/lib/systemd/system/saslauthd.service",
        "/usr/lib/systemd/system/saslauthd.socket",
        "/usr/lib/sysusers.d/saslauthd.conf",
        "/usr/lib64/saslauthd", "/usr/libexec/saslauthd",
        "/usr/libexec/saslauthd-pool",
        "/usr/sbin/saslauthctl", "/usr/sbin/saslauthd",
        "/usr/sbin/saslcache", "/usr/sbin/testsaslauthd",
    },
    "saslauthd-ldap": {"/usr/lib64/saslauthd/mech_ldap.so"},
    "saslauthd-radius": {"/usr/lib64/saslauthd/mech_radius.so"},
    "saslauthd-sasldb": {"/usr/lib64/saslauthd/mech_sasldb.so",
                         "/usr/libexec/saslauthd/saslpasswd2",
                         "/usr/libexec/saslauthd/sasldblistusers2"},
}


@pytest.fixture(scope="module")
def rpms(tmp_path_factory):
    """The packages that rpmbuild makes of a release, by name."""
    if shutil.which("rpmbuild") is None:
        pytest.skip("rpmbuild is not installed")
    top = tmp_path_factory.mktemp("rpm")
    source = top / "source"
    debs.export(source)
    debs.run("autoreconf", "-fi", cwd=source)
    debs.run("./configure", cwd=source)
    debs.run("make", "-s", "dist", cwd=source)
    (top / "SOURCES").mkdir()
    for tarball in source.glob("saslauthd-*.tar.xz"):
        tarball.rename(top / "SOURCES" / tarball.name)
    defines = [word for name, value in MACROS.items()
               for word in ("--define", f"{name} {value}")]
    debs.run("rpmbuild", "-ba", "--nodeps", "--nocheck", "--define",
             f"_topdir {top}", *defines, str(SPEC), cwd=top)
    found = {}
    for path in top.glob("RPMS/*/*.rpm"):
        name = subprocess.run(["rpm", "-qp", "--qf", "%{NAME}", path],
                              capture_output=True, text=True,
                              check=True).stdout
        found[name] = path
    assert list(top.glob("SRPMS/*.src.rpm"))
    return found


def query(path, *what):
    return subprocess.run(["rpm", "-qp", *what, path], capture_output=True,
                          text=True, check=True).stdout.split()


def test_contents(rpms):
    assert set(rpms) == set(CONTENTS)
    for name, path in rpms.items():
        found = {file for file in query(path, "-l")
                 if not file.startswith(("/usr/share/doc", "/usr/share/man",
                                         "/usr/share/licenses",
                                         "/usr/lib/.build-id"))}
        assert found == CONTENTS[name]


def test_settings_survive(rpms):
    assert query(rpms["saslauthd"], "-c") == ["/etc/sysconfig/saslauthd"]
    assert "cyrus-sasl" in query(rpms["saslauthd"], "--conflicts")


def test_every_mechanism_has_its_page(rpms):
    for name in CONTENTS:
        if name != "saslauthd":
            pages = [os.path.basename(file)
                     for file in query(rpms[name], "-l") if "/man5/" in file]
            assert [page.partition(".")[0] for page in pages] == [name]


# A stand-in for the stock package: what its removal does to the service.
STOCK = """Name: cyrus-sasl
Version: 2.1.28
Release: 1
Summary: stand-in
License: none
BuildArch: noarch
%description
%preun
[ $1 -ne 0 ] || systemctl --no-reload disable --now saslauthd.service
%files
"""

SYSTEMCTL = """#!/bin/sh
enabled=/run/test-enabled active=/run/test-active
case $* in
*is-enabled*) test -e $enabled ;;
*is-active*) test -e $active ;;
*disable*) rm -f $enabled $active ;;
*enable*) touch $enabled ;;
*restart*) touch $active ;;
esac
"""

SWAP = """
mount -t tmpfs tmpfs /mnt
for top in usr etc; do
    mkdir -p /mnt/$top/upper /mnt/$top/work
    mount -t overlay -o lowerdir=/$top \\
        -o upperdir=/mnt/$top/upper,workdir=/mnt/$top/work overlay /$top
done
mount -t tmpfs tmpfs /run
rm -f /usr/bin/systemctl
cp "$1" /usr/bin/systemctl
for state in $4; do touch /run/test-$state; done
rpm --dbpath /run/db -i --nodeps "$2" >&2
rpm --dbpath /run/db -i --nodeps --force "$3" >&2
rpm --dbpath /run/db -e cyrus-sasl >&2
cd /run && ls | sed -n 's/^test-//p'
ls /run/saslauthd.was-* 2>/dev/null || :
"""


@pytest.mark.needs_root
@pytest.mark.parametrize("state", ["", "active", "enabled",
                                   "active enabled"])
def test_the_swap_leaves_the_service_as_it_was(rpms, tmp_path, state):
    """The removal of cyrus-sasl ends a service of this name."""
    (tmp_path / "stock.spec").write_text(STOCK)
    debs.run("rpmbuild", "-bb", "--define", f"_topdir {tmp_path}",
             "stock.spec", cwd=tmp_path)
    stock, = tmp_path.glob("RPMS/noarch/cyrus-sasl-*.rpm")
    systemctl = tmp_path / "systemctl"
    systemctl.write_text(SYSTEMCTL)
    systemctl.chmod(0o755)
    done = subprocess.run(
        ["unshare", "--mount", "sh", "-ec", SWAP, "sh", systemctl, stock,
         rpms["saslauthd"], state], capture_output=True, text=True,
        check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == state.split(), done.stderr


def test_rpmlint_finds_no_error_in_the_spec():
    if shutil.which("rpmlint") is None:
        pytest.skip("rpmlint is not installed")
    said = subprocess.run(["rpmlint", SPEC], capture_output=True, text=True,
                          check=False).stdout
    assert " 0 errors" in said, said
