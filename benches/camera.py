#!/usr/bin/env python3
"""One camera of 1080p at 30 pictures a second (gst-rtsp-server, H.264 over RTSPS), passed on by `bambu serve` to 1
and to 100 viewers over WebSockets: processor time and memory per viewer, pictures lost, and how long the first picture
takes, of a camera that sleeps and of one that is live.

A viewer counts the numbers of its fragments: a gap is a picture lost. All viewers are one process beside the server, so
on two processors their own work is in the way of it; judge by the server's processor seconds.

    cargo build --release -p bambu
    .venv/bin/python benches/camera.py target/release/bambu        (--help: viewers, seconds, bit rate)
"""

import argparse
import os
import pathlib
import selectors
import socket
import statistics
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "interop"))

from judge import run, wait_for  # noqa: E402
from served import Served, ask, pointed_at  # noqa: E402
from world import Process  # noqa: E402

SERIAL, CODE = "00M00A000000001", "12345678"
GST = ["/usr/bin/python3", str(HERE.parent / "interop" / "gst_rtsps.py")]
PATH = f"/api/v2/printers/{SERIAL}/camera/live"


class Viewer:
    """One WebSocket, read without threads: the number of each fragment and when the first one came."""

    def __init__(self, port):
        self.began, self.first, self.numbers, self.bytes = time.monotonic(), None, [], 0
        self.buffer, self.is_open, self.has_ended = bytearray(), False, False
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.sendall((f"GET {PATH} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\n"
                             "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                             "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n").encode())
        self.socket.setblocking(False)

    def read(self):
        """Takes what is there."""
        try:
            data = self.socket.recv(1 << 20)
        except BlockingIOError:
            return
        self.has_ended = not data
        self.buffer += data
        self.bytes += len(data)
        if not self.is_open:
            end = self.buffer.find(b"\r\n\r\n")
            if end < 0:
                return
            if b" 101 " not in self.buffer[:end]:
                raise SystemExit(f"no WebSocket: {bytes(self.buffer[:400])!r}")
            del self.buffer[:end + 4]
            self.is_open = True
        at = 0
        while len(self.buffer) - at >= 10:
            size, head = self.buffer[at + 1] & 127, 2
            if size == 126:
                size, head = int.from_bytes(self.buffer[at + 2:at + 4], "big"), 4
            elif size == 127:
                size, head = int.from_bytes(self.buffer[at + 2:at + 10], "big"), 10
            if len(self.buffer) - at < head + size:
                break
            inside = at + head
            if self.buffer[at] & 15 == 2 and self.buffer[inside + 4:inside + 8] == b"moof":
                self.first = self.first or time.monotonic() - self.began
                self.numbers.append(int.from_bytes(self.buffer[inside + 20:inside + 24], "big"))
            at = inside + size
        del self.buffer[:at]

    def lost(self):
        """Pictures that are not there between the first and the last one."""
        return self.numbers[-1] - self.numbers[0] + 1 - len(self.numbers) if self.numbers else 0


def watch(viewers, seconds):
    """Reads all of them for so long."""
    with selectors.DefaultSelector() as ready:
        for viewer in viewers:
            ready.register(viewer.socket, selectors.EVENT_READ, viewer)
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            for key, _ in ready.select(left):
                key.data.read()
                if key.data.has_ended:
                    raise SystemExit("the server ended a viewer")


def processor_seconds(pid):
    """Used by a process so far."""
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(") ", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def measure(served, count, seconds):
    """One run with so many viewers, of a camera that sleeps at its beginning."""
    idle = served.memory("VmRSS")
    viewers = [Viewer(served.port)]
    while viewers[0].first is None:
        watch(viewers, 0.02)
    cold = viewers[0].first
    viewers += [Viewer(served.port) for _ in range(count - 1)]
    # Until all have caught up with the camera.
    watch(viewers, 3)
    warm = [viewer.first for viewer in viewers[1:] if viewer.first]
    before, began = processor_seconds(served.child.pid), time.monotonic()
    for viewer in viewers:
        viewer.numbers, viewer.bytes = viewer.numbers[-1:], 0
    watch(viewers, seconds)
    took, used = time.monotonic() - began, processor_seconds(served.child.pid) - before
    memory = served.memory("VmRSS")
    frames = [len(viewer.numbers) - 1 for viewer in viewers]
    lost = sum(viewer.lost() for viewer in viewers)
    rate = viewers[0].bytes / took / 1e6
    print(f"{count:4} viewers: {min(frames) / took:.1f} pictures/s each at least, {rate:.2f} MB/s each, {lost} lost; "
          f"processor {used / took * 100:.1f} % of one; memory {memory / 1024:.1f} MiB, {idle / 1024:.1f} before; "
          f"first picture {cold * 1000:.0f} ms from asleep"
          + (f", {statistics.median(warm) * 1000:.0f} ms (most {max(warm) * 1000:.0f}) from live" if warm else ""), flush=True)
    for viewer in viewers:
        viewer.socket.close()
    return used / took, memory, lost


def main():
    """Runs it."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("binary", type=pathlib.Path)
    arguments.add_argument("--viewers", type=int, default=100)
    arguments.add_argument("--seconds", type=float, default=20)
    arguments.add_argument("--rate", default="4M", help="bits per second of the video")
    given = arguments.parse_args()
    with tempfile.TemporaryDirectory(prefix="bambu-camera-") as folder:
        folder = pathlib.Path(folder)
        tls = folder / "certificate.pem", folder / "key.pem"
        run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "30", "-subj", f"/CN={SERIAL}",
             "-keyout", str(tls[1]), "-out", str(tls[0])])
        film, long = folder / "film.mp4", int(2 * given.seconds + 60)
        run(["ffmpeg", "-v", "error", "-y", "-f", "lavfi", "-i", "testsrc2=size=1920x1080:rate=30:duration=10", "-pix_fmt",
             "yuv420p", "-c:v", "libx264", "-preset", "ultrafast", "-b:v", given.rate, "-bf", "0", "-x264-params",
             "keyint=30:min-keyint=30:scenecut=0:repeat-headers=1", str(folder / "short.mp4")], timeout=300)
        run(["ffmpeg", "-v", "error", "-y", "-stream_loop", str(long // 10), "-i", str(folder / "short.mp4"), "-c", "copy",
             str(film)])
        play = (f"( filesrc location={film} ! qtdemux ! h264parse config-interval=-1 ! "
                "rtph264pay name=pay0 pt=96 aggregate-mode=zero-latency )")
        with Process([*GST, *map(str, tls), "0", "digest", CODE, play]) as camera:
            port = int(wait_for(lambda: camera.output().strip()))
            config = folder / "bambu.toml"
            config.write_text(f'[camera]\nlisten = "127.0.0.1:0"\n[[printer]]\nserial = "{SERIAL}"\nhost = "127.0.0.1"\n'
                              f'mqtt_port = 9\naccess_code = "{CODE}"\nmodel = "X1C"\ncamera_port = {port}\n')
            results = []
            for count in (1, given.viewers):
                env = pointed_at("http://127.0.0.1:9")
                with Served(given.binary, ["serve", "--config", config], env, listen=False) as served:
                    ask(f"{served.url}/camera")
                    results.append(measure(served, count, given.seconds))
    (one, small, _), (many, large, _) = results
    more = max(given.viewers - 1, 1)
    print(f"each viewer more: processor {(many - one) / more * 100:.2f} % of one, memory {(large - small) / more:.0f} KiB")


if __name__ == "__main__":
    main()
