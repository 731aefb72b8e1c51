#!/usr/bin/env python3
"""Judges `bambu decode` by reports of real printers.

usage: judge_captures.py BAMBU CAPTURES_DIRECTORY [NAME ...]

For every capture a file in `captures/` reads the raw JSON by the reference's rules. It never runs
our code, and our status document must equal what it read.
"""

import importlib
import json
import pathlib
import re
import sys

from judge import Judge, decode

FEWEST = 30


def look_up(document, path):
    """The value at a path such as `ams.units[id=128].trays[0].color`; lists count as lengths."""
    value = document
    for name, selector in re.findall(r"([a-z0-9_]+)|\[([^\]]+)\]", path):
        if value is None:
            raise LookupError("null on the way")
        if name:
            value = value[name]
        elif "=" in selector:
            key, wanted = selector.split("=", 1)
            found = [v for v in value if str(v.get(key)) == wanted]
            if len(found) != 1:
                raise LookupError(f"{len(found)} entries with {selector}")
            value = found[0]
        else:
            value = value[int(selector)]
    return value


def same(got, want):
    """Equality in which 26 equals 26.0 and floats may differ in the last digits."""
    if isinstance(want, either_type()):
        return any(same(got, one) for one in want)
    if isinstance(want, bool) or isinstance(got, bool) or want is None or got is None:
        return got is want
    if isinstance(want, int) and isinstance(got, list):
        return len(got) == want
    if isinstance(want, (int, float)) and isinstance(got, (int, float)):
        return abs(got - want) <= 1e-4
    if isinstance(want, dict) and isinstance(got, dict):
        return all(k in got and same(got[k], v) for k, v in want.items())
    return got == want


def either_type():
    return importlib.import_module("captures.wire").either


def compare(judge, label, document, want):
    for path, value in want.items():
        try:
            got = look_up(document, path)
        except (LookupError, TypeError) as problem:
            judge.check(False, f"{label}: {path}", f"expected {value!r}, but {problem!r}")
            continue
        judge.check(same(got, value), f"{label}: {path}", f"expected {value!r}, got {got!r}")


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
