# SPDX-License-Identifier: BSD-2-Clause
"""AppArmor's and SELinux' compilers take the policies."""

import pathlib
import re
import shutil
import subprocess

import pytest

from lib import SOURCE_DIR, UNPACKED_DIR

APPARMOR = SOURCE_DIR / "packaging" / "apparmor" / "usr.sbin.saslauthd"
SELINUX = SOURCE_DIR / "packaging" / "selinux"


def find(*names):
    """The first that is there, of this machine or unpacked."""
    for root in (pathlib.Path("/"), UNPACKED_DIR):
        for name in names:
            if (root / name).exists():
                return root / name
    return None


PARSER = find("sbin/apparmor_parser", "usr/sbin/apparmor_parser")
ABSTRACTIONS = find("etc/apparmor.d/abstractions/base")
DEVEL = find("usr/share/selinux/devel/Makefile")

needs_parser = pytest.mark.skipif(
    PARSER is None or ABSTRACTIONS is None,
    reason="apparmor is neither installed nor unpacked")
needs_selinux = pytest.mark.skipif(
    DEVEL is None or shutil.which("checkmodule") is None,
    reason="selinux-policy-dev is neither installed nor unpacked")


def apparmor_parser(path, *options):
    return subprocess.run(
        [PARSER, "--skip-cache", "--skip-kernel-load",
         "--base", ABSTRACTIONS.parents[1], *options, path], text=True,
        capture_output=True, check=False)


def make_module(directory, name, *variables):
    done = subprocess.run(
        ["make", "-f", DEVEL, f"HEADERDIR={DEVEL.parent}/include",
         "AWK=awk", *variables, f"{name}.pp"], cwd=directory, text=True,
        capture_output=True, check=False)
    said = done.stdout + done.stderr
    assert done.returncode == 0, said
    assert "warning" not in said.lower(), said
    return (directory / f"{name}.pp").read_bytes()


@needs_parser
def test_apparmor():
    done = apparmor_parser(APPARMOR, "--warn=all")
    assert done.returncode == 0, done.stderr
    names = apparmor_parser(APPARMOR, "--names").stdout.split()
    assert names == ["saslauthd", "saslauthd//front", "saslauthd//pool"]


@needs_parser
def test_apparmor_would_complain(tmp_path):
    broken = tmp_path / "broken"
    broken.write_text(APPARMOR.read_text().replace("cx -> front", "zx"))
    assert apparmor_parser(broken).returncode != 0


def test_apparmor_front_reads_no_configuration():
    """The wall between who reads clients and what has secrets."""
    front = re.search(r"^  profile front .*?^  }$", APPARMOR.read_text(),
                      re.M | re.S)[0]
    assert "/etc/" not in front and "network" not in front
    assert "local/" not in front


@pytest.fixture
def module(tmp_path):
    for file in SELINUX.iterdir():
        shutil.copy(file, tmp_path)
    return tmp_path


@needs_selinux
@pytest.mark.parametrize("distribution, run_type", [
    ("debian", b"saslauthd_runtime_t"), ("redhat", b"saslauthd_var_run_t")])
def test_selinux(module, distribution, run_type):
    """The run directory's type has two names."""
    made = make_module(module, "saslauthd", f"DISTRO={distribution}")
    assert run_type in made
    assert b"saslauthd_var_lib_t" in made
    assert b"/usr/libexec/saslauthd-pool" in made


@needs_selinux
def test_selinux_interface(module):
    """Another module can use it."""
    (module / "other.te").write_text(
        "policy_module(other, 1.0)\ntype other_t;\ndomain_type(other_t)\n"
        "saslauthd_manage_users(other_t)\n")
    for suffix in ("fc", "if"):
        (module / f"other.{suffix}").write_text("")
    assert b"saslauthd_var_lib_t" in make_module(module, "other")
