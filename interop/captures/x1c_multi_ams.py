"""X1C, firmware 01.09: hex bit fields, four filament units of three kinds, one of them drying."""

from . import wire

KINDS = {1: "AMS", 2: "AMS lite", 3: "AMS 2 Pro", 4: "AMS HT"}
DRYING = ["off", "checking", "drying", "cooling", "stopping", "error", "out_of_control", "test"]
MODULES = {"0": "ams/0", "1": "ams/1", "2": "n3f/2", "128": "n3s/128"}


def expected(capture):
    p = capture["pushall"]["print"]
    device = p["device"]
    extruder = device["extruder"]["info"][0]
    nozzle = device["nozzle"]["info"][0]
    ota = wire.module(capture, "ota")
    assert ota["product_name"] == "Bambu Lab X1-Carbon"
    assert wire.bits(device["extruder"]["state"], 0, 4) == 1, "one extruder"
    assert nozzle["type"] == "HX01", "X: standard flow, 01: hardened steel"
    recording = wire.bit(p["stat"], 7)
    chamber, chamber_target = wire.packed(device["ctc"]["info"]["temp"])
    want = {
        "model": "X1C",
        "firmware": ota["sw_ver"],
        "state": wire.state(p),
        "stage.id": p["stg_cur"],
        "stage.name": "idle",
        # Counted from 1; 0 is none.
        "job.plate": p["plate_idx"] or None,
        "job.gcode_line": None,
        "temperatures.nozzles": 1,
        "temperatures.nozzles[0].current": wire.packed(extruder["temp"])[0],
        "temperatures.nozzles[0].target": wire.packed(extruder["temp"])[1],
        "temperatures.bed.current": wire.packed(device["bed"]["info"]["temp"])[0],
        "temperatures.bed.target": wire.packed(device["bed"]["info"]["temp"])[1],
        "temperatures.chamber.current": chamber,
        # It has no chamber heater: the 0 is a constant.
        "temperatures.chamber.target": wire.either(None, chamber_target),
        "nozzles": 1,
        "nozzles[0].id": nozzle["id"],
        "nozzles[0].diameter_mm": nozzle["diameter"],
        "nozzles[0].kind": "hardened_steel",
        "nozzles[0].flow": "standard",
        "nozzles[0].active": True,
        "nozzles[0].filament_present": wire.bit(extruder["info"], 1),
        "fans.part_percent": wire.fan_gear(p["fan_gear"], 0),
        "fans.aux_percent": wire.fan_gear(p["fan_gear"], 1),
        "fans.chamber_percent": wire.fan_gear(p["fan_gear"], 2),
        "fans.heatbreak_percent": wire.fan_step(p["heatbreak_fan_speed"]),
        "fans.aux_left_percent": None,
        "air_duct": None,
        "speed.level": p["spd_lvl"],
        "speed.name": "standard",
        "speed.percent": p["spd_mag"],
        "ams.units": len(p["ams"]["ams"]),
        "ams.active": wire.active_snow(extruder["snow"]),
        "external_spools": len(p["vir_slot"]),
        "lights.chamber": wire.light(p, "chamber_light"),
        "lights.chamber2": None,
        "lights.work": wire.light(p, "work_light"),
        "door_open": wire.bit(p["stat"], 23),
        "camera.present": p["ipcam"]["ipcam_dev"] == "1",
        "camera.recording": wire.either(recording, wire.on(p["ipcam"]["ipcam_record"])),
        "camera.timelapse": wire.on(p["ipcam"]["timelapse"]),
        "camera.resolution": wire.word(p["ipcam"]["resolution"]),
        "network.wifi_dbm": wire.dbm(p["wifi_signal"]),
        "network.ip": wire.ipv4(p["net"]["info"][0]["ip"]),
        "network.wired": wire.bit(p["net"]["conf"], 0),
        "storage_present": p["sdcard"],
        "storage.state": ["none", "ok", "abnormal", "read_only"][wire.bits(p["aux"], 12, 2)],
        # Bit 29 of `fun`: commands must be signed, so Developer Mode is off.
        "developer_mode": not wire.bit(p["fun"], 29),
    }
    want |= wire.job(p) | wire.upgrade(p) | wire.modules(capture) | wire.no_message(p)
    for unit in p["ams"]["ams"]:
        want |= unit_reading(capture, unit, p["ams"]["tray_exist_bits"])
    return want


def unit_reading(capture, unit, exist_bits):
    path = f"ams.units[id={unit['id']}]"
    kind = wire.bits(unit["info"], 0, 4)
    level = wire.number(unit["humidity"])
    want = {
        f"{path}.model": KINDS[kind],
        f"{path}.extruder": wire.bits(unit["info"], 8, 4),
        # 0: not given.
        f"{path}.humidity_level": level or None,
        f"{path}.humidity_percent": wire.number(unit["humidity_raw"]),
        f"{path}.temperature": wire.number(unit["temp"]),
        f"{path}.drying_minutes_left": unit["dry_time"],
        f"{path}.firmware": wire.module(capture, MODULES[unit["id"]])["sw_ver"],
        f"{path}.serial": wire.module(capture, MODULES[unit["id"]])["sn"],
    }
    if kind in (3, 4):
        want[f"{path}.drying.status"] = DRYING[wire.bits(unit["info"], 4, 4)]
        want[f"{path}.drying.setting"] = None
    else:
        want[f"{path}.drying"] = None
    return want | wire.trays(path, unit, exist_bits)
