#!/usr/bin/env python3
"""Judges the simulated printers by the reports of real ones and by the vendor's merge rule.

usage: judge_simulated.py BAMBU [CAPTURES_DIRECTORY]

A full report must have the keys of the capture of its model; the deltas must add up to the next full
report; and what `bambu decode` makes of the stream must be what it makes of the sum.
"""

import importlib
import json
import pathlib
import re
import sys

from documents import compare
from judge import Judge, decode, wait_for
from paho_link import lan
from world import World

CAPTURED = {"A1 mini": "a1-mini", "A1": "a1", "P1P": "p1p", "H2D": "h2d", "X1C": "x1c-multi-ams"}
#: Differ by the machine behind the capture: its spools, units, jobs, and what was taken out of it.
OF_THE_MACHINE = re.compile(
    r"print\.(ams\.ams|vir_slot|job\b|care|hms|mapping|net|device\.(airduct|extruder|nozzle)\.\w+\[\]"
    r"|2D\.bs|lights_report|vt_tray|upgrade_state|3D)")
#: Move by themselves between two reports.
MOVING = re.compile(r"temp|wifi|sequence_id|msg|t_utc|fan|chamber|ctt")
STREAMING = ("P1S", "A1 mini", "A1", "P2S", "A2L", "X2D")


def paths(value, at=""):
    """Every key path, with [] for the entries of a list."""
    if isinstance(value, dict):
        found = set()
        for key, inner in value.items():
            found |= {f"{at}.{key}".lstrip(".")} | paths(inner, f"{at}.{key}".lstrip("."))
        return found
    if isinstance(value, list):
        return set().union(*(paths(inner, at + "[]") for inner in value)) if value else set()
    return set()


def types(value):
    """The kind of a JSON value; whole and broken numbers are one kind."""
    return "number" if isinstance(value, (int, float)) and not isinstance(value, bool) else type(value).__name__


def merge(old, new):
    """The vendor's rule: objects key by key, everything else replaced whole."""
    if isinstance(old, dict) and isinstance(new, dict):
        return old | {k: merge(old.get(k), v) for k, v in new.items()}
    return new


def version_of(link, serial):
    """The get_version reply."""
    return {"info": link.ask(serial, "info", "get_version")}


def like_the_capture(judge, model, world, directory):
    """Same keys, same kinds of values."""
    file = pathlib.Path(directory, CAPTURED[model] + ".json")
    if not file.exists():
        return
    capture, printer = json.loads(file.read_text()), world.printer(model)
    with lan(world, printer) as link:
        link.subscribe("#")
        full = link.full(printer["serial"])
        version = version_of(link, printer["serial"])
    real = {p for p in paths(capture["pushall"]) if not OF_THE_MACHINE.match(p)}
    ours = {p for p in paths({"print": full}) if not OF_THE_MACHINE.match(p)}
    judge.equal(sorted(real - ours), [], f"{model}: no key of the capture is missing")
    judge.equal(sorted(ours - real), [], f"{model}: no key that the capture lacks")
    wrong = [k for k, v in capture["pushall"]["print"].items()
             if k in full and types(v) != types(full[k])]
    judge.equal(wrong, [], f"{model}: values of the same kinds")
    kept = {m["name"]: set(m) for m in capture["get_version"]["info"]["module"]}
    made = {m["name"]: set(m) for m in version["info"]["module"]}
    judge.equal(made.get("ota"), kept["ota"], f"{model}: the module ota has the keys of the capture")
    judge.check({n for n in kept if "/" not in n} <= set(made) | {"pc"},
                f"{model}: every module is there", sorted(made))


def sums(judge, model, world, binary):
    """Deltas of a running job add up."""
    printer = world.printer(model)
    serial = printer["serial"]
    with lan(world, printer) as link:
        link.subscribe("#")
        link.full(serial)
        wait_for(lambda: len(link.messages) > 8)
        ack = link.ask(serial, "print", "pause", param="")
        judge.equal((ack or {}).get("result", "").lower(), "success", f"{model}: pause is acknowledged")
        paused = link.seen(lambda p: p["print"].get("gcode_state") == "PAUSE")
        judge.check(paused, f"{model}: pausing is told unasked")
        mark = len(link.messages)
        link.seen(lambda p: p["print"].get("msg") == 1, mark)
        mark = len(link.messages)
        last = link.full(serial)
        frames = [p for _, p in link.messages]
        version = version_of(link, serial)
    end = next(i for i, p in enumerate(frames) if i >= mark and p.get("print") == last)
    total, lines = {}, [json.dumps(version)]
    for frame in frames[:end]:
        body = frame.get("print", {})
        if body.get("command") == "push_status":
            total = frame if body.get("msg", 0) == 0 else merge(total, frame)
            lines.append(json.dumps(frame))
    judge.check(len(lines) > 5, f"{model}: there were deltas", len(lines))
    differ = [k for k in last if total["print"].get(k) != last[k] and not MOVING.search(k)
              and not differs_by_motion(total["print"].get(k), last[k])]
    judge.equal(differ, [], f"{model}: the deltas add up to the next full report")
    stream = decode(binary, lines)[-1]
    whole = decode(binary, [lines[0], json.dumps({"print": total["print"] | {"msg": 0}})])[-1]
    judge.equal({k: v for k, v in stream.items() if whole[k] != v}, {},
                f"{model}: decode of the stream is decode of the sum")


def differs_by_motion(one, other):
    """Whether two values differ in moving parts only."""
    if isinstance(one, dict) and isinstance(other, dict) and one.keys() == other.keys():
        return all(one[k] == other[k] or MOVING.search(k) or differs_by_motion(one[k], other[k])
                   for k in one)
    if isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        return all(a == b or differs_by_motion(a, b) for a, b in zip(one, other))
    return False


def readings(judge, model, world, binary):
    """The reading of a capture reads the simulated report of its model, too."""
    printer = world.printer(model)
    reading = importlib.import_module("captures." + CAPTURED[model].replace("-", "_"))
    with lan(world, printer) as link:
        link.subscribe("#")
        full = {"print": link.full(printer["serial"])}
        version = version_of(link, printer["serial"])
    try:
        want = reading.expected({"pushall": full, "get_version": version})
    except (AssertionError, KeyError, StopIteration) as problem:
        judge.check(False, f"{model}: its report can be read like the capture", repr(problem))
        return
    compare(judge, f"{model}, simulated", decode(binary, [json.dumps(version), json.dumps(full)])[-1], want)


def main():
    binary, *captures = sys.argv[1:]
    judge = Judge("simulated")
    models = list(dict.fromkeys([*CAPTURED, *STREAMING]))
    which = ("--printers", str(len(models)), "--models", ",".join(models))
    with World(binary, *which, "--seed", "11") as idle:
        if captures:
            judge.each(like_the_capture, CAPTURED, idle, captures[0])
        judge.each(readings, CAPTURED, idle, binary)
    with World(binary, *which, "--seed", "12", "--state", "printing", "--speed", "10") as busy:
        judge.each(sums, STREAMING, busy, binary)
    judge.end()


if __name__ == "__main__":
    main()
