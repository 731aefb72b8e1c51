"""Debian's mosquitto with TLS and passwords, and a paho responder that plays printers behind it."""

import json
import pathlib
import subprocess
import tempfile

from judge import wait_for
from paho_link import Link
from world import Process, free_port

RESPONDER = ("responder", "responder-password")


def openssl(*arguments):
    """One call that has to work; what it wrote."""
    return subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True).stdout


def fingerprint(certificate):
    """SHA-256 of a certificate as openssl tells it, lower case without colons."""
    out = openssl("x509", "-in", certificate, "-noout", "-fingerprint", "-sha256")
    return out.decode().split("=")[1].strip().replace(":", "").lower()


class Authority:
    """An authority made by openssl, and RSA certificates under it."""

    def __init__(self):
        self.directory = tempfile.TemporaryDirectory(prefix="bambu-ca-")
        self.ca_file = self.path("ca.pem")
        openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "30",
                "-subj", "/CN=Judge CA", "-keyout", self.path("ca.key"), "-out", self.ca_file)

    def path(self, name):
        """A file of the authority."""
        return str(pathlib.Path(self.directory.name, name))

    def certificate(self, name, alternative=None):
        """(certificate, key) for a common name; without a SAN as printers have it, or with one."""
        key, request, leaf = self.path(name + ".key"), self.path(name + ".csr"), self.path(name + ".pem")
        openssl("req", "-newkey", "rsa:2048", "-nodes", "-subj", f"/CN={name}",
                "-keyout", key, "-out", request)
        extensions = pathlib.Path(self.path(name + ".ext"))
        extensions.write_text(f"subjectAltName={alternative}\n" if alternative else
                              "basicConstraints=CA:FALSE\n")
        openssl("x509", "-req", "-days", "30", "-in", request, "-CA", self.ca_file,
                "-CAkey", self.path("ca.key"), "-CAcreateserial", "-extfile", extensions, "-out", leaf)
        return leaf, key


class Mosquitto:
    """A broker on one port that can be stopped and started again."""

    def __init__(self, authority, certificate, users):
        self.directory = tempfile.TemporaryDirectory(prefix="bambu-mosquitto-")
        self.authority, self.port = authority, free_port()
        passwords = pathlib.Path(self.directory.name, "passwords")
        passwords.touch(mode=0o600)
        for user, password in [*users, RESPONDER]:
            subprocess.run(["mosquitto_passwd", "-b", str(passwords), user, password],
                           check=True, capture_output=True)
        self.config = pathlib.Path(self.directory.name, "mosquitto.conf")
        self.config.write_text(
            f"listener {self.port} 127.0.0.1\ncertfile {certificate[0]}\nkeyfile {certificate[1]}\n"
            f"cafile {authority.ca_file}\nallow_anonymous false\npassword_file {passwords}\n"
            "user root\nlog_dest stderr\nlog_type all\nconnection_messages true\n")
        self.process, self.log = None, ""
        self.start()

    def __enter__(self):
        return self

    def __exit__(self, *failure):
        self.stop()

    def start(self):
        """Starts it and waits until it listens."""
        self.process = Process(["mosquitto", "-c", self.config])
        if not wait_for(lambda: "running" in self.process.errors() or not self.process.running()) \
                or not self.process.running():
            self.process.show()
            raise RuntimeError("mosquitto did not start")

    def stop(self):
        """Stops it; its log is kept."""
        if self.process:
            self.process.stop()
            self.log += self.process.errors()
            self.process.directory.cleanup()
            self.process = None

    def lines(self, *words):
        """Lines of the log that hold every word."""
        log = self.log + (self.process.errors() if self.process else "")
        return [line for line in log.splitlines() if all(word in line for word in words)]


class Responder:
    """Printers played by paho: they answer pushall and get_version, and keep every request."""

    def __init__(self, broker, name, printers):
        """`printers`: serial -> {"full": report, "version": report}."""
        self.printers, self.requests = printers, []
        self.link = Link("127.0.0.1", broker.port, *RESPONDER, broker.authority.ca_file, name)
        self.link.client.on_message = lambda _c, _u, message: self._answer(message)
        for serial in printers:
            self.link.subscribe(f"device/{serial}/request")

    def __enter__(self):
        return self

    def __exit__(self, *_failure):
        self.link.close()

    def _answer(self, message):
        serial = message.topic.split("/")[1]
        request = json.loads(message.payload)
        section, body = next(iter(request.items()))
        self.requests.append((serial, f"{section}.{body.get('command')}"))
        if self.requests[-1][1] == "pushing.pushall":
            self.report(serial, self.printers[serial]["full"])
        elif self.requests[-1][1] == "info.get_version":
            version = self.printers[serial]["version"]["info"]
            self.report(serial, {"info": version | {"sequence_id": body.get("sequence_id")}})

    def report(self, serial, payload):
        """Publishes one report."""
        self.link.client.publish(f"device/{serial}/report", json.dumps(payload))
