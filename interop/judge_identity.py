#!/usr/bin/env python3
"""Judges how our client checks who a printer is, with `openssl s_server` in the printer's place, on TLS 1.2
and 1.3: whom it talks to, whom it refuses, in which words, and that an impostor hears no access code.

usage: judge_identity.py BAMBU
"""

import pathlib
import subprocess
import sys
import tempfile
import threading

from judge import Judge, run, wait_for
from mosquitto import Authority, fingerprint, openssl
from world import clean_environment, free_port

SERIAL, OTHER, CODE = "01P00A000000077", "01P00A000000078", "13572468"


class Printers(Authority):
    """An authority as the vendor has it, and certificates of all sorts under it."""

    def old(self, name):
        """X.509 version 1, as A1 printers have it: no extension at all."""
        key, request, leaf = (self.path(f"old-{name}.{end}") for end in ("key", "csr", "pem"))
        openssl("req", "-newkey", "rsa:2048", "-nodes", "-subj", f"/CN={name}", "-keyout", key, "-out", request)
        openssl("x509", "-req", "-days", "30", "-in", request, "-CA", self.ca_file, "-CAkey",
                self.path("ca.key"), "-CAcreateserial", "-out", leaf)
        text = openssl("x509", "-in", leaf, "-noout", "-text").decode()
        assert "Version: 1 " in text, text.splitlines()[2]
        return leaf, key

    def below(self, name):
        """A leaf under an authority of its own device family: (leaf, key, the one between)."""
        key, request, between = (self.path(f"device-ca.{end}") for end in ("key", "csr", "pem"))
        openssl("req", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=Judge Device CA", "-keyout", key, "-out", request)
        extensions = pathlib.Path(self.path("device-ca.ext"))
        extensions.write_text("basicConstraints=critical,CA:TRUE,pathlen:0\nkeyUsage=keyCertSign\n")
        openssl("x509", "-req", "-days", "30", "-in", request, "-CA", self.ca_file, "-CAkey", self.path("ca.key"),
                "-CAcreateserial", "-extfile", extensions, "-out", between)
        leaf_key, leaf_request, leaf = (self.path(f"below-{name}.{end}") for end in ("key", "csr", "pem"))
        openssl("req", "-newkey", "rsa:2048", "-nodes", "-subj", f"/CN={name}", "-keyout", leaf_key, "-out",
                leaf_request)
        extensions.write_text("basicConstraints=CA:FALSE\n")
        openssl("x509", "-req", "-days", "30", "-in", leaf_request, "-CA", between, "-CAkey", key,
                "-CAcreateserial", "-extfile", extensions, "-out", leaf)
        return leaf, leaf_key, between

    def stolen(self, certificate):
        """Somebody else's certificate with a key that does not fit: the public part is right, so that the
        server starts, and what it signs is wrong."""
        theirs = integers(openssl("rsa", "-in", certificate[1], "-traditional", "-outform", "DER"))
        mine_file = self.path("thief.key")
        openssl("genrsa", "-out", mine_file, "2048")
        mine = integers(openssl("rsa", "-in", mine_file, "-traditional", "-outform", "DER"))
        forged = self.path("forged.key")
        subprocess.run(["openssl", "rsa", "-inform", "DER", "-out", forged],
                       input=sequence(theirs[:3] + mine[3:]), check=True, capture_output=True)
        return certificate[0], forged


def integers(der):
    """The integers of an RSA key in DER: version, n, e, d, p, q and the rest."""
    def length(at):
        first = der[at]
        if first < 128:
            return first, at + 1
        return int.from_bytes(der[at + 1:at + 1 + first - 128], "big"), at + 1 + first - 128

    _, at = length(1)
    found = []
    while at < len(der):
        size, start = length(at + 1)
        found.append(der[start:start + size])
        at = start + size
    return found


def sequence(parts):
    """The same back into DER."""
    def tagged(tag, content):
        size = len(content)
        head = bytes([size]) if size < 128 else b"\x82" + size.to_bytes(2, "big")
        return bytes([tag]) + head + content

    return tagged(0x30, b"".join(tagged(0x02, part) for part in parts))


class Server:
    """`openssl s_server`: what a client says inside TLS is on its standard output."""

    def __init__(self, certificate, version, chain=None):
        self.port = free_port()
        self.directory = tempfile.TemporaryDirectory()
        self.heard = pathlib.Path(self.directory.name, "heard")
        command = ["openssl", "s_server", "-accept", f"127.0.0.1:{self.port}", "-cert", certificate[0],
                   "-key", certificate[1], f"-{version}", "-quiet"]
        if chain:
            command += ["-cert_chain", chain]
        self.log = pathlib.Path(self.directory.name, "log")
        with self.heard.open("wb") as out, self.log.open("wb") as err:
            self.child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=out, stderr=err)

    def __enter__(self):
        listening = wait_for(lambda: self.child.poll() is not None or self._listens(), 10, 0.02)
        if self.child.poll() is not None or not listening:
            raise RuntimeError(f"s_server did not start: {self.log.read_text()}")
        threading.Thread(target=self._welcome, daemon=True).start()
        return self

    def _listens(self):
        wanted = f":{self.port:04X} "
        return any(wanted in line and " 0A " in line for line in pathlib.Path("/proc/net/tcp").read_text().splitlines())

    def __exit__(self, *_failure):
        self.child.kill()
        self.child.wait()
        self.directory.cleanup()

    def _welcome(self):
        """Says CONNACK 0 to who logged in, since only then a printer is remembered."""
        if wait_for(lambda: self.child.poll() is not None or self.knows_the_code(), 20, 0.02):
            try:
                self.child.stdin.write(b"\x20\x02\x00\x00")
                self.child.stdin.flush()
            except OSError:  # it is over
                pass

    def knows_the_code(self):
        """Whether the access code was said to it."""
        return self.heard.exists() and CODE.encode() in self.heard.read_bytes()


def visit(binary, server, folder, ca_file, *more):
    """`bambu monitor` at the server: (exit code, standard error)."""
    settings = {"BAMBU_CA_FILE": ca_file} if ca_file else {}
    code, _, err = run(
        [binary, "monitor", SERIAL, "--json", "--count", "1", "--timeout", "5", "--host", "127.0.0.1",
         "--mqtt-port", str(server.port), "--access-code", CODE, *more],
        env=clean_environment(BAMBU_CONFIG_DIR=folder, HOME=folder, **settings))
    return code, err


def believed(judge, what, binary, version, certificate, ca_file, chain=None, folder=None, *more):
    """The client goes on to its login."""
    with tempfile.TemporaryDirectory() as fresh, Server(certificate, version, chain) as server:
        _, err = visit(binary, server, folder or fresh, ca_file, *more)
        judge.check(server.knows_the_code(), f"{version}: {what}: believed", err[-400:])
        judge.check("not trusted" not in err, f"{version}: {what}: without complaint", err[-400:])
        return err


def refused(judge, what, binary, version, certificate, ca_file, words, chain=None, folder=None):
    """The client says why not, ends with 5, and says nothing else."""
    with tempfile.TemporaryDirectory() as fresh, Server(certificate, version, chain) as server:
        code, err = visit(binary, server, folder or fresh, ca_file)
        judge.equal(code, 5, f"{version}: {what}: exit code")
        judge.check(not server.knows_the_code(), f"{version}: {what}: hears no access code")
        judge.check("next:" in err and CODE not in err, f"{version}: {what}: with a next step", err[-400:])
        for word in words:
            judge.check(word.lower() in err.lower(), f"{version}: {what}: says {word!r}", err[-600:])
        return err


def authorities(judge, binary, vendor, version):
    """Chains: to the given authority, through one between, version 1; to a stranger."""
    ca, good = vendor.ca_file, vendor.certificate(SERIAL)
    believed(judge, "a leaf of the given authority", binary, version, good, ca)
    believed(judge, "a version 1 leaf of it", binary, version, vendor.old(SERIAL), ca)
    *below, between = vendor.below(SERIAL)
    believed(judge, "a leaf below a device authority that is sent along", binary, version, below, ca, between)
    both = vendor.path("both.pem")
    pathlib.Path(both).write_text(pathlib.Path(ca).read_text() + pathlib.Path(between).read_text())
    believed(judge, "the same, sent alone, with both in the file", binary, version, below, both)
    refused(judge, "the same, sent alone, with the root only", binary, version, below, ca, ["certificate"])
    stranger = Printers()
    refused(judge, "a leaf of another authority", binary, version, stranger.certificate(SERIAL), ca,
            ["not trusted", "authority"])
    refused(judge, "a version 1 leaf of another authority", binary, version, stranger.old(SERIAL), ca,
            ["not trusted", "authority"])
    refused(judge, "the certificate of another printer", binary, version, vendor.certificate(OTHER), ca,
            [OTHER, SERIAL, "check"])
    refused(judge, "a stolen certificate", binary, version, vendor.stolen(good), ca, ["key"])


def pins(judge, binary, vendor, version):
    """Without an authority: remembered at first use, and then nobody else."""
    with tempfile.TemporaryDirectory() as folder:
        first, impostor = vendor.certificate(SERIAL), Printers()
        second = impostor.certificate(SERIAL)
        for time in ("at first use", "the second time"):
            believed(judge, f"a stranger, {time}", binary, version, first, None, None, folder)
        refused(judge, "its certificate with another key", binary, version, vendor.stolen(first), None, ["key"],
                None, folder)
        err = refused(judge, "another certificate", binary, version, second, None, ["pinned", "known_printers"],
                      None, folder)
        for certificate in (first, second):
            judge.check(fingerprint(certificate[0]) in err.lower().replace(":", ""),
                        f"{version}: another certificate: both fingerprints are named", err[-600:])
        refused(judge, "another printer's", binary, version, vendor.certificate(OTHER), None, [OTHER], None, folder)
        err = believed(judge, "another certificate, --insecure", binary, version, second, None, None, folder, "--insecure")
        judge.check("insecure" in err.lower(), f"{version}: --insecure shouts", err[-400:])
        believed(judge, "the first one, after all that", binary, version, first, None, None, folder)
        # The one way out: take the line away.
        pathlib.Path(folder, "known_printers").write_text("")
        believed(judge, "another certificate, with the pin taken away", binary, version, second, None, None, folder)


def main():
    judge = Judge("identity")
    versions = ("tls1_2", "tls1_3")
    judge.each(lambda j, version: authorities(j, sys.argv[1], Printers(), version), versions)
    judge.each(lambda j, version: pins(j, sys.argv[1], Printers(), version), versions)
    judge.end()


if __name__ == "__main__":
    main()
