#!/usr/bin/env python3
"""Judges `bambu decode` by reports of real printers.

usage: judge_captures.py BAMBU CAPTURES_DIRECTORY [NAME ...]

For every capture a file in `captures/` reads the raw JSON by the reference's rules. It never runs
our code, and our status document must equal what it read.
"""

import importlib
import json
import pathlib
import sys

from documents import compare
from judge import Judge, decode

FEWEST = 30


def main():
    binary, directory, *names = sys.argv[1:]
    judge = Judge("captures")
    files = sorted(pathlib.Path(directory).glob("*.json"))
    judge.check(bool(files), "there are captures", directory)
    for file in files:
        if names and file.stem not in names:
            continue
        capture = json.loads(file.read_text())
        try:
            reading = importlib.import_module("captures." + file.stem.replace("-", "_"))
        except ModuleNotFoundError:
            judge.check(False, f"{file.name} has a reading", "write interop/captures/" + file.stem)
            continue
        want = reading.expected(capture)
        judge.check(len(want) >= FEWEST, f"{file.stem}: {FEWEST} values are read", str(len(want)))
        lines = [json.dumps(capture["get_version"]), json.dumps(capture["pushall"])]
        compare(judge, file.stem, decode(binary, lines)[-1], want)
        # The order of the two answers does not matter.
        compare(judge, file.stem + ", other order", decode(binary, lines[::-1])[-1], want)
        deltas = getattr(reading, "expected_deltas", lambda _: [])(capture)
        for name, report, changed in deltas:
            lines.append(json.dumps(report))
            want |= changed
            compare(judge, f"{file.stem} + {name}", decode(binary, lines)[-1], want)
    judge.end()


if __name__ == "__main__":
    main()
