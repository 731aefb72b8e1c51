#!/usr/bin/env python3
"""Judges `bambu decode` by the reference's rules, with reports made here: needs no captures.

usage: judge_decode.py BAMBU
"""

import copy
import json
import os
import random
import subprocess
import sys
import tempfile

from judge import PATIENCE, Judge, decode, run
from reports import TRAY, delta, full

#: Most memory that one refused document may cost, in KiB.
MOST_MEMORY = 64 * 1024

class Bench:
    """Runs report objects through decode and keeps the last status."""

    def __init__(self, binary, judge):
        self.binary, self.judge = binary, judge

    def last(self, *reports, arguments=("--model", "P1S")):
        lines = [r if isinstance(r, str) else json.dumps(r) for r in reports]
        return decode(self.binary, lines, *arguments)[-1]


def values(bench):
    """What a full report means."""
    judge, s = bench.judge, bench.last(full())
    judge.equal(s["model"], "P1S", "--model tells the model")
    judge.equal(s["state"], "running", "state")
    judge.equal(s["stage"]["name"], "printing", "stage 0 of a running job is printing")
    judge.equal(s["job"]["remaining_minutes"], 61, "mc_remaining_time is minutes")
    judge.equal(s["job"]["plate"], 3, "the plate of a machine without plate_idx is in its file")
    judge.equal(s["speed"], {"level": 3, "name": "sport", "percent": 124}, "speed")
    judge.equal(s["fans"]["part_percent"], 100, "fan_gear 255 is 100 percent")
    judge.equal(s["temperatures"]["chamber"]["current"], None, "a P1S has no chamber sensor")
    judge.equal(s["ams"]["active"], {"unit": 0, "tray": 1}, "tray_now 1 is unit 0 slot 1")
    unit = s["ams"]["units"][0]
    judge.equal(unit["humidity_level"], 4, "humidity level as on the wire, 5 is driest")
    judge.equal(unit["humidity_percent"], 28, "humidity_raw is percent")
    judge.equal([t["loaded"] for t in unit["trays"]], [True, True, True, False], "exist bits rule")
    judge.equal(s["external_spools"][0]["color"], "FFFF00FF", "external spool")
    judge.equal((s["online"], s["updated_at"]), (None, None), "decode has no clock or connection")
    judge.equal(bench.last(full(), arguments=("--serial", "01P00A000000001"))["model"], "P1S",
                "the serial tells the model")
    judge.equal(bench.last(full(), arguments=("--serial", "01P00A000000001"))["serial"],
                "01P00A000000001", "--serial is the serial")


def wire_forms(bench):
    """Numbers as strings, flags as negative integers, errors, odd bytes."""
    judge = bench.judge
    report = full()
    report["print"] |= {"mc_percent": "46", "mc_remaining_time": "60", "bed_temper": "61.5",
                        "unknown_key": {"deep": [1, {"x": None}]}}
    s = bench.last(report)
    judge.equal((s["job"]["progress_percent"], s["job"]["remaining_minutes"]), (46, 60),
                "numbers that come as strings")
    judge.equal(s["temperatures"]["bed"]["current"], 61.5, "a temperature that comes as a string")
    report = full()
    report["print"] |= {"print_error": 50348044,
                        "hms": [{"attr": 201327360, "code": 196615}, {"attr": 0, "code": 5}]}
    s = bench.last(report)
    judge.equal(s["error"]["code"], "0300-400C", "print_error is zero-padded hex")
    judge.equal([h["code"] for h in s["hms"]], ["0C00-0300-0003-0007"], "HMS, empty ones skipped")
    judge.equal(s["hms"][0]["severity"], "common", "severity is the upper half of code")
    judge.equal(s["hms"][0]["module"], "xcam", "module is the first byte of attr")
    report = full()
    report["print"]["print_error"] = 0x03000001
    judge.equal(bench.last(report)["error"], None, "a phase value is no error")
    latin = json.dumps(full()).encode().replace(b'"cube"', b'"W\xfcrfel"')
    code, out, err = run([bench.binary, "decode", "--model", "P1S"], latin + b"\n")
    judge.check(code == 0, "Latin-1 bytes in a name are read", err)
    judge.equal(code == 0 and json.loads(out)["job"]["name"], "Würfel", "Latin-1 name")
    twice = json.dumps(full()).replace('"mc_percent": 45', '"mc_percent": 45, "mc_percent": 46')
    judge.equal(bench.last(twice)["job"]["progress_percent"], 46, "a repeated key: the last counts")
    report = full()
    del report["print"]["msg"]
    report["print"]["ams"] = {"ams": [], "ams_exist_bits": "0", "tray_exist_bits": "0"}
    judge.equal(bench.last(full(), report)["ams"]["units"], [], "no msg at all is a full report")


def odd_types(bench):
    """A field of another type, missing, negative or huge never spoils the rest."""
    strange = [None, True, -1, -10**18, 10**30, 1e300, "", "x", "-7", "1" * 400, [], [1], {}, {"a": 1}]
    report = full()["print"]
    for key in report:
        if key in ("command", "msg"):
            continue
        lines = []
        for value in strange:
            changed = copy.deepcopy(report)
            changed[key] = value
            lines.append(json.dumps({"print": changed}))
        code, out, err = run([bench.binary, "decode", "--model", "P1S"],
                             "\n".join(lines).encode() + b"\n")
        bench.judge.check(code == 0 and len(out.splitlines()) == len(strange),
                          f"{key} of an odd type is no error", f"exit {code}: {err[-300:]}")
    for key in report:
        less = {k: v for k, v in report.items() if k != key}
        code, _, err = run([bench.binary, "decode"], json.dumps({"print": less}).encode() + b"\n")
        bench.judge.check(code == 0, f"a report without {key}", f"exit {code}: {err[-300:]}")


def merging(bench):
    """The vendor's rules and their refinements."""
    judge = bench.judge
    s = bench.last(full(), delta(nozzle_temper=225, wifi_signal="-50dBm"))
    judge.equal(s["temperatures"]["nozzles"][0]["current"], 225, "a delta changes a field")
    judge.equal(s["job"]["name"], "cube", "and keeps the others")
    s = bench.last(full(), delta(ams={"tray_now": "2", "version": 5}))
    judge.equal(len(s["ams"]["units"]), 1, "an ams of scalars keeps the units")
    judge.equal(s["ams"]["active"], {"unit": 0, "tray": 2}, "and moves the active tray")
    one = {"id": "0", "tray": [{"id": "1", "remain": 40}]}
    s = bench.last(full(), delta(ams={"ams": [one]}))
    trays = s["ams"]["units"][0]["trays"]
    judge.equal(len(trays), 4, "a subset of trays keeps the others")
    judge.equal((trays[1]["remain_percent"], trays[1]["material"]), (40, "PETG"),
                "trays are merged field by field")
    other = {"id": "1", "humidity": "5", "info": "1001", "tray": [TRAY]}
    s = bench.last(full(), delta(ams={"ams": [other], "ams_exist_bits": "3", "tray_exist_bits": "17"}))
    judge.equal([u["id"] for u in s["ams"]["units"]], [0, 1], "a unit that appears in a delta")
    s = bench.last(full(), delta(ams={"tray_exist_bits": "5"}))
    tray = s["ams"]["units"][0]["trays"][1]
    judge.equal((tray["loaded"], tray["material"]), (False, None), "a cleared bit empties the slot")
    gone = {"id": "0", "tray": [{"id": "0", "state": 10}]}
    s = bench.last(full(), delta(ams={"ams": [gone]}))
    judge.equal(s["ams"]["units"][0]["trays"][0]["material"], None, "a steady empty state clears")
    passing = {"id": "0", "tray": [{"id": "0", "state": 21}]}
    s = bench.last(full(), delta(ams={"ams": [passing]}))
    judge.equal(s["ams"]["units"][0]["trays"][0]["material"], "PETG", "a transient one does not")
    small = full()
    del small["print"]["vt_tray"]
    s = bench.last(full(), small)
    judge.equal(s["external_spools"], [], "a full report replaces")
    s = bench.last(full(), delta(lights_report=[{"node": "chamber_light", "mode": "off"}]))
    judge.equal(s["lights"]["chamber"], "off", "lights_report is replaced")
    nameless = {"print": {"nozzle_temper": 230}}
    judge.equal(bench.last(full(), nameless)["temperatures"]["nozzles"][0]["current"], 230,
                "a delta without command is merged")


def not_merged(bench):
    """Acknowledgements and events leave the state alone."""
    before = bench.last(full())
    for frame in (
        {"print": {"command": "print_speed", "sequence_id": "20001", "param": "4", "spd_lvl": 4,
                   "result": "success"}},
        {"print": {"sequence_id": "1", "param": "G28", "result": "success", "nozzle_temper": 1}},
        {"print": {"command": "ams_filament_setting", "sequence_id": "3", "gcode_state": "IDLE"}},
        {"system": {"command": "ledctrl", "led_node": "chamber_light", "led_mode": "off",
                    "result": "success"}},
        {"mc_print": {"command": "push_info", "param": "[AMS][TASK]", "sequence_id": "107"}},
        {"event": {"event": "client.connected", "connected_at": 1}},
        {"liveview": {"command": "init"}},
    ):
        documents = decode(bench.binary, [json.dumps(full()), json.dumps(frame), json.dumps(delta())],
                           "--model", "P1S")
        bench.judge.equal(documents[-1], before, f"not merged: {json.dumps(frame)[:60]}")


def hostile(bench):
    """Documents made to hurt end with an error, in bounded memory."""
    depth = b"[" * 200_000
    for name, chunks in (
        ("deep arrays", [b'{"print":{"x":', depth]),
        ("deep objects", [b'{"print":' + b'{"a":' * 200_000]),
        ("10 MB string", [b'{"print":{"x":"', b"x" * 10_000_000, b'"}}\n']),
        ("10 MB array", [b'{"print":{"stg":[', b"1," * 5_000_000, b"1]}}\n"]),
        ("200 MB line", [b'{"print":{"x":"'] + [b"x" * 1_000_000] * 200 + [b'"}}\n']),
        ("no JSON", [b"hello\n"]),
        ("half a report", [json.dumps(full()).encode()[:500]]),
    ):
        code, out, err, memory = feed(bench.binary, chunks)
        bench.judge.check(code == 1, f"{name}: exit code 1", f"exit {code}: {err[-300:]}")
        bench.judge.check(err.strip() != "" and "panicked" not in err, f"{name}: says why", err[-300:])
        bench.judge.equal(out, b"", f"{name}: no status")
        bench.judge.check(memory <= MOST_MEMORY, f"{name}: memory is bounded", f"{memory} KiB")


def feed(binary, chunks):
    """Runs decode on chunks of input: exit code, output, errors and the most memory it took."""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        child = subprocess.Popen([binary, "decode"], stdin=subprocess.PIPE, stdout=out, stderr=err)
        try:
            for chunk in chunks:
                child.stdin.write(chunk)
            child.stdin.close()
        except BrokenPipeError:
            pass
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0), err.seek(0)
        return child.returncode, out.read(), err.read().decode(errors="replace"), usage.ru_maxrss


def garbled(bench):
    """Bytes changed at random: a status or an error, never a crash."""
    chance = random.Random(2)
    text = json.dumps(full()).encode()
    worst = None
    for _ in range(150):
        changed = bytearray(text)
        for _ in range(chance.choice((1, 3, 20))):
            changed[chance.randrange(len(changed))] = chance.randrange(256)
        code, _, err = run([bench.binary, "decode"], bytes(changed) + b"\n", PATIENCE)
        if code not in (0, 1) or "panicked" in err:
            worst = (code, err[-300:], bytes(changed))
    bench.judge.check(worst is None, "garbled reports never crash it", str(worst))


def main():
    judge = Judge("decode")
    bench = Bench(sys.argv[1], judge)
    for part in (values, wire_forms, odd_types, merging, not_merged, hostile, garbled):
        judge.part(part, bench)
    judge.end()


if __name__ == "__main__":
    main()
