"""Our camera client against a camera on port 6000 that is written here, from the reference: what it
says, what it takes, and what it makes of wrong codes, silence, halves, drips and rubbish.

usage: judge_camera_client.py BAMBU
"""

import itertools
import pathlib
import socket
import ssl
import struct
import subprocess
import sys
import tempfile
import threading
import time

from judge import Judge, run
from world import clean_environment

CODE = "31415926"
#: What a viewer says first, byte for byte.
LOGIN = struct.pack("<IIII", 0x40, 0x3000, 0, 0) + b"bblp".ljust(32, b"\0") + CODE.encode().ljust(32, b"\0")
_serials = itertools.count(1)


def picture(number, size=60_000):
    """Bytes that begin and end as a JPEG does, each another."""
    return b"\xff\xd8" + bytes([number % 250]) * size + b"\xff\xd9"


def frame(body, size=None):
    """A picture with its header."""
    return struct.pack("<IIII", len(body) if size is None else size, 0, 1, 0) + body


def certificate(folder, serial, name):
    """A key and a certificate for itself, as a printer's: the serial number is its common name."""
    key, cert = folder / f"{name}.key", folder / f"{name}.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "30", "-subj", f"/CN={serial}"]
        + ["-keyout", key, "-out", cert],
        check=True,
        capture_output=True,
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(cert, key)
    return context


class Camera:
    """One camera: a script per connection, the last one for all that follow."""

    def __init__(self, folder, *scripts):
        self.serial = f"01P00A{next(_serials):09}"
        self.folder = pathlib.Path(tempfile.mkdtemp(dir=folder))
        self.tls = certificate(self.folder, self.serial, "printer")
        self.scripts, self.logins, self.open, self.most = list(scripts), [], 0, 0
        self.lock = threading.Lock()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.ending = threading.Event()
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        for index in itertools.count():
            try:
                plain, _ = self.listener.accept()
            except OSError:
                return
            script = self.scripts[min(index, len(self.scripts) - 1)]
            threading.Thread(target=self.serve, args=(plain, script), daemon=True).start()

    def serve(self, plain, script):
        with self.lock:
            self.open += 1
            self.most = max(self.most, self.open)
        try:
            plain.settimeout(40)
            with self.tls.wrap_socket(plain, server_side=True) as stream:
                said = b""
                while len(said) < 80 and (more := stream.recv(80 - len(said))):
                    said += more
                self.logins.append(said)
                script(self, stream)
        except OSError:
            pass
        finally:
            plain.close()
            with self.lock:
                self.open -= 1

    def __enter__(self):
        return self

    def __exit__(self, *_failure):
        self.ending.set()
        self.listener.close()


def until_gone(stream):
    """Waits until the viewer has hung up."""
    try:
        while stream.recv(1024):
            pass
    except OSError:
        pass


def shows(*numbers, pause=0.05, then_hang_up=False):
    """Pictures, then silence, or the end."""

    def script(_camera, stream):
        for number in numbers:
            time.sleep(pause)
            stream.sendall(frame(picture(number)))
        if not then_hang_up:
            until_gone(stream)

    return script


def says(data):
    """Some bytes; the viewer has to hang up."""

    def script(_camera, stream):
        stream.sendall(data)
        until_gone(stream)

    return script


def breaks_off(data):
    """Some bytes, then the end."""
    return lambda _camera, stream: stream.sendall(data)


def drips(data, pieces, pause):
    """The same bytes in pieces."""

    def script(camera, stream):
        step = max(1, len(data) // pieces)
        for at in range(0, len(data), step):
            if camera.ending.wait(pause):
                return
            stream.sendall(data[at : at + step])
        until_gone(stream)

    return script


class Viewer:
    """Our binary with a home of its own."""

    def __init__(self, binary, camera):
        self.binary, self.camera, self.home = binary, camera, camera.folder
        self.env = clean_environment(
            HOME=str(self.home), BAMBU_CONFIG_DIR=str(self.home), BAMBU_API_URL="http://127.0.0.1:9"
        )

    def __call__(self, *words, code=CODE, timeout=20):
        command = [self.binary, "camera", self.camera.serial, *map(str, words), "--host", "127.0.0.1"]
        command += ["--camera-port", str(self.camera.port), "--mqtt-port", "9", "--timeout", str(timeout)]
        got, out, err = run(command, env=self.env | {"BAMBU_ACCESS_CODE": code})
        return got, out, err

    def pins(self):
        """What is remembered of printers."""
        return "".join(p.read_text() for p in self.home.rglob("*known_printers*") if p.is_file())


def a_picture(judge, binary, folder):
    """One picture, byte for byte; the login packet; the pin comes with the first picture."""
    with Camera(folder, shows(1, 2, 3)) as camera:
        ours, file = Viewer(binary, camera), camera.folder / "now.jpg"
        code, _, err = ours("snapshot", file)
        judge.equal(code, 0, f"a picture: {err}")
        judge.equal(file.read_bytes(), picture(1), "the picture is the one that was sent")
        judge.equal(camera.logins, [LOGIN], "the login packet")
        judge.check(camera.serial in ours.pins(), "a printer that showed a picture is remembered")
        code, out, _ = ours("snapshot", "-")
        judge.equal((code, out), (0, picture(1)), "the same on standard output")
        camera.tls = certificate(camera.folder, camera.serial, "other")
        before = len(camera.logins)
        code, _, err = ours("snapshot", file)
        judge.equal(code, 5, f"another certificate is refused: {err}")
        judge.equal(camera.logins[before:], [], "and gets no access code")
        code, out, err = ours("url")
        judge.equal((code, out), (3, b""), f"a JPEG camera has no address for a player: {err}")


def wrong_code(judge, binary, folder):
    """Zero bytes, then the end: the code is wrong; nothing is remembered, nothing tried again."""
    with Camera(folder, breaks_off(b"")) as camera:
        ours = Viewer(binary, camera)
        code, _, err = ours("snapshot", camera.folder / "no.jpg", code="27182818")
        judge.equal(code, 4, f"a wrong code has its own exit code: {err}")
        judge.check("BAMBU_ACCESS_CODE" in err, "and a next step", err)
        judge.check("27182818" not in err, "the code is never told", err)
        judge.equal(len(camera.logins), 1, "a refused code is not tried again")
        judge.check(camera.serial not in ours.pins(), "nobody is remembered who let nobody in")


def another_viewer(judge, binary, folder):
    """Taken and silent: somebody else looks."""
    with Camera(folder, says(b"")) as camera:
        code, _, err = Viewer(binary, camera)("snapshot", camera.folder / "no.jpg", timeout=13)
        judge.equal(code, 3, f"a camera that says nothing: {err}")
        judge.check("one viewer" in err, "tells of the one viewer", err)
        judge.equal(camera.most, 1, "one connection at a time")


def other_service(judge, binary, folder):
    """The file tunnel of P2S answers 24 bytes and closes."""
    answer = struct.pack("<IIII", 8, 0x0001013F, 0, 0) + b"\0" * 8
    for data in (answer, b"\x01" * 24):
        with Camera(folder, breaks_off(data)) as camera:
            code, _, err = Viewer(binary, camera)("snapshot", camera.folder / "no.jpg")
            judge.equal(code, 2, f"another service: {err}")
            judge.equal(len(camera.logins), 1, "is not asked again")


def after(judge, case, binary, folder):
    """Something odd, then, over a connection of its own, a picture."""
    what, script = case
    with Camera(folder, script, shows(7)) as camera:
        file = camera.folder / "now.jpg"
        code, _, err = Viewer(binary, camera)("snapshot", file, timeout=30)
        judge.equal(code, 0, f"{what}: {err}")
        judge.equal(file.exists() and file.read_bytes(), picture(7), f"{what}: the next picture")
        judge.equal((len(camera.logins), camera.most), (2, 1), f"{what}: one connection after the other")


def slowly(judge, binary, folder):
    """A picture in many pieces is one picture; one that never ends is none."""
    with Camera(folder, drips(frame(picture(3)) + frame(picture(4)), 200, 0.01)) as camera:
        ours = Viewer(binary, camera)
        code, _, err = ours("save", camera.folder / "slow", "--max-frames", "2")
        judge.equal(code, 0, f"pictures that drip: {err}")
        saved = [file.read_bytes() for file in sorted((camera.folder / "slow").glob("*.jpg"))]
        judge.equal(saved, [picture(3), picture(4)], "are whole")
    with Camera(folder, drips(frame(picture(3)), 1000, 0.5)) as camera:
        code, _, err = Viewer(binary, camera)("snapshot", camera.folder / "no.jpg", timeout=4)
        judge.equal(code, 5, f"a picture that never ends: {err}")


def again(judge, binary, folder):
    """What is lost is dialled again, and numbering goes on."""
    with Camera(folder, shows(1, 2, 3, then_hang_up=True, pause=0.3), shows(4, 5, 6, pause=0.3)) as camera:
        ours, saved = Viewer(binary, camera), camera.folder / "saved"
        code, _, err = ours("save", saved, "--max-frames", "6")
        judge.equal(code, 0, f"six pictures over two connections: {err}")
        files = sorted(saved.glob("*.jpg"))
        judge.equal([file.name for file in files], [f"frame_{n:06}.jpg" for n in range(1, 7)], "numbered")
        judge.equal([file.read_bytes() for file in files], [picture(n) for n in range(1, 7)], "in order")
        code, _, err = ours("save", saved, "--max-frames", "1")
        judge.equal(sorted(saved.glob("*.jpg"))[-1].name, "frame_000007.jpg", f"numbered on: {err}")
        judge.equal(camera.most, 1, "one connection after the other")


def main():
    judge = Judge("camera client")
    binary = str(pathlib.Path(sys.argv[1]).resolve())
    odd = [
        ("half a picture", breaks_off(frame(picture(1))[:30_000])),
        ("half a header", breaks_off(frame(picture(1))[:9])),
        ("a size of nothing", says(frame(b""))),
        ("a size of 4 GB", says(frame(picture(1), 0xFFFFFFFF))),
        ("a size of 10 MB", says(frame(picture(1), 10_000_000))),
        ("no JPEG", says(frame(b"no JPEG at all, of any kind" * 9))),
        ("a JPEG without an end", says(frame(picture(1)[:-2]))),
        ("rubbish", says(bytes(range(1, 255)) * 400)),
    ]
    with tempfile.TemporaryDirectory(prefix="bambu-judge-") as folder:
        parts = [a_picture, wrong_code, another_viewer, other_service, slowly, again]
        judge.each(lambda judge, part: part(judge, binary, folder), parts)
        judge.each(after, odd, binary, folder)
    judge.end()


if __name__ == "__main__":
    main()
