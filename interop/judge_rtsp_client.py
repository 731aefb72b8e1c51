#!/usr/bin/env python3
"""Judges our viewer of cameras on port 322: by gst-rtsp-server over TLS, with Digest and Basic, and by a printer of
our own making whose habits are bad. ffmpeg cannot be the server: it only listens for streams that are pushed to it.

Every picture is compared: ffmpeg decodes what was shown and what was saved, and the frames must be the same.

usage: judge_rtsp_client.py BAMBU
"""

import pathlib
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor

from judge import Judge, run, wait_for
from ours import Ours
from rtsp_printer import Camera, payloads_of, pictures_of
from world import Process, free_port

HERE = pathlib.Path(__file__).resolve().parent
SERIAL, CODE = "00M00A000000001", "12345678"
REFUSED, WRONG_CODE, UNREACHABLE, USAGE = 3, 4, 5, 2
#: The system's own Python has gi.
GST = ["/usr/bin/python3", str(HERE / "gst_rtsps.py")]


def film(path, size, seconds, bitrate):
    """A film that never looks the same twice, a key frame each second, and no frame out of order."""
    run(["ffmpeg", "-v", "error", "-y", "-f", "lavfi", "-i", f"testsrc2=size={size}:rate=30:duration={seconds}",
         "-pix_fmt", "yuv420p", "-c:v", "libx264", "-preset", "ultrafast", "-b:v", bitrate, "-bf", "0", "-x264-params",
         "keyint=30:min-keyint=30:scenecut=0:repeat-headers=1:sliced-threads=0", str(path)])
    return path


def frames(path):
    """(a digest for each picture, what the decoder had to say)."""
    _, out, err = run(["ffmpeg", "-v", "error", "-i", str(path), "-fps_mode", "passthrough", "-f", "framemd5", "-"])
    rows = [line.split(",") for line in out.decode().splitlines() if line and not line.startswith("#")]
    return [row[-1].strip() for row in rows], err


class Viewer:
    """`bambu camera … save`, once, into a folder of its own."""

    def __init__(self, binary, port, count, code=CODE, timeout=20):
        self.port, self.count, self.code, self.timeout = port, count, code, timeout
        self.ours = Ours(binary, "http://127.0.0.1:9")
        self.folder = self.ours.home / "pictures"

    def arguments(self):
        return ["camera", SERIAL, "--host", "127.0.0.1", "--mqtt-port", "9", "--camera-port", str(self.port),
                "--timeout", str(self.timeout), "save", str(self.folder), "--max-frames", str(self.count)]

    def look(self):
        with self.ours as ours:
            self.exit, _, self.said = ours(*self.arguments(), BAMBU_ACCESS_CODE=self.code, BAMBU_LOG="bambulab=info")
            film = self.folder / "camera.h264"
            self.frames, self.trouble = frames(film) if film.exists() else ([], "")
        return self


def shows(judge, what, viewer, wanted):
    """The viewer must have saved exactly these pictures."""
    judge.equal(viewer.exit, 0, f"{what}: it ends well: {viewer.said[-300:]}")
    judge.equal(viewer.trouble, "", f"{what}: nothing is damaged")
    differs = next((n for n, pair in enumerate(zip(viewer.frames, wanted)) if pair[0] != pair[1]), "none")
    judge.check(viewer.frames == wanted, f"{what}: every picture, in order",
                f"{len(viewer.frames)} instead of {len(wanted)}, {differs} is the first other one: {viewer.said[-400:]}")
    judge.check(CODE not in viewer.said, f"{what}: the access code is not shown")


# --- gst-rtsp-server ----------------------------------------------------------------------------------------------

def gst(stuff, method, port="0", aggregate="zero-latency"):
    play = (f"( filesrc location={stuff['hd']} ! qtdemux ! h264parse config-interval=-1 ! "
            f"rtph264pay name=pay0 pt=96 aggregate-mode={aggregate} )")
    return Process([*GST, *stuff["tls"], port, method, CODE, play])


def ready(server):
    """The port, once it listens."""
    return int(wait_for(lambda: server.output().strip()))


def by_gst(judge, method, stuff):
    """Ten seconds of 1080p30 in real time, none lost; and a code that is wrong."""
    with gst(stuff, method, aggregate={"digest": "zero-latency", "basic": "none"}[method]) as server:
        port = ready(server)
        refused = Viewer(stuff["binary"], port, 1, code="87654321").look()
        judge.equal(refused.exit, WRONG_CODE, f"gst, {method}: a wrong code is told: {refused.said[-200:]}")
        viewer = Viewer(stuff["binary"], port, len(stuff["hd frames"])).look()
        shows(judge, f"gst, {method}, 1080p30", viewer, stuff["hd frames"])


def by_gst_killed(judge, _case, stuff):
    """The server dies in mid-stream and comes back: the film goes on with a key frame."""
    port, count = str(free_port()), 100
    viewer = Viewer(stuff["binary"], port, count, timeout=30)
    saved = viewer.folder / "camera.h264"
    with viewer.ours as ours, gst(stuff, "digest", port) as server:
        ready(server)
        env = ours.env | {"BAMBU_ACCESS_CODE": CODE, "BAMBU_LOG": "bambulab=info"}
        with Process([ours.binary, *viewer.arguments()], env) as looking:
            judge.check(wait_for(lambda: saved.exists() and saved.stat().st_size > 300_000), "gst shows something")
            server.child.kill()
            server.wait()
            with gst(stuff, "digest", port) as again:
                ready(again)
                code, said = looking.wait(), looking.errors()
        got, trouble = frames(saved)
    judge.equal(code, 0, f"gst killed: it goes on: {said[-300:]}")
    judge.equal(trouble, "", "gst killed: nothing is damaged")
    before = next((n for n in range(1, len(got)) if got[n] == stuff["hd frames"][0]), 0)
    judge.check(before, "gst killed: the film begins anew", said[-600:])
    judge.check(got == (stuff["hd frames"][:before] + stuff["hd frames"])[:count], "gst killed: none is lost or twice")


# --- bad habits ---------------------------------------------------------------------------------------------------

def by_the_book(judge, _case, stuff):
    """What a viewer says, and how often."""
    with stuff["camera"](pace=17) as camera:
        shows(judge, "slow", Viewer(stuff["binary"], camera.port, 120).look(), stuff["frames"])
        methods = camera.methods()
        judge.equal(methods[:5], ["OPTIONS", "DESCRIBE", "DESCRIBE", "SETUP", "PLAY"], "requests in the usual order")
        judge.equal(methods[-1], "TEARDOWN", "it says goodbye")
        judge.check("GET_PARAMETER" in methods, "it says that it is there", methods)
        reports = [row[4] for row in camera.rows("report")]
        judge.check(3 <= len(reports) <= 8, "it reports every two seconds or so", len(reports))
        judge.check(all(row["channel"] == 1 and row["kind"] == 201 for row in reports), "on channel 1")
        judge.check(b"\xca" in reports[-1]["data"][32:36], "with its name (SDES)")
        judge.equal(reports[-1]["data"][8:12], b"\x12\x34\x56\x78", "about this stream")
        judge.equal(reports[-1]["data"][12:16], b"\0\0\0\0", "of which nothing is lost")
        rows = [row for row in camera.log if row[2] not in ("report", "gone")]
        wanted = f"rtsps://127.0.0.1:{camera.port}/streaming/live/1"
        judge.equal(rows[0][3], wanted, "the address has port and path, and no login")
        judge.check(all(CODE not in row[3] + str(row[4]) for row in rows), "the code itself is not sent")
        judge.check(all(row[4]["user-agent"].startswith("bambu/") for row in rows), "it says who it is")
        judge.equal(rows[3][4]["transport"], "RTP/AVP/TCP;unicast;interleaved=0-1", "inside the connection")
        judge.equal(rows[4][4]["range"], "npt=0.000-", "from now on")
        judge.check(all(row[4].get("session") == "00000001" for row in rows[4:]), "with the session")


#: Habits with which every picture comes all the same.
HARMLESS = {
    "frames before answers": {"frames_first": True},
    "byte by byte": {"piece": 1},
    "seven bytes at a time": {"piece": 7},
    "qop": {"login": "qop"},
    "every nonce once": {"login": "stale"},
    "basic": {"login": "basic"},
    "parameters in the stream": {"in_band": True},
    "no GET_PARAMETER": {"codes": {"GET_PARAMETER": 501}, "pace": 20},
}

#: Habits with which there is no picture: exit code, and a word of what is said.
HOPELESS = {
    "wrong code": ({"login": "digest"}, WRONG_CODE, "access code"),
    "wrong code, qop": ({"login": "qop"}, WRONG_CODE, "access code"),
    "wrong code, always too old": ({"login": "stale"}, WRONG_CODE, "access code"),
    "wrong code, basic": ({"login": "basic"}, WRONG_CODE, "access code"),
    "no such stream": ({"codes": {"DESCRIBE": 404}}, REFUSED, "404"),
    "no such way": ({"codes": {"SETUP": 461}}, REFUSED, "461"),
    "no room": ({"codes": {"PLAY": 453}}, REFUSED, "one viewer"),
    "another viewer": ({"silent": "stream"}, REFUSED, "one viewer"),
    "a body without end": ({"head": "Content-Length: 99999999999"}, UNREACHABLE, "99999999999"),
    "a body of letters": ({"head": "Content-Length: many"}, UNREACHABLE, "length"),
    "a body that is longer": ({"head": "Content-Length: 20"}, USAGE, "H.264"),
    "a body that is shorter": ({"head": "Content-Length: 9999"}, UNREACHABLE, "picture"),
    "a head without end": ({"head": "X-Long: " + "x" * 70_000}, UNREACHABLE, "headers"),
}


#: How a first session ends, and whether TLS is told.
BROKEN = [("cut_after", False), ("cut_after", True), ("bye_after", False), ("mute_after", False)]

#: What is lost.
LOST = ["a part of a key frame", "the first part of a key frame", "the last part of a key frame", "the end of a picture"]


def harmless(judge, name, stuff):
    with stuff["camera"](**HARMLESS[name]) as camera:
        shows(judge, name, Viewer(stuff["binary"], camera.port, 120).look(), stuff["frames"])
        judge.equal(camera.sessions, 1, f"{name}: one connection")


def hopeless(judge, name, stuff):
    habits, code, word = HOPELESS[name]
    with stuff["camera"](**habits) as camera:
        given = "87654321" if code == WRONG_CODE else CODE
        viewer = Viewer(stuff["binary"], camera.port, 1, code=given, timeout=8).look()
        judge.equal(viewer.exit, code, f"{name}: the exit code")
        judge.check(word in viewer.said and "next:" in viewer.said, f"{name}: what is said", viewer.said[-400:])
        if code == WRONG_CODE:
            judge.equal(camera.sessions, 1, f"{name}: it is not tried again")


def broken(judge, case, stuff):
    """A session that ends after 45 pictures: the next one begins at the beginning."""
    habit, politely = case
    with stuff["camera"](**{habit: 45, "politely": politely}) as camera:
        viewer = Viewer(stuff["binary"], camera.port, 120, timeout=30).look()
        # What is being sent when the line is cut may not arrive.
        got = next((n for n in range(1, 121) if viewer.frames[n:n + 1] == stuff["frames"][:1]), 0)
        judge.check(40 <= got <= 45, f"{habit}: the first session", got)
        shows(judge, habit, viewer, (stuff["frames"][:got] + stuff["frames"])[:120])
        judge.equal(camera.sessions, 2, f"{habit}: two connections")


def lost(judge, what, stuff):
    """A part of a picture is lost: nothing is shown that stands on it."""
    counts = [len(list(payloads_of(picture, False))) for picture in stuff["pictures"]]
    # (the packet, what is shown)
    packet, numbers = {
        "a part of a key frame": (sum(counts[:30]) + 2, [*range(30), *range(60, 120)]),
        "the first part of a key frame": (sum(counts[:30]), [*range(30), *range(60, 120)]),
        "the last part of a key frame": (sum(counts[:31]) - 1, [*range(30), *range(60, 120)]),
        "the end of a picture": (sum(counts[:41]) - 1, [*range(40), *range(60, 120)]),
    }[what]
    with stuff["camera"](lose=[packet]) as camera:
        viewer = Viewer(stuff["binary"], camera.port, len(numbers)).look()
        shows(judge, what, viewer, [stuff["frames"][number] for number in numbers])


def closed(judge, _case, stuff):
    """Nobody listens: the live view is switched off."""
    viewer = Viewer(stuff["binary"], free_port(), 1, timeout=5).look()
    judge.equal(viewer.exit, REFUSED, "closed port: the exit code")
    judge.check("Liveview" in viewer.said, "closed port: where it is switched on", viewer.said[-300:])


def main():
    judge = Judge("rtsp-client")
    with tempfile.TemporaryDirectory(prefix="rtsp-") as folder:
        folder = pathlib.Path(folder)
        tls = folder / "certificate.pem", folder / "key.pem"
        run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "30", "-subj", f"/CN={SERIAL}",
             "-keyout", str(tls[1]), "-out", str(tls[0])])
        small, hd = film(folder / "small.h264", "640x360", 4, "600k"), film(folder / "hd.mp4", "1920x1080", 10, "4M")
        pictures = pictures_of(small.read_bytes())
        stuff = {
            "binary": pathlib.Path(sys.argv[1]).resolve(), "tls": tls, "hd": hd, "pictures": pictures,
            "frames": frames(small)[0], "hd frames": frames(hd)[0],
            "camera": lambda **habits: Camera(tls, pictures, CODE, **habits),
        }
        judge.equal((len(pictures), len(stuff["frames"]), len(stuff["hd frames"])), (120, 120, 300), "films to show")
        # In real time, and with nothing else: a film of this size and its pictures take work.
        judge.each(by_gst, ["digest", "basic"], stuff)
        cases = [
            (by_gst_killed, None), (by_the_book, None),
            *((hopeless, name) for name in HOPELESS), *((harmless, name) for name in HARMLESS),
            *((broken, case) for case in BROKEN), *((lost, what) for what in LOST), (closed, None),
        ]
        # They mostly wait; all at once would be too much for two processors.
        with ThreadPoolExecutor(max_workers=12) as pool:
            for function, case in cases:
                pool.submit(judge.part, function, judge, case, stuff)
    judge.end()


if __name__ == "__main__":
    main()
