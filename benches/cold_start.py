#!/usr/bin/env python3
"""Cold start of the binary: `bambu --version` and `bambu decode` of one report, each a new process.

The peer in the same run is the Python interpreter doing the same: starting, and starting to
`json.loads` the same report. Runs alternate; the median is printed.

    cargo build --release --bin bambu && python3 benches/cold_start.py target/release/bambu

A capture of your own (`{"pushall": {...}}`) may follow; without one, an invented X1C is read.
"""

import json
import statistics
import subprocess
import sys
import time
from pathlib import Path

FIXTURE = Path(__file__).parent.parent / "crates/protocol/tests/fixtures/x1c.json"


def once(command, stdin):
    begin = time.perf_counter()
    result = subprocess.run(command, input=stdin, stdout=subprocess.PIPE, check=True)
    assert result.stdout, command
    return time.perf_counter() - begin


def main():
    binary, capture = sys.argv[1], Path(sys.argv[2]) if len(sys.argv) > 2 else FIXTURE
    report = json.dumps(json.loads(capture.read_bytes())["pushall"]).encode()
    python = ["python3", "-I", "-c"]
    pairs = [
        ("--version", [binary, "--version"], python + ["print('1.0')"]),
        ("decode of one report", [binary, "decode"],
         python + ["import json, sys; print(json.dumps(json.load(sys.stdin)))"]),
    ]
    print("| command | bambu ms | python ms | ratio |")
    print("|---|---|---|---|")
    for name, ours, theirs in pairs:
        stdin = report if "decode" in name else b""
        once(ours, stdin), once(theirs, stdin)
        times = [(once(ours, stdin), once(theirs, stdin)) for _ in range(21)]
        mine, yours = (statistics.median(side) * 1e3 for side in zip(*times))
        print(f"| {name} | {mine:.1f} | {yours:.1f} | {yours / mine:.1f}x |")


if __name__ == "__main__":
    main()
