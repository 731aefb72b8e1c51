"""One run of a program, watched until it ends: how long it took, and the most memory it had."""

import pathlib
import re
import resource
import time

from world import Process


def cpu_of_children():
    """Seconds of processor time of every child that has ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


class Watched:
    """`code` (None when it had to be ended), `out`, `err`, `seconds`, `cpu` in seconds, `peak` in KiB of
    resident memory."""

    def __init__(self, command, env, seconds, pause=0.01):
        self.peak, cpu, begun = 0, cpu_of_children(), time.monotonic()
        with Process(command, env) as process:
            status = pathlib.Path(f"/proc/{process.child.pid}/status")
            while process.running() and time.monotonic() < begun + seconds:
                # The high-water mark, so only what happens after the last look is missed.
                try:
                    found = re.search(r"^VmHWM:\s+(\d+)", status.read_text(), re.M)
                except OSError:
                    found = None
                if found:
                    self.peak = max(self.peak, int(found[1]))
                time.sleep(pause)
            self.seconds = time.monotonic() - begun
            self.code = process.child.poll()
            process.stop()
            # Right as long as no other child ends meanwhile.
            self.cpu = cpu_of_children() - cpu
            self.out, self.err = process.output(), process.errors()
