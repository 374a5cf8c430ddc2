# SPDX-License-Identifier: BSD-2-Clause
"""A scripted control socket, for what a real daemon cannot be made to say:
outages of several backends, a full table, a reply cut short, garbage."""

import copy
import json
import socket
import struct
import threading

END = {"kind": "end"}


def backend(name="sasldb", **changes):
    return {"kind": "backend", "name": name, "mech": name, "up": True,
            "since_sec": 12000, "workers_starting": 0, "workers_idle": 3,
            "workers_busy": 2, "workers_ready": 5, "workers_max": 20,
            "queued": 0, "median_ms": 12.345, "workers_lost": 1, **changes}


def part(name, backend="sasldb", up=True, why="", since_sec=130):
    return {"kind": "part", "backend": backend, "name": name, "up": up,
            "since_sec": since_sec, "why": why}


CACHE = {"kind": "cache", "enabled": True, "entries": 2, "refusals": 0,
         "bytes": 200, "bytes_max": 1_000_000, "ttl_sec": 28800,
         "grace_sec": 0, "negative_ttl_sec": 60, "hits": 2, "misses": 1,
         "others": 1, "stales": 0, "refused": 1, "stored": 2, "evicted": 0,
         "slots": 1711}

STATUS = [
    {"kind": "daemon", "version": "1.1.0", "pid": 4711, "uptime_sec": 273600,
     "state": "serving", "verbose": False, "run_dir": "/run/saslauthd",
     "generation": 3, "generation_sec": 7300, "old_generations": 1},
    {"kind": "role", "name": "keeper", "pid": 4711, "uptime_sec": 273600,
     "restarts": 0},
    {"kind": "role", "name": "front", "pid": 4713, "uptime_sec": 273600,
     "restarts": 0},
    {"kind": "role", "name": "pool", "pid": 4715, "uptime_sec": 7300,
     "restarts": 2},
    backend(),
    {"kind": "clients", "connected": 12, "max": 16384},
    {"kind": "queue", "queued": 0, "max": 1000},
    CACHE,
    {"kind": "limits", "mode": "observe", "tries": 7, "tries_max": 65536,
     "identities_over": 1, "addresses_over": 0, "evicted": 0, "refused": 3},
    {"kind": "log", "lost": 0},
    END,
]


def status(backends=None, **changes):
    """STATUS with other members: status(queue={"queued": 9})."""
    lines = []
    for line in copy.deepcopy(STATUS):
        if line["kind"] == "backend" and backends is not None:
            lines += backends
            continue
        name = line.get("name") if line["kind"] == "role" else line["kind"]
        lines.append({**line, **changes.pop(name, {})})
    assert not changes
    return lines


def text(lines):
    return "".join(json.dumps(line) + "\n" for line in lines).encode()


class ControlServer:
    """Answers each request by reply(words): a list of lines, or bytes; None
    says nothing and keeps the connection until the end."""

    def __init__(self, run_dir, reply):
        self.run_dir, self.reply = run_dir, reply
        self.requests = []
        self.kept = []
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(str(run_dir / "control"))
        self.listener.listen(16)
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()

    @staticmethod
    def read_request(client):
        """The words, or None of a client that only connects."""
        stream = client.makefile("rb")

        def number():
            data = stream.read(2)
            return struct.unpack(">H", data)[0] if len(data) == 2 else None

        count = number()
        if count is None:
            return None
        return [stream.read(number()).decode() for _ in range(count)]

    def answer(self, client):
        words = self.read_request(client)
        if words is None:
            client.close()
            return
        self.requests.append(words)
        reply = self.reply(words) if callable(self.reply) else self.reply
        if reply is None:
            self.kept.append(client)
            return
        if not isinstance(reply, bytes):
            reply = text(reply)
        try:
            client.sendall(reply)
        except BrokenPipeError:
            pass		# it has read enough
        client.close()

    def serve(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            self.answer(client)

    def close(self):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self.thread.join()
        for client in self.kept:
            client.close()
