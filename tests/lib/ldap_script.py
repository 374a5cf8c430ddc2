# SPDX-License-Identifier: BSD-2-Clause
"""An LDAP server that misbehaves as it is told.

    with ScriptedServer("127.0.0.5") as server:
        server.next("bind", silent)          # once
        server.always("search", code(51))    # from now on

Otherwise it is a directory of one kind: the service account and every user
bind with their passwords, a search finds uid=joe, a comparison is true. What
it was asked is counted by these names: "service" (the service account's
bind), "bind" (a user's), "root" (a search of the root DSE), "search",
"compare", "extended", "unbind", "abandon".
"""

import collections
import socket
import threading
import time

SUFFIX = "dc=example,dc=org"
SERVICE_DN = f"cn=saslauthd,{SUFFIX}"
SERVICE_PASSWORD = "service secret"
USER_DN = f"uid=joe,ou=people,{SUFFIX}"
PASSWORD = "secret"

INVALID_CREDENTIALS, UNAVAILABLE, REFERRAL = 49, 52, 10
COMPARE_TRUE = 6

# RFC 4511, section 4.2 and on: tags of requests, and of their answers.
REQUESTS = {0x60: "bind", 0x63: "search", 0x6e: "compare",
            0x77: "extended", 0x42: "unbind", 0x50: "abandon"}
BIND_RESPONSE, SEARCH_ENTRY, SEARCH_DONE = 0x61, 0x64, 0x65
COMPARE_RESPONSE, EXTENDED_RESPONSE = 0x6f, 0x78
NOTICE_OF_DISCONNECTION = b"1.3.6.1.4.1.1466.20036"


# X.690, as much of it as LDAP uses (RFC 4511, section 5.1).
def tlv(tag, content):
    size = len(content)
    if size < 128:
        return bytes([tag, size]) + content
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(length)]) + length + content


def octets(text, tag=0x04):
    return tlv(tag, text.encode() if isinstance(text, str) else text)


def integer(value, tag=0x02):
    return tlv(tag, value.to_bytes(value.bit_length() // 8 + 1, "big"))


def sequence(*parts, tag=0x30):
    return tlv(tag, b"".join(parts))


def message(message_id, operation):
    return sequence(integer(message_id), operation)


def result(tag, number, text="", referrals=(), more=b""):
    refer = sequence(*map(octets, referrals), tag=0xa3) if referrals else b""
    return sequence(integer(number, 0x0a), octets(""), octets(text), refer,
                    more, tag=tag)


def entry(dn, attributes):
    return sequence(octets(dn), sequence(*(
        sequence(octets(name), sequence(*map(octets, values), tag=0x31))
        for name, values in attributes.items())), tag=SEARCH_ENTRY)


def notice():
    """Notice of Disconnection (RFC 4511, section 4.4.1)."""
    return message(0, result(
        EXTENDED_RESPONSE, UNAVAILABLE, "going down",
        more=octets(NOTICE_OF_DISCONNECTION, 0x8a)))


def split(data):
    """(tag, content, rest), or None while it is not all there."""
    if len(data) < 2:
        return None
    at, size = 2, data[1]
    if size & 0x80:
        at += size & 0x7f
        size = int.from_bytes(data[2:at], "big")
    if len(data) < at + size:
        return None
    return data[0], data[at:at + size], data[at + size:]


class Request:
    """One operation as it was asked."""

    def __init__(self, data):
        _, number, rest = split(data)
        self.message_id = int.from_bytes(number, "big")
        self.tag, body, _ = split(rest)
        self.name = REQUESTS.get(self.tag, "other")
        self.dn = self.password = ""
        if self.name == "bind":
            _, _, rest = split(body)
            _, dn, rest = split(rest)
            how, password, _ = split(rest)
            self.dn = dn.decode()
            self.password = password.decode() if how == 0x80 else ""
            if self.dn == SERVICE_DN:
                self.name = "service"
        elif self.name == "search":
            _, base, _ = split(body)
            if base == b"":
                self.name = "root"

    def answers(self):
        """What a good server says, one message each."""
        def reply(*operations):
            return [message(self.message_id, op) for op in operations]
        if self.name in ("bind", "service"):
            right = SERVICE_PASSWORD if self.name == "service" else PASSWORD
            good = self.dn == "" or self.password == right
            return reply(result(BIND_RESPONSE,
                                0 if good else INVALID_CREDENTIALS))
        if self.name == "root":
            return reply(entry("", {"supportedSASLMechanisms": ["PLAIN"]}),
                         result(SEARCH_DONE, 0))
        if self.name == "search":
            return reply(entry(USER_DN, {"userPassword": [PASSWORD]}),
                         result(SEARCH_DONE, 0))
        if self.name == "compare":
            return reply(result(COMPARE_RESPONSE, COMPARE_TRUE))
        return reply(result(EXTENDED_RESPONSE, 0))

    def answer_tag(self):
        return {"bind": BIND_RESPONSE, "service": BIND_RESPONSE,
                "root": SEARCH_DONE, "search": SEARCH_DONE,
                "compare": COMPARE_RESPONSE}.get(self.name,
                                                 EXTENDED_RESPONSE)


# What may be done instead of a good answer: verb(connection, request).
def silent(_connection, _request):
    pass


def disconnect(connection, _request):
    connection.close()


def good(connection, request):
    connection.send(b"".join(request.answers()))


def code(number, text="", referrals=()):
    def verb(connection, request):
        connection.send(message(request.message_id, result(
            request.answer_tag(), number, text, referrals)))
    return verb


def referral(uri):
    return code(REFERRAL, referrals=[uri])


def late(msec, then=good):
    def verb(connection, request):
        if not connection.server.stopping.wait(msec / 1000):
            then(connection, request)
    return verb


def drip(pause_msec=50):
    """The good answer, byte by byte."""
    def verb(connection, request):
        for byte in b"".join(request.answers()):
            connection.send(bytes([byte]))
            if connection.server.stopping.wait(pause_msec / 1000):
                return
    return verb


def cut(count, then=silent):
    """The first bytes of it only."""
    def verb(connection, request):
        connection.send(b"".join(request.answers())[:count])
        then(connection, request)
    return verb


def garbage(data=b"HTTP/1.0 400 Bad Request\r\n\r\n"):
    def verb(connection, _request):
        connection.send(data)
    return verb


def other_id(distance):
    """The good answer, but to another question."""
    def verb(connection, request):
        request.message_id += distance
        good(connection, request)
    return verb


def going_down(connection, _request):
    connection.send(notice())
    connection.close()


class Connection(threading.Thread):
    def __init__(self, server, sock):
        super().__init__(daemon=True)
        self.server, self.sock = server, sock

    def send(self, data):
        try:
            self.sock.sendall(data)
        except OSError:
            pass	# whom it concerns is gone

    def close(self):
        try:
            self.sock.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass

    def run(self):
        data = b""
        try:
            self.send(self.server.greeting)
            while chunk := self.sock.recv(65536):
                data += chunk
                while (found := split(data)) is not None:
                    data = found[2]
                    self.server.handle(self, Request(found[1]))
        except OSError:
            pass
        finally:
            self.sock.close()


class ScriptedServer:
    def __init__(self, address, port=389):
        self.address, self.port = address, port
        self.greeting = b""	# sent before anything was asked
        self.stopping = threading.Event()
        self.lock = threading.Lock()
        self.listener = None
        self.connections = []	# all there ever were
        self.asked = collections.Counter()
        self.binds = []		# DNs
        self.once = collections.defaultdict(collections.deque)
        self.verbs = {}
        self.filling = []

    @property
    def uri(self):
        return f"ldap://{self.address}:{self.port}/"

    def __enter__(self):
        return self.start()

    def __exit__(self, kind, value, trace):
        self.stop()

    def next(self, name, *verbs):
        """The next ones of this name, in turn."""
        with self.lock:
            self.once[name].extend(verbs)

    def always(self, name, verb):
        with self.lock:
            self.verbs[name] = verb

    def listen(self, backlog):
        self.listener = socket.socket()
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.listener.bind((self.address, self.port))
        self.listener.listen(backlog)

    def start(self):
        self.stopping.clear()
        self.listen(64)
        threading.Thread(target=self._accept, args=[self.listener],
                         daemon=True).start()
        return self

    def start_hanging(self):
        """Nobody accepts, and the queue of who waits is full: who comes
        now is not even refused."""
        self.listen(0)
        for _ in range(4):
            sock = socket.socket()
            sock.setblocking(False)
            sock.connect_ex((self.address, self.port))
            self.filling.append(sock)
        time.sleep(0.1)	# until the kernel has let in whom it does
        return self

    def start_silent(self):
        """The kernel accepts; nobody reads."""
        self.listen(64)
        return self

    def stop(self):
        self.stopping.set()
        if self.listener is not None:
            try:
                self.listener.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            self.listener.close()
        self.drop_all()
        for sock in self.filling:
            sock.close()
        for connection in self.connections:
            connection.join(timeout=10)
        self.listener, self.filling = None, []

    def drop_all(self):
        """Close every connection."""
        for connection in list(self.connections):
            connection.close()

    def send_all(self, data):
        """Over every connection, without being asked."""
        for connection in list(self.connections):
            connection.send(data)

    def _accept(self, listener):
        while True:
            try:
                sock, _ = listener.accept()
            except OSError:
                return
            connection = Connection(self, sock)
            self.connections.append(connection)
            connection.start()

    def handle(self, connection, request):
        with self.lock:
            self.asked[request.name] += 1
            if request.name in ("bind", "service"):
                self.binds.append(request.dn)
            queue = self.once[request.name]
            verb = queue.popleft() if queue else \
                self.verbs.get(request.name, good)
        if request.name == "unbind":
            connection.close()
        elif request.name != "abandon":
            verb(connection, request)
