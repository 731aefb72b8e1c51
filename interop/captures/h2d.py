"""H2D, firmware 01.01, printing: two nozzles, heated chamber, air duct; door and nozzle deltas."""

from . import wire
from .x1c_multi_ams import unit_reading

DUCT = {0: "cooling", 1: "heating", 2: "exhaust", 3: "full_cooling"}
STAGES = {0: "printing", 1: "auto_bed_leveling", 14: "cleaning_nozzle_tip"}
PARTS = {1: "part", 2: "aux", 3: "chamber", 4: "heatbreak2", 5: "board", 6: "filter", 10: "aux_left"}


def expected(capture):
    p = capture["pushall"]["print"]
    device = p["device"]
    right, left = device["extruder"]["info"]
    ota = wire.module(capture, "ota")
    assert ota["product_name"] == "Bambu Lab H2D"
    assert (right["id"], left["id"]) == (0, 1)
    assert p.get("msg", 0) == 0, "a full report"
    chamber, chamber_target = wire.packed(device["ctc"]["info"]["temp"])
    want = {
        "model": "H2D",
        "firmware": ota["sw_ver"],
        "state": wire.state(p),
        "stage.id": p["stg_cur"],
        # The stage speaks only while a job is active.
        "stage.name": STAGES[p["stg_cur"]] if p["gcode_state"] == "RUNNING" else "idle",
        # Counted from 1; 0 is none.
        "job.plate": p["plate_idx"] or None,
        "job.gcode_line": None,
        "temperatures.nozzles": 2,
        # The flat fields hold 40 while the nozzle that prints has 264.
        "temperatures.nozzles[0].current": wire.packed(right["temp"])[0],
        "temperatures.nozzles[0].target": wire.packed(right["temp"])[1],
        "temperatures.nozzles[1].current": wire.packed(left["temp"])[0],
        "temperatures.nozzles[1].target": wire.packed(left["temp"])[1],
        "temperatures.bed.current": wire.packed(device["bed"]["info"]["temp"])[0],
        "temperatures.bed.target": wire.packed(device["bed"]["info"]["temp"])[1],
        # `cham_temp` and `chamber_temper` may differ by one from `ctc`.
        "temperatures.chamber.current": wire.either(
            chamber, wire.packed(device["cham_temp"])[0], p["chamber_temper"]
        ),
        "temperatures.chamber.target": chamber_target,
        "nozzles": 2,
        "nozzles[0].filament_present": wire.bit(right["info"], 1),
        "nozzles[1].filament_present": wire.bit(left["info"], 1),
        "fans.part_percent": wire.fan_gear(p["fan_gear"], 0),
        "fans.aux_percent": wire.either(wire.fan_gear(p["fan_gear"], 1), None),
        "fans.chamber_percent": wire.fan_gear(p["fan_gear"], 2),
        "fans.heatbreak_percent": wire.fan_step(p["heatbreak_fan_speed"]),
        "air_duct.mode": device["airduct"]["modeCur"],
        "air_duct.name": DUCT[device["airduct"]["modeCur"]],
        "air_duct.parts": len(device["airduct"]["parts"]),
        "speed.level": p["spd_lvl"],
        "speed.name": "standard",
        "speed.percent": p["spd_mag"],
        "ams.units": len(p["ams"]["ams"]),
        "external_spools": len(p["vir_slot"]),
        "lights.chamber": wire.light(p, "chamber_light"),
        "lights.chamber2": wire.light(p, "chamber_light2"),
        "lights.work": wire.light(p, "work_light"),
        "door_open": wire.bit(p["stat"], 23),
        "lid_open": wire.either(wire.bit(p["stat"], 24), None),
        "camera.present": p["ipcam"]["ipcam_dev"] == "1",
        "camera.recording": wire.bit(p["stat"], 7),
        "camera.timelapse": wire.on(p["ipcam"]["timelapse"]),
        "camera.resolution": wire.word(p["ipcam"]["resolution"]),
        "camera.rtsp_url": p["ipcam"]["rtsp_url"],
        "camera.lan_liveview": True,
        "network.wifi_dbm": wire.dbm(p["wifi_signal"]),
        "network.ip": wire.ipv4(p["net"]["info"][0]["ip"]),
        "network.wired": wire.bit(p["net"]["conf"], 0),
        "storage_present": p["sdcard"],
        "storage.state": ["none", "ok", "abnormal", "read_only"][wire.bits(p["aux"], 12, 2)],
        "developer_mode": not wire.bit(p["fun"], 29),
    }
    want |= wire.job(p) | wire.upgrade(p) | wire.modules(capture) | wire.no_message(p)
    want |= active(device) | nozzles(device)
    for part in device["airduct"]["parts"]:
        function = part["id"] >> 4
        path = f"air_duct.parts[id={function}]"
        want |= {f"{path}.name": PARTS[function], f"{path}.percent": part["state"]}
    for unit in p["ams"]["ams"]:
        want |= unit_reading(capture, unit, p["ams"]["tray_exist_bits"])
    for slot in p["vir_slot"]:
        want |= wire.external(f"external_spools[id={slot['id']}]", slot)
    return want


def active(device):
    """Bits 4 to 7 of `extruder.state` name the active extruder; its `snow` names the tray."""
    current = wire.bits(device["extruder"]["state"], 4, 4)
    info = {e["id"]: e for e in device["extruder"]["info"]}
    return {
        "nozzles[0].active": current == 0,
        "nozzles[1].active": current == 1,
        "ams.active": wire.active_snow(info[current]["snow"]),
    }


def nozzles(device):
    """Second letter of the code is the flow, the two digits are the material."""
    flow = {"S": "standard", "A": "standard", "X": "standard", "H": "high", "E": "high", "U": "tpu"}
    kind = {"00": "stainless_steel", "01": "hardened_steel", "05": "tungsten_carbide"}
    want = {}
    for n in device["nozzle"]["info"]:
        want |= {
            f"nozzles[{n['id']}].id": n["id"],
            f"nozzles[{n['id']}].diameter_mm": n["diameter"],
            f"nozzles[{n['id']}].flow": flow[n["type"][1]],
            f"nozzles[{n['id']}].kind": kind[n["type"][2:4]],
        }
    return want


def expected_deltas(capture):
    """(name, report, what must have changed): each is merged on top of those before it."""
    deltas = capture["deltas"]
    full = capture["pushall"]["print"]
    door = wire.bit(full["stat"], 23)
    left = {**full["device"]["extruder"], **deltas["push_left_extruder"]["print"]["device"]["extruder"]}
    return [
        # This machine sends `stat`: bit 23 of `home_flag` no longer speaks for the door.
        ("push_old_door_closed", deltas["push_old_door_closed"], {"door_open": door}),
        ("push_old_door_opened", deltas["push_old_door_opened"], {"door_open": door}),
        ("push_door_opened", deltas["push_door_opened"],
         {"door_open": wire.bit(deltas["push_door_opened"]["print"]["stat"], 23)}),
        ("push_door_closed", deltas["push_door_closed"],
         {"door_open": wire.bit(deltas["push_door_closed"]["print"]["stat"], 23)}),
        ("push_left_extruder", deltas["push_left_extruder"],
         active({"extruder": left}) | {"temperatures.nozzles[0].current": 264}),
        ("push_alt_nozzle_info", deltas["push_alt_nozzle_info"],
         nozzles(deltas["push_alt_nozzle_info"]["print"]["device"])),
    ]
