# SPDX-License-Identifier: BSD-2-Clause
"""What can be said of the scripts and files without running them."""

import re
import shutil
import subprocess

import pytest

from lib import SOURCE_DIR

PACKAGING = SOURCE_DIR / "packaging"
# rpm/ is a package's own.
FILES = sorted(p for p in PACKAGING.rglob("*") if p.is_file() and
               p.parent != PACKAGING and "rpm" not in p.parts)
SCRIPTS = [p for p in FILES if p.read_text().startswith("#!")]


def name(path):
    return str(path.relative_to(PACKAGING))


def run(*args):
    done = subprocess.run(list(map(str, args)), text=True, check=False,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    assert done.returncode == 0, done.stdout


def need(program):
    if shutil.which(program) is None:
        pytest.skip(f"{program} is not installed")


def test_all_systems_have_a_script():
    assert {name(p) for p in SCRIPTS} == {
        "freebsd/saslauthd", "openrc/saslauthd.initd", "solaris/saslauthd",
        "sysv/saslauthd"}


@pytest.mark.parametrize("path", SCRIPTS, ids=name)
def test_script(path):
    need("shellcheck")
    assert path.stat().st_mode & 0o777 == 0o755
    run("shellcheck", "-x", path)
    run("sh", "-n", path)


@pytest.mark.parametrize("path", [PACKAGING / "redhat/saslauthd.sysconfig",
                                  PACKAGING / "openrc/saslauthd.confd"],
                         ids=name)
def test_settings(path):
    """The shell reads some of them, systemd another."""
    run("sh", "-n", path)
    for line in path.read_text().splitlines():
        assert re.fullmatch(r'(#.*|[A-Z_]+=("[^"$`]*"|\S*)|)', line), line


def test_manifest_is_well_formed():
    need("xmllint")
    run("xmllint", "--noout", "--nonet",
        PACKAGING / "solaris/saslauthd.xml")


def test_readme_names_every_file():
    text = (PACKAGING / "README.md").read_text()
    rows = re.findall(r"^\| `(.*?)` \|", text, re.M)
    assert sorted(rows) == sorted(map(name, FILES))
