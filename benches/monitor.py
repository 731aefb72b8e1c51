#!/usr/bin/env python3
"""Many simulated printers watched by one `bambu monitor --json` over one cloud session.

Prints, for each fleet size: seconds until every printer was live, resident memory, CPU share and
reports per second over a window, and at the end the memory per printer as the slope between the
smallest and the largest fleet.

    cargo build --release --bin bambu && python3 benches/monitor.py target/release/bambu
"""

import argparse
import json
import os
import subprocess
import tempfile
import threading
import time
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")


def cpu_seconds(pid):
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def resident_kib(pid):
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1])
    raise RuntimeError("no VmRSS")


class Watch:
    """Counts the status lines of a running monitor."""

    def __init__(self, process):
        self.lines = 0
        self.bytes = 0
        self.live = set()
        self.thread = threading.Thread(target=self.read, args=(process.stdout,), daemon=True)
        self.thread.start()

    def read(self, stream):
        for line in stream:
            self.lines += 1
            self.bytes += len(line)
            if len(self.live) < 100_000 and b'"online":true' in line:
                serial = json.loads(line)["serial"]
                self.live.add(serial)


def measure(binary, printers, window, models):
    with tempfile.TemporaryDirectory() as folder:
        ready = Path(folder) / "ready.json"
        world = subprocess.Popen(
            [binary, "simulate", "--printers", str(printers), "--models", models, "--state", "printing",
             "--state-dir", folder, "--ready-file", ready],
            stdout=subprocess.DEVNULL)
        try:
            deadline = time.monotonic() + 120
            while not ready.exists():
                if world.poll() is not None or time.monotonic() > deadline:
                    raise RuntimeError("the simulated world did not start")
                time.sleep(0.05)
            facts = json.loads(ready.read_text())
            environment = os.environ | {
                "BAMBU_API_URL": facts["api_url"],
                "BAMBU_MQTT_URL": f"mqtts://{facts['mqtt']['host']}:{facts['mqtt']['port']}",
                "BAMBU_CA_FILE": facts["ca_file"],
                "BAMBU_TOKEN": facts["account"]["token"],
                "BAMBU_UID": facts["account"]["uid"],
                "BAMBU_CONFIG_DIR": folder,
            }
            started = time.monotonic()
            monitor = subprocess.Popen(
                [binary, "monitor", "--json"], env=environment, stdout=subprocess.PIPE)
            try:
                watch = Watch(monitor)
                while len(watch.live) < printers:
                    if monitor.poll() is not None or time.monotonic() - started > 180:
                        raise RuntimeError(f"only {len(watch.live)} of {printers} came alive")
                    time.sleep(0.05)
                alive = time.monotonic() - started
                time.sleep(5)
                lines, size, cpu, begin = watch.lines, watch.bytes, cpu_seconds(monitor.pid), time.monotonic()
                world_cpu = cpu_seconds(world.pid)
                time.sleep(window)
                span = time.monotonic() - begin
                return {
                    "printers": printers,
                    "live_after_s": alive,
                    "resident_kib": resident_kib(monitor.pid),
                    "cpu_percent": 100 * (cpu_seconds(monitor.pid) - cpu) / span,
                    "simulator_cpu_percent": 100 * (cpu_seconds(world.pid) - world_cpu) / span,
                    "reports_per_s": (watch.lines - lines) / span,
                    "json_mb_per_s": (watch.bytes - size) / span / 1e6,
                }
            finally:
                monitor.terminate()
                monitor.wait(timeout=10)
        finally:
            world.terminate()
            world.wait(timeout=20)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("binary")
    parser.add_argument("--sizes", default="100,1000")
    parser.add_argument("--window", type=float, default=15, help="seconds to measure")
    parser.add_argument("--models", default="X1C", help="X1C sends 11 kB every second")
    options = parser.parse_args()
    rows = [measure(options.binary, int(size), options.window, options.models)
            for size in options.sizes.split(",")]
    print("| printers | all live after s | resident MiB | CPU % | simulator CPU % | reports/s | JSON out MB/s |")
    print("|---|---|---|---|---|---|---|")
    for row in rows:
        print(f"| {row['printers']} | {row['live_after_s']:.1f} | {row['resident_kib'] / 1024:.1f} "
              f"| {row['cpu_percent']:.0f} | {row['simulator_cpu_percent']:.0f} "
              f"| {row['reports_per_s']:.0f} | {row['json_mb_per_s']:.1f} |")
    if len(rows) > 1:
        few, many = rows[0], rows[-1]
        slope = (many["resident_kib"] - few["resident_kib"]) / (many["printers"] - few["printers"])
        print(f"\nmemory per printer, slope: {slope:.1f} KiB")


if __name__ == "__main__":
    main()
