#!/usr/bin/env python3
"""The Python side of the decode figure: `json.loads` and a recursive merge of the same reports.

Reads reports, one per line, on standard input; prints the reports per second, median of five.
`cargo run --release -p bambu-benches --bin decode` writes them and compares.
"""

import json
import statistics
import sys
import time


def merge(old, new):
    for key, value in new.items():
        if isinstance(value, dict) and isinstance(old.get(key), dict):
            merge(old[key], value)
        else:
            old[key] = value


def main():
    lines = sys.stdin.buffer.read().splitlines()
    rates = []
    for _ in range(5):
        state, percent = {}, 0
        begin = time.perf_counter()
        for line in lines:
            merge(state, json.loads(line))
            percent += state["print"]["mc_percent"]
        rates.append(len(lines) / (time.perf_counter() - begin))
    print(f"{statistics.median(rates):.1f} {len(lines)} {percent}")


if __name__ == "__main__":
    main()
