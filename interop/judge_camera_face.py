#!/usr/bin/env python3
"""Judges the cameras of simulated printers with programs that know the real ones: the camera classes of
bambu-lab-cloud-api and bambulabs_api at port 6000 (bambu-printer-manager has none), ffmpeg and ffprobe
at the RTSP of X1C, P2S and H2D, Pillow for every JPEG.

usage: judge_camera_face.py BAMBU
"""

import base64
import io
import json
import socket
import ssl
import struct
import sys
import time

from bambulab.video import JPEGFrameStream, VideoStreamError, get_video_stream
from bambulabs_api.camera_client import PrinterCamera
from PIL import Image, ImageChops

from judge import Judge, run, wait_for
from paho_link import context
from world import Process, World, loopback_addresses

JPEG_PORT, RTSPS_PORT = 6000, 322


def picture(judge, jpeg, what, size=(1280, 720)):
    """A JPEG as Pillow reads it, whole."""
    image = Image.open(io.BytesIO(jpeg))
    image.load()
    judge.equal((image.format, image.size, image.info.get("progressive", 0)), ("JPEG", size, 0),
                f"{what}: baseline, of the right size")
    return image.convert("RGB")


def differs(one, other, part):
    """Whether two pictures differ in a part, given in fractions of them."""
    (width, height), (left, top, right, bottom) = one.size, part
    box = (int(left * width), int(top * height), int(right * width), int(bottom * height))
    return ImageChops.difference(one.crop(box), other.crop(box)).getbbox() is not None


CLOCK, NUMBER, NAMES = (0, 0.87, 0.45, 1), (0.7, 0.87, 1, 1), (0, 0, 1, 0.13)


def login(printer, code=None):
    """The 80 bytes, written by hand from the reference."""
    return struct.pack("<IIII32s32s", 0x40, 0x3000, 0, 0, b"bblp", (code or printer["access_code"]).encode())


def dial(printer, port, world):
    """TLS to a printer, its certificate verified against the world's authority."""
    raw = socket.create_connection((printer["host"], port), timeout=15)
    return context(world.ca_file).wrap_socket(raw, server_hostname=printer["serial"])


def frame(stream):
    """One frame: its header and its JPEG."""
    def exactly(count):
        data = b""
        while len(data) < count:
            more = stream.recv(count - len(data))
            if not more:
                raise EOFError(f"closed after {len(data)} of {count} bytes")
            data += more
        return data
    head = struct.unpack("<IIII", exactly(16))
    return head, exactly(head[0])


def cloud_api(judge, printer, _world):
    """The class that the documentation of the cloud API shows."""
    what = f"JPEGFrameStream at a {printer['model']}"
    stream = get_video_stream(printer["host"], printer["access_code"], printer["model"])
    if not judge.check(isinstance(stream, JPEGFrameStream), f"{what}: it is chosen", type(stream)):
        return
    began = time.monotonic()
    with stream:
        pictures = [picture(judge, stream.get_frame(), what) for _ in range(4)]
    seconds = time.monotonic() - began
    judge.check(1.0 < seconds, f"{what}: no faster than a printer's", seconds)
    judge.check(differs(pictures[0], pictures[1], NUMBER), f"{what}: the number of the frame counts")
    judge.check(differs(pictures[0], pictures[3], CLOCK), f"{what}: the clock goes on")
    judge.check(not differs(pictures[0], pictures[3], NAMES), f"{what}: serial number and name stay")
    wrong = JPEGFrameStream(printer["host"], "00000000")
    wrong.connect()
    try:
        wrong.get_frame()
        judge.check(False, f"{what}: a wrong code gets no frame")
    except VideoStreamError as error:
        judge.check("closed" in str(error).lower(), f"{what}: a wrong code ends the connection", error)


def other_api(judge, printer, _world):
    """It takes what one read gives for the header, so the header has to come alone."""
    camera = PrinterCamera(printer["host"], printer["access_code"])
    camera.start()
    seen = set()
    def two():
        if camera.last_frame is not None:
            seen.add(bytes(camera.last_frame))
        return len(seen) >= 2
    judge.check(wait_for(two, 30), f"PrinterCamera at a {printer['model']}: two frames", len(seen))
    if seen:
        picture(judge, base64.b64decode(camera.get_frame()), "PrinterCamera")
    camera.alive = False


def by_hand(judge, printer, world):
    """The frame's header, zero bytes for a wrong code, one viewer at a time."""
    what = f"port 6000 of a {printer['model']}"
    with dial(printer, JPEG_PORT, world) as stranger:
        stranger.sendall(login(printer, "00000000"))
        try:
            got = stranger.recv(1)
        except (ssl.SSLError, ConnectionError):
            got = b""
        judge.equal(got, b"", f"{what}: zero bytes for a wrong code")
    with dial(printer, JPEG_PORT, world) as first:
        first.sendall(login(printer))
        head, jpeg = frame(first)
        judge.equal(head[1:], (0, 1, 0), f"{what}: track, flags and the last word")
        picture(judge, jpeg, what)
        with dial(printer, JPEG_PORT, world) as second:
            second.sendall(login(printer))
            second.settimeout(2.5)
            try:
                judge.check(False, f"{what}: a second viewer starves", second.recv(16))
            except TimeoutError:
                judge.check(True, f"{what}: a second viewer starves")
            frame(first)
            first.close()
            second.settimeout(15)
            judge.equal(frame(second)[0][1:], (0, 1, 0), f"{what}: it is served when the first has gone")
    with dial(printer, JPEG_PORT, world) as off:
        world.switch(printer, "faults/camera-off")
        off.sendall(login(printer))
        off.settimeout(2)
        try:
            judge.check(False, f"{what}: no frames while the camera is off", off.recv(16))
        except TimeoutError:
            judge.check(True, f"{what}: no frames while the camera is off")
        world.switch(printer, "faults/camera-off", "DELETE")
        off.settimeout(15)
        judge.equal(frame(off)[0][1:], (0, 1, 0), f"{what}: and again when it is on")


def url(printer, code=None):
    """Where ffmpeg finds the stream."""
    return f"rtsps://bblp:{code or printer['access_code']}@{printer['host']}:{RTSPS_PORT}/streaming/live/1"


def probed(judge, printer, _world):
    """ffprobe reads the description and the parameter sets."""
    what = f"ffprobe at a {printer['model']}"
    code, out, err = run(["ffprobe", "-v", "error", "-rtsp_transport", "tcp", "-show_entries",
                          "stream=codec_name,profile,width,height,has_b_frames", "-of", "json", url(printer)])
    found = (json.loads(out or b"{}").get("streams") or [{}])[0]
    size = (1280, 720) if printer["model"] == "X1C" else (1920, 1080)
    judge.equal((code, found.get("codec_name"), found.get("profile"), found.get("width"), found.get("height"),
                 found.get("has_b_frames")), (0, "h264", "Constrained Baseline", *size, 0), f"{what} ({err[-300:]})")


def counted(judge, printer, world):
    """Every packet and every frame arrives, and all decode without a word."""
    what = f"ffmpeg at a {printer['model']}"
    frames = 150
    code, out, err = run(["ffmpeg", "-nostdin", "-v", "warning", "-rtsp_transport", "tcp", "-i", url(printer),
                          "-frames:v", str(frames), "-fps_mode", "passthrough", "-f", "framemd5", "-"])
    sums = [line.split(b",")[-1].strip() for line in out.splitlines() if line and not line.startswith(b"#")]
    # A P2S stamps its packets nearly alike, which ffmpeg complains about, and may.
    quiet = [line for line in err.splitlines() if "timestamp" not in line.lower() and "dts" not in line.lower()]
    judge.equal((code, len(sums)), (0, frames), f"{what}: frames ({err[-300:]})")
    judge.equal(quiet, [], f"{what}: decodes without a warning")
    judge.equal(len(set(sums)), len(sums), f"{what}: no two frames are alike")


def shown(judge, printer, _world):
    """Two frames some seconds apart: clock and number go on, the printer's name stays."""
    what = f"frames of a {printer['model']}"
    pictures = []
    for _ in range(2):
        code, out, err = run(["ffmpeg", "-nostdin", "-v", "error", "-rtsp_transport", "tcp", "-i", url(printer),
                              "-frames:v", "1", "-f", "image2pipe", "-c:v", "png", "-"])
        if not judge.equal(code, 0, f"{what}: ffmpeg ({err[-300:]})"):
            return
        pictures.append(Image.open(io.BytesIO(out)).convert("RGB"))
        time.sleep(1.1)
    for part, changes in ((CLOCK, True), (NUMBER, True), (NAMES, False)):
        judge.equal(differs(*pictures, part), changes, f"{what}: part {part} changes")


class Rtsp:
    """A few requests by hand."""

    def __init__(self, printer, world):
        self.socket, self.uri, self.count = dial(printer, RTSPS_PORT, world), url(printer).replace("bblp:" + printer["access_code"] + "@", ""), 0

    def ask(self, method, below="", **headers):
        """Status and text of the answer."""
        self.count += 1
        lines = [f"{method} {self.uri}{below} RTSP/1.0", f"CSeq: {self.count}", *(f"{k}: {v}" for k, v in headers.items())]
        self.socket.sendall("\r\n".join([*lines, "", ""]).encode())
        answer = b""
        while b"\r\n\r\n" not in answer:
            more = self.socket.recv(4096)
            if not more:
                return None, answer.decode()
            answer += more
        return int(answer.split()[1]), answer.decode()


def refused(judge, printer, world):
    """Who may ask what; a wrong code; a second viewer; live view off."""
    what = f"port 322 of a {printer['model']}"
    stranger = Rtsp(printer, world)
    status, text = stranger.ask("OPTIONS")
    judge.check(status == 200 and "DESCRIBE" in text, f"{what}: OPTIONS is open", text)
    for method, below in (("DESCRIBE", ""), ("SETUP", "/track1"), ("PLAY", "")):
        status, text = stranger.ask(method, below)
        judge.check(status == 401 and 'realm="LIVE555 Streaming Media"' in text and "qop" not in text,
                    f"{what}: {method} needs Digest", text)
    code, _, err = run(["ffprobe", "-v", "error", "-rtsp_transport", "tcp", url(printer, "00000000")])
    judge.check(code != 0 and "401" in err, f"{what}: a wrong code is 401", err)
    viewer = ["ffmpeg", "-nostdin", "-v", "error", "-stats", "-rtsp_transport", "tcp", "-i", url(printer), "-f", "null", "-"]
    with Process(viewer) as first:
        judge.check(wait_for(lambda: "frame=" in first.errors(), 30), f"{what}: a first viewer", first.errors())
        code, _, err = run(["ffprobe", "-v", "error", "-rtsp_transport", "tcp", url(printer)])
        judge.check(code != 0 and "453" in err, f"{what}: a second viewer is refused", err)
    code, _, err = run(["ffprobe", "-v", "error", "-rtsp_transport", "tcp", url(printer)])
    judge.equal(code, 0, f"{what}: it is let in when the first has gone ({err})")
    world.switch(printer, "faults/liveview-off")
    def closed():
        try:
            socket.create_connection((printer["host"], RTSPS_PORT), timeout=5).close()
        except ConnectionRefusedError:
            return True
        return False
    judge.check(wait_for(closed, 20), f"{what}: closed without live view")
    world.switch(printer, "faults/liveview-off", "DELETE")
    judge.check(wait_for(lambda: not closed(), 20), f"{what}: open again with it")


def main():
    judge = Judge("camera faces")
    with World(sys.argv[1], "--printers", "5", "--models", "P1S,A1 mini,X1C,P2S,H2D", "--seed", "61",
               "--state", "printing", "--lan-addresses", loopback_addresses()) as world:
        ports = {p["model"]: (p["camera_port"], p["rtsps_port"]) for p in world.printers}
        jpeg, video = (JPEG_PORT, None), (None, RTSPS_PORT)
        judge.equal(ports, {"P1S": jpeg, "A1 mini": jpeg, "X1C": video, "P2S": video, "H2D": video},
                    "each model has one of the two cameras")
        p1s, mini, x1c = (world.printer(model) for model in ("P1S", "A1 mini", "X1C"))
        videos = [x1c, world.printer("P2S"), world.printer("H2D")]
        for part in (cloud_api, other_api, by_hand):
            judge.part(part, judge, p1s if part is not other_api else mini, world)
        judge.each(probed, videos, world)
        for printer in videos:
            judge.part(counted, judge, printer, world)
        for part in (shown, refused):
            judge.part(part, judge, x1c, world)
    judge.end()


if __name__ == "__main__":
    main()
