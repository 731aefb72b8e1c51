#!/usr/bin/env python3
"""Judges discovery both ways, with packets and frames written by hand: what simulated printers broadcast
and answer, and what `bambu discover` makes of invented ones.

usage: judge_discovery.py BAMBU
"""

import contextlib
import json
import socket
import ssl
import struct
import sys
import threading
import time

from judge import Judge, run
from paho_link import context
from world import World, clean_environment, free_port, loopback_addresses

BROADCAST = "127.255.255.255"
SEARCHED = "urn:bambulab-com:device:3dprinter:1"
CODES = {"P1S": "C12", "X1C": "BL-P001", "A1 mini": "N1", "H2D": "O1D"}


def udp(address="0.0.0.0", port=0):
    """A socket that may broadcast and shares its port."""
    made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
    made.bind((address, port))
    made.settimeout(0.2)
    return made


def headers(packet):
    """Start line and headers of a packet, names in lower case."""
    head, _, rest = packet.decode().partition("\r\n")
    lines = [line.partition(":") for line in rest.split("\r\n") if line]
    return head, {name.strip().lower(): value.strip() for name, _, value in lines}


def listen(sock, seconds, enough=lambda _: False):
    """[(start line, headers, sender)] of all packets in a time, or until there are enough."""
    heard, end = [], time.monotonic() + seconds
    while time.monotonic() < end and not enough(heard):
        with contextlib.suppress(TimeoutError):
            data, sender = sock.recvfrom(2048)
            if data.startswith((b"NOTIFY", b"HTTP/1.1")):
                heard.append((*headers(data), sender))
    return heard


def notified(judge, world):
    """Every printer broadcasts what the reference lists."""
    hosts = {p["host"] for p in world.printers}
    with udp(BROADCAST, 2021) as ear:
        heard = listen(ear, 30, lambda all_: len([1 for *_, s in all_ if s[0] in hosts]) >= 3 * len(hosts))
    for printer in world.printers:
        what, mine = f"NOTIFY of a {printer['model']}", [x for x in heard if x[2][0] == printer["host"]]
        if not judge.check(len(mine) >= 2, f"{what}: it comes, and again", len(heard)):
            continue
        head, fields, sender = mine[0]
        judge.equal(head, "NOTIFY * HTTP/1.1", f"{what}: start line")
        judge.equal(sender, (printer["host"], 2021), f"{what}: from its address and port 2021")
        for name, value in (("usn", printer["serial"]), ("host", "239.255.255.250:1990"), ("server", "UPnP/1.0"), ("location", printer["host"]),
                            ("nt", SEARCHED), ("nts", "ssdp:alive"), ("cache-control", "max-age=1800"),
                            ("devmodel.bambu.com", CODES[printer["model"]]), ("devname.bambu.com", printer["name"]),
                            ("devseclink.bambu.com", "secure"), ("devcap.bambu.com", "1")):
            judge.equal(fields.get(name), value, f"{what}: {name}")
        for name, values in (("devconnect.bambu.com", ("lan", "cloud", "farm")),
                             ("devbind.bambu.com", ("free", "occupied")), ("devinf.bambu.com", ("wlan0", "eth0"))):
            judge.check(fields.get(name) in values, f"{what}: {name}", fields.get(name))
        judge.check(len(fields.get("devversion.bambu.com", "").split(".")) == 4, f"{what}: firmware",
                    fields.get("devversion.bambu.com"))


def searched(judge, world):
    """M-SEARCH to all and to one."""
    hosts = {p["host"] for p in world.printers}
    for target, count, wait in ((BROADCAST, len(world.printers), 3), (world.printers[0]["host"], 1, 1)):
        packet = (f"M-SEARCH * HTTP/1.1\r\nHOST: 239.255.255.250:2021\r\nMAN: \"ssdp:discover\"\r\nMX: {wait}\r\n"
                  f"ST: {SEARCHED}\r\n\r\n").encode()
        with udp("127.0.0.1") as asker:
            asker.sendto(packet, (target, 2021))
            answers = listen(asker, wait + 4, lambda all_, count=count: len({s for *_, s in all_ if s[0] in hosts}) >= count)
        judge.equal(len({s for *_, s in answers if s[0] in hosts}), count, f"M-SEARCH to {target}: all answer")
        for head, fields, _ in answers:
            judge.check(head.startswith("HTTP/1.1 200"), f"M-SEARCH to {target}: 200", head)
            judge.check(fields.get("st") == SEARCHED and "nt" not in fields, f"M-SEARCH to {target}: ST, no NT", fields)
        with udp("127.0.0.1") as asker:
            asker.sendto(packet.replace(b"3dprinter", b"toaster"), (target, 2021))
            judge.equal(listen(asker, 1.5), [], f"M-SEARCH to {target} for something else: silence")


def frame(payload):
    """A frame of the probe: marks, length of the whole in little endian, JSON."""
    body = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    return b"\xa5\xa5" + struct.pack("<H", len(body) + 6) + body + b"\xa7\xa7"


def probe(printer, port, data, tls=None):
    """What a printer answers to bytes at its probe port, until it closes or 3 s pass."""
    with socket.create_connection((printer["host"], port), 5) as sock:
        sock.settimeout(3)
        with contextlib.ExitStack() as stack:
            if tls:
                sock = stack.enter_context(tls.wrap_socket(sock, server_hostname=printer["serial"]))
            sock.sendall(data)
            heard = b""
            with contextlib.suppress(TimeoutError, ConnectionError, ssl.SSLError):
                while chunk := sock.recv(4096):
                    heard += chunk
            return heard


def detected(judge, printer, world):
    """The probe in the clear and over TLS, and what is no probe."""
    ask = frame({"login": {"command": "detect", "sequence_id": "20000"}})
    tls = context(world.ca_file, printer["serial"])
    for port, wrapped in ((3000, None), (3002, tls)):
        what = f"detect at port {port} of a {printer['model']}"
        answer = probe(printer, port, ask, wrapped)
        if judge.check(answer[:2] == b"\xa5\xa5" and answer[-2:] == b"\xa7\xa7"
                       and struct.unpack("<H", answer[2:4])[0] == len(answer), f"{what}: one whole frame", answer[:80]):
            login = json.loads(answer[4:-2])["login"]
            for key, value in (("command", "detect"), ("id", printer["serial"]), ("model", CODES[printer["model"]]),
                               ("name", printer["name"]), ("dev_cap", 1)):
                judge.equal(login.get(key), value, f"{what}: {key}")
            judge.check(login.get("bind") in ("free", "occupied") and login.get("connect") in ("lan", "cloud", "farm")
                        and len(login["version"].split(".")) == 4, f"{what}: bind, connect, version", login)
    for name, data in (("unknown command", frame({"login": {"command": "dance", "sequence_id": "1"}})),
                       ("no JSON", frame(b"{")), ("a length that lies", b"\xa5\xa5\xff\xff{}\xa7\xa7"),
                       ("no frame", b"GET / HTTP/1.1\r\n\r\n")):
        judge.equal(probe(printer, 3000, data), b"", f"detect of a {printer['model']}: {name}: silence")
    judge.check(probe(printer, 3000, ask), f"detect of a {printer['model']}: it still answers after that")


class Announcer(threading.Thread):
    """Broadcasts packets again and again."""

    def __init__(self, port, packets):
        super().__init__(daemon=True)
        self.port, self.packets, self.over = port, packets, threading.Event()

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_failure):
        self.over.set()
        self.join()

    def run(self):
        with udp("127.0.0.1") as sock:
            while not self.over.wait(0.3):
                for packet in self.packets:
                    sock.sendto(packet, (BROADCAST, self.port))


def announcement(end="\r\n", **change):
    """A NOTIFY as an A1 mini sends it, with changes; None takes a header away."""
    fields = {"Host": "239.255.255.250:1990", "Server": "UPnP/1.0", "Location": "127.0.9.9", "NT": SEARCHED,
              "NTS": "ssdp:alive", "USN": "030AAAAAAAAAAA1", "Cache-Control": "max-age=1800",
              "DevModel.bambu.com": "N1", "DevName.bambu.com": "Maus", "DevSignal.bambu.com": "-55",
              "DevConnect.bambu.com": "lan", "DevBind.bambu.com": "free", "Devseclink.bambu.com": "secure",
              "DevInf.bambu.com": "wlan0", "DevVersion.bambu.com": "01.07.02.00", "DevCap.bambu.com": "1"}
    for key, value in change.items():
        name = {"usn": "USN", "location": "Location", "name": "DevName.bambu.com", "model": "DevModel.bambu.com",
                "signal": "DevSignal.bambu.com", "nt": "NT"}[key]
        fields.pop(name)
        if value is not None:
            fields[name] = value
    return ("NOTIFY * HTTP/1.1" + end + "".join(f"{k}: {v}{end}" for k, v in fields.items()) + end).encode()


def invented(judge, binary):
    """`bambu discover --json` among printers and nonsense."""
    port = free_port()
    packets = [
        announcement(),
        announcement("\n", usn="01P00AAAAAAAAA2", model="C12", name="Müller's P1S", signal="", location="127.0.9.2"),
        announcement(usn="22EAAAAAAAAAAA3", model="N7", signal=None, location=None).replace(b"USN", b"usn"),
        announcement(usn="99XAAAAAAAAAAA4", model="Z9", location="127.0.9.4"),
        announcement(usn=None), announcement(model=None, usn="030AAAAAAAAAAA5"),
        b"", b"\xff" * 400, b"NOTIFY * HTTP/1.1\r\n\r\n", b"HELLO\r\n" * 30,
        announcement(usn="03\x1b[31mAAAA", location="127.0.9.6"),
    ]
    with Announcer(port, packets):
        code, out, err = run([binary, "discover", "--json", "--timeout", "3", "--interface", "127.0.0.1", "--port",
                              str(port)], env=clean_environment())
    judge.equal(code, 0, f"discover among invented printers: exit code {err[-300:]}")
    found = {p["serial"]: p for p in json.loads(out or b"[]")}
    for serial, want in (
        ("030AAAAAAAAAAA1", {"model": "A1 mini", "model_code": "N1", "name": "Maus", "address": "127.0.9.9",
                             "connect": "lan", "bind": "free", "firmware": "01.07.02.00", "signal_dbm": -55}),
        ("01P00AAAAAAAAA2", {"model": "P1S", "name": "Müller's P1S", "signal_dbm": None, "address": "127.0.9.2"}),
        ("22EAAAAAAAAAAA3", {"model": "P2S", "signal_dbm": None, "address": "127.0.0.1"}),
        ("99XAAAAAAAAAAA4", {"model": None, "model_code": "Z9", "address": "127.0.9.4"}),
    ):
        if judge.check(serial in found, f"discover: {serial} is listed", sorted(found)):
            for key, value in want.items():
                judge.equal(found[serial].get(key), value, f"discover: {serial}: {key}")
    judge.check("030AAAAAAAAAAA5" not in found and all("\x1b" not in s for s in found),
                "discover: what lacks a serial number or a model is no printer", sorted(found))
    code, out, err = run([binary, "discover", "--json", "--timeout", "1", "--interface", "127.0.0.1", "--port",
                          str(free_port())], env=clean_environment())
    judge.check(code == 5 and json.loads(out or b"[]") == [], "discover: nobody there has exit code 5", f"{code} {err}")


def found_by_ours(judge, binary, world):
    """Our client finds the simulated printers: broadcast, and by address."""
    code, out, err = run([binary, "discover", "--json", "--timeout", "7", "--interface", "127.0.0.1"],
                         env=clean_environment())
    found = {p["serial"]: p for p in json.loads(out or b"[]")}
    with udp(BROADCAST, 2021) as ear:  # another world on this machine has the same serial numbers
        elsewhere = {h.get("usn") for _, h, s in listen(ear, 6) if s[0] not in {p["host"] for p in world.printers}}
    for printer in world.printers:
        if printer["serial"] in elsewhere:
            continue
        there = found.get(printer["serial"], {})
        judge.equal((there.get("address"), there.get("model")), (printer["host"], printer["model"]),
                    f"discover finds the {printer['model']} ({code} {err[-200:]})")
    printer = world.printers[0]
    code, out, err = run([binary, "discover", "--json", "--host", printer["host"]], env=clean_environment())
    listed = json.loads(out or b"[]")
    judge.equal([(p["serial"], p["seen_via"]) for p in listed], [(printer["serial"], "detect")],
                f"discover --host asks it ({code} {err[-200:]})")


def main():
    binary = sys.argv[1]
    judge = Judge("discovery")
    with World(binary, "--printers", "4", "--models", "P1S,X1C,A1 mini,H2D", "--seed", "51",
               "--lan-addresses", loopback_addresses()) as world:
        for part in (notified, searched):
            judge.part(part, judge, world)
        judge.each(detected, world.printers, world)
        judge.part(found_by_ours, judge, binary, world)
    judge.part(invented, judge, binary)
    judge.end()


if __name__ == "__main__":
    main()
