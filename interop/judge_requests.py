#!/usr/bin/env python3
"""Says every request of the reference to simulated printers of several models with paho-mqtt: the models
that know it answer and show it, the others refuse it, and forms that no printer takes are refused.

usage: judge_requests.py BAMBU [WORDS...]      WORDS: only commands with one of them in their name
"""

import sys

import frames
from judge import Judge
from paho_link import lan
from talk import Talk, said_no, said_yes
from world import World

MODELS = ("P1S", "X1C", "X1E", "A1 mini", "P2S", "H2D", "H2C")


def spelled(case):
    """A request in few words."""
    body = case.wrong_base()
    shown = {k: v for k, v in body.items() if k != "command" and not isinstance(v, list)}
    return f"{case.section}.{body['command']} {str(shown)[:70]}"


def one(talk, case):
    """One request, right and wrong."""
    before = talk.full()
    if not talk.check(before, "it still reports"):
        return
    body = case.body if isinstance(case.body, dict) else case.body(before)
    if body is None:
        return
    what = spelled(case)
    for change, form in case.forms(case.beyond):
        ack = talk.answer(case.section, form)
        talk.check(said_yes(ack) or said_no(ack), f"{what}: with {change} it is answered or not", ack)
        full = talk.full()
        talk.check(full and frames.within_limits(talk.model, full), f"{what}: with {change} all stays within limits")
    for change, form in case.forms(case.wrong):
        ack = talk.answer(case.section, form)
        talk.check(said_no(ack), f"{what}: with {change} it is refused", ack)
    obeys = case.obeys(talk.model, before)
    ack = talk.answer(case.section, body)
    if case.silent:
        talk.check(ack is None, f"{what}: it has no answer", ack)
    elif obeys:
        if talk.check(said_yes(ack), f"{what}: it is accepted", ack) and case.reply:
            try:
                talk.check(case.reply(ack), f"{what}: its answer holds what was asked", ack)
            except (KeyError, TypeError) as problem:
                talk.check(False, f"{what}: its answer holds what was asked", f"{problem!r} {ack}")
    elif obeys is False and case.command == "gcode_line" and body.get("param"):
        talk.check(ack is not None, f"{what}: every line of G-code is answered")
    elif obeys is False:
        talk.check(said_no(ack), f"{what}: it is refused", ack)
        if ack is not None and case.section != "print":
            talk.check(ack.get("reason"), f"{what}: with a reason", ack)
    else:
        talk.check(said_no(ack) or said_yes(ack), f"{what}: answered as printers answer", ack)
    if case.effect is None or obeys is None:
        return
    if obeys and said_yes(ack):
        talk.check(talk.full(lambda full: case.effect(before, full)), f"{what}: it takes effect")
    elif obeys:
        return
    elif not case.effect(before, before):
        talk.check(not case.effect(before, talk.full()), f"{what}: and has no effect")


def all_of(judge, printer, world, cases, words):
    """Every case at one printer."""
    with lan(world, printer) as link:
        link.subscribe("#")
        talk = Talk(judge, link, printer)
        if cases is frames.PRINTING:
            talk.check(talk.full(lambda p: p["gcode_state"] == "RUNNING"), "it prints")
        for case in cases:
            if not words or any(word in case.command for word in words):
                judge.part(one, talk, case)


def main():
    binary, *words = sys.argv[1:]
    judge = Judge("requests")
    which = ("--printers", str(len(MODELS)), "--models", ",".join(MODELS))
    with World(binary, *which, "--seed", "31") as world:
        judge.each(all_of, world.printers, world, frames.JOB_ONLY + frames.IDLE, words)
        judge.check(world.stop(), "the simulator ends when asked to")
    with World(binary, *which, "--seed", "32", "--state", "printing") as world:
        judge.each(all_of, world.printers, world, frames.PRINTING, words)
    judge.end()


if __name__ == "__main__":
    main()
