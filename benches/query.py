#!/usr/bin/env python3
"""Wall time of `bambu query --devices` against the Python tool `bambu-query TOKEN --devices` of the PyPI
package bambu-lab-cloud-api: each run is a new process that asks the same simulated cloud. Runs alternate.

    cargo build --release -p bambu
    .venv/bin/python benches/query.py target/release/bambu       (the package is in .venv after scripts/setup)
"""

import argparse
import statistics
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "interop"))

from python_tools import their_query  # noqa: E402
from ours import Ours  # noqa: E402
from world import World  # noqa: E402


def once(command, env, serials):
    """Milliseconds of one run, which has to show every printer."""
    begun = time.perf_counter()
    done = subprocess.run(command, env=env, capture_output=True, check=False)
    milliseconds = (time.perf_counter() - begun) * 1e3
    missing = [s for s in serials if s.encode() not in done.stdout]
    if done.returncode or missing:
        raise SystemExit(f"{command[0]} ended with {done.returncode}, without {missing}: {done.stderr[-500:]}")
    return milliseconds


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("binary")
    parser.add_argument("--runs", type=int, default=31)
    parser.add_argument("--printers", type=int, default=10)
    options = parser.parse_args()
    print("| printers | bambu ms | bambu-query (Python) ms | ratio |\n|---|---|---|---|")
    with World(options.binary, "--printers", str(options.printers)) as world, \
            Ours.of(options.binary, world, (world.account["token"], world.account["uid"])) as ours:
        serials = [p["serial"] for p in world.printers]
        sides = [([ours.binary, "query", "--devices"], ours.env | ours.session | {"BAMBU_RATE_LIMITS": "off"}),
                 (their_query(world, "--devices"), ours.env)]
        for side in sides:
            once(*side, serials)
        times = [[once(*side, serials) for side in sides] for _ in range(options.runs)]
    mine, theirs = (statistics.median(side) for side in zip(*times))
    print(f"| {options.printers} | {mine:.1f} | {theirs:.1f} | {theirs / mine:.1f}x |")


if __name__ == "__main__":
    main()
