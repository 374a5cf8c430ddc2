# SPDX-License-Identifier: BSD-2-Clause
"""A real slapd with people in it, in one temporary directory.

    with Slapd(shared_dir) as s:
        Drive("ldap", f"ldap_servers={s.uri}", ...)

Whoever runs the tests is its rootdn, through ldapi and EXTERNAL. Every
password is PASSWORD; those of ann and of the crowd are hashed.
"""

import base64
import hashlib
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import urllib.parse

from lib import wait_until

PROGRAM = pathlib.Path("/usr/sbin/slapd")
SLAPADD = pathlib.Path("/usr/sbin/slapadd")
MODULES = pathlib.Path("/usr/lib/ldap")
SCHEMAS = pathlib.Path("/etc/ldap/schema")

START_SEC = 30
STOP_SEC = 30
COMMAND_SEC = 30

SUFFIX = "dc=example,dc=org"
PEOPLE = f"ou=people,{SUFFIX}"
GROUPS = f"ou=groups,{SUFFIX}"
POLICIES = f"ou=policies,{SUFFIX}"
SERVICE_DN = f"cn=saslauthd,{SUFFIX}"
SERVICE_PASSWORD = "service secret"
PASSWORD = "secret"
REALM = "example.org"
USERS = ("joe", "ann", "bob")

# Of slapd_ppolicy: whose password is right and who stays out all the same.
LOCKED, EXPIRED, RESET = "locked", "expired", "reset"
POLICY_MAX_FAILURES = 3

CONF = """
{includes}
modulepath {modules}
moduleload back_mdb
moduleload pw-sha2
moduleload argon2
moduleload pw-pbkdf2
pidfile {base}/slapd.pid
argsfile {base}/slapd.args
sockbuf_max_incoming 1000000
sasl-host localhost
sasl-realm {realm}
sasl-secprops none
authz-regexp "uid=saslauthd,.*cn=auth" "{service_dn}"
authz-regexp "uid=([^,]*),.*cn=auth" "uid=$1,{people}"
authz-regexp "cn=saslauthd" "{service_dn}"
{global_lines}
database mdb
suffix "{suffix}"
rootdn "{root_dn}"
directory {base}/data
maxsize 268435456
dbnosync
index objectClass,uid,member,uniqueMember eq
{database_lines}
access to attrs=userPassword
  by dn.exact="{service_dn}" read
  by anonymous auth
access to * by * read
"""

TLS_CONF = """
TLSCACertificateFile "{ca}"
TLSCertificateFile "{cert}"
TLSCertificateKeyFile "{key}"
TLSVerifyClient try
"""

DATA = f"""
dn: {SUFFIX}
objectClass: domain
dc: example

dn: {PEOPLE}
objectClass: organizationalUnit
ou: people

dn: {GROUPS}
objectClass: organizationalUnit
ou: groups

dn: {SERVICE_DN}
objectClass: applicationProcess
objectClass: simpleSecurityObject
cn: saslauthd
userPassword: {SERVICE_PASSWORD}
"""

GROUP_DATA = f"""
dn: cn=mail,{GROUPS}
objectClass: groupOfNames
cn: mail
member: uid=joe,{PEOPLE}

dn: cn=staff,{GROUPS}
objectClass: groupOfUniqueNames
cn: staff
uniqueMember: uid=joe,{PEOPLE}
"""

POLICY_DATA = f"""
dn: {POLICIES}
objectClass: organizationalUnit
ou: policies

dn: cn=default,{POLICIES}
objectClass: applicationProcess
objectClass: pwdPolicy
cn: default
pwdAttribute: userPassword
pwdLockout: TRUE
pwdMaxFailure: {POLICY_MAX_FAILURES}
pwdMustChange: TRUE

dn: cn=ageing,{POLICIES}
objectClass: applicationProcess
objectClass: pwdPolicy
cn: ageing
pwdAttribute: userPassword
pwdMaxAge: 3600
"""

POLICY_STATE = {
    LOCKED: ["pwdAccountLockedTime: 000001010000Z"],
    EXPIRED: [f"pwdPolicySubentry: cn=ageing,{POLICIES}",
              "pwdChangedTime: 20200101000000Z"],
    RESET: ["pwdReset: TRUE"],
}


def obstacle():
    """What this machine lacks for these tests, or None."""
    for path in (PROGRAM, SLAPADD):
        if not path.exists():
            return "slapd is not installed"
    for name in ("argon2", "pw-pbkdf2"):
        if not (MODULES / f"{name}.so").exists():
            return f"slapd's module {name} is not installed"
    if shutil.which("ldapmodify") is None:
        return "ldap-utils is not installed"
    return None


def ssha(password):
    salt = b"8 bytes!"
    digest = hashlib.sha1(password.encode() + salt).digest()
    return "{SSHA}" + base64.b64encode(digest + salt).decode()


def user_dn(uid):
    return f"uid={uid},{PEOPLE}"


def ldif_line(name, value):
    """One attribute; base64 keeps every byte of it."""
    data = value.encode() if isinstance(value, str) else value
    return f"{name}:: {base64.b64encode(data).decode()}"


def person(uid, password=PASSWORD, extra=()):
    """The LDIF of a user. password None: one without."""
    lines = [f"dn: {user_dn(uid)}", "objectClass: inetOrgPerson",
             ldif_line("uid", uid), ldif_line("cn", uid),
             ldif_line("sn", uid)]
    if password is not None:
        lines.append(ldif_line("userPassword", password))
    return "\n".join([*lines, *extra]) + "\n\n"


def crowd_uid(number):
    """As many digits as saslbench -N puts behind a login."""
    return f"user{number:07}"


class Slapd:
    """people: that many more users, crowd_uid(0) and so on.
    delay_msec: each answer leaves so much later.
    tls: a Certificate for ldaps and StartTLS."""

    def __init__(self, base_dir, address="127.0.0.2", port=389, tls=None,
                 ppolicy=False, memberof=False, delay_msec=0, people=0,
                 log=True, global_lines="", database_lines=""):
        self.base = pathlib.Path(tempfile.mkdtemp(prefix="slapd-",
                                                  dir=base_dir))
        self.base.chmod(0o755)
        self.address, self.port = address, port
        self.tls, self.delay_msec = tls, delay_msec
        self.log = log
        self.log_file = self.base / "log"
        self.process = self.relay = None
        self.conf = self.base / "slapd.conf"
        (self.base / "data").mkdir()
        overlays = database_lines
        if ppolicy:
            global_lines += "\nmoduleload ppolicy"
            overlays += f"\noverlay ppolicy\nppolicy_default " \
                f"\"cn=default,{POLICIES}\"\nppolicy_use_lockout"
        if memberof:
            global_lines += "\nmoduleload memberof"
            overlays += "\noverlay memberof"
        self._configure(global_lines, overlays)
        self._fill(ppolicy, people)

    def _configure(self, global_lines, database_lines):
        if self.tls is not None:
            global_lines += TLS_CONF.format(
                ca=self.tls.ca.cert, cert=self.tls.cert, key=self.tls.key)
        self.conf.write_text(CONF.format(
            includes="\n".join(f"include {SCHEMAS}/{name}.schema" for name in
                               ("core", "cosine", "inetorgperson")),
            modules=MODULES, base=self.base, realm=REALM,
            service_dn=SERVICE_DN, people=PEOPLE, suffix=SUFFIX,
            root_dn="gidNumber=0+uidNumber=0,cn=peercred,"
            "cn=external,cn=auth", global_lines=global_lines,
            database_lines=database_lines))

    def _fill(self, ppolicy, people):
        data = DATA + "\n" + "".join(
            person(uid, ssha(PASSWORD) if uid == "ann" else PASSWORD)
            for uid in USERS) + GROUP_DATA + "\n"
        if ppolicy:
            data += POLICY_DATA + "\n" + "".join(
                person(uid, extra=state)
                for uid, state in POLICY_STATE.items())
        hashed = ssha(PASSWORD)
        data += "".join(person(crowd_uid(number), hashed)
                        for number in range(people))
        run = subprocess.run(
            [SLAPADD, "-q", "-f", self.conf], input=data, text=True,
            capture_output=True, check=False)
        assert run.returncode == 0, run.stderr

    def _at(self, scheme, port):
        host = f"[{self.address}]" if ":" in self.address else self.address
        return f"{scheme}://{host}:{port}/"

    @property
    def uri(self):
        return self._at("ldap", self.port)

    @property
    def ldaps(self):
        return self._at("ldaps", self.port + 247)

    @property
    def ldapi(self):
        return "ldapi://" + urllib.parse.quote(str(self.base / "ldapi"),
                                               safe="") + "/"

    def __enter__(self):
        return self.start()

    def __exit__(self, kind, value, trace):
        self.remove()

    def start(self):
        plain = self.uri
        if self.delay_msec > 0:
            plain = self._at("ldap", self.port + 1)
        urls = [plain, self.ldapi] + ([self.ldaps] if self.tls else [])
        with self.log_file.open("ab") as log:
            self.process = subprocess.Popen(  # -d: in the foreground
                [PROGRAM, "-d", "stats" if self.log else "0", "-s", "0",
                 "-f", self.conf, "-h", " ".join(urls)],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        wait_until(self._answers, START_SEC, "slapd's answer")
        if self.delay_msec > 0:
            self._start_relay()
        return self

    def _start_relay(self):
        script = pathlib.Path(__file__).with_name("slow_relay.py")
        self.relay = subprocess.Popen(
            [sys.executable, script, self.address, str(self.port),
             str(self.port + 1), str(self.delay_msec)],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
        assert self.relay.stdout.readline() == b"ready\n"

    def _answers(self):
        assert self.process.poll() is None, self.log_text()
        return subprocess.run(
            ["ldapsearch", "-x", "-H", self.ldapi, "-s", "base", "-b", ""],
            stdin=subprocess.DEVNULL, capture_output=True,
            check=False).returncode == 0

    def stop(self):
        """As an administrator stops it; the data stays."""
        for process in (self.relay, self.process):
            if process is not None and process.poll() is None:
                process.send_signal(signal.SIGCONT)
                process.terminate()
                process.wait(timeout=STOP_SEC)
        if self.relay is not None:
            self.relay.stdout.close()
        self.process = self.relay = None

    def kill(self):
        """As a crash ends it."""
        self.process.kill()
        self.process.wait(timeout=STOP_SEC)

    def pause(self):
        """Connections are still accepted by the kernel; nothing answers."""
        self.process.send_signal(signal.SIGSTOP)
        # Its threads stop some time after.
        os.waitpid(self.process.pid, os.WUNTRACED)

    def resume(self):
        self.process.send_signal(signal.SIGCONT)

    def remove(self):
        self.stop()
        shutil.rmtree(self.base, ignore_errors=True)

    def log_text(self):
        return self.log_file.read_text(errors="replace")

    def operations(self, word):
        """How often slapd logged this, "BIND dn=", "SRCH base=" ..."""
        return self.log_text().count(f" {word}")

    def modify(self, ldif):
        """Change what is there, by LDIF with changetype lines."""
        run = subprocess.run(
            ["ldapmodify", "-Q", "-Y", "EXTERNAL", "-H", self.ldapi],
            input=ldif, text=True, capture_output=True, check=False,
            timeout=COMMAND_SEC)
        assert run.returncode == 0, run.stderr

    def add(self, ldif):
        run = subprocess.run(
            ["ldapadd", "-Q", "-Y", "EXTERNAL", "-H", self.ldapi],
            input=ldif, text=True, capture_output=True, check=False,
            timeout=COMMAND_SEC)
        assert run.returncode == 0, run.stderr

    def password(self, uid, new):
        """Replace a user's, or the values of userPassword by a list."""
        values = [new] if isinstance(new, (str, bytes)) else new
        self.modify("\n".join(
            [f"dn: {user_dn(uid)}", "changetype: modify",
             "replace: userPassword",
             *(ldif_line("userPassword", v) for v in values)]) + "\n")

    def delete(self, dn):
        self.modify(f"dn: {dn}\nchangetype: delete\n")


class Certificate:
    """Files of a certificate and who signed it."""

    def __init__(self, base, name, ca=None):
        self.cert = base / f"{name}.pem"
        self.key = base / f"{name}.key"
        self.ca = ca or self


def openssl(*args):
    subprocess.run(["openssl", *map(str, args)], check=True,
                   stdin=subprocess.DEVNULL, capture_output=True)


def make_key(path):
    openssl("genpkey", "-algorithm", "EC", "-pkeyopt",
            "ec_paramgen_curve:P-256", "-out", path)


def make_ca(base_dir, name="ca"):
    ca = Certificate(pathlib.Path(base_dir), name)
    make_key(ca.key)
    openssl("req", "-x509", "-new", "-key", ca.key, "-subj", f"/CN={name}",
            "-days", 2, "-out", ca.cert)
    return ca


def certificate(ca, name, ips=(), days=2):
    """One for this common name, host name and addresses, beside its CA.
    days -1: it has expired."""
    made = Certificate(ca.cert.parent, name, ca)
    names = ",".join([f"DNS:{name}", *(f"IP:{ip}" for ip in ips)])
    request = made.cert.with_suffix(".csr")
    extensions = made.cert.with_suffix(".ext")
    extensions.write_text(f"subjectAltName={names}\n")
    make_key(made.key)
    openssl("req", "-new", "-key", made.key, "-subj", f"/CN={name}",
            "-out", request)
    openssl("x509", "-req", "-in", request, "-CA", ca.cert, "-CAkey", ca.key,
            "-CAcreateserial", "-days", days, "-extfile", extensions,
            "-out", made.cert)
    return made
