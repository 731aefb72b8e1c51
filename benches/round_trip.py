#!/usr/bin/env python3
"""A command's way over loopback TLS, from its publication to its acknowledgement: our client and
paho-mqtt in turns, at the same simulated printer, one command after the other.

Prints median and 99th percentile of each run, and the ratio of the medians over all runs.

    cargo build --release -p bambu -p bambu-benches
    .venv/bin/python benches/round_trip.py target/release       (paho-mqtt is in .venv after scripts/setup)
"""

import argparse
import json
import statistics
import subprocess
import sys
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "interop"))

from paho_link import Link  # noqa: E402
from world import World  # noqa: E402


def ours(folder, world, printer, count):
    """Microseconds of our client, as `round_trip` measured them."""
    done = subprocess.run(
        [Path(folder, "round_trip"), "--serial", printer["serial"], "--host", printer["host"], "--port",
         str(printer["mqtt_port"]), "--access-code", printer["access_code"], "--ca-file", world.ca_file,
         "--count", str(count)], check=True, capture_output=True)
    return json.loads(done.stdout)


def paho(world, printer, count):
    """Microseconds of paho-mqtt with its own thread, and an event to wait for."""
    link = Link(printer["host"], printer["mqtt_port"], "bblp", printer["access_code"], world.ca_file,
                printer["serial"])
    arrived, wanted = threading.Event(), [""]

    def on_message(_client, _userdata, message):
        body = json.loads(message.payload).get("print", {})
        if body.get("sequence_id") == wanted[0] and "result" in body:
            assert body["result"].lower() == "success", body
            arrived.set()

    link.client.on_message = on_message
    link.subscribe(f"device/{printer['serial']}/report")
    topic, micros = f"device/{printer['serial']}/request", []
    for at in range(count + count // 10):
        wanted[0] = str(20000 + at % 10000)
        arrived.clear()
        line = f"M140 S{20 + at % 60}\n"
        begun = time.perf_counter()
        link.client.publish(topic, json.dumps({"print": {
            "sequence_id": wanted[0], "command": "gcode_line", "param": line}}))
        if not arrived.wait(10):
            raise RuntimeError(f"command {at} was not answered")
        if at >= count // 10:
            micros.append((time.perf_counter() - begun) * 1e6)
    link.close()
    return micros


def figures(micros):
    """Median and 99th percentile."""
    return statistics.median(micros), statistics.quantiles(micros, n=100)[98]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", help="where bambu and round_trip are built")
    parser.add_argument("--count", type=int, default=2000)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--model", default="P1S")
    options = parser.parse_args()
    sides = {"bambulab": [], "paho-mqtt": []}
    print("| run | ours median us | ours p99 us | paho median us | paho p99 us |\n|---|---|---|---|---|")
    with World(Path(options.folder, "bambu"), "--printers", "1", "--models", options.model) as world:
        printer = world.printers[0]
        for run in range(options.runs):
            raw = ours(options.folder, world, printer, options.count), paho(world, printer, options.count)
            if any(len(acknowledged) != options.count for acknowledged in raw):
                raise RuntimeError("the sides did not do the same work")
            one, two = map(figures, raw)
            sides["bambulab"].append(one)
            sides["paho-mqtt"].append(two)
            print(f"| {run + 1} | {one[0]:.0f} | {one[1]:.0f} | {two[0]:.0f} | {two[1]:.0f} |", flush=True)
    print(f"\n{options.count} commands acknowledged per run and side")
    for name, at in (("median", 0), ("p99", 1)):
        mine, theirs = (statistics.median(f[at] for f in sides[s]) for s in ("bambulab", "paho-mqtt"))
        print(f"{name}: {mine:.0f} us, paho {theirs:.0f} us: {theirs / mine:.1f} times as fast")


if __name__ == "__main__":
    main()
