#!/usr/bin/env python3
"""Judges `bambu monitor` and `bambu control` behind a proxy that stalls, swallows, resets, refuses and
crumbles, and at simulated printers with their own faults: what is said, what comes back, and that no
command is sent twice.

usage: judge_faults.py BAMBU
"""

import contextlib
import json
import sys
import tempfile
import threading
import time

from documents import documents
from fault_proxy import Proxy
from judge import Judge, run, wait_for
from paho_link import lan
from world import Process, World, clean_environment


def settings(world, folder):
    """Our client's environment for the printers of a world."""
    return clean_environment(BAMBU_CA_FILE=world.ca_file, BAMBU_CONFIG_DIR=folder)


def where(printer, port):
    """Arguments that name a printer behind a port."""
    return [printer["serial"], "--json", "--host", "127.0.0.1", "--mqtt-port", str(port),
            "--access-code", printer["access_code"]]


@contextlib.contextmanager
def watched(binary, world, printer):
    """`bambu monitor --json` through a proxy, live."""
    with tempfile.TemporaryDirectory() as folder, Proxy(printer["host"], printer["mqtt_port"]) as proxy, \
            Process([binary, "monitor", *where(printer, proxy.port)], settings(world, folder)) as monitor:
        yield proxy, monitor


def seen(monitor, serial, start, condition, seconds):
    """The first document from `start` on for which the condition holds."""
    return wait_for(lambda: next((d for d in documents(monitor, serial)[start:] if condition(d)), None), seconds)


def online(document):
    """A live status."""
    return document.get("connection") == "online" and document["online"]


def live(judge, what, monitor, serial, start=0, seconds=60):
    """It shows live status."""
    return judge.check(seen(monitor, serial, start, online, seconds), f"{what}: live", monitor.errors()[-400:])


def stalled(judge, binary, world, printer):
    """30 s without a byte, for real: it says stale, and goes on as soon as bytes do."""
    what = "a stall"
    with watched(binary, world, printer) as (proxy, monitor):
        if not live(judge, what, monitor, printer["serial"]):
            return
        start, begun = len(documents(monitor, printer["serial"])), time.monotonic()
        proxy.mode = "stall"
        gone = seen(monitor, printer["serial"], start, lambda d: not online(d), 75)
        judge.check(gone, f"{what}: it is told")
        judge.check(time.monotonic() - begun > 15, f"{what}: not at the first hiccup", time.monotonic() - begun)
        judge.check(gone and gone["connection"] in ("stale", "offline") and not gone["online"],
                    f"{what}: as stale or offline", gone and gone.get("connection"))
        judge.check(monitor.running(), f"{what}: the monitor stays")
        start = len(documents(monitor, printer["serial"]))
        proxy.mode = "pass"
        live(judge, f"{what}, over", monitor, printer["serial"], start)


def half_open(judge, binary, world, printer):
    """What is sent vanishes, nothing comes: a new connection is made by itself."""
    what = "a half-open socket"
    with watched(binary, world, printer) as (proxy, monitor):
        if not live(judge, what, monitor, printer["serial"]):
            return
        start, before = len(documents(monitor, printer["serial"])), proxy.connections
        proxy.mode = "swallow"
        judge.check(seen(monitor, printer["serial"], start, lambda d: not online(d), 90), f"{what}: it is told")
        judge.check(wait_for(lambda: proxy.connections > before, 120), f"{what}: it connects anew")
        start = len(documents(monitor, printer["serial"]))
        proxy.mode = "pass"
        live(judge, f"{what}, over", monitor, printer["serial"], start, 90)


def torn(judge, binary, world, printer):
    """Resets and a closed port."""
    what = "a reset"
    with watched(binary, world, printer) as (proxy, monitor):
        if not live(judge, what, monitor, printer["serial"]):
            return
        for _ in range(2):
            start, before = len(documents(monitor, printer["serial"])), proxy.connections
            proxy.reset()
            judge.check(seen(monitor, printer["serial"], start, lambda d: not online(d), 30), f"{what}: it is told")
            live(judge, f"{what}, after it", monitor, printer["serial"], start + 1)
            judge.equal(proxy.connections, before + 1, f"{what}: one new connection")
        start = len(documents(monitor, printer["serial"]))
        proxy.refuse()
        proxy.reset()
        told = seen(monitor, printer["serial"], start, lambda d: d.get("connection") == "offline", 30)
        judge.check(told and told["offline_reason"], "a closed port: it is told, with a reason", told)
        time.sleep(5)
        before = proxy.connections
        start = len(documents(monitor, printer["serial"]))
        proxy.open()
        live(judge, "a closed port, open again", monitor, printer["serial"], start)
        judge.equal(proxy.connections, before + 1, "a closed port: one new connection")


def crumbs(judge, binary, world, printer):
    """One byte at a time."""
    with watched(binary, world, printer) as (proxy, monitor):
        proxy.mode = "crumbs"
        live(judge, "one byte at a time", monitor, printer["serial"], 0, 60)


class Count:
    """How often a printer heard a command, by its acknowledgements, as a second client hears them."""

    def __init__(self, world, printer):
        self.link, self.start = lan(world, printer), 0

    def __enter__(self):
        self.link.subscribe("#")
        return self

    def __exit__(self, *_failure):
        self.link.close()

    def of(self, section, word):
        """Acknowledgements that hold a word."""
        return sum(word in json.dumps(p[section]) for _, p in list(self.link.messages)
                   if section in p and p[section].get("command") != "push_status")


def control(binary, world, printer, port, words, folder, *more):
    """(exit code, answers) of one command."""
    serial, *rest = where(printer, port)
    code, out, err = run([binary, "control", serial, *words, *rest, *more], env=settings(world, folder), timeout=90)
    return code, [json.loads(l) for l in out.splitlines() if l.startswith(b"{")], err


def commands(judge, binary, world, printer):
    """Commands through bad connections: no success that was none, and never twice."""
    with tempfile.TemporaryDirectory() as folder, Proxy(printer["host"], printer["mqtt_port"]) as proxy, \
            Count(world, printer) as count:
        code, answers, err = control(binary, world, printer, proxy.port, ["bed", "41"], folder)
        judge.equal((code, count.of("print", "M140 S41")), (0, 1), f"through a proxy: done once {err[-300:]}")

        proxy.mode = "crumbs"
        code, answers, err = control(binary, world, printer, proxy.port, ["bed", "42"], folder)
        judge.equal((code, count.of("print", "M140 S42")), (0, 1), f"one byte at a time: done once {err[-300:]}")
        proxy.mode = "pass"

        for number, (what, act) in enumerate((
            ("answers that vanish", lambda: setattr(proxy, "mode", "up")),
            ("a stall", lambda: setattr(proxy, "mode", "stall")),
        )):
            # Once it is connected and knows the status, the line fails; then the command is given.
            line = f"M140 S{45 + number}"
            before = proxy.connections
            timer = threading.Thread(target=lambda act=act, before=before: (
                wait_for(lambda: count.of("print", line) or proxy.connections > before, 20), time.sleep(0.05), act()))
            timer.start()
            code, answers, err = control(binary, world, printer, proxy.port, ["bed", str(45 + number)], folder,
                                         "--timeout", "8", "--wait", "5")
            timer.join()
            # Either the command was through before the line failed, or it is not called done.
            judge.check(code in (5, 6) or code == 0 and count.of("print", line) == 1, f"{what}: no false success",
                        f"{code} {answers} {err[-200:]}")
            proxy.mode = "pass"
            time.sleep(2)
            judge.check(count.of("print", line) <= 1, f"{what}: never twice", count.of("print", line))
            proxy.reset()


#: fault, exit codes, outcomes, words in the reason or the next step
FAULTS = [
    ("ack-and-ignore", (6,), ("unconfirmed",), ("60",)),
    ("no-ack", (0,), ("confirmed",), ()),
    ("ack-without-command", (0,), ("confirmed",), ()),
    ("ack-without-result", (0,), ("confirmed",), ()),
    ("late-ack", (0,), ("confirmed",), ()),
    ("double-ack", (0,), ("confirmed",), ()),
    ("silence", (5,), ("not_sent",), ()),
    ("refuse-connections", (5,), ("not_sent",), ()),
    ("wrong-code", (4,), ("not_sent",), ("access code",)),
    ("swapped-certificate", (5,), ("not_sent",), ("certificate",)),
    ("developer-mode-off", (3,), ("rejected", "refused"), ("developer mode",)),
]


def with_a_fault(judge, case, binary, world, printers):
    """`bambu control` at a simulated printer that has one of its faults."""
    fault, codes, outcomes, words = case
    printer = printers[FAULTS.index(case)]
    what = f"{fault} of a simulated {printer['model']}"
    judge.equal(world.switch(printer, f"faults/{fault}"), 200, f"{what}: switched")
    with tempfile.TemporaryDirectory() as folder:
        code, answers, err = control(binary, world, printer, printer["mqtt_port"], ["bed", "60"], folder,
                                     "--timeout", "8")
        judge.check(code in codes, f"{what}: exit code {codes}", f"{code} {answers} {err[-400:]}")
        judge.check(all(a["outcome"] in outcomes for a in answers), f"{what}: outcome {outcomes}", answers)
        text = (err + json.dumps(answers)).lower()
        for word in words:
            judge.check(word in text, f"{what}: says {word!r}", text[-400:])
        world.switch(printer, "faults", "DELETE")
        code, answers, err = control(binary, world, printer, printer["mqtt_port"], ["bed", "50"], folder)
        judge.equal(code, 0, f"{what}: and without it all is well {answers} {err[-300:]}")


def main():
    binary = sys.argv[1]
    judge = Judge("faults")
    with World(binary, "--printers", "5", "--models", "P1S,X1C", "--seed", "41") as world:
        parts = [(stalled, 0), (half_open, 1), (torn, 2), (crumbs, 3), (commands, 4)]
        judge.each(lambda j, case: case[0](j, binary, world, world.printers[case[1]]), parts)
        judge.check(world.stop(), "the simulator ends when asked to")
    for models in ("P1S,X1C", "A1 mini,H2D"):
        with World(binary, "--printers", str(len(FAULTS)), "--models", models, "--seed", "42") as world:
            judge.each(with_a_fault, FAULTS, binary, world, world.printers)
    judge.end()


if __name__ == "__main__":
    main()
