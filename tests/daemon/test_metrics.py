# SPDX-License-Identifier: BSD-2-Clause
"""What `saslauthctl metrics` prints, as a parser of OpenMetrics reads it; the
manual page and the dashboard name just what is in it."""

import collections
import json
import os
import re
import signal
import subprocess

import pytest

from daemon_users import PASSWORD, REALM, USER
from lib import BUILD_DIR, SOURCE_DIR, wait_until, wire
from lib.daemon import SASLAUTHD
from lib.promql import Query
from test_manuals import built_mechanisms

openmetrics = pytest.importorskip("prometheus_client.openmetrics.parser")

SASLAUTHCTL = BUILD_DIR / "tools" / "saslauthctl"
PAGE = SOURCE_DIR / "docs" / "man" / "saslauthd-metrics.5"
DASHBOARD = SOURCE_DIR / "docs" / "grafana" / "saslauthd.json"
TEXTFILES = "/var/lib/prometheus/node-exporter"

RESTART_SEC = 15
HOSTILE, HOSTILE_LABEL = 'a"b\\c\nd', 'a"b\\x5cc\\x0ad'

SERVERS = ("ldap://127.0.0.41/", "ldap://127.0.0.42/")
PARTS = "saslauthd_backend_part_up"
LDAP = "ldap" in built_mechanisms()
SITE = """
cache: yes
backend sasldb {{
    mechanism: sasldb
    sasldb_path: {store}
}}
route others {{
    step: sasldb
}}
"""
DIRECTORY = f"""
backend directory {{
    mechanism: ldap
    ldap_servers: {" ".join(SERVERS)}
    ldap_search_base: dc=example,dc=org
}}
route directory {{
    service: directory
    step: directory
}}
"""

Family = collections.namedtuple("Family", "type labels")


def metrics_text(daemon):
    return subprocess.run([SASLAUTHCTL, "-m", daemon.rundir, "metrics"],
                          check=True, capture_output=True, text=True).stdout


def parse(text):
    return list(openmetrics.text_string_to_metric_families(text))


@pytest.fixture(scope="module")
def daemon(start_shared_daemon, shared_dir, store):
    """It has answered: a success (twice from memory), one under a hostile
    service, a wrong password under a service nobody knows, no password. Nobody
    has asked the directory."""
    file = shared_dir / "metrics.conf"
    file.write_text((DIRECTORY if LDAP else "") + SITE.format(store=store))
    started = start_shared_daemon("--config", file)

    def ask(password, service):
        return started.ask(USER, password, service=service, realm=REALM)

    for _ in range(3):
        assert ask(PASSWORD, "smtp") == wire.OK
    assert ask(PASSWORD, HOSTILE) == wire.OK
    assert ask("wrong one", "smtp") == wire.NO
    assert ask("wrong one", "made up") == wire.NO
    assert ask("", "smtp") not in (wire.OK, wire.OUTAGE)
    return started


@pytest.fixture(scope="module")
def families(daemon):
    return parse(metrics_text(daemon))


@pytest.fixture(scope="module")
def exposed(families):
    """{name as in a query, a histogram without its suffixes: Family}"""
    found = {}
    for family in families:
        if family.name == PARTS and not LDAP:
            found[PARTS] = Family(family.type, {"backend", "part"})
            continue
        assert family.samples, f"{family.name}: this test causes none"
        labels = {label for sample in family.samples
                  for label in sample.labels} - {"le"}
        suffix = "_total" if family.type == "counter" else ""
        found[family.name + suffix] = Family(family.type, labels)
    return found


@pytest.fixture(scope="module")
def values(families):
    return {(sample.name, *sorted(sample.labels.values())): sample.value
            for family in families for sample in family.samples}


# What it counts.

def test_text(daemon):
    text = metrics_text(daemon)
    assert text.endswith("\n# EOF\n")
    assert all(family.documentation for family in parse(text))
    assert PASSWORD not in text
    assert USER not in text


def test_requests(values):
    name = "saslauthd_requests_total"
    found = {key[1:]: value for key, value in values.items()
             if key[0] == name}
    assert found == {
        ("none", "ok", "sasldb", "smtp"): 3,
        tuple(sorted(("none", "ok", "sasldb", HOSTILE_LABEL))): 1,
        ("bad_password", "denied", "sasldb", "smtp"): 1,
        ("bad_password", "denied", "other", "sasldb"): 1}
    assert values["saslauthd_invalid_requests_total",] == 1


def test_sources(values):
    name = "saslauthd_answers_total"
    found = {key[1:]: value for key, value in values.items()
             if key[0] == name}
    # The others are there, too: a rate needs something to begin with.
    assert found.pop(("backend", "sasldb", "tempfail")) == 0
    found = {key: value for key, value in found.items() if value}
    assert found == {("backend", "ok", "sasldb"): 2,
                     ("cached", "ok", "sasldb"): 2,
                     ("backend", "denied", "sasldb"): 2}
    lookups = {key[1]: value for key, value in values.items()
               if key[0] == "saslauthd_cache_lookups_total"}
    assert lookups["hit"] == 2
    assert sum(lookups.values()) == 6


def test_times(values):
    name = "saslauthd_backend_duration_seconds"
    assert values[name + "_count", "sasldb"] == 4
    # yescrypt is slow on purpose; no question takes the whole deadline.
    assert 0 < values[name + "_sum", "sasldb"] < 4 * 30
    name = "saslauthd_request_duration_seconds"
    assert values[name + "_count", "backend", "sasldb"] == 4
    assert values[name + "_count", "cached", "sasldb"] == 2


def test_daemon(values):
    assert values["saslauthd_backend_up", "sasldb"] == 1
    assert {key[1:] for key in values if key[0] == PARTS} == (
        {("directory", server) for server in SERVERS} if LDAP else set())
    assert values["saslauthd_restarts_total", "front"] == 0
    for role in (("keeper",), ("front",), ("pool", "sasldb")):
        assert 0 < values["saslauthd_uptime_seconds", *role] < 600
    version = subprocess.run([SASLAUTHD, "-v"], check=True, text=True,
                             capture_output=True).stderr.split()[1]
    assert values["saslauthd_build_info", version] == 1


def test_restarts(start_daemon, store):
    """The front's counters begin anew; the keeper's do not."""
    daemon = start_daemon("-a", "sasldb", "-O", store, "-n", "1")
    assert daemon.ask(USER, PASSWORD, realm=REALM) == wire.OK
    os.kill(daemon.one("front"), signal.SIGKILL)

    def restarted():
        run = subprocess.run([SASLAUTHCTL, "-m", daemon.rundir, "metrics"],
                             check=False, capture_output=True, text=True)
        wanted = 'saslauthd_restarts_total{role="front"} 1\n'
        return run.stdout if wanted in run.stdout else None

    text = wait_until(restarted, RESTART_SEC, "the restart being counted")
    assert "saslauthd_requests_total{" not in text


# The textfile collector.

def documented_command():
    line = re.search(r"^\* \* \* \* \* (.*)$", PAGE.read_text(), re.M)[1]
    unit = re.search(r"^ExecStart=/bin/sh -c '(.*)'$", PAGE.read_text(),
                     re.M)[1]
    assert line == f"cd {TEXTFILES} && {unit}"
    return line


def run_documented(directory, rundir):
    command = documented_command().replace(TEXTFILES, str(directory))
    assert command.count("/usr/sbin/saslauthctl") == 1
    command = command.replace("/usr/sbin/saslauthctl",
                              f"{SASLAUTHCTL} -m {rundir}")
    return subprocess.run(["sh", "-c", command], check=False,
                          stderr=subprocess.DEVNULL).returncode


def test_textfile(daemon, tmp_path):
    assert run_documented(tmp_path, daemon.rundir) == 0
    written = list(tmp_path.glob("*.prom"))
    assert len(written) == 1
    text = written[0].read_text()
    assert parse(text)
    # The collector reads an older format, which has no other types.
    assert set(re.findall(r"^# TYPE \S+ (\S+)$", text, re.M)) <= {
        "counter", "gauge", "histogram"}
    # A daemon that does not answer leaves it as it was.
    assert run_documented(tmp_path, tmp_path / "none") != 0
    assert list(tmp_path.glob("*.prom")) == written
    assert written[0].read_text() == text


# The manual page.

def families_of_manual():
    found = {}
    for name, rest in re.findall(r"^\.It Ic (\w+) Pq (.*)$",
                                 PAGE.read_text(), re.M):
        kind, _, labels = rest.partition(": ")
        assert name not in found, name
        found[name] = Family(kind, set(filter(None, labels.split(", "))))
    return found


def labels_of_manual():
    """{label: its words}"""
    text = PAGE.read_text().partition("\n.Sh LABELS\n")[2]
    return {name: set(re.findall(r"^\.Ql (\S+)", said, re.M))
            for name, said in re.findall(
                r"^\.It Cm (\w+)$(.*?)(?=^\.It|^\.El)", text, re.M | re.S)}


def test_manual_names_what_is_there(exposed):
    assert families_of_manual() == exposed


def test_manual_names_labels_and_their_values(families, exposed):
    said = labels_of_manual()
    assert set(said) == set().union(*(f.labels for f in exposed.values()))
    bounded = set(said) - {"mech", "backend", "part", "service", "reason",
                           "version"}
    assert len(bounded) > 5
    for family in families:
        for sample in family.samples:
            for label in bounded & sample.labels.keys():
                assert sample.labels[label] in said[label], sample


# The dashboard.

OF_COLLECTOR = {"instance"}	# added by whoever collects


def dashboard():
    return json.loads(DASHBOARD.read_text())


def targets():
    return [target for panel in dashboard()["panels"]
            for target in panel.get("targets", ())]


def queries():
    texts = [target["expr"] for target in targets()]
    texts += [a["expr"] for a in dashboard()["annotations"]["list"]]
    return [Query(text) for text in texts]


def sample_names(exposed):
    """{name in a query: Family}"""
    found = {}
    for name, family in exposed.items():
        if family.type == "histogram":
            found[name + "_bucket"] = family._replace(
                labels=family.labels | {"le"})
            found[name + "_sum"] = found[name + "_count"] = family
        else:
            found[name] = family
    return found


def test_queries_name_what_is_there(exposed):
    known = sample_names(exposed)
    assert len(queries()) > 30
    for query in queries():
        assert query.selectors, query.expr
        for s in query.selectors:
            assert s.name in known, query.expr
            labels = known[s.name].labels | OF_COLLECTOR
            assert {m[0] for m in s.matchers} | s.grouped <= labels, \
                query.expr
            assert (known[s.name].type == "gauge") != s.ranged, query.expr


def reasons():
    return set(re.findall(r'case REASON_\w+: return "(\w+)"', (
        SOURCE_DIR / "common" / "result.c").read_text()))


def test_queries_match_values_that_exist():
    words = {**labels_of_manual(), "reason": reasons()}
    seen = 0
    for query in queries():
        for s in query.selectors:
            for label, sign, value in s.matchers:
                if label in OF_COLLECTOR:
                    assert (sign, value) == ("=~", "$instance"), query.expr
                    continue
                seen += 1
                for one in value.split("|") if "~" in sign else [value]:
                    assert any(re.fullmatch(one, w) for w in words[label]), \
                        f"{query.expr}: {label} is never {one}"
    assert seen > 10


def test_every_query_heeds_the_variables():
    """Data source and instance are chosen above, for all panels alike."""
    lists = {v["name"]: v for v in dashboard()["templating"]["list"]}
    assert set(lists) == {"datasource", "instance"}
    assert lists["instance"]["query"]["query"] == \
        "label_values(saslauthd_build_info, instance)"
    for part in (*targets(), lists["instance"]):
        assert part["datasource"]["uid"] == "${datasource}"
    for query in queries():
        for s in query.selectors:
            assert "instance" in {m[0] for m in s.matchers}, query.expr


def test_legends_name_grouped_labels():
    """A label that is in all series of a query, but in no legend, makes
    lines that look alike."""
    named = 0
    for target in targets():
        legend = set(re.findall(r"\{\{(\w+)\}\}", target["legendFormat"]))
        for s in Query(target["expr"]).selectors:
            # Inside min(...) or a quantile, what was grouped by is gone.
            if not re.match(r"histogram_quantile|(min|max)\(",
                            target["expr"]):
                assert legend == s.grouped, target
        named += len(legend)
    assert named > 20


def test_dashboard_shows_every_metric(exposed):
    shown = {s.name for query in queries() for s in query.selectors}
    for name, family in exposed.items():
        if name == "saslauthd_build_info":	# the variable's list
            continue
        suffix = "_bucket" if family.type == "histogram" else ""
        assert name + suffix in shown, name


def test_panels_lie_beside_each_other():
    taken = {}
    ids = [panel["id"] for panel in dashboard()["panels"]]
    assert len(ids) == len(set(ids)) > 20
    for panel in dashboard()["panels"]:
        where = panel["gridPos"]
        for x in range(where["x"], where["x"] + where["w"]):
            for y in range(where["y"], where["y"] + where["h"]):
                assert x < 24
                assert (x, y) not in taken, \
                    f"{panel['title']} lies over {taken[x, y]}"
                taken[x, y] = panel["title"]
