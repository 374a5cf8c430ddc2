# SPDX-License-Identifier: BSD-2-Clause
"""A name server on 127.0.0.1 that knows SRV records only (RFC 2782), and
/etc/resolv.conf of the isolated machine that leads to it."""

import pathlib
import socket
import struct
import threading

RESOLV_CONF = pathlib.Path("/etc/resolv.conf")
TYPE_SRV, CLASS_IN = 33, 1
TTL_SEC = 60


def name(text):
    labels = [label.encode() for label in text.split(".") if label]
    return b"".join(bytes([len(label)]) + label for label in labels) + b"\0"


def asked_name(query):
    labels, at = [], 12
    while query[at]:
        labels.append(query[at + 1:at + 1 + query[at]].decode())
        at += 1 + query[at]
    return ".".join(labels), at + 5


class Resolver:
    def __init__(self):
        # (priority, weight, port, host) each; None: no answer at all.
        self.servers = []
        self.garbage = False
        self.asked = []
        self.sock = self.thread = self.before = None

    def __enter__(self):
        self.before = RESOLV_CONF.read_text()
        RESOLV_CONF.write_text("nameserver 127.0.0.1\n")
        self.sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.sock.bind(("127.0.0.1", 53))
        self.thread = threading.Thread(target=self._serve, daemon=True)
        self.thread.start()
        return self

    def __exit__(self, kind, value, trace):
        RESOLV_CONF.write_text(self.before)
        self.sock.sendto(b"", self.sock.getsockname())
        self.thread.join()
        self.sock.close()

    def _serve(self):
        while True:
            query, client = self.sock.recvfrom(4096)
            if not query:	# of our own __exit__
                return
            answer = self._answer(query)
            if answer is not None:
                self.sock.sendto(answer, client)

    def _answer(self, query):
        asked, end = asked_name(query)
        self.asked.append(asked)
        if self.servers is None:
            return None
        records = b"".join(
            b"\xc0\x0c" + struct.pack(">HHIH", TYPE_SRV, CLASS_IN, TTL_SEC,
                                      6 + len(name(host))) +
            struct.pack(">HHH", priority, weight, port) + name(host)
            for priority, weight, port, host in self.servers)
        count = len(self.servers)
        if self.garbage:
            records, count = b"\xc0\xff" * 20, 3
        return query[:2] + struct.pack(
            ">HHHHH", 0x8180, 1, count, 0, 0) + query[12:end] + records
