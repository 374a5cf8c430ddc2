# SPDX-License-Identifier: BSD-2-Clause
"""Lines as a syslog server files them, and the real programs that read
them: fail2ban-regex, and logwatch with what is in docs/."""

import ast
import os
import pathlib
import re
import shutil
import subprocess

from lib import SOURCE_DIR, UNPACKED_DIR, isolation

LOGWATCH_ETC = pathlib.Path("/etc/logwatch")

RUN_SEC = 60

TITLE = "SASL Authentications failed"


def root_of(program):
    """The root directory under which a program is there, or None."""
    for root in (pathlib.Path("/"), UNPACKED_DIR):
        if (root / "usr" / "bin" / program).exists() or \
           (root / "usr" / "sbin" / program).exists():
            return root
    return None


def obstacle(program):
    """What this machine lacks, or None."""
    if root_of(program) is None:
        return f"{program} is not there"
    return None


def filed(lines, iso=False):
    """Lines of lib.syslogd as they stand in the file: in the traditional
    shape, or with the time stamps of rsyslog's newer default."""
    stamp = re.compile(r"<\d+>(\w{3} [ \d]\d) (\d\d:\d\d:\d\d) ")
    replacement = r"2026-11-22T\2.123456+00:00 " if iso else r"\1 \2 "
    return [stamp.sub(replacement + "mail ", line.raw) for line in lines]


class Fail2ban:
    """fail2ban's own configuration, alone or with ours."""

    def __init__(self, directory, ours):
        self.root = root_of("fail2ban-regex")
        self.directory = directory
        self.config = directory / ("ours" if ours else "stock")
        shutil.copytree(self.root / "etc" / "fail2ban", self.config)
        if ours:
            shutil.copytree(SOURCE_DIR / "docs" / "fail2ban", self.config,
                            dirs_exist_ok=True)

    def _run(self, program, *options):
        packages = self.root / "usr" / "lib" / "python3" / "dist-packages"
        run = subprocess.run(
            [self.root / "usr" / "bin" / program, "-c", self.config,
             *options], capture_output=True, text=True, check=False,
            timeout=RUN_SEC, env={**os.environ, "PYTHONPATH": str(packages)})
        assert run.returncode == 0, run.stdout + run.stderr
        return run.stdout

    def _regex(self, rule, lines, *options):
        log = self.directory / "log"
        log.write_text("".join(line + "\n" for line in lines))
        return self._run("fail2ban-regex", *options, log, rule)

    def server_commands(self):
        """What the server would be told at its start."""
        return self._run("fail2ban-client", "-d")

    def addresses(self, rule, lines):
        """The address of each match."""
        rows = self._regex(rule, lines, "-o", "row").splitlines()
        return [ast.literal_eval(row.rstrip(","))[0] for row in rows]

    def matched(self, rule, lines):
        """The lines that match."""
        text = self._regex(rule, lines, "--print-all-matched",
                           "--print-no-missed", "--print-no-ignored")
        found = re.search(r"^\|- Matched line\(s\):\n(.*?)^`-$", text,
                          re.M | re.S)
        return re.findall(r"^\|  (.*)$", found[1], re.M) if found else []


class Logwatch:
    """The real program, with an /etc of the tests' own."""

    def __init__(self, directory, ours):
        assert isolation.isolated()
        self.logs, work = directory / "logs", directory / "work"
        for path in (self.logs, work):
            path.mkdir(exist_ok=True)
        shutil.rmtree(LOGWATCH_ETC, ignore_errors=True)
        (LOGWATCH_ETC / "conf").mkdir(parents=True)
        (LOGWATCH_ETC / "conf" / "logwatch.conf").write_text(
            f"TmpDir = {work}\n")
        if ours:
            shutil.copytree(SOURCE_DIR / "docs" / "logwatch", LOGWATCH_ETC,
                            dirs_exist_ok=True)

    def report(self, lines):
        (self.logs / "auth.log").write_text(
            "".join(line + "\n" for line in lines))
        run = subprocess.run(
            ["logwatch", "--service", "saslauthd", "--logdir",
             str(self.logs), "--range", "all", "--output", "stdout"],
            capture_output=True, text=True, check=True, timeout=RUN_SEC)
        assert run.stderr == ""
        return Report(run.stdout)


class Report:
    """What logwatch says about saslauthd."""

    def __init__(self, text):
        self.text = text

    def number(self, pattern):
        match = re.search(pattern + r":? (\d+)", self.text)
        return int(match[1]) if match else 0

    @property
    def failed(self):
        return self.number(TITLE)

    @property
    def users(self):
        """Counts of the lines "User: NAME - REASON"."""
        found = re.findall(r"^ +User: (.*) - (\d+) Time\(s\):$", self.text,
                           re.M)
        return {who: int(count) for who, count in found}

    @property
    def unmatched(self):
        lines = self.text.partition("**Unmatched Entries**")[2]
        return [line for line in re.split(r"\n -{5,}", lines)[0].split("\n")
                if line.strip()]

    def told(self, pattern):
        """The times of what is told in front of the failures."""
        found = re.findall(rf"^ +.*{pattern}.* - (\d+) Time\(s\)$",
                           self.text.partition(TITLE)[0], re.M)
        return sum(map(int, found))
