# SPDX-License-Identifier: BSD-2-Clause
"""The operator's side of RUNDIR/control."""

import json
import socket
import struct

TIMEOUT_SEC = 30


class Refused(Exception):
    """The reply's last line was an error."""


def encode(*words):
    data = struct.pack(">H", len(words))
    for word in words:
        text = word.encode()
        data += struct.pack(">H", len(text)) + text
    return data


def connect(run_dir):
    connection = socket.socket(socket.AF_UNIX)
    connection.settimeout(TIMEOUT_SEC)
    connection.connect(f"{run_dir}/control")
    return connection


def read_lines(connection):
    """Until the daemon closes: its lines, the last one taken off."""
    with connection, connection.makefile("rb") as file:
        lines = [json.loads(line) for line in file]
    if not lines:
        raise ConnectionError("no reply")
    last = lines.pop()
    if last["kind"] == "error":
        raise Refused(last["text"])
    assert last == {"kind": "end"}, last
    return lines


def ask(run_dir, *words):
    connection = connect(run_dir)
    connection.sendall(encode(*words))
    return read_lines(connection)


def one(run_dir, kind, *words, **members):
    """The only line of this kind with these members."""
    found = [line for line in ask(run_dir, *words) if line["kind"] == kind
             and all(line[key] == members[key] for key in members)]
    assert len(found) == 1, found
    return found[0]
