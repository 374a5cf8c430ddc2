# SPDX-License-Identifier: BSD-2-Clause
"""A RADIUS server that does what it is told, to the byte.

    with ScriptedServer("127.0.0.71") as server:
        server.next(forged, good)	# then as before
        server.always(silent)

It speaks RADIUS by itself, from the RFCs, and shares nothing with what it
tests. Requests it has seen are in `requests`.
"""

import hashlib
import hmac
import socket
import ssl
import struct
import threading
import time

SECRET = "scripted secret"
PASSWORD = "secret"

ACCESS_REQUEST, ACCEPT, REJECT, CHALLENGE, STATUS_SERVER = 1, 2, 3, 11, 12
USER_NAME, USER_PASSWORD, REPLY_MESSAGE, SIGNATURE = 1, 2, 18, 80

HEADER = 20


class Request:
    """What came, taken apart."""

    def __init__(self, packet, source, secret):
        self.packet, self.source = packet, source
        self.secret = secret.encode()
        self.code, self.identifier, self.length = struct.unpack(
            ">BBH", packet[:4])
        self.authenticator = packet[4:HEADER]
        assert self.length == len(packet)
        self.attributes = []
        at = HEADER
        while at < len(packet):
            kind, length = packet[at], packet[at + 1]
            self.attributes.append((kind, packet[at + 2:at + length]))
            at += length
        assert at == len(packet)

    def value(self, kind):
        """The bytes of an attribute that is there once, or None."""
        values = [value for found, value in self.attributes if found == kind]
        assert len(values) < 2, f"attribute {kind} stands there {values}"
        return values[0] if values else None

    def signed(self):
        """Message-Authenticator first, and right?"""
        kind, digest = self.attributes[0]
        zeroed = self.packet[:HEADER + 2] + bytes(16) + \
            self.packet[HEADER + 18:]
        return kind == SIGNATURE and digest == hmac.new(
            self.secret, zeroed, "md5").digest()

    def password(self):
        hidden = self.value(USER_PASSWORD)
        assert 16 <= len(hidden) <= 128 and len(hidden) % 16 == 0
        plain, before = b"", self.authenticator
        for at in range(0, len(hidden), 16):
            mask = hashlib.md5(self.secret + before).digest()
            before = hidden[at:at + 16]
            plain += bytes(a ^ b for a, b in zip(before, mask))
        return plain.rstrip(b"\0")


def attribute(kind, value):
    return bytes([kind, len(value) + 2]) + value


def answer(request, code, attributes=b"", sign=True, identifier=None,
           spoil_signature=False, spoil_authenticator=False):
    """The bytes of an answer."""
    if sign:
        attributes = attribute(SIGNATURE, bytes(16)) + attributes
    head = struct.pack(">BBH", code, request.identifier if identifier is None
                       else identifier, HEADER + len(attributes))
    if sign:
        digest = hmac.new(request.secret, head + request.authenticator +
                          attributes, "md5").digest()
        if spoil_signature:
            digest = bytes([digest[0] ^ 1]) + digest[1:]
        attributes = attributes[:2] + digest + attributes[18:]
    authenticator = hashlib.md5(head + request.authenticator + attributes +
                                request.secret).digest()
    if spoil_authenticator:
        authenticator = bytes([authenticator[0] ^ 1]) + authenticator[1:]
    return head + authenticator + attributes


def verdict(request):
    if request.code == STATUS_SERVER or \
       request.password() == PASSWORD.encode():
        return ACCEPT
    return REJECT


# What can be done about a request: functions of a server's way back
# (`send`, which takes bytes) and the request.

def good(send, request):
    send(answer(request, verdict(request)))


def silent(send, request):
    pass


def like(**keywords):
    """The right verdict, in an answer that is somehow wrong."""
    def verb(send, request):
        send(answer(request, verdict(request), **keywords))
    return verb


unsigned = like(sign=False)
badly_signed = like(spoil_signature=True)
forged = like(spoil_authenticator=True)


def accepted(**keywords):
    """Whatever the password is."""
    def verb(send, request):
        send(answer(request, ACCEPT, **keywords))
    return verb


def other_identifier(send, request):
    send(answer(request, ACCEPT, identifier=request.identifier ^ 1))


def coded(code, message=""):
    def verb(send, request):
        send(answer(request, code, attribute(REPLY_MESSAGE, message.encode())
                    if message else b""))
    return verb


challenge = coded(CHALLENGE, "which token?")


def longest(send, request):
    """4096 bytes, which is as long as it may be."""
    room = 4096 - HEADER - 18
    attributes = b""
    while room - len(attributes) > 255:
        attributes += attribute(REPLY_MESSAGE, b"m" * 200)
    attributes += attribute(REPLY_MESSAGE,
                            b"e" * (room - len(attributes) - 2))
    data = answer(request, verdict(request), attributes)
    assert len(data) == 4096
    send(data)


def too_long(send, request):
    send(answer(request, ACCEPT, attribute(REPLY_MESSAGE, b"m" * 250) * 17))


def truncated(send, request):
    send(answer(request, ACCEPT)[:-1])


def garbage(data=bytes(range(256))):
    def verb(send, request):
        send(data)
    return verb


def late(msec, verb=good):
    def wait(send, request):
        time.sleep(msec / 1000)
        verb(send, request)
    return wait


def then(*verbs):
    """All of them, one after the other, about one request."""
    def run(send, request):
        for verb in verbs:
            verb(send, request)
    return run


def from_another_port(send, request):
    """An answer with everything right but where it comes from."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind((send.address, 0))
        other.sendto(answer(request, ACCEPT), request.source)


class Way:
    """Back to who asked."""

    def __init__(self, address, put):
        self.address, self.put = address, put

    def __call__(self, data):
        self.put(data)


class ScriptedServer:
    def __init__(self, address, port=1812, secret=SECRET):
        self.address, self.port, self.secret = address, port, secret
        self.requests = []
        self.queue, self.default = [], good
        self.socket = self.thread = None

    @property
    def name(self):
        return f"{self.address}:{self.port}"

    def next(self, *verbs):
        self.queue = list(verbs)

    def always(self, verb):
        self.queue, self.default = [], verb

    def count(self, code):
        return sum(request.code == code for request in self.requests)

    def start(self):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind((self.address, self.port))
        self.thread = threading.Thread(target=self._serve, daemon=True)
        self.thread.start()
        return self

    def stop(self):
        """Its port is closed then: who asks is refused."""
        if self.socket is None:
            return
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as end:
            end.sendto(b"", (self.address, self.port))
        self.thread.join()
        self.socket.close()
        self.socket = None

    __enter__ = start

    def __exit__(self, kind, value, trace):
        self.stop()

    def _serve(self):
        while True:
            data, source = self.socket.recvfrom(65536)
            if not data:
                return
            self.handle(data, source, lambda packet, to=source:
                        self.socket.sendto(packet, to))

    def handle(self, data, source, put):
        request = Request(data, source, self.secret)
        self.requests.append(request)
        verb = self.queue.pop(0) if self.queue else self.default
        verb(Way(self.address, put), request)


class ScriptedTlsServer(ScriptedServer):
    """The same over TLS (RadSec); a connection is served until it ends.
    `connections` are those made so far."""

    def __init__(self, address, made, port=2083):
        super().__init__(address, port, secret="radsec")
        self.connections = []
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(made.cert, made.key)

    @property
    def name(self):
        return f"tls://{self.address}"

    def start(self):
        self.socket = socket.create_server((self.address, self.port))
        self.thread = threading.Thread(target=self._accept, daemon=True)
        self.thread.start()
        return self

    def stop(self):
        if self.socket is None:
            return
        self.socket.shutdown(socket.SHUT_RDWR)
        self.thread.join()
        self.socket.close()
        self.socket = None
        self.drop_all()

    def drop_all(self):
        for connection in self.connections:
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    __enter__ = start

    def _accept(self):
        while True:
            try:
                plain, _ = self.socket.accept()
            except OSError:
                return
            threading.Thread(target=self._talk, args=(plain,),
                             daemon=True).start()

    def _talk(self, plain):
        try:
            at = len(self.connections)
            self.connections.append(plain)
            with self.context.wrap_socket(plain, server_side=True) as talk:
                self.connections[at] = talk
                while True:
                    head = self._exactly(talk, 4)
                    rest = self._exactly(talk, struct.unpack(
                        ">H", head[2:])[0] - 4)
                    self.handle(head + rest, None, talk.sendall)
        except (OSError, EOFError, ValueError):
            pass

    @staticmethod
    def _exactly(talk, count):
        data = b""
        while len(data) < count:
            more = talk.recv(count - len(data))
            if not more:
                raise EOFError
            data += more
        return data
