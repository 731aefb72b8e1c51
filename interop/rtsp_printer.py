"""A printer's camera on port 322 as others describe it, with bad habits on demand: TLS, RTSP as live555 speaks it,
H.264 in frames of the same connection. Imports none of our code."""

import base64
import hashlib
import re
import socket
import ssl
import struct
import threading
import time

USER, REALM, PATH = "bblp", "LIVE555 Streaming Media", "/streaming/live/1"
#: Bytes of an RTP payload, as live555 cuts them.
MTU = 1400


def units_of(stream):
    """The NAL units of a file with start codes."""
    return [unit.rstrip(b"\0") for unit in stream.split(b"\0\0\1")[1:]]


def pictures_of(stream):
    """Access units of a film with one slice per picture: each a list of NAL units, ending with the slice."""
    pictures, now = [], []
    for unit in units_of(stream):
        now.append(unit)
        if unit[0] & 31 in (1, 5):
            pictures.append(now)
            now = []
    return pictures


def payloads_of(picture, in_band=True):
    """RTP payloads of one picture: SPS and PPS together (STAP-A), slices in parts (FU-A) if they are long."""
    sets = [unit for unit in picture if unit[0] & 31 in (7, 8)]
    if sets and in_band:
        yield b"\x78" + b"".join(struct.pack("!H", len(unit)) + unit for unit in sets)
    for unit in picture:
        if unit[0] & 31 in (7, 8):
            continue
        if len(unit) <= MTU:
            yield unit
            continue
        parts = [unit[at:at + MTU] for at in range(1, len(unit), MTU)]
        for number, part in enumerate(parts):
            edge = (0x80 if number == 0 else 0) | (0x40 if number == len(parts) - 1 else 0)
            yield bytes([unit[0] & 0x60 | 28, edge | unit[0] & 31]) + part


def md5(text):
    return hashlib.md5(text.encode()).hexdigest()


class Gone(Exception):
    """The viewer is not there any more."""


class Camera:
    """Listens until the end of `with`. `habits`, all off by default:

    `login`: `digest` (without qop, the default), `qop`, `stale` (every nonce is good for one request), `basic`
    `codes`: {method: status}     `frames_first`: rubbish in frames before every answer     `piece`: bytes per write
    `head`: a header that replaces Content-Length of DESCRIBE     `silent`: method that is not answered
    `mute_after`, `cut_after`, `bye_after`: pictures of a first session     `lose`: numbers of packets, per session
    `in_band`: no parameter sets in the SDP, only in the stream     `pace`: pictures per second
    """

    def __init__(self, files, pictures, code, **habits):
        self.pictures, self.code, self.habits = pictures, code, habits
        self.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.tls.load_cert_chain(*files)
        #: (session, seconds since it began, method or "report" or "gone", address, headers)
        self.log, self.sessions, self.lock = [], 0, threading.Lock()

    def __enter__(self):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()
        return self

    def __exit__(self, *_failure):
        self.listener.close()

    def accept(self):
        while True:
            try:
                plain, _ = self.listener.accept()
            except OSError:
                return
            self.sessions += 1
            threading.Thread(target=self.serve, args=(plain, self.sessions), daemon=True).start()

    def serve(self, plain, number):
        plain.settimeout(30)
        try:
            with self.tls.wrap_socket(plain, server_side=True) as stream:
                Session(self, stream, number).run()
        except (OSError, Gone):
            pass

    def methods(self, session=1):
        """What was asked in one session, without reports."""
        return [row[2] for row in self.log if row[0] == session and row[2] not in ("report", "gone")]

    def rows(self, what, session=1):
        return [row for row in self.log if row[0] == session and row[2] == what]


class Session:
    """One connection: one thread reads and answers, another one plays."""

    def __init__(self, camera, stream, number):
        self.camera, self.stream, self.number, self.habits = camera, stream, number, camera.habits
        self.began, self.nonce, self.has_ended = time.monotonic(), "", threading.Event()
        # TLS of Python is not to be read and written by two threads at once.
        self.lock, self.name = threading.Lock(), f"{number:08X}"
        stream.settimeout(0.02)

    def note(self, what, address="", headers=None):
        row = (self.number, time.monotonic() - self.began, what, address, headers or {})
        with self.camera.lock:
            self.camera.log.append(row)

    def send(self, data):
        piece = self.habits.get("piece") or len(data)
        with self.lock:
            self.stream.settimeout(10)
            try:
                for at in range(0, len(data), piece):
                    self.stream.sendall(data[at:at + piece])
            finally:
                self.stream.settimeout(0.02)

    def read(self):
        while not self.has_ended.is_set():
            try:
                with self.lock:
                    data = self.stream.recv(65536)
            except TimeoutError:
                time.sleep(0.005)
                continue
            if not data:
                raise Gone
            return data
        raise Gone

    def run(self):
        inbox = b""
        try:
            while True:
                while inbox[:1] == b"$" and len(inbox) >= 4:
                    length = 4 + int.from_bytes(inbox[2:4], "big")
                    if len(inbox) < length:
                        break
                    self.note("report", headers={"channel": inbox[1], "kind": inbox[5], "data": inbox[4:length]})
                    inbox = inbox[length:]
                if inbox[:1] not in (b"$", b"") and b"\r\n\r\n" in inbox:
                    head, inbox = inbox.split(b"\r\n\r\n", 1)
                    self.request(head.decode())
                    continue
                inbox += self.read()
        finally:
            self.has_ended.set()
            self.note("gone")

    def request(self, head):
        first, *lines = head.split("\r\n")
        method, address, _ = first.split(" ")
        headers = {name.lower(): value.strip() for name, value in (line.split(":", 1) for line in lines)}
        self.note(method, address, headers)
        if self.habits.get("silent") == method:
            return
        if self.habits.get("frames_first"):
            self.send(b"$\x07\x00\x04junk$\x00\x00\x02\x80\x60$\x01\x00\x00$\x00\xff\xff" + b"\x80" * 65535)
        status = self.habits.get("codes", {}).get(method, 200)
        if method != "OPTIONS" and not self.let_in(method, address, headers):
            status = 401
        extra, body = {}, b""
        if status == 401:
            extra["WWW-Authenticate"] = self.challenge()
        elif status == 200:
            extra, body = self.answer(method)
        lines = [f"RTSP/1.0 {status} {'OK' if status == 200 else 'Refused'}", f"CSeq: {headers['cseq']}"]
        lines += [f"{name}: {value}" for name, value in extra.items()]
        self.send("\r\n".join(lines).encode() + b"\r\n\r\n" + body)
        if method == "PLAY" and status == 200 and not self.habits.get("silent") == "stream":
            threading.Thread(target=self.play, daemon=True).start()
        if method == "TEARDOWN":
            raise Gone

    def challenge(self):
        if self.habits.get("login") == "basic":
            return 'Basic realm="printer"'
        self.nonce = md5(f"{self.name}{time.monotonic_ns()}")
        kinds = {"qop": ', qop="auth", opaque="o"', "stale": ", stale=TRUE"}
        return f'Digest realm="{REALM}", nonce="{self.nonce}"' + kinds.get(self.habits.get("login"), "")

    def let_in(self, method, address, headers):
        proof, code = headers.get("authorization", ""), self.camera.code
        if self.habits.get("login") == "basic":
            return proof == "Basic " + base64.b64encode(f"{USER}:{code}".encode()).decode()
        said = dict(re.findall(r'(\w+)="?([^",]*)"?', proof))
        middle = self.nonce
        if self.habits.get("login") == "qop":
            middle += f":{said.get('nc')}:{said.get('cnonce')}:auth"
        want = md5(f"{md5(f'{USER}:{REALM}:{code}')}:{middle}:{md5(f'{method}:{address}')}")
        good = self.nonce and said.get("response") == want and said.get("uri") == address
        if self.habits.get("login") == "stale":
            self.nonce = ""
        return bool(good)

    def answer(self, method):
        base = f"rtsp://127.0.0.1:{self.camera.port}{PATH}/"
        session = {"Session": f"{self.name};timeout=65"}
        if method == "OPTIONS":
            return {"Public": "OPTIONS, DESCRIBE, SETUP, TEARDOWN, PLAY, PAUSE, GET_PARAMETER, SET_PARAMETER"}, b""
        if method == "DESCRIBE":
            body = self.description()
            head = self.habits.get("head", f"Content-Length: {len(body)}").split(": ")
            return {"Content-Base": base, "Content-Type": "application/sdp", head[0]: head[1]}, body
        if method == "SETUP":
            return session | {"Transport": "RTP/AVP/TCP;unicast;interleaved=0-1;ssrc=12345678;mode=\"play\""}, b""
        return session, b""

    def description(self):
        sets = [unit for unit in self.camera.pictures[0] if unit[0] & 31 in (7, 8)]
        coded = ",".join(base64.b64encode(unit).decode() for unit in sets)
        told = "" if self.habits.get("in_band") else f";sprop-parameter-sets={coded}"
        lines = ["v=0", "o=- 1 1 IN IP4 127.0.0.1", "s=streaming/live/1", "t=0 0", "a=control:*", "a=range:npt=now-",
                 "m=video 0 RTP/AVP 96", "c=IN IP4 0.0.0.0", "b=AS:4000", "a=rtpmap:96 H264/90000",
                 f"a=fmtp:96 packetization-mode=1;profile-level-id=64001F{told}", "a=control:track1", ""]
        return "\r\n".join(lines).encode()

    def play(self):
        try:
            self.stream_pictures()
        except (OSError, Gone):
            self.has_ended.set()

    def stream_pictures(self):
        """All packets bear the same time, as those of a P2S do."""
        sequence, packets, first = 65_500, 0, time.monotonic()
        limits = {name: self.habits.get(name) if self.number == 1 else None
                  for name in ("mute_after", "cut_after", "bye_after")}
        for number, picture in enumerate(self.camera.pictures):
            if self.has_ended.wait(max(0, first + number / self.habits.get("pace", 60) - time.monotonic())):
                return
            if number in (limits["mute_after"], limits["cut_after"]):
                if number == limits["cut_after"]:
                    self.has_ended.set()
                    self.stream.unwrap() if self.habits.get("politely") else self.stream.close()
                return
            if number == limits["bye_after"]:
                return self.send(self.frame(1, bytes([0x81, 203, 0, 1]) + b"\x12\x34\x56\x78"))
            if number % 30 == 0:
                self.send(self.frame(1, struct.pack("!BBH6I", 0x80, 200, 6, 0x12345678, 1, 2, 7, packets, 0)))
            payloads, out = list(payloads_of(picture, self.habits.get("in_band", False))), b""
            for index, payload in enumerate(payloads):
                marker = 0x80 if index == len(payloads) - 1 else 0
                head = struct.pack("!BBHII", 0x80, marker | 96, sequence & 0xffff, 7, 0x12345678)
                if packets not in self.habits.get("lose", ()):
                    out += self.frame(0, head + payload)
                sequence, packets = sequence + 1, packets + 1
            self.send(out)

    @staticmethod
    def frame(channel, data):
        return b"$" + bytes([channel]) + struct.pack("!H", len(data)) + data
