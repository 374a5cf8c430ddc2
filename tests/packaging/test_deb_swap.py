# SPDX-License-Identifier: BSD-2-Clause
"""Our packages on a Debian mail server that runs sasl2-bin, and back."""

import re

import pytest

import machine

# Not of the build under test: once is enough.
pytestmark = [pytest.mark.needs_root, pytest.mark.long,
              pytest.mark.ordinary_build]

CONFOLD = ("-o", "Dpkg::Options::=--force-confold")


@pytest.fixture(scope="module")
def base():
    why = machine.obstacle()
    if why is not None:
        pytest.skip(why)
    made = machine.Base()
    yield made
    made.remove()


@pytest.fixture
def box(base):
    made = machine.Machine(base)
    yield made
    made.remove()


@pytest.fixture
def stock(box):
    """A mail server with two instances of the stock daemon."""
    box.add_user()
    box.instances()
    box.service("start")
    box.postfix()
    assert not box.is_ours()
    box.accepts_mail()
    return box


@pytest.fixture
def ours(packages, stock):
    """The same one, with our packages over it."""
    stock.before = stock.kept()
    stock.links = boot_links(stock)
    stock.install(*stock.copy_in(packages.files().values()))
    return stock


def boot_links(box):
    return sorted(path.name[0] + path.name[3:]
                  for path in box.path("/etc/rc2.d").iterdir()
                  if path.name.endswith("saslauthd"))


def purge_stock(box):
    box.run("dpkg", "--purge", "sasl2-bin")
    # What README.Debian tells of machines without systemd, as this one.
    assert boot_links(box) == []
    box.run("update-rc.d", "saslauthd", "defaults")
    assert boot_links(box) == box.links


def back_to_stock(box, *options):
    box.install(*options, box.stock_package())
    assert not box.is_ours()
    box.accepts_mail()
    assert box.kept() == box.before


def test_mail_goes_on_being_accepted(ours):
    assert ours.is_ours()
    ours.accepts_mail()
    assert ours.kept() == ours.before
    assert boot_links(ours) == ours.links
    said = ours.service("status")
    assert "saslauthd is running" in said
    assert "saslauthd-postfix is running" in said


def test_dpkg_alone_swaps_them_too(packages, stock):
    before = stock.kept()
    stock.run("dpkg", "-i", *stock.copy_in(packages.files().values()))
    assert stock.is_ours()
    stock.accepts_mail()
    assert stock.kept() == before


def test_the_purge_of_sasl2_bin_changes_nothing(ours):
    purge_stock(ours)
    ours.accepts_mail()
    assert ours.kept() == ours.before
    ours.restart_whole()
    ours.accepts_mail()
    assert ours.kept() == ours.before


def test_back_to_sasl2_bin_and_purged(ours):
    back_to_stock(ours)
    ours.run("dpkg", "--purge", "saslauthd", "saslauthd-ldap",
             "saslauthd-radius", "saslauthd-sasldb", "sasl2-userdb-tools")
    ours.accepts_mail()
    assert ours.kept() == ours.before
    assert boot_links(ours) == ours.links
    ours.restart_whole()
    ours.accepts_mail()
    assert ours.kept() == ours.before


def test_back_to_a_sasl2_bin_that_was_purged(ours):
    """dpkg then takes the administrator's file for a stranger's, and would
    ask which one to take."""
    purge_stock(ours)
    back_to_stock(ours, *CONFOLD)


def test_without_sasl2_bin(packages, box):
    """On a machine that never had it, and nothing is left of it."""
    box.run("dpkg", "--purge", "sasl2-bin")
    box.run("rm", "-f", "/etc/default/saslauthd", "/etc/sasldb2")
    box.add_user()
    box.install(*box.copy_in(packages.files().values()))
    assert "no instance" in box.attempt("service", "saslauthd",
                                        "status").stdout
    settings = box.path("/etc/default/saslauthd")
    settings.write_text(re.sub(r"(?m)^START=no$", "START=yes",
                               settings.read_text()))
    box.service("start")
    box.run("testsaslauthd", "-u", machine.USER, "-f",
            "/var/run/saslauthd/mux", data=machine.PASSWORD + "\n")
    box.run("dpkg", "--purge", *packages.files())
    for name in ("/etc/default/saslauthd", "/etc/init.d/saslauthd",
                 "/etc/default/saslauthd.sasl2-bin"):
        assert not box.path(name).exists(), name
    assert boot_links(box) == []
    assert "saslauthd" not in box.run("dpkg-divert", "--list")
    assert "/run/saslauthd" not in box.attempt(
        "dpkg-statoverride", "--list").stdout


def test_a_mechanism_that_comes_later_is_used(packages, box):
    """Its package restarts the daemon, which could not start before."""
    box.instances()
    settings = box.path("/etc/default/saslauthd")
    settings.write_text(settings.read_text().replace(
        'MECHANISMS="shadow"', 'MECHANISMS="sasldb"'))
    debs = dict(zip(packages.files(), box.copy_in(
        packages.files().values())))
    box.install(debs["sasl2-userdb-tools"], debs["saslauthd"])
    ask = ("testsaslauthd", "-u", "anna", "-r", "example.org", "-f",
           "/var/run/saslauthd/mux")
    secret = "secret of anna\n"
    assert box.attempt(*ask, data=secret).returncode != 0
    box.install(debs["saslauthd-sasldb"])
    assert "OK" in box.run(*ask, data=secret)
