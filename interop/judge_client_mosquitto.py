#!/usr/bin/env python3
"""Judges our client against Debian's mosquitto with TLS and passwords, through a broker restart.

usage: judge_client_mosquitto.py BAMBU [CAPTURES_DIRECTORY]

A paho responder plays the printers: with reports of real printers where the captures are there,
with a report of our own where they are not.
"""

import copy
import importlib
import json
import pathlib
import signal
import sys

from documents import compare, documents, latest
from judge import Judge, run, wait_for
from mosquitto import Authority, Mosquitto, Responder
from reports import full, version
from world import Process, clean_environment, free_port

TOKEN, CODE, UID = "token-of-the-judge", "12345678", "4711"
SERIALS = {"p1p": "01S00A000000001", "h2d": "09400A000000002", "x1c-multi-ams": "00M00A000000003",
           "a1": "03900A000000004", "a1-mini": "03000A000000005"}
#: What a client may say by itself. Everything else is a command that nobody gave.
READING = {"pushing.pushall", "pushing.start", "info.get_version"}


def printers(captures):
    """serial -> full report, get_version reply, and the values that must be shown."""
    made = {}
    for name, serial in SERIALS.items():
        file = pathlib.Path(captures or "", name + ".json")
        if not (captures and file.exists()):
            continue
        capture = json.loads(file.read_text())
        want = importlib.import_module("captures." + name.replace("-", "_")).expected(capture)
        want |= {"online": True, "serial": serial}
        want.pop("updated_at", None)
        made[serial] = {"full": capture["pushall"], "version": capture["get_version"], "want": want}
    if not made:
        for number in (1, 2):
            want = {"model": "P1S", "online": True, "job.name": "cube", "job.remaining_minutes": 61}
            made[f"01P00A00000000{number}"] = {
                "full": full(), "version": version(), "want": want}
    return made


class Bench:
    """Our client's settings for one broker."""

    def __init__(self, binary, broker, authority, folder):
        self.binary, self.broker, self.authority, self.folder = binary, broker, authority, folder

    def cloud(self, token=TOKEN, port=None, ca_file=None):
        """Environment for the broker as the cloud's. There is no REST service."""
        return clean_environment(
            BAMBU_MQTT_URL=f"mqtts://127.0.0.1:{port or self.broker.port}",
            BAMBU_API_URL=f"http://127.0.0.1:{free_port()}",
            BAMBU_CA_FILE=ca_file or self.authority.ca_file,
            BAMBU_TOKEN=token, BAMBU_UID=UID, BAMBU_CONFIG_DIR=self.folder)

    def lan(self, code=CODE, ca_file=None):
        """Environment for the broker as a printer's."""
        return clean_environment(BAMBU_CA_FILE=ca_file or self.authority.ca_file,
                                 BAMBU_ACCESS_CODE=code, BAMBU_CONFIG_DIR=self.folder)

    def monitor(self, environment, serials, *more):
        """`bambu monitor --json` for these printers."""
        return Process([self.binary, "monitor", *serials, "--json", *more], environment)


def changed(full, **fields):
    """A full report with other values."""
    other = copy.deepcopy(full)
    other["print"] |= fields
    return other


def through_a_restart(judge, bench, responder_name, watch, what, users):
    """The state comes, follows, survives a restart of the broker, and nothing is sent twice."""
    broker = bench.broker
    with Responder(broker, responder_name, watch["printers"]) as responder, watch["start"]() as monitor:
        for serial, printer in watch["printers"].items():
            status = latest(monitor, serial, lambda s: s["online"] and s["state"] != "unknown"
                            and s["firmware"])
            if not judge.check(status, f"{what}: {serial} is shown", monitor.errors()[-800:]):
                return
            compare(judge, f"{what}: {serial}", status, printer["want"])
        first = next(iter(watch["printers"]))
        judge.equal([r for _, r in responder.requests].count("pushing.pushall"), len(watch["printers"]),
                    f"{what}: pushall once per printer")
        responder.report(first, {"print": {"command": "push_status", "msg": 1, "mc_percent": 77}})
        judge.check(latest(monitor, first, lambda s: s["job"]["progress_percent"] == 77),
                    f"{what}: a delta is shown")
        ack = {"print": {"command": "stop", "sequence_id": "1", "result": "success", "mc_percent": 3}}
        responder.report(first, ack)
        responder.report(first, {"print": {"command": "push_status", "msg": 1, "mc_percent": 78}})
        judge.check(latest(monitor, first, lambda s: s["job"]["progress_percent"] == 78)
                    and all(d["job"]["progress_percent"] != 3 for d in documents(monitor, first)),
                    f"{what}: an acknowledgement is not merged")

        sessions = len(broker.lines("New client connected", f"u'{users}'"))
        judge.equal(sessions, 1, f"{what}: one session carries {len(watch['printers'])} printers")
        broker.stop()
        judge.check(latest(monitor, first, lambda s: s["online"] is not True),
                    f"{what}: without the broker it is not online")
        judge.check(monitor.running(), f"{what}: the monitor stays")
        for printer in watch["printers"].values():
            printer["full"] = changed(printer["full"], mc_percent=99, gcode_state="PAUSE")
        responder.requests.clear()
        broker.start()
        responder.link.close()
        with Responder(broker, responder_name, watch["printers"]) as again:
            for serial in watch["printers"]:
                status = latest(monitor, serial, lambda s: s["online"] and s["state"] == "paused"
                                and s["job"]["progress_percent"] == 99)
                judge.check(status, f"{what}: {serial} is shown again after the restart",
                            monitor.errors()[-800:])
            requests = {r for _, r in responder.requests + again.requests}
            judge.check(requests <= READING, f"{what}: nothing but reading was sent", requests)
        monitor.child.send_signal(signal.SIGINT)
        judge.equal(monitor.wait(15), 0, f"{what}: interrupted, it ends well")
        client = [l for l in broker.lines("New client connected", f"u'{users}'")][-1]
        name = client.split(" as ")[1].split(" ")[0]
        judge.check(wait_for(lambda: broker.lines(f"Received DISCONNECT from {name}"), 10),
                    f"{what}: and says DISCONNECT", broker.lines(name)[-6:])


def one_shot(bench, environment, serial, *more):
    """(exit code, errors) of a command that wants one status."""
    code, _, err = run([bench.binary, "monitor", serial, "--json", "--count", "1", "--timeout", "20",
                        *more], env=environment)
    return code, err


def told_apart(judge, what, cases):
    """Each failure has its exit code, and its words name the cause."""
    texts = []
    for cause, (code, err), wanted, words in cases:
        judge.equal(code, wanted, f"{what}: {cause} has exit code {wanted}")
        judge.check(any(w in err.lower() for w in words), f"{what}: {cause} is named", err[-400:])
        judge.check(TOKEN not in err and "wrong-secret" not in err and CODE not in err,
                    f"{what}: no secret in the message", err[-400:])
        texts.append(err)
    judge.equal(len(set(texts)), len(texts), f"{what}: three causes, three messages")


def main():
    binary, *captures = sys.argv[1:]
    judge = Judge("client-mosquitto")
    authority, stranger = Authority(), Authority()
    world = printers(captures[0] if captures else None)
    folder = authority.path("")
    first = next(iter(world))

    certificate = authority.certificate("cloud", "IP:127.0.0.1,DNS:localhost")
    with Mosquitto(authority, certificate, [(f"u_{UID}", TOKEN)]) as broker:
        bench = Bench(binary, broker, authority, folder)
        watch = {"printers": copy.deepcopy(world),
                 "start": lambda: bench.monitor(bench.cloud(), world)}
        judge.part(through_a_restart, judge, bench, None, watch, "cloud", f"u_{UID}")
        judge.part(told_apart, judge, "cloud", [
            ("a wrong token", one_shot(bench, bench.cloud(token="wrong-secret"), first), 4,
             ("token", "credential", "log in", "login", "password")),
            ("an unreachable host", one_shot(bench, bench.cloud(port=free_port()), first), 5,
             ("unreachable", "refused", "reach", "connect")),
            ("an untrusted certificate", one_shot(bench, bench.cloud(ca_file=stranger.ca_file), first), 5,
             ("certificate",)),
        ])

    certificate = authority.certificate(first)
    with Mosquitto(authority, certificate, [("bblp", CODE)]) as broker:
        bench = Bench(binary, broker, authority, folder)
        there = ("--host", "127.0.0.1", "--mqtt-port", str(broker.port))
        watch = {"printers": {first: copy.deepcopy(world[first])},
                 "start": lambda: bench.monitor(bench.lan(), [first], *there)}
        judge.part(through_a_restart, judge, bench, first, watch, "LAN", "bblp")
        nowhere = ("--host", "127.0.0.1", "--mqtt-port", str(free_port()))
        other = first[:-1] + "9"
        judge.part(told_apart, judge, "LAN", [
            ("a wrong access code", one_shot(bench, bench.lan(code="wrong-secret"), first, *there), 4,
             ("access code",)),
            ("an unreachable host", one_shot(bench, bench.lan(), first, *nowhere), 5,
             ("unreachable", "refused", "reach", "connect")),
            ("an untrusted certificate", one_shot(bench, bench.lan(ca_file=stranger.ca_file), first, *there),
             5, ("certificate",)),
        ])
        code, err = one_shot(bench, bench.lan(), other, *there)
        judge.check(code == 5 and "certificate" in err.lower(),
                    "LAN: the certificate of another printer is not accepted", f"{code} {err[-300:]}")
    judge.end()


if __name__ == "__main__":
    main()
