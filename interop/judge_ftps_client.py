#!/usr/bin/env python3
"""Judges our client for a printer's storage with Debian's vsftpd over implicit TLS, once where data
connections must resume the TLS session and once where they need not: what arrives byte for byte, what is
told by its kind when the code, the name, the room or the line is wrong, and what is left behind then.

usage: judge_ftps_client.py BAMBU   (`ftps` of the benches lies beside it)
"""

import hashlib
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time

from judge import PATIENCE, Judge, wait_for
from mosquitto import Authority
from vsftpd import ACCESS_CODE, Vsftpd
from world import clean_environment

SERIAL = "01P00A000000001"
NAMES = ("cube.gcode.3mf", "two  spaces and Ümlaut – 日本.3mf", " leading", "-rf", "#1 [50%] {a}.3mf", "quote\"'`$HOME")


class Session:
    """One session of ours, asked line by line."""

    def __init__(self, driver, server, ca_file=None, code=ACCESS_CODE, serial=SERIAL):
        command = [driver, "--serial", serial, "--host", "127.0.0.1", "--port", server.port, "--access-code", code]
        command += ["--ca-file", ca_file] if ca_file else []
        self.child = subprocess.Popen([str(part) for part in command], stdin=subprocess.PIPE, text=True,
                                      stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=clean_environment())
        self.first = self.answer()

    def answer(self):
        """The next answer."""
        line = self.child.stdout.readline()
        return json.loads(line) if line else {"error": "nothing", "text": self.child.stderr.read()[-500:]}

    def send(self, do, **more):
        """Asks without waiting."""
        self.child.stdin.write(json.dumps({"do": do} | {k: str(v) if isinstance(v, pathlib.Path) else v
                                                        for k, v in more.items()}) + "\n")
        self.child.stdin.flush()

    def __call__(self, do, **more):
        self.send(do, **more)
        return self.answer()

    def __enter__(self):
        return self

    def __exit__(self, *_failure):
        self.child.stdin.close()
        try:
            self.child.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.child.kill()
            self.child.wait()
        self.child.stdout.close()
        self.child.stderr.close()


class Bench:
    """What the parts share: the authority, the driver, files to send."""

    def __init__(self, driver, folder):
        self.driver, self.authority, self.folder = driver, Authority(), pathlib.Path(folder)

    def file(self, name, size):
        """A file of random bytes, and its MD5 as printers want it."""
        path, data = self.folder / name, os.urandom(size)
        path.write_bytes(data)
        return path, hashlib.md5(data).hexdigest().upper()

    def server(self, **settings):
        """A vsftpd that shows the printer's certificate."""
        return Vsftpd(self.authority, SERIAL, **settings)

    def session(self, server, **more):
        """A session that trusts the authority."""
        return Session(self.driver, server, **({"ca_file": self.authority.ca_file} | more))


def left(server):
    """Names in the storage."""
    return sorted(path.name for path in server.files.iterdir())


def journey(judge, bench, reuse):
    """Everything that goes well."""
    at = f"require_ssl_reuse={reuse}"
    path, md5 = bench.file(f"big-{reuse}", 5_000_001)
    with bench.server(require_ssl_reuse=reuse) as server, bench.session(server) as ours:
        judge.equal(ours.first, {"connected": True}, f"{at}: connects")
        judge.equal(ours("list", path="/"), {"entries": []}, f"{at}: an empty root")
        for name in NAMES:
            wanted = {"path": f"/{name}", "size": 5_000_001, "md5": md5, "renamed": True, "kept": False, "told": 5_000_001}
            judge.equal(ours("put", file=path, path=name), wanted, f"{at}: puts {name!r}")
            stored = server.files / name
            judge.check(stored.exists() and stored.read_bytes() == path.read_bytes(), f"{at}: {name!r} byte for byte")
        judge.equal(left(server), sorted(NAMES), f"{at}: nothing else is left")
        listed = {entry["name"]: (entry["size"], entry["is_folder"]) for entry in ours("list", path="/")["entries"]}
        judge.equal(listed, {name: (5_000_001, False) for name in NAMES}, f"{at}: lists them")
        back = bench.folder / f"back-{reuse}"
        got = ours("get", path=f"/{NAMES[1]}", file=back)
        judge.equal((got.get("md5"), back.read_bytes() == path.read_bytes()), (md5, True), f"{at}: gets one back")
        judge.equal(ours("size", path=NAMES[1]), {"size": 5_000_001}, f"{at}: a size")
        judge.equal(ours("size", path="nothing"), {"size": None}, f"{at}: no size")
        empty, nothing = bench.file(f"empty-{reuse}", 0)
        judge.equal(ours("put", file=empty, path="/empty").get("md5"), nothing, f"{at}: puts an empty file")
        judge.equal(ours("make_folder", path="/a folder"), {"done": True}, f"{at}: makes a folder")
        judge.equal(ours("make_folder", path="/a folder").get("error"), "exists", f"{at}: not twice")
        judge.equal(ours("rename", path="/empty", to="/a folder/b").get("done"), True, f"{at}: moves a file into it")
        judge.equal([entry["name"] for entry in ours("list", path="a folder")["entries"]], ["b"], f"{at}: there it is")
        judge.equal(ours("remove_folder", path="/a folder").get("error"), "not_empty", f"{at}: a full folder stays")
        judge.equal(ours("delete", path="/a folder/b"), {"done": True}, f"{at}: deletes")
        judge.equal(ours("remove_folder", path="/a folder"), {"done": True}, f"{at}: removes the folder")
        for do, more in (("delete", {}), ("list", {}), ("get", {"file": back}), ("rename", {"to": "/x"}), ("remove_folder", {})):
            judge.equal(ours(do, path="/nothing", **more).get("error"), "not_found", f"{at}: {do} of nothing")
        judge.equal(ours("free_space"), {"free": None}, f"{at}: vsftpd does not tell its free space")
        other, _ = bench.file(f"other-{reuse}", 1000)
        kept = ours("put", file=path, path=NAMES[0], existing="keep_same_size")
        judge.equal((kept.get("kept"), kept.get("md5")), (True, md5), f"{at}: the same size is kept")
        judge.equal(ours("put", file=other, path=NAMES[0], existing="refuse").get("error"), "exists", f"{at}: left alone")
        again = ours("put", file=other, path=NAMES[0], existing="keep_same_size")
        judge.equal((again.get("kept"), again.get("renamed")), (False, True), f"{at}: another size is replaced")
        judge.equal((server.files / NAMES[0]).read_bytes(), other.read_bytes(), f"{at}: by this")
        said = server.said()
        judge.check(said.count('FTP response: Client "127.0.0.1", "522') == 0, f"{at}: every data connection was taken")
        judge.equal(said.count("CONNECT"), 2, f"{at}: one session did it all (and the probe of this judge)")


def old_ways(judge, bench):
    """Without EPSV, with a useless address; without RNFR; without SIZE."""
    path, md5 = bench.file("old", 300_000)
    with bench.server(cmds_denied="EPSV", pasv_address="0.0.0.0") as server, bench.session(server) as ours:
        judge.equal(ours("put", file=path, path="/a").get("md5"), md5, "PASV with 0.0.0.0: puts")
        judge.check("PASV" in server.said() and server.said().count('"EPSV"') == 1, "EPSV is asked once and no more")
    with bench.server(cmds_denied="RNFR") as server, bench.session(server) as ours:
        for name in ("a", "b"):
            stored = ours("put", file=path, path=name)
            judge.equal((stored.get("md5"), stored.get("renamed")), (md5, False), f"without RNFR: puts {name}")
        judge.equal(left(server), ["a", "b"], "without RNFR: nothing else is left")
        judge.equal(server.said().count('command: Client "127.0.0.1", "STOR'), 3, "without RNFR: the second goes straight")
    with bench.server(cmds_denied="SIZE") as server, bench.session(server) as ours:
        judge.equal(ours("put", file=path, path="/a").get("md5"), md5, "without SIZE: the listing judges")


def who(judge, bench):
    """Codes and certificates."""
    with bench.server() as server:
        with bench.session(server, code="87654321") as ours:
            judge.equal(ours.first.get("error"), "wrong_credentials", "a wrong code")
            judge.check("87654321" not in json.dumps(ours.first), "is not repeated", ours.first)
        with bench.session(server, ca_file=None) as ours:
            judge.equal(ours("list", path="/"), {"entries": []}, "without an authority it is remembered at first use")
        with bench.session(server, serial="01P00A000000002") as ours:
            judge.equal(ours.first.get("error"), "untrusted_certificate", "the certificate of another printer")
        other = Authority()
        with bench.session(server, ca_file=other.ca_file) as ours:
            judge.equal(ours.first.get("error"), "untrusted_certificate", "another authority")
    with bench.session(server) as ours:
        judge.equal(ours.first.get("error"), "unreachable", "nobody there")


def full(judge, bench):
    """A storage that is full tells so, keeps what it had, and has no half of the new one."""
    small, _ = bench.file("small", 100_000)
    large, _ = bench.file("large", 4 << 20)
    with bench.server(memory=2 << 20) as server, bench.session(server) as ours:
        judge.equal(ours("put", file=small, path="/a").get("size"), 100_000, "what has room is stored")
        for _ in range(2):
            judge.equal(ours("put", file=large, path="/a").get("error"), "storage_full", "what has none is refused")
        judge.equal((left(server), (server.files / "a").stat().st_size), (["a"], 100_000), "and leaves what there was")


def names(judge, bench):
    """Names that cannot be."""
    path, _ = bench.file("named", 10)
    with bench.server() as server, bench.session(server) as ours:
        for name in ("a\r\nDELE b", "a\0b", "/a/../b", "..", "", "/", "n" * 256, "/long" * 300):
            judge.equal(ours("put", file=path, path=name).get("error"), "name_refused", f"{name[:20]!r} is no name")
        judge.equal(ours("put", file=path, path="/missing/a").get("error"), "not_found", "a folder that is missing")
        judge.equal(ours("put", file=bench.folder / "not here", path="/a").get("error"), "local_file", "no such file here")
        judge.equal(ours("list", path="/timelapse").get("error"), "no_storage", "not even the printer's own folders")
        server.files.chmod(0o555)
        judge.equal(ours("put", file=path, path="/a").get("error"), "name_refused", "553 means the name")
        server.files.chmod(0o755)
        judge.equal(left(server), [], "nothing is left of all that")


def cuts(judge, bench):
    """A session that dies under a transfer, one that is given up, one that was idle too long."""
    path, md5 = bench.file("slow", 3_000_000)
    # vsftpd counts the rate by pieces of 64 KiB and pauses between them.
    with bench.server(local_max_rate=500_000) as server, bench.session(server) as ours:
        ours.send("put", file=path, path="/a")
        begun = wait_for(lambda: any(entry.stat().st_size > 200_000 for entry in server.files.iterdir()), 20)
        judge.check(begun, "the transfer began")
        server.cut()
        judge.equal(ours.answer().get("error"), "cut", "the storage dies: cut")
        judge.equal(left(server), [], "what was left is removed over a new session")
        judge.equal(ours("list", path="/"), {"entries": []}, "and the session goes on")
        gone = ours("put", file=path, path="/a", cancel_at=500_000)
        judge.equal((gone.get("error"), left(server)), ("cancelled", []), "given up, nothing is left")
        judge.equal(ours("make_folder", path="/after"), {"done": True}, "and the session goes on")
    with bench.server(idle_session_timeout=1) as server, bench.session(server) as ours:
        time.sleep(3)
        judge.equal(ours("put", file=path, path="/a").get("md5"), md5, "an idle session that was dropped is opened again")
        judge.check(server.said().count("OK LOGIN") >= 2, "by a second login")


def main():
    judge = Judge("ftps-client")
    if os.geteuid() != 0:
        judge.check(False, "vsftpd needs root")
        judge.end()
    with tempfile.TemporaryDirectory(prefix="bambu-files-") as folder:
        bench = Bench(pathlib.Path(sys.argv[1]).resolve().parent / "ftps", folder)
        for part, more in ((journey, ("YES",)), (journey, ("NO",)), (old_ways, ()), (who, ()), (full, ()),
                           (names, ()), (cuts, ())):
            judge.part(part, judge, bench, *more)
    judge.end()


if __name__ == "__main__":
    main()
