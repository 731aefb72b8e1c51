#!/usr/bin/env python3
"""Judges our brokers and simulated printers with paho-mqtt, certificates checked.

usage: judge_paho.py BAMBU
"""

import ssl
import sys

from judge import Judge
from paho_link import cloud, lan
from world import World

REFUSED = 128


def refused_by_tls(judge, what, connect):
    """A certificate that must not be accepted."""
    try:
        with connect():
            judge.check(False, what, "the handshake succeeded")
    except ssl.SSLCertVerificationError:
        judge.check(True, what)


def foreign(world):
    """The serial of a printer that is there and belongs to another account."""
    return world.ready["accounts"][0]["printers"][0]["serial"]


def doors(judge, world):
    """Who may come in, and to what he may listen."""
    stranger = foreign(world)
    p1s, x1c = world.printer("P1S"), world.printer("X1C")
    with cloud(world) as link:
        judge.equal(link.connack, 0, "cloud: u_<uid> and the token are accepted")
        for printer in world.printers:
            granted = link.subscribe(f"device/{printer['serial']}/report")
            judge.check(granted in (0, 1), f"cloud: own {printer['model']} may be subscribed", granted)
        for topic in (f"device/{stranger}/report", "device/01P00A999999999/report", "#", "device/#", "device/+/report", "+/+/report",
                      "$SYS/#", f"device/{p1s['serial']}/#"):
            judge.equal(link.subscribe(topic), REFUSED, f"cloud: {topic} is refused")
    for what, user, password in (
        ("bblp and an access code", "bblp", p1s["access_code"]),
        ("bblp and the token", "bblp", world.account["token"]),
        ("a wrong token", f"u_{world.account['uid']}", "wrong"),
        ("a user without u_", world.account["uid"], world.account["token"]),
        ("another uid", "u_1", world.account["token"]),
    ):
        with cloud(world, user, password) as link:
            judge.equal(link.connack, 5, f"cloud: {what} gets CONNACK 5")
    for printer in (p1s, x1c, world.printer("H2D")):
        name = printer["model"]
        with lan(world, printer) as link:
            judge.equal(link.connack, 0, f"LAN {name}: bblp and the access code are accepted")
            judge.equal(link.client.socket().version(), "TLSv1.2", f"LAN {name}: TLS 1.2")
            for topic in ("#", "device/+/report", f"device/{printer['serial']}/report"):
                judge.check(link.subscribe(topic) in (0, 1), f"LAN {name}: {topic} is allowed")
        with lan(world, printer, code="00000000") as link:
            judge.equal(link.connack, 5, f"LAN {name}: a wrong access code gets CONNACK 5")
        with lan(world, printer, user=f"u_{world.account['uid']}") as link:
            judge.equal(link.connack, 5, f"LAN {name}: a cloud user gets CONNACK 5")
        refused_by_tls(judge, f"LAN {name}: the certificate is for its serial only",
                       lambda printer=printer: lan(world, printer, name=stranger))
    system = ssl.get_default_verify_paths().cafile or ssl.get_default_verify_paths().openssl_cafile
    refused_by_tls(judge, "cloud: the certificate is of this world's authority only",
                   lambda: cloud(world, ca_file=system))


def foreigners(judge, world):
    """A request for somebody else's printer goes nowhere, and hurts nobody."""
    p1s, stranger = world.printer("P1S"), foreign(world)
    with lan(world, p1s) as watcher, cloud(world) as link:
        watcher.subscribe("#")
        link.send(stranger, "pushing", "pushall")
        link.send(stranger, "print", "stop", param="")
        judge.check(watcher.full(p1s["serial"]) is not None, "the printer still answers")
        judge.check(all(stranger not in topic for topic, _ in watcher.messages),
                    "nothing is heard of a foreign printer")


def reports(judge, world, connect, where):
    """A full report on request, deltas after it, modules on request."""
    for model in ("P1S", "A1 mini", "H2D", "X1C"):
        printer = world.printer(model)
        serial = printer["serial"]
        with connect(world, printer) as link:
            link.subscribe(f"device/{serial}/report")
            full = link.full(serial)
            if not judge.check(full is not None, f"{where} {model}: pushall gets a full report"):
                continue
            judge.check(len(full) > 40, f"{where} {model}: with everything", str(len(full)))
            judge.check({t for t, _ in link.messages} == {f"device/{serial}/report"},
                        f"{where} {model}: on its report topic only")
            if model in ("P1S", "A1 mini"):
                delta = link.seen(lambda p: p["print"]["msg"] == 1, len(link.messages))
                judge.check(delta, f"{where} {model}: deltas follow, msg 1")
                judge.check(delta and len(delta["print"]) < len(full), f"{where} {model}: smaller ones")
            if model == "X1C":
                start = len(link.messages)
                link.seen(lambda p: "print" in p, start)
                judge.check(all(p["print"].get("msg", 0) == 0 for _, p in link.messages[start:]
                                if "print" in p), f"{where} {model}: full reports only")
            answer = link.ask(serial, "info", "get_version", qos=1)
            names = [m["name"] for m in (answer or {}).get("module", [])]
            judge.check("ota" in names, f"{where} {model}: get_version has ota", names)


def obedience(judge, world, connect, where, model):
    """Pause, resume, speed, light, stop: acknowledged, and visible in the report."""
    printer = world.printer(model)
    serial = printer["serial"]
    with connect(world, printer) as link:
        link.subscribe(f"device/{serial}/report")
        here = f"{where} {model}"
        running = link.full(serial, lambda p: p["gcode_state"] == "RUNNING")
        if not judge.check(running, f"{here}: it prints"):
            return
        for section, command, fields, effect in (
            ("print", "pause", {"param": ""}, lambda p: p["gcode_state"] == "PAUSE"),
            ("print", "resume", {"param": ""}, lambda p: p["gcode_state"] == "RUNNING"),
            ("print", "print_speed", {"param": "4"}, lambda p: (p["spd_lvl"], p["spd_mag"]) == (4, 166)),
            ("print", "print_speed", {"param": "1"}, lambda p: (p["spd_lvl"], p["spd_mag"]) == (1, 50)),
            ("system", "ledctrl", led("on"), lambda p: chamber(p) == "on"),
            ("system", "ledctrl", led("off"), lambda p: chamber(p) == "off"),
            ("print", "stop", {"param": ""}, lambda p: p["gcode_state"] == "FAILED"),
        ):
            # Studio sends these at QoS 1, other clients at 0.
            ack = link.ask(serial, section, command, qos=1 if command == "pause" else 0, **fields)
            judge.equal((ack or {}).get("result", "").lower(), "success", f"{here}: {command} is acknowledged")
            judge.check(link.full(serial, effect), f"{here}: {command} {fields} takes effect")
        full = link.full(serial)
        judge.equal(full["print_error"], 0x0300400C, f"{here}: a stopped job ends as cancelled")


def led(mode):
    """The fields of `ledctrl` for the chamber light."""
    return {"led_node": "chamber_light", "led_mode": mode, "led_on_time": 500, "led_off_time": 500,
            "loop_times": 1, "interval_time": 0}


def chamber(print_):
    """Mode of the chamber light."""
    return next(l["mode"] for l in print_["lights_report"] if l["node"] == "chamber_light")


def wrong_commands(judge, world):
    """The command forms that the old documentation names and no printer knows."""
    printer = world.printer("P1S")
    serial = printer["serial"]
    with lan(world, printer) as link:
        link.subscribe("#")
        before = link.full(serial)
        for command in ("set_nozzle_temp", "set_bed_temp", "set_chamber_temp", "set_fan_speed",
                        "set_airduct", "set_ctt", "no_such_command"):
            ack = link.ask(serial, "print", command, param="77")
            judge.check(ack and str(ack.get("result")).lower() in ("fail", "failed"),
                        f"print.{command} with param is refused", ack)
        for level in ("0", "5", "fast", ""):
            ack = link.ask(serial, "print", "print_speed", param=level)
            judge.check(ack and str(ack.get("result")).lower() in ("fail", "failed"),
                        f"print_speed {level!r} is refused", ack)
        for topic in ("status", "state", "command"):
            link.client.publish(f"device/{serial}/{topic}", "{}")
        for payload in (b"", b"{", b"[]", b"null", b"\xff\xfe", b"[" * 5000, b'{"print":7}',
                        b'{"print":{"command":9}}'):
            link.client.publish(f"device/{serial}/request", payload)
        after = link.full(serial)
        if judge.check(after, "the printer survives what is no request"):
            for key in ("nozzle_target_temper", "bed_target_temper", "spd_lvl", "gcode_state"):
                judge.equal(after[key], before[key], f"and {key} is as before")


def main():
    judge = Judge("paho")
    with World(sys.argv[1], "--printers", "4", "--models", "P1S,X1C,H2D,A1 mini",
               "--state", "printing", "--seed", "5") as world:
        judge.part(doors, judge, world)
        judge.part(foreigners, judge, world)
        judge.part(reports, judge, world, lambda w, _: cloud(w), "cloud")
        judge.part(reports, judge, world, lan, "LAN")
        judge.part(obedience, judge, world, lambda w, _: cloud(w), "cloud", "P1S")
        judge.part(obedience, judge, world, lan, "LAN", "X1C")
        judge.part(obedience, judge, world, lan, "LAN", "A1 mini")
        judge.part(wrong_commands, judge, world)
        judge.check(world.stop(), "the simulator ends when asked to")
    judge.end()


if __name__ == "__main__":
    main()
