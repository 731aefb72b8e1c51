#!/usr/bin/env python3
"""Judges simulated printers with what people's documentation has wrong: each judged disagreement about MQTT
(B1 to B34 of the reference) in its wrong form, which has to fail as the real printer fails it, beside the
right one. Starts of jobs, Developer Mode, a change of filament and a reboot are here, too.

usage: judge_conflicts.py BAMBU
"""

import json
import sys
import time

import frames
from judge import Judge, wait_for
from paho_link import cloud, lan
from talk import Talk, said_no, said_yes
from world import World

MODELS = ("P1S", "X1C", "A1 mini", "P2S", "H2D")


def doors(judge, world):
    """B1: who is let in where."""
    printer = world.printer("P1S")
    for what, connect, code in (
        ("bblp and an access code at the cloud", lambda: cloud(world, "bblp", printer["access_code"]), 5),
        ("the access code at the cloud", lambda: cloud(world, None, printer["access_code"]), 5),
        ("u_ and a token at the cloud", lambda: cloud(world), 0),
        ("u_ and a token at a printer", lambda: lan(world, printer, world.account["token"],
                                                    user=f"u_{world.account['uid']}"), 5),
        ("bblp and the access code at a printer", lambda: lan(world, printer), 0),
    ):
        with connect() as link:
            judge.equal(link.connack, code, f"B1: {what}")


# Rows with nothing of their own to see on the wire: B25 (how deltas merge is the client's, judged by
# judge_decode.py), B28 (nobody knows what the bit means, so no value of it is wrong).


def two_clients(judge, world, printer):
    """B7: there is no limit of one client; of two with equal ids at least the newer one is served."""
    for what, ids in (("two clients", ("judge-1", "judge-2")), ("equal ids", ("judge-3", "judge-3"))):
        with lan(world, printer, client_id=ids[0]) as first, lan(world, printer, client_id=ids[1]) as second:
            served = [second] if ids[0] == ids[1] else [first, second]
            for number, link in enumerate(served):
                link.subscribe("#")
                talk = Talk(judge, link, printer)
                start = len(link.messages)
                talk.check(said_yes(talk.answer("print", {"command": "print_speed", "param": "2"})),
                           f"B7: {what}: {number} is answered")
                talk.check(link.seen(lambda p: p["print"]["command"] == "push_status", start), f"B7: {what}: {number} hears")
            talk.check(not any(link.disconnected for link in served), f"B7: {what}: nobody is thrown out")


def topics(talk):
    """B2: nothing comes from and goes to other topics than report and request."""
    before = talk.full()
    body = json.dumps({"print": {"command": "gcode_line", "sequence_id": "1", "param": "M140 S33\n"}})
    for topic in (f"device/{talk.serial}/command", f"device/{talk.serial}/status", f"device/{talk.serial}/state",
                  f"printer/{talk.serial}/command"):
        talk.link.client.publish(topic, body)
    after = talk.full()
    talk.check(after and after["bed_target_temper"] == before["bed_target_temper"], "B2: other topics do nothing")
    talk.check({t for t, _ in talk.link.messages} == {f"device/{talk.serial}/report"},
               "B2: and nothing else is heard", {t for t, _ in talk.link.messages})


#: row, section, wrong body, models, and what must not show in the report
WRONG = [
    ("B3", "print", {"command": "set_nozzle_temp", "param": "222"}, MODELS, lambda f: frames.nozzle_target(f, 0) != 222),
    ("B3", "print", {"command": "set_bed_temp", "param": "66"}, MODELS, lambda f: f["bed_target_temper"] != 66),
    ("B4", "print", {"command": "set_chamber_temp", "param": "44"}, MODELS, lambda f: frames.chamber_target(f) != 44),
    ("B4", "print", {"command": "set_fan_speed", "param": "77"}, MODELS, lambda f: int(f["cooling_fan_speed"]) == 0),
    ("B5", "print", {"command": "set_airduct", "param": "77"}, MODELS, lambda f: int(f["big_fan2_speed"]) == 0
     or "airduct" in f.get("device", {})),
    ("B5", "print", {"command": "set_ctt", "param": "77"}, MODELS, lambda f: frames.chamber_target(f) != 77),
    ("B6", "print", {"command": "set_fan", "fan_index": 1, "speed": 128}, MODELS,
     lambda f: int(f["cooling_fan_speed"]) == 0),
    ("B17", "print", {"command": "ams_change_filament", "curr_temp": 220, "tar_temp": 220, "ams_id": 9, "slot_id": 7,
                      "target": 1}, MODELS, lambda f: f["ams"]["tray_now"] == "255"),
    ("B23", "xcam", {"command": "ipcam_record_set", "control": "disable"}, MODELS,
     lambda f: f["ipcam"]["ipcam_record"] == "enable"),
    ("B33", "print", {"command": "print_speed", "param": "ludicrous"}, MODELS, lambda f: f["spd_lvl"] == 2),
    ("B33", "print", {"command": "print_speed", "param": "silent"}, MODELS, lambda f: f["spd_lvl"] == 2),
]


def wrong_forms(talk):
    """Each wrong form is refused or not answered, and does nothing."""
    for row, section, body, models, untouched in WRONG:
        if talk.model not in models:
            continue
        ack = talk.answer(section, body)
        what = f"{row}: {section}.{body['command']} in its wrong form"
        talk.check(said_no(ack), f"{what} fails", ack)
        talk.check(untouched(talk.full()), f"{what} does nothing")


def external_by_254(talk):
    """B15: 254 in `ams_mapping` is no tray for a machine with two extruders."""
    if talk.model != "H2D":
        return
    ack = talk.answer("print", frames.project(ams_mapping=[254], ams_mapping2=None))
    if said_yes(ack):
        talk.check(wait_for(lambda: talk.full(lambda f: f["print_error"] == 0x07008012), 60),
                   "B15: ams_mapping 254: 0700-8012", talk.full()["print_error"])
        talk.answer("print", {"command": "stop", "param": ""})
        talk.full(lambda f: f["gcode_state"] == "FAILED")
    talk.check(talk.full()["gcode_state"] in ("IDLE", "FAILED"), "B15: ams_mapping 254 prints nothing", ack)
    talk.answer("print", {"command": "clean_print_error", "subtask_id": "0", "print_error": 0})


def stopped(talk):
    """The job ended, and its error taken away."""
    talk.answer("print", {"command": "stop", "param": ""})
    ended = talk.full(lambda f: f["gcode_state"] not in ("PREPARE", "SLICING", "RUNNING", "PAUSE"))
    talk.answer("print", {"command": "clean_print_error", "subtask_id": "0", "print_error": 0})
    return ended


def urls(talk):
    """B11: every form of the address that some client uses for this model starts the job."""
    forms = ["ftp:///cube.gcode.3mf", "ftp://cube.gcode.3mf", "ftp:///cache/cube.gcode.3mf"]
    if talk.model in ("P1S", "X1C", "A1 mini"):
        forms += ["file:///sdcard/cube.gcode.3mf", "file:///mnt/sdcard/cube.gcode.3mf"]
    if talk.model == "P2S":
        forms += ["brtc://emmc/cube.gcode.3mf", "file:///media/usb0/cube.gcode.3mf"]
    for number, url in enumerate(forms):
        name = f"cube {number}"
        ack = talk.answer("print", frames.project(url=url, file="", subtask_name=name))
        talk.check(said_yes(ack) and talk.full(lambda f, name=name: f["gcode_state"] in ("PREPARE", "RUNNING")
                                               and f["subtask_name"] == name), f"B11: {url} starts the job", ack)
        talk.check(stopped(talk), f"B11: {url}: stopped")


def feeds(full):
    """The tray that the job feeds from, as unit * 256 + slot; 255 * 256 and 254 * 256 are external, None is none."""
    extruders = full.get("device", {}).get("extruder", {}).get("info", [])
    for extruder in extruders:
        if extruder["snow"] not in (0xFFFF, 0xFEFF):
            return extruder["snow"]
    now = int(full["ams"]["tray_now"])
    if extruders or now == 255:
        return None
    return 255 << 8 if now == 254 else now // 4 << 8 | now % 4


def mappings(talk):
    """B14, B16: where the filament comes from."""
    full = talk.full()
    slot = next(int(t["id"]) for t in frames.unit(full)["tray"] if t.get("tray_type") and int(t["id"]) > 0)
    spool = {"ams_id": 255, "slot_id": 0}
    unused = {"ams_id": 255, "slot_id": 255}
    fed = lambda wanted: lambda f: f["gcode_state"] == "RUNNING" and wanted(feeds(f))
    # The index is the filament of the project; one that it does not use is -1.
    for what, mapping, pairs, right in (
        ("B14: the first filament", [slot], [{"ams_id": 0, "slot_id": slot}], fed(lambda tray: tray == slot)),
        ("B14: the second filament", [-1, slot], [unused, {"ams_id": 0, "slot_id": slot}],
         fed(lambda tray: tray == slot)),
        ("B14: five from the right, and the last has no tray", [-1, -1, -1, -1, frames.absent(full)], None,
         lambda f: (f["gcode_state"], f["print_error"]) == ("PAUSE", 0x07008012)),
        ("B16: 255/0 is the external spool", [-1], [spool], fed(lambda tray: tray == 255 << 8)),
        ("B16: 255/255 is not", [-1], [unused], fed(lambda tray: tray not in (255 << 8, 254 << 8))),
    ):
        ack = talk.answer("print", frames.project(ams_mapping=mapping, ams_mapping2=pairs))
        seen = said_yes(ack) and wait_for(lambda right=right: talk.full(right), 60)
        now = talk.full()
        talk.check(seen, what, (ack and ack.get("result"), now["gcode_state"], feeds(now), hex(now["print_error"])))
        stopped(talk)


def external_setting(talk):
    """B18: the forms that clients ship for the external spool, and two that lack what is needed."""
    body = frames._external_setting(None)
    forms = [{}, {"slot_id": None}]
    forms += [{"ams_id": 254}, {"tray_id": 0}, {"ams_id": 254, "tray_id": 0}] if talk.model == "H2D" else []
    for number, change in enumerate(forms):
        color = f"10203{number}FF"
        form = {k: v for k, v in (body | {"tray_color": color, "cols": [color]} | change).items() if v is not None}
        shown = "254" if form["ams_id"] == 254 else "255" if talk.full().get("vir_slot") else None
        ack = talk.answer("print", form)
        talk.check(said_yes(ack) and talk.full(lambda f, c=color, s=shown: frames.external(f, s)["tray_color"] == c),
                   f"B18: with {change} it takes effect", ack)
    before = talk.full()
    for change in ({"tray_id": None}, {"ams_id": None}):
        form = body | {"tray_color": "FF00FFFF"} | change
        ack = talk.answer("print", {k: v for k, v in form.items() if v is not None})
        talk.check(said_no(ack), f"B18: with {change} it is refused", ack)
    after = talk.full()
    talk.check(frames.external(after)["tray_color"] == frames.external(before)["tray_color"], "B18: and does nothing")


def external_load(talk):
    """B30: the forms that clients ship for a load from the external spool; the last one to its end."""
    forms = {"P2S": [(255, 0, 255)], "X1C": [(255, 0, 255)], "H2D": [(254, 0, 254), (255, 0, 255)]}
    coming = lambda f: f["ams"]["tray_tar"] == "254" or any(
        e["star"] in (0xFF00, 0xFE00) for e in f.get("device", {}).get("extruder", {}).get("info", []))
    for at in forms.get(talk.model, [(255, 254, 254), (255, 0, 254), (254, 0, 254)]):
        body = dict(zip(("ams_id", "slot_id", "target"), at))
        ack = talk.answer("print", {"command": "ams_change_filament", "curr_temp": 220, "tar_temp": 220} | body)
        talk.check(said_yes(ack) and talk.full(coming), f"B30: {body} loads", ack)
        which = 254 << 8 if (talk.model, at[0]) == ("H2D", 254) else 255 << 8
        there = wait_for(lambda which=which: talk.full(
            lambda f: feeds(f) == which and f["ams_status"] >> 8 & 255 in (0, 3)), 60)
        talk.check(there, f"B30: {body}: it is loaded")
        unload = {"command": "ams_change_filament", "curr_temp": 220, "tar_temp": 210, "ams_id": at[0], "slot_id": 255,
                  "target": 255}
        talk.check(wait_for(lambda unload=unload: said_yes(talk.answer("print", unload)), 60, 1),
                   f"B30: {body}: 255 unloads")
        talk.check(wait_for(lambda: talk.full(lambda f: feeds(f) is None), 60), f"B30: {body}: it is unloaded")


def linked(talk):
    """B34: a setting id in `extrusion_cali_sel` links another profile than the one that it names."""
    if talk.model not in ("X1C", "P1S"):
        return
    talk.answer("print", {"command": "extrusion_cali_set", "filaments": [frames.PROFILE]} | frames.NOZZLE)
    table = talk.answer("print", {"command": "extrusion_cali_get", "filament_id": ""} | frames.NOZZLE)
    mine = next(p["cali_idx"] for p in table["filaments"] if p["name"] == "judged")
    sel = {"command": "extrusion_cali_sel", "tray_id": 1, "ams_id": 0, "slot_id": 1, "filament_id": "GFA00",
           "nozzle_diameter": "0.4"}
    chosen = lambda number: lambda f: frames.tray(f, 0, 1)["cali_idx"] == number
    talk.answer("print", sel | {"cali_idx": -1})
    talk.answer("print", sel | {"cali_idx": mine, "setting_id": "GFSA00"})
    talk.check(not chosen(mine)(talk.full()), "B34: with a setting id another profile is linked")
    talk.check(said_yes(talk.answer("print", sel | {"cali_idx": mine})) and talk.full(chosen(mine)),
               "B34: without, it is linked")


def both_forms(talk):
    """Rows where more than one form works: B8, B21, B22, B32."""
    for loops in (0, 1):
        ack = talk.answer("system", frames.led("chamber_light", "on" if loops else "off", loop_times=loops))
        talk.check(said_yes(ack), f"B21: loop_times {loops}", ack)
    if talk.model == "A1 mini":
        before = talk.full()
        ack = talk.answer("system", frames.led("work_light", "on"))
        talk.check(said_yes(ack) and talk.full()["lights_report"] == before["lights_report"],
                   "B22: a work light is acknowledged, and there is none", ack)
        ack = talk.answer("print", frames.line("G28"))
        talk.check(ack and "command" not in ack and ack["result"].lower() == "success",
                   "B8: gcode_line is acknowledged without its name", ack)
    for code, key in (("M104 S{}", "nozzle"), ("M140 S{}", "bed"), ("M109 S{}", "nozzle"), ("M190 S{}", "bed")):
        value = 41 if code.startswith("M1") and key == "bed" else 151
        value += int(code[1:4]) % 7
        ack = talk.answer("print", frames.line(code.format(value) + "\n"))
        talk.check(said_yes(ack) and talk.full(
            lambda f, value=value: value in (f["bed_target_temper"], frames.nozzle_target(f, 0),
                                             frames.nozzle_target(f, 1) if talk.model == "H2D" else None)),
            f"B32: {code.format(value)} takes effect", ack)
    talk.answer("print", frames.line("M104 S0\nM140 S0\n"))


def drying(talk):
    """B19, B20: every temperature to cool down to that some client sends, and both ways to end it."""
    body = frames._drying(talk.full())
    if talk.model != "P2S":
        return
    stop = frames._not_drying(talk.full())
    for end, cooling in ((stop, 20), (stop, 35), (stop, 45), ({"command": "auto_stop_ams_dry"}, 40)):
        talk.check(said_yes(talk.answer("print", body | {"cooling_temp": cooling})) and talk.full(
            lambda f: f["ams"]["ams"][0]["dry_time"] > 0), f"B19: it dries with cooling_temp {cooling}")
        talk.check(said_yes(talk.answer("print", end)) and talk.full(
            lambda f: f["ams"]["ams"][0]["dry_time"] == 0), f"B20: {end['command']} ends it")


def filament(talk):
    """B17, B31: load a tray by its flat number, and unload with 255."""
    full = talk.full()
    unit = frames.unit(full)
    slot = next(int(t["id"]) for t in unit["tray"] if t.get("tray_type") and int(t["id"]) > 0)
    flat = int(unit["id"]) * 4 + slot
    loaded = lambda f: f["ams"]["tray_now"] == str(flat) or any(
        e["snow"] == int(unit["id"]) << 8 | slot for e in f.get("device", {}).get("extruder", {}).get("info", []))
    ack = talk.answer("print", {"command": "ams_change_filament", "curr_temp": 220, "tar_temp": 220,
                                "ams_id": int(unit["id"]), "slot_id": slot, "target": flat})
    talk.check(said_yes(ack), "B17: a tray by its flat number", ack)
    talk.check(wait_for(lambda: talk.full(loaded), 90), "B17: it is loaded")
    unload = {"command": "ams_change_filament", "curr_temp": 220, "tar_temp": 210, "ams_id": int(unit["id"]),
              "slot_id": 255, "target": 255}
    # Refused while the change is still going on.
    answers = []
    wait_for(lambda: answers.append(talk.answer("print", unload)) or said_yes(answers[-1]), 60, 1)
    talk.check(said_yes(answers[-1]), "B31: 255 unloads", answers[-1])
    talk.check(wait_for(lambda: talk.full(lambda f: not loaded(f)), 90), "B31: it is unloaded")


def jobs(talk):
    """Starts: what is refused, a right one, a second one, its end (B9, B10, B12, B13, B29)."""
    for what, change in (("no plate", {"param": None}), ("plate 0", {"param": "Metadata/plate_0.gcode"}),
                         ("no file", {"file": "", "url": ""})):
        ack = talk.answer("print", frames.project(**change))
        talk.check(said_no(ack) and talk.full()["gcode_state"] in ("IDLE", "FAILED", "FINISH"),
                   f"project_file with {what} starts nothing", ack)
    talk.answer("print", {"command": "clean_print_error", "subtask_id": "0", "print_error": 0})
    # `bed_levelling` with two L is no field of it: ignored, not refused.
    ack = talk.answer("print", frames.project(bed_levelling=True))
    talk.check(said_yes(ack), "B10, B12, B13: project_file with md5 \"\" and fresh ids starts", ack)
    started = wait_for(lambda: talk.full(lambda f: f["gcode_state"] in ("PREPARE", "SLICING", "RUNNING")), 60)
    if not talk.check(started and started["subtask_name"] == "cube", "and it is that job", started and started["subtask_name"]):
        return
    ack = talk.answer("print", frames.project(subtask_name="second"))
    talk.check(said_no(ack), "a second start is refused", ack)
    after = talk.full(lambda f: f["print_error"] == 0x05004004)
    talk.check(after and after["subtask_name"] == "cube", "with 0500-4004, and the job goes on", after and after["print_error"])
    talk.answer("print", {"command": "clean_print_error", "subtask_id": "0", "print_error": 0x05004004})
    talk.full(lambda f: f["gcode_state"] == "RUNNING")
    paused = lambda f: f["gcode_state"] == "PAUSE"
    talk.answer("print", {"command": "pause", "param": ""})
    if talk.check(wait_for(lambda: talk.full(paused), 60), "B9: paused"):
        talk.answer("print", {"command": "resume", "param": "reserve", "job_id": "1", "err": "0300C00F"})
        time.sleep(1)
        talk.check(talk.full(paused), "B9, B29: resume with a hexadecimal err has no effect")
        talk.answer("print", {"command": "resume", "param": ""})
        talk.check(talk.full(lambda f: f["gcode_state"] in ("RUNNING", "PREPARE")), "B9: plain resume works")
    talk.answer("print", {"command": "stop", "param": ""})
    talk.check(talk.full(lambda f: f["gcode_state"] == "FAILED" and f["print_error"] == 0x0300400C), "stop ends it")


def pushall(talk):
    """B24, B26: a full report is msg 0, and asking often hurts nobody."""
    for _ in range(5):
        full = talk.full()
        talk.check(full and full.get("msg", 0) == 0, "B26: pushall is answered with msg 0 or none")
    start = len(talk.link.messages)
    time.sleep(5)
    kinds = {p["print"].get("msg", 0) for _, p in talk.link.messages[start:] if "print" in p}
    talk.check(kinds <= ({1} if talk.model in ("P1S", "A1 mini") else {0, 1}), "B26: deltas are msg 1", kinds)


def developer_mode(talk, world, printer):
    """Off: every print command is refused as the model does it, other sections pass."""
    world.switch(printer, "developer-mode/off")
    full = talk.full()
    if "fun" in full:
        talk.check(frames.bits(talk.full(lambda f: frames.bits(f, "fun", 29) == 1), "fun", 29) == 1, "bit 29 of fun is set")
    for body in (frames.line("M140 S60\n"), {"command": "print_speed", "param": "4"}, frames.project(),
                 {"command": "set_bed_temp", "temp": 60}):
        ack = talk.answer("print", body)
        if ack is None:
            shown = talk.full(lambda f: any((h["attr"], h["code"]) == (0x05000500, 0x00010007) for h in f["hms"]))
            talk.check(talk.model == "P1S" and shown, f"unsigned {body['command']}: silence and a health message")
        else:
            talk.check(ack["result"].lower() == "failed" and ack["reason"] == "mqtt message verify failed"
                       and ack["err_code"] == 84033543, f"unsigned {body['command']}: 84033543", ack)
    # B27: a header that nobody can have signed; what the code means is for the vendor to know.
    number, start = "19777", len(talk.link.messages)
    talk.link.client.publish(f"device/{talk.serial}/request", json.dumps({
        "header": {"sign_ver": "v1.0", "sign_alg": "RSA_SHA256", "sign_string": "bm8=", "cert_id": "none", "payload_len": 9},
        "print": {"command": "print_speed", "sequence_id": number, "param": "4"}}))
    talk.answer("system", {"command": "get_access_code"})
    ack = next((p["print"] for _, p in talk.link.messages[start:] if p.get("print", {}).get("sequence_id") == number), None)
    talk.check(ack is None and talk.model == "P1S" or ack and 84033543 <= ack["err_code"] <= 84033548,
               "B27: a wrong signature is refused with a code of its family", ack)
    after = talk.full()
    talk.check((after["bed_target_temper"], after["spd_lvl"], after["gcode_state"])
               == (full["bed_target_temper"], full["spd_lvl"], full["gcode_state"]), "unsigned: nothing happened")
    talk.check(said_yes(talk.answer("system", frames.led("chamber_light", "on"))), "the light needs no signature")
    world.switch(printer, "developer-mode/on")
    talk.check(said_yes(talk.answer("print", frames.line("M140 S0\n"))), "Developer Mode on: it obeys again")


def reboot(judge, world, printer):
    """No answer; the connection drops; it comes back."""
    with lan(world, printer) as link:
        link.subscribe("#")
        talk = Talk(judge, link, printer)
        talk.full()
        start = len(link.messages)
        number = link.send(printer["serial"], "system", "reboot")
        talk.check(wait_for(lambda: link.disconnected, 30), "reboot: the connection drops")
        talk.check(not any(p.get("system", {}).get("sequence_id") == number for _, p in link.messages[start:]),
                   "reboot: without an answer")

    def back():
        try:
            with lan(world, printer) as link:
                return link.connack == 0 and bool(link.subscribe("#") in (0, 1) and link.full(printer["serial"], seconds=5))
        except OSError:
            return False

    judge.check(wait_for(back, 150, 1), f"{printer['model']}: reboot: it is back")


def all_of(judge, printer, world):
    """Everything at one printer, one after the other."""
    judge.part(two_clients, judge, world, printer)
    with lan(world, printer) as link:
        link.subscribe("#")
        talk = Talk(judge, link, printer)
        for part in (topics, wrong_forms, external_by_254, both_forms, drying, pushall, filament, jobs, external_setting,
                     external_load, linked, urls, mappings):
            judge.part(part, talk)
        judge.part(developer_mode, talk, world, printer)
    judge.part(reboot, judge, world, printer)


def main():
    judge = Judge("conflicts")
    with World(sys.argv[1], "--printers", str(len(MODELS)), "--models", ",".join(MODELS), "--seed", "61",
               "--speed", "20") as world:
        judge.part(doors, judge, world)
        judge.each(all_of, world.printers, world)
    judge.end()


if __name__ == "__main__":
    main()
