"""Status documents of our binary: as they come from `bambu monitor --json`, and compared with a reading."""

import json
import re

from captures.wire import either
from judge import wait_for


def documents(process, serial):
    """Status documents of one printer so far."""
    found = []
    for line in process.output().splitlines():
        try:
            status = json.loads(line)
        except ValueError:  # the last line may be half written
            continue
        if isinstance(status, dict) and status.get("serial") == serial:
            found.append(status)
    return found


def latest(process, serial, condition):
    """The last document of a printer once the condition holds for it, else None."""
    def look():
        found = documents(process, serial)
        return found[-1] if found and condition(found[-1]) else None

    return wait_for(look)


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
    if isinstance(want, either):
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


def compare(judge, label, document, want):
    """Every value that a reading wants is in the document."""
    for path, value in want.items():
        try:
            got = look_up(document, path)
        except (LookupError, TypeError) as problem:
            judge.check(False, f"{label}: {path}", f"expected {value!r}, but {problem!r}")
            continue
        judge.check(same(got, value), f"{label}: {path}", f"expected {value!r}, got {got!r}")
