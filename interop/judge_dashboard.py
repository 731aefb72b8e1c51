#!/usr/bin/env python3
"""Judges the dashboard of `bambu monitor` on a terminal of its own: what it shows, its keys, every
way in which it ends, and that the terminal is then as it was.

usage: judge_dashboard.py BAMBU
"""

import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import threading
import time

from judge import Judge, PATIENCE, wait_for
from world import World


class Terminal:
    """A pseudo terminal with `bambu` at its other end; everything written to it is kept."""

    def __init__(self, world, command, columns=80, rows=24):
        self.ours, self.theirs = pty.openpty()
        self.resize(columns, rows)
        self.before = termios.tcgetattr(self.theirs)
        self.text = ""
        self.child = subprocess.Popen(
            command, stdin=self.theirs, stdout=self.theirs, stderr=self.theirs,
            env={**world.settings(), "TERM": "xterm-256color"}, start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
        )
        self.open = True
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()

    def read(self):
        while self.open:
            if select.select([self.ours], [], [], 0.1)[0]:
                try:
                    self.text += os.read(self.ours, 65536).decode(errors="replace")
                except OSError:
                    return

    def __enter__(self):
        return self

    def __exit__(self, *_failure):
        if self.child.poll() is None:
            self.child.kill()
            self.child.wait()
        self.open = False
        self.reader.join()
        os.close(self.ours)
        os.close(self.theirs)

    def resize(self, columns, rows):
        """Makes the terminal so large; the program is told by a signal, as by a real one."""
        fcntl.ioctl(self.theirs, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def press(self, keys):
        os.write(self.ours, keys.encode())

    def since(self, mark):
        """The characters written after a mark, without what steers the terminal."""
        return re.sub(r"\x1b\[[0-9;?<>=]*[ -/]*[@-~]|\x1b[=>78]", "", self.text[mark:])

    def shows(self, *words, mark=0):
        """Whether all of this is written within our patience."""
        return wait_for(lambda: all(word in self.since(mark) for word in words))

    def redrawn(self, *words):
        """Whether all of this stands there now: only what has changed is written, but everything
        after a change of size."""
        def look(columns=[81]):
            mark = len(self.text)
            self.resize(columns[0], 24)
            columns[0] = 161 - columns[0]
            wait_for(lambda: len(self.text) > mark + 500, 2)
            # Blanks are not written but jumped over.
            there = self.since(mark).replace(" ", "")
            return all(word.replace(" ", "") in there for word in words)
        return wait_for(look)

    def ends(self):
        """The exit code, once all that it wrote is read."""
        try:
            code = self.child.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            return None
        time.sleep(0.3)
        return code


def restored(judge, terminal, how):
    """The terminal is as it was before: modes, first screen, cursor."""
    left = max(terminal.text.rfind("\x1b[?1049h"), 0)
    judge.check("\x1b[?1049h" in terminal.text, f"{how}: it had the terminal for itself")
    judge.check("\x1b[?1049l" in terminal.text[left:], f"{how}: the first screen is back")
    judge.check("\x1b[?25h" in terminal.text[left:], f"{how}: the cursor is back")
    judge.equal(termios.tcgetattr(terminal.theirs), terminal.before, f"{how}: the terminal's modes")


def keys(judge, world, binary):
    printer = min(world.printers, key=lambda it: it["name"])
    name = printer["name"]
    with Terminal(world, [binary, "monitor"]) as terminal:
        judge.check(terminal.shows(*(it["name"] for it in world.printers), "q quit"), "all printers are shown",
                    terminal.since(0)[-500:])
        terminal.press("?")
        judge.check(terminal.redrawn("Keys", "any key goes back"), "? explains the keys")
        terminal.press("?")
        for columns, rows in ((40, 12), (200, 60), (10, 3), (80, 24)):
            mark = len(terminal.text)
            terminal.resize(columns, rows)
            judge.check(wait_for(lambda: len(terminal.text) > mark), f"{columns}x{rows} is drawn")
        terminal.press("s")
        judge.check(terminal.shows("Sure?"), "s asks")
        terminal.press("n")
        judge.check(terminal.redrawn("stop was not sent"), "n is no")
        mark = len(terminal.text)
        terminal.press("p")
        judge.check(terminal.redrawn(f"{name}: pause: ok"), f"p pauses {name}", terminal.since(mark)[-500:])
        world.switch(printer, "faults/ack-and-ignore")
        mark = len(terminal.text)
        terminal.press("r")
        judge.check(terminal.redrawn(f"{name}: resume …"), "r is sent")
        world.switch(printer, "power/off")
        judge.check(terminal.redrawn("offline", "1 away"), "a printer that is switched off is away")
        judge.check("resume: ok" not in terminal.since(mark), "what was dropped is not ok")
        terminal.press("q")
        judge.equal(terminal.ends(), 0, "q: exit code")
        restored(judge, terminal, "q")
        judge.check(name in terminal.since(terminal.text.rfind("\x1b[?1049l")), "the last states stay")


def ends(judge, world, binary):
    def interrupt(terminal):
        terminal.press("\x03")

    def terminate(terminal):
        terminal.child.send_signal(signal.SIGTERM)

    for how, act in (("Ctrl-C", interrupt), ("SIGTERM", terminate)):
        with Terminal(world, [binary, "monitor"]) as terminal:
            judge.check(terminal.shows("q quit"), f"{how}: it began")
            act(terminal)
            judge.equal(terminal.ends(), 0, f"{how}: exit code")
            restored(judge, terminal, how)


def waits(judge, world, binary):
    """A command that takes long says on a terminal what it waits for, and takes that away again."""
    printer = max(world.printers, key=lambda it: it["name"])
    world.switch(printer, "faults/ack-and-ignore")
    command = [binary, "control", printer["name"], "light", "flashing", "--wait", "3"]
    with Terminal(world, command) as terminal:
        judge.check(terminal.shows("waiting for its answer"), "control says what it waits for")
        judge.equal(terminal.ends(), 6, "what is dropped is exit code 6")
        last = terminal.text.rfind("waiting for its answer")
        judge.check("\r\x1b[K" in terminal.text[last:], "the line goes away")
        judge.check("error: " in terminal.since(last), "and tells that it was not seen")


def main():
    judge = Judge("dashboard")
    with World(sys.argv[1], "--printers", "2", "--models", "X1C,P1S", "--state", "printing") as world:
        for part in (ends, keys, waits):
            judge.part(part, judge, world, sys.argv[1])
    judge.end()


if __name__ == "__main__":
    main()
