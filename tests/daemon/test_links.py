# SPDX-License-Identifier: BSD-2-Clause
"""The walls of docs/DESIGN.md as far as the link lists show them."""

import re
import subprocess

import pytest

from lib import BUILD_DIR
from lib.daemon import POOL, SASLAUTHD, TESTSASLAUTHD

# In every program; libasan and libubsan with sanitizers only.
LIBC = r"libc|libm|libpthread|librt|libdl|ld-linux.*|linux-vdso|libgcc_s|" \
    r"libasan|libubsan"

LDAP = POOL.parent / "mech_ldap.so"
RADIUS = POOL.parent / "mech_radius.so"
SASLDB = POOL.parent / "mech_sasldb.so"
MODULES = [LDAP, RADIUS, SASLDB]
USER_DB = r"liblmdb|libdb-5\.3|libdb-5|libdb|libgdbm"

MAY_LINK = {
    SASLAUTHD: r"libevent_core.*|libsodium|libseccomp",
    POOL: r"libpam|libcrypt",
    LDAP: r"libldap.*|liblber.*|libcrypto|libargon2|libresolv",
    RADIUS: r"libssl|libcrypto",
    SASLDB: USER_DB,
    TESTSASLAUTHD: r"",
    BUILD_DIR / "tools" / "saslauthctl": r"",
    BUILD_DIR / "tools" / "saslcache": r"",
    BUILD_DIR / "tools" / "saslpasswd2": USER_DB + "|libcrypt",
    BUILD_DIR / "tools" / "sasldblistusers2": USER_DB + "|libcrypt",
}


def needed(program):
    text = subprocess.run(["readelf", "-d", program], check=True,
                          capture_output=True, text=True).stdout
    return re.findall(r"\(NEEDED\).*\[(.+?)\.so", text)


@pytest.mark.parametrize("program", MAY_LINK, ids=lambda p: p.name)
def test_links_nothing_else(program):
    if program in MODULES and not program.exists():
        pytest.skip(f"built without {program.stem}")
    found = needed(program)
    assert "libc" in found
    pattern = re.compile(f"{LIBC}|{MAY_LINK[program]}")
    assert not [name for name in found if not pattern.fullmatch(name)]


def test_the_walls_are_there_to_be_tested():
    """The front really has an event loop; the pool really has PAM."""
    assert any(name.startswith("libevent_core")
               for name in needed(SASLAUTHD))
    assert "libcrypt" in needed(POOL)


def symbols(program, *options):
    text = subprocess.run(["nm", "-D", *options, program], check=True,
                          capture_output=True, text=True).stdout
    return {line.split()[-1].partition("@")[0]
            for line in text.splitlines()}


@pytest.mark.ordinary_build     # sanitizers add symbols of their own
@pytest.mark.parametrize("module", MODULES, ids=lambda p: p.stem)
def test_a_module_shows_one_symbol_and_takes_the_rest_from_the_pool(module):
    if not module.exists():
        pytest.skip(f"built without {module.stem}")
    assert symbols(module, "--defined-only") == {"mech_module"}
    exported = symbols(POOL, "--defined-only")
    wanted = symbols(module, "--undefined-only")
    ours = re.compile(r"(buf|conf|deadline|dir|errmsg|io|json|log|mech|"
                      r"network|pass|passhash|rad|secret|servers?|str|"
                      r"wire)_\w+")
    taken = {name for name in wanted if ours.fullmatch(name)}
    assert "mech_answer_set" in taken
    assert taken <= exported
