"""A1 mini, firmware 01.07: AMS lite with `info` and tray states, camera module absent."""

from . import wire


def expected(capture):
    p = capture["pushall"]["print"]
    ota = wire.module(capture, "ota")
    unit = p["ams"]["ams"][0]
    assert ota["product_name"] == "Bambu Lab A1 mini"
    assert wire.bits(unit["info"], 0, 4) == 2, "type nibble of an AMS lite"
    recording = wire.bit(p["home_flag"], 5)
    want = {
        "model": "A1 mini",
        "firmware": ota["sw_ver"],
        "state": wire.state(p),
        "stage.id": p["stg_cur"],
        "stage.name": "idle",
        "job.plate": None,
        "job.gcode_line": wire.number(p["mc_print_line_number"]),
        "temperatures.nozzles": 1,
        "temperatures.nozzles[0].current": p["nozzle_temper"],
        "temperatures.nozzles[0].target": p["nozzle_target_temper"],
        "temperatures.bed.current": p["bed_temper"],
        "temperatures.bed.target": p["bed_target_temper"],
        "temperatures.chamber.current": None,
        "temperatures.chamber.target": None,
        "nozzles": 1,
        "nozzles[0].diameter_mm": wire.number(p["nozzle_diameter"]),
        "nozzles[0].kind": p["nozzle_type"],
        "nozzles[0].active": True,
        "nozzles[0].filament_present": bool(p["hw_switch_state"]),
        "fans.part_percent": wire.fan_gear(p["fan_gear"], 0),
        "fans.aux_percent": None,
        "fans.chamber_percent": None,
        "fans.heatbreak_percent": wire.fan_step(p["heatbreak_fan_speed"]),
        "air_duct": None,
        "speed.level": p["spd_lvl"],
        "speed.name": "standard",
        "speed.percent": p["spd_mag"],
        "ams.units": 1,
        "ams.active": wire.active_flat(p["ams"]["tray_now"]),
        "ams.units[id=0].model": "AMS lite",
        "ams.units[id=0].humidity_level": None,
        "ams.units[id=0].humidity_percent": None,
        "ams.units[id=0].temperature": None,
        "ams.units[id=0].drying": None,
        "ams.units[id=0].drying_minutes_left": wire.either(unit["dry_time"], None),
        "ams.units[id=0].extruder": wire.bits(unit["info"], 8, 4),
        "ams.units[id=0].firmware": wire.module(capture, "ams_f1/0")["sw_ver"],
        "external_spools": 1,
        "lights.chamber": wire.light(p, "chamber_light"),
        "lights.chamber2": None,
        "lights.work": None,
        "door_open": None,
        "lid_open": None,
        "camera.present": p["ipcam"]["ipcam_dev"] == "1",
        "camera.recording": wire.either(recording, wire.on(p["ipcam"]["ipcam_record"])),
        "camera.timelapse": wire.on(p["ipcam"]["timelapse"]),
        "camera.resolution": wire.word(p["ipcam"]["resolution"]),
        "camera.rtsp_url": None,
        # All three were taken out of the capture.
        "network.wifi_dbm": wire.dbm(p["wifi_signal"]),
        "network.ip": wire.ipv4(p["net"]["info"][0]["ip"]) if "info" in p["net"] else None,
        "network.wired": wire.bit(p["net"]["conf"], 0) if "conf" in p["net"] else None,
        "storage_present": p["sdcard"],
        "storage.state": ["none", "ok", "abnormal", "read_only"][wire.bits(p["home_flag"], 8, 2)],
        "developer_mode": None,
    }
    want |= wire.job(p) | wire.upgrade(p) | wire.modules(capture) | wire.no_message(p)
    want |= wire.trays("ams.units[id=0]", unit, p["ams"]["tray_exist_bits"])
    want |= wire.external("external_spools[id=254]", p["vt_tray"])
    return want
