#!/usr/bin/env python3
"""Says every request of the reference to simulated printers of several models with paho-mqtt: the models
that know it answer and show it, the others refuse it, and forms that no printer takes are refused.

usage: judge_requests.py BAMBU [WORDS...]      WORDS: only commands with one of them in their name
"""

import json
import sys
import time

import frames
from judge import Judge, wait_for
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


def pushing(talk):
    """`stop` ends the reports, `start` brings them back; neither has an answer."""
    told = lambda p: p["print"]["command"] == "push_status"
    messages = talk.link.messages
    talk.check(talk.link.seen(told, len(messages)), "pushing: it reports unasked")
    talk.check(talk.answer("pushing", {"command": "stop"}) is None, "pushing.stop: it has no answer")
    time.sleep(1)
    start = len(messages)
    time.sleep(7)
    talk.check(not any("print" in p for _, p in messages[start:]), "pushing.stop: no report comes", messages[start:])
    talk.check(talk.full(), "pushing.stop: pushall is answered")
    start = len(messages)
    talk.check(talk.answer("pushing", {"command": "start"}) is None, "pushing.start: it has no answer")
    talk.check(talk.link.seen(told, start), "pushing.start: reports come again")


def rename(talk):
    """`update` with a name, with and without a command: no source knows an answer, and no report has the name."""
    before = talk.full()
    for more in ({}, {"command": "name"}):
        body = {"update": {"sequence_id": "20001", "name": "judged"} | more}
        talk.link.client.publish(f"device/{talk.serial}/request", json.dumps(body))
    after = talk.full()
    talk.check(after and after["gcode_state"] == before["gcode_state"], "update: a new name, and it still reports")


def profiles(talk):
    """One pressure-advance profile: kept, listed, chosen, dropped, and then no longer there."""
    keep = {"command": "extrusion_cali_set", "filaments": [frames.PROFILE]} | frames.NOZZLE
    for change in ({"filaments": []}, {"nozzle_diameter": "7.7"}, {"filaments": [frames.PROFILE | {"k_value": "soft"}]}):
        ack = talk.answer("print", keep | change)
        talk.check(said_no(ack), f"extrusion_cali_set with {change} is refused", ack)
    talk.check(said_yes(talk.answer("print", keep)), "extrusion_cali_set is accepted")
    ask = {"command": "extrusion_cali_get", "filament_id": ""} | frames.NOZZLE
    ack = talk.answer("print", ask)
    mine = next((p for p in ack.get("filaments", []) if p["name"] == "judged"), None)
    if not talk.check(said_yes(ack) and mine and float(mine["k_value"]) == 0.042, "extrusion_cali_get lists it", ack):
        return
    sel = {"command": "extrusion_cali_sel", "tray_id": 1, "ams_id": 0, "slot_id": 1, "filament_id": "GFA00",
           "nozzle_diameter": "0.4"}
    drop = {"command": "extrusion_cali_del", "extruder_id": 0, "nozzle_id": "HS00-0.4", "filament_id": "GFA00",
            "nozzle_diameter": "0.4"}
    for body in (sel, drop):
        ack = talk.answer("print", body | {"cali_idx": mine["cali_idx"] + 77})
        talk.check(said_no(ack), f"{body['command']} of a profile that is not there is refused", ack)
    for number in (mine["cali_idx"], -1):
        talk.check(said_yes(talk.answer("print", sel | {"cali_idx": number})) and talk.full(
            lambda f, number=number: frames.tray(f, 0, 1)["cali_idx"] == number),
            f"extrusion_cali_sel {number} takes effect")
    talk.check(said_yes(talk.answer("print", drop | {"cali_idx": mine["cali_idx"]})), "extrusion_cali_del is accepted")
    listed = (talk.answer("print", ask) or {}).get("filaments") or []
    talk.check(all(p["name"] != "judged" for p in listed), "extrusion_cali_del: it is gone", listed)


def back(judge, world, printer, condition):
    """Whether a printer that restarts is there again, in this condition."""
    def once():
        try:
            with lan(world, printer) as link:
                link.subscribe("#")
                return bool(link.connack == 0 and link.full(printer["serial"], condition, seconds=3))
        except OSError:
            return False
    return judge.check(wait_for(once, 100, 1), f"{printer['model']}: upgrade: it comes to its end")


def upgrades(judge, printer, world):
    """Upgrades in order: a module, its repair, an older firmware by hand and by the list, the offered one."""
    state_of = lambda key, value: lambda f: f["upgrade_state"].get(key) == value
    start = {"command": "start", "url": "https://firmware.example/a.zip", "module": "ams", "version": "00.00.06.40",
             "src_id": 1}
    ended = lambda f: f["upgrade_state"]["status"] in ("UPGRADE_SUCCESS", "IDLE")

    def step(body, until, wrong=()):
        """One upgrade to its end; each over a connection of its own, since a restart ends it."""
        with lan(world, printer) as link:
            link.subscribe("#")
            talk = Talk(judge, link, printer)
            if callable(body):
                body = body(talk)
            for change in wrong:
                ack = talk.answer("upgrade", {k: v for k, v in (body | change).items() if v is not None})
                talk.check(said_no(ack), f"upgrade.{body['command']} with {change} is refused", ack)
            ack = talk.answer("upgrade", body)
            if not talk.check(said_yes(ack), f"upgrade.{body['command']} is accepted", ack):
                return False
            ack = talk.answer("upgrade", start)
            talk.check(said_no(ack), f"upgrade.{body['command']}: no other meanwhile", ack)
        return back(judge, world, printer, lambda f: ended(f) and until(f))

    def listed(talk):
        """The oldest firmware that the printer can go back to."""
        history = talk.answer("upgrade", {"command": "get_history"})["firmware_optional"]
        return {"command": "upgrade_history", "src_id": 2, "firmware_optional": {"firmware": history[-1]["firmware"]}}

    step(start, state_of("consistency_request", True), ({"url": None}, {"version": None}, {"module": None}))
    step({"command": "consistency_confirm", "src_id": 1}, state_of("consistency_request", False))
    step(start | {"module": "ota", "version": "01.00.01.00"}, state_of("new_version_state", 1))
    step({"command": "upgrade_confirm", "src_id": 1}, state_of("new_version_state", 2), ({"src_id": 7},))
    step(listed, state_of("new_version_state", 1), ({"firmware_optional": None}, {"src_id": 7}))
    if printer["model"] == "A1 mini":
        chosen = lambda f: f["upgrade_state"]["mc_for_ams_firmware"]["current_run_firmware_id"] == 1
        step({"command": "mc_for_ams_firmware_upgrade", "src_id": 1, "id": 1}, chosen, ({"id": 77}, {"id": None}))
    if printer["model"] == "H2C":
        step({"command": "wtm_upgrade", "module": "wtm_all", "src_id": 1}, lambda _: True,
             ({"module": "ota"}, {"module": None}))


def all_of(judge, printer, world, cases, words):
    """Every case at one printer."""
    with lan(world, printer) as link:
        link.subscribe("#")
        talk = Talk(judge, link, printer)
        if cases is not frames.PRINTING and not words:
            for part in (pushing, rename) if cases is not frames.LASTING else (profiles,):
                judge.part(part, talk)
        if cases is frames.PRINTING:
            talk.check(talk.full(lambda p: p["gcode_state"] == "RUNNING"), "it prints")
        for case in cases:
            if not words or any(word in case.command for word in words):
                judge.part(one, talk, case)
    if cases is frames.LASTING and not words:
        judge.part(upgrades, judge, printer, world)


def main():
    binary, *words = sys.argv[1:]
    judge = Judge("requests")
    which = ("--printers", str(len(MODELS)), "--models", ",".join(MODELS))
    with World(binary, *which, "--seed", "31") as world:
        judge.each(all_of, world.printers, world, frames.JOB_ONLY + frames.IDLE + frames.BUSY, words)
        judge.check(world.stop(), "the simulator ends when asked to")
    with World(binary, *which, "--seed", "32", "--state", "printing") as world:
        judge.each(all_of, world.printers, world, frames.PRINTING, words)
    with World(binary, *which, "--seed", "33", "--speed", "60") as world:
        judge.each(all_of, world.printers, world, frames.LASTING, words)
    judge.end()


if __name__ == "__main__":
    main()
