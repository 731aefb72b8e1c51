"""What every judge needs: counting checks, running our binary once, waiting for something."""

import json
import subprocess
import sys
import threading
import time
import traceback
from concurrent.futures import ThreadPoolExecutor

#: No single wait of a judge is longer, in seconds. Speed is never judged.
PATIENCE = 60


class Judge:
    """Counts checks, prints those that failed, and ends with `name: N passed, N failed`."""

    def __init__(self, name):
        self.name, self.passed, self.failed = name, 0, 0
        self.lock = threading.Lock()

    def check(self, holds, what, detail=""):
        """Counts one check; a failed one is printed with what was seen instead."""
        with self.lock:
            if holds:
                self.passed += 1
            else:
                self.failed += 1
                print(f"  FAILED {what}: {detail}" if detail else f"  FAILED {what}", flush=True)
        return bool(holds)

    def equal(self, got, want, what):
        """Counts one comparison."""
        return self.check(got == want, what, f"expected {want!r:.600}, got {got!r:.600}")

    def part(self, function, *arguments):
        """Runs one part of a judge; an exception in it is a failed check, not the end."""
        try:
            function(*arguments)
        except Exception:  # whatever went wrong belongs to this part
            self.check(False, function.__name__, traceback.format_exc(limit=-4))

    def each(self, function, cases, *arguments):
        """Runs one part for each case, all at once."""
        with ThreadPoolExecutor(max_workers=len(cases)) as pool:
            for case in cases:
                pool.submit(self.part, function, self, case, *arguments)

    def end(self):
        """Prints the count and ends the process."""
        if self.passed + self.failed == 0:
            self.check(False, "at least one check ran")
        print(f"{self.name}: {self.passed} passed, {self.failed} failed", flush=True)
        sys.exit(1 if self.failed else 0)


def run(command, stdin=b"", timeout=PATIENCE, env=None, cwd=None):
    """Runs a program to its end: (exit code, standard output, standard error)."""
    done = subprocess.run(
        command, input=stdin, capture_output=True, timeout=timeout, env=env, cwd=cwd, check=False
    )
    return done.returncode, done.stdout, done.stderr.decode(errors="replace")


def decode(binary, lines, *arguments):
    """Status documents of `bambu decode` for these report lines."""
    text = "\n".join(lines).encode() + b"\n"
    code, out, err = run([binary, "decode", *arguments], text)
    documents = [json.loads(line) for line in out.splitlines()]
    if code != 0 or not documents:
        raise RuntimeError(f"bambu decode ended with {code} and {len(documents)} lines: {err}")
    return documents


def wait_for(condition, seconds=PATIENCE, pause=0.05):
    """The first true value of `condition()`, or its last value when time is up."""
    end = time.monotonic() + seconds
    while True:
        value = condition()
        if value or time.monotonic() > end:
            return value
        time.sleep(pause)
