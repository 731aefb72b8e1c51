#!/usr/bin/env python3
"""Many simulated printers watched by one `bambu monitor --json`: over one cloud session, or with
--lan over a connection to each of them.

Prints, for each fleet size: seconds until every printer was live, resident memory, CPU share and
reports per second over a window, and at the end the memory per printer as the slope between the
smallest and the largest fleet, and how many threads the process had.

    cargo build --release --bin bambu && python3 benches/monitor.py target/release/bambu
"""

import argparse
import json
import os
import resource
import subprocess
import tempfile
import threading
import time
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")


def cpu_seconds(pid):
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def of_process(pid, what):
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(what + ":"):
            return int(line.split()[1])
    raise RuntimeError(f"no {what}")


def lan_config(folder, facts):
    """A config file that has every printer at its own address."""
    path = Path(folder) / "bambu.toml"
    path.write_text("".join(
        f'[[printer]]\nserial = "{p["serial"]}"\nname = "{p["name"]}"\nhost = "{p["host"]}"\n'
        f'access_code = "{p["access_code"]}"\nmqtt_port = {p["mqtt_port"]}\n' for p in facts["printers"]))
    return path


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


def measure(binary, printers, window, models, lan):
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
            command = [binary, "monitor", "--json"]
            if lan:
                command += ["--config", lan_config(folder, facts)]
                environment = {k: v for k, v in environment.items()
                               if k not in ("BAMBU_TOKEN", "BAMBU_UID", "BAMBU_MQTT_URL")}
            started = time.monotonic()
            monitor = subprocess.Popen(
                command, env=environment, stdout=subprocess.PIPE)
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
                    "resident_kib": of_process(monitor.pid, "VmRSS"),
                    "threads": of_process(monitor.pid, "Threads"),
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
    parser.add_argument("--lan", action="store_true", help="a connection to each printer")
    options = parser.parse_args()
    # A connection each, on both sides.
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit))
    rows = [measure(options.binary, int(size), options.window, options.models, options.lan)
            for size in options.sizes.split(",")]
    print("| printers | all live after s | resident MiB | threads | CPU % | simulator CPU % | reports/s | JSON out MB/s |")
    print("|---|---|---|---|---|---|---|---|")
    for row in rows:
        print(f"| {row['printers']} | {row['live_after_s']:.1f} | {row['resident_kib'] / 1024:.1f} | {row['threads']} "
              f"| {row['cpu_percent']:.0f} | {row['simulator_cpu_percent']:.0f} "
              f"| {row['reports_per_s']:.0f} | {row['json_mb_per_s']:.1f} |")
    if len(rows) > 1:
        few, many = rows[0], rows[-1]
        slope = (many["resident_kib"] - few["resident_kib"]) / (many["printers"] - few["printers"])
        print(f"\nmemory per printer, slope: {slope:.1f} KiB")


if __name__ == "__main__":
    main()
