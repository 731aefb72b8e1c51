#!/usr/bin/env python3
"""A hundred clients of one account that ask for the devices as often as they can: how many calls reach
the server. The budget is 120 in any minute; the server counts, and neither side trusts the other.

    cargo build --release -p bambu-benches
    python3 benches/budget.py target/release/ask       (--help: clients, seconds)
"""

import argparse
import json
import subprocess
import sys
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "interop"))

from recorded_cloud import DEVICE, IOT, SUCCESS, TOKEN, RecordedCloud  # noqa: E402

#: The documented limit of device calls, and the span that it is for.
LIMIT, SPAN = 120, 60.0


def most(times):
    """The most calls in any span, and in which second that span began."""
    best, start = (0, 0.0), 0
    for end, at in enumerate(times):
        while at - times[start] > SPAN:
            start += 1
        best = max(best, (end - start + 1, times[start]))
    return best


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("ask", help="the built `ask`")
    parser.add_argument("--clients", type=int, default=100)
    parser.add_argument("--seconds", type=int, default=130)
    options = parser.parse_args()
    times, lock, begun = [], threading.Lock(), time.monotonic()
    with RecordedCloud() as cloud:
        def count(_call):
            with lock:
                times.append(time.monotonic() - begun)
            return 200, SUCCESS | {"devices": [DEVICE]}

        cloud.answers[("GET", f"{IOT}/user/bind")] = count
        done = subprocess.run(
            [options.ask, "--api-url", cloud.url, "--token", TOKEN, "--clients", str(options.clients),
             "--seconds", str(options.seconds)], capture_output=True, check=True)
        told = json.loads(done.stdout)
        foreign = [call for call in cloud.taken() if call.path != f"{IOT}/user/bind"]
    calls, at = most(times)
    print(f"{options.clients} clients, {options.seconds} s: {len(times)} calls reached the server, {told}")
    print(f"most in any {SPAN:.0f} s: {calls} (from second {at:.1f}), budget {LIMIT}")
    whole = (options.seconds // SPAN + 1) * LIMIT
    print(f"used: {len(times) / whole:.0%} of what the budget allows")
    if foreign or told["failed"] or told["answered"] != len(times):
        raise SystemExit(f"the sides did not count the same: {foreign[:3]}")
    sys.exit(0 if 0 < calls <= LIMIT else 1)


if __name__ == "__main__":
    main()
