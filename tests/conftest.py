# SPDX-License-Identifier: BSD-2-Clause
"""Isolation, tiers and fixtures for every suite below this folder."""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest

from lib import BUILD_DIR, isolation, sanitized, wire
from lib.daemon import Daemon, processes_of_build
from lib.syslogd import Syslog


def pytest_addoption(parser):
    parser.addoption("--long", action="store_true",
                     help="run the tests of the long tier too")


@pytest.hookimpl(tryfirst=True)
def pytest_cmdline_main(config):
    if isolation.decided() or config.option.help or config.option.version:
        return
    why = isolation.obstacle()
    if why is not None:
        os.environ["SASLAUTHD_TEST_NOT_ISOLATED"] = why
        return
    # pytest has put its own files over descriptors 1 and 2 by now.
    config.pluginmanager.getplugin("capturemanager").stop_global_capturing()
    isolation.reexec(config.invocation_params.args)


def pytest_report_header():
    if isolation.isolated():
        return f"isolated, build in {BUILD_DIR}"
    return f"not isolated ({isolation.reason()}), build in {BUILD_DIR}"


def pytest_collection_modifyitems(config, items):
    for item in items:
        if item.get_closest_marker("needs_root") and \
           not isolation.isolated():
            item.add_marker(pytest.mark.skip(reason=isolation.reason()))
        if item.get_closest_marker("ordinary_build") and sanitized():
            item.add_marker(pytest.mark.skip(
                reason="not there in a build with sanitizers"))
        if item.get_closest_marker("sockets") and wire.DOORS:
            item.add_marker(pytest.mark.skip(reason=wire.NO_SOCKET))
        if item.get_closest_marker("long") and not config.option.long:
            item.add_marker(pytest.mark.skip(
                reason="long tier: scripts/check --long"))


@pytest.hookimpl(trylast=True)  # the fixtures stop theirs first
def pytest_sessionfinish(session):
    """A suite that leaves a process of ours behind has failed."""
    if not isolation.isolated():
        return
    left = processes_of_build()
    if left:
        print("\nstill running after the last test:")
        subprocess.run(["ps", "-o", "pid,ppid,user,args", "-p",
                        ",".join(map(str, left))], check=False)
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


@pytest.fixture(scope="session")
def syslog():
    """The syslog server of the namespace, on /dev/log."""
    if not isolation.isolated():
        pytest.skip(isolation.reason())
    server = Syslog("/dev/log")
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="module")
def shared_dir():
    """A directory for one module that every user may enter."""
    path = Path(tempfile.mkdtemp(prefix="saslauthd-test-"))
    path.chmod(0o755)
    yield path
    shutil.rmtree(path, ignore_errors=True)


@pytest.fixture
def open_dir():
    """The same for one test. (pytest's own tmp_path is 0700.)"""
    path = Path(tempfile.mkdtemp(prefix="saslauthd-test-"))
    path.chmod(0o755)
    yield path
    shutil.rmtree(path, ignore_errors=True)


def daemons(request):
    """Yield start(*args, **keywords); stop all that were started."""
    started = []
    failed_before = request.session.testsfailed

    def start(*args, **keywords):
        daemon = Daemon(*args, **keywords)
        started.append(daemon)
        daemon.start()
        return daemon

    yield start
    problems = []
    for daemon in reversed(started):
        try:
            daemon.finish()
        except AssertionError as e:
            problems.append(str(e))
        if problems or request.session.testsfailed > failed_before:
            print(daemon.report())
        daemon.remove()
    assert not problems, "; ".join(problems)


@pytest.fixture
def start_daemon(request):
    """start_daemon("-a", "sasldb", ...) -> a running lib.daemon.Daemon."""
    yield from daemons(request)


@pytest.fixture(scope="module")
def start_shared_daemon(request):
    """The same for the whole module."""
    yield from daemons(request)
