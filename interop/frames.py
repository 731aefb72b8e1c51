"""Every request that printers know, as the reference has it: the frame, the models that obey it, what
is answered, what changes in the report, and forms that no printer takes. Nothing here is ours."""

import dataclasses
from typing import Any, Callable

DUAL = ("H2D", "H2D Pro", "H2C", "X2D")
H2 = ("H2D", "H2D Pro", "H2C", "H2S")
#: Machines from before the H2, with a nozzle that is told by hand.
BEFORE_H2 = ("X1C", "X1", "X1E", "P1P", "P1S", "A1", "A1 mini")


def bits(full, key, at, width=1):
    """A bit field: hexadecimal text, or a number that may be negative."""
    value = full.get(key, 0)
    value = int(value, 16) if isinstance(value, str) else int(value)
    return value >> at & (1 << width) - 1


def fun(at):
    """Obeyed where the capability bit is set."""
    return lambda _model, full: bool(bits(full, "fun", at))


def on(*models):
    """Obeyed by these models."""
    return lambda model, _full: model in models


def everywhere(_model, _full):
    """Obeyed by all models."""
    return True


def unknown(_model, _full):
    """The reference does not say which models obey it: answered or not, it must hurt nobody."""
    return None


def option(legacy, newer, value, supported=None):
    """A switch in `home_flag`, on newer machines in `cfg` too; `supported`: its bit beside it."""
    def effect(_before, full):
        if newer is not None and "cfg" in full:
            return bits(full, "cfg", newer) == value
        return legacy is None or bits(full, "home_flag", legacy) == value

    def obeys(_model, full):
        if supported is None or "cfg" in full:
            return True
        return bool(bits(full, "home_flag", supported))

    return {"obeys": obeys, "effect": effect}


@dataclasses.dataclass
class Case:
    """One request."""

    section: str
    body: Any  # dict, or a function of the full report that makes one, None where there is nothing to ask
    obeys: Callable = everywhere
    effect: Callable | None = None  # (report before, report after) -> whether it is seen
    reply: Callable | None = None  # what else the answer has to hold
    silent: bool = False  # carried out without an answer
    wrong: tuple = ()  # changes to the body that are refused, wherever the right one is obeyed or not
    beyond: tuple = ()  # changes that a printer may answer as it likes, but must not act on

    @property
    def command(self):
        """Its name."""
        return self.wrong_base()["command"]

    def wrong_base(self):
        """The body, or its example for a name."""
        return self.body if isinstance(self.body, dict) else self.body.example

    def forms(self, changes):
        """Other bodies, each a change to the right one; None as a value takes the key away."""
        for change in changes:
            body = {k: v for k, v in (dict(self.wrong_base()) | change).items() if v is not None}
            yield change, body


def from_report(command):
    """Marks a function that makes a body from a report."""
    def mark(make):
        make.example = {"command": command}
        return make
    return mark


def light(node, full):
    """The mode of a light."""
    return next((l["mode"] for l in full["lights_report"] if l["node"] == node), None)


def led(node, mode, **more):
    """`ledctrl` as the slicer sends it."""
    return {"command": "ledctrl", "led_node": node, "led_mode": mode, "led_on_time": 500,
            "led_off_time": 500, "loop_times": 1, "interval_time": 0} | more


def unit(full, *kinds):
    """The first AMS unit, or the first of some kinds (low nibble of `info`)."""
    units = full.get("ams", {}).get("ams", [])
    return next((u for u in units if not kinds or int(u.get("info") or "0", 16) & 15 in kinds), None)


def tray(full, unit_id, slot):
    """One tray."""
    trays = next(u["tray"] for u in full["ams"]["ams"] if int(u["id"]) == unit_id)
    return next(t for t in trays if int(t["id"]) == slot)


def external(full, number=None):
    """The external spool, wherever the model has it."""
    slots = full.get("vir_slot") or [full["vt_tray"]]
    return next((s for s in slots if number in (None, s["id"])), slots[0])


def nozzle_target(full, extruder):
    """The target of one extruder."""
    if "extruder" in full.get("device", {}):
        return next(e["temp"] >> 16 for e in full["device"]["extruder"]["info"] if e["id"] == extruder)
    return full["nozzle_target_temper"]


def chamber_target(full):
    """The target of the chamber, wherever the model has it."""
    if "ctc" in full.get("device", {}):
        return full["device"]["ctc"]["info"]["temp"] >> 16
    return full.get("ctt")


def part(full, function):
    """What a fan of the air duct is set to, in percent."""
    return next((p["state"] for p in full["device"]["airduct"]["parts"] if p["id"] >> 4 == function), None)


def line(text, **more):
    """One or more lines of G-code."""
    return {"command": "gcode_line", "param": text} | more


NOZZLE_MAX = {"X1E": 320, "H2D": 350, "H2D Pro": 350, "H2S": 350, "H2C": 350}
BED_MAX = {"A1 mini": 80, "P1S": 100, "P1P": 100, "A1": 100, "X1E": 110, "P2S": 110}
CHAMBER_MAX = {"X1E": 60, "H2D": 65, "H2D Pro": 65, "H2S": 65, "H2C": 65}
HEATED = ("X1E", "H2D", "H2D Pro", "H2S", "H2C")

ASKING = [
    Case("info", {"command": "get_version"},
         reply=lambda a: any(m["name"] == "ota" for m in a["module"])),
    Case("pushing", {"command": "start"}, silent=True),
    Case("system", {"command": "get_access_code"}, reply=lambda a: len(a["access_code"]) == 8),
    Case("system", {"command": "get_accessories", "accessory_type": "none"}, on(*BEFORE_H2),
         reply=lambda a: float(a["nozzle_diameter"]) == 0.4 and a["nozzle_type"]),
    Case("security", {"command": "app_cert_list"}, unknown),
    Case("security", {"command": "app_cert_install", "app_cert": "-", "crl": "-"}, unknown),
    Case("upgrade", {"command": "get_history"}, reply=lambda a: isinstance(a["firmware_optional"], list)),
]

SWITCHES = [
    Case("system", led("chamber_light", "on"), effect=lambda _, f: light("chamber_light", f) == "on",
         wrong=({"led_mode": "blue"}, {"led_mode": None}, {"led_node": None}, {"led_node": "column_light"})),
    Case("system", led("chamber_light", "flashing"), effect=lambda _, f: light("chamber_light", f) == "flashing"),
    Case("system", led("chamber_light", "off", loop_times=0), effect=lambda _, f: light("chamber_light", f) == "off"),
    Case("system", led("chamber_light2", "on"), on(*H2), effect=lambda _, f: light("chamber_light2", f) == "on"),
    Case("system", led("heatbed_light", "on", led_on_time=0, led_off_time=0), on(*H2)),
    # Switched on X1, acknowledged without effect on an A1 mini.
    Case("system", led("work_light", "on"),
         lambda m, _f: True if m in ("X1C", "X1E", "A1 mini") else False if m in ("P1S", "P1P") else None,
         effect=lambda b, f: light("work_light", f) == light("work_light", b)),
    Case("system", {"command": "uiop", "name": "print_error", "action": "close", "source": 1,
                    "type": "dialog", "err": "03008011"}),
    Case("system", {"command": "set_door_stat", "config": 2}, fun(12), lambda _, f: bits(f, "cfg", 20, 2) == 2,
         wrong=({"config": 7}, {"config": None})),
    Case("system", {"command": "set_door_stat", "config": 0}, fun(12), lambda _, f: bits(f, "cfg", 20, 2) == 0),
    Case("system", {"command": "print_cache_set", "config": False},
         lambda m, f: True if "cfg" in f else False if m == "P1S" else None,
         lambda _, f: "cfg" in f and bits(f, "cfg", 19) == 0, wrong=({"config": "maybe"},)),
    Case("system", {"command": "print_cache_set", "config": True}, lambda m, f: True if "cfg" in f else None,
         lambda _, f: "cfg" in f and bits(f, "cfg", 19) == 1),
    Case("system", {"command": "set_accessories", "accessory_type": "nozzle", "nozzle_diameter": 0.6,
                    "nozzle_type": "hardened_steel"},
         lambda m, _f: True if m in BEFORE_H2 else False if m in H2 else None,
         lambda _, f: float(f["nozzle_diameter"]) == 0.6 and f["nozzle_type"] == "hardened_steel",
         wrong=({"nozzle_type": "wood"}, {"nozzle_diameter": 7})),
    Case("system", {"command": "set_accessories", "accessory_type": "nozzle", "nozzle_diameter": 0.4,
                    "nozzle_type": "stainless_steel"},
         lambda m, _f: True if m in BEFORE_H2 else None,
         lambda _, f: float(f["nozzle_diameter"]) == 0.4 and f["nozzle_type"] == "stainless_steel"),
]

# One option per frame; where its state is reported: home_flag bit, cfg bit, home_flag bit "supported".
OPTIONS = [Case("print", {"command": "print_option"} | change, wrong=wrong, **option(*where))
           for change, where, wrong in (
               ({"option": 1, "auto_recovery": True}, (4, 16, 1), ({"auto_recovery": "yes", "option": None},)),
               ({"option": 0, "auto_recovery": False}, (4, 16, 0), ()),
               ({"option": 1, "auto_recovery": True}, (4, 16, 1), ()),
               ({"auto_switch_filament": False}, (10, 18, 0), ()),
               ({"auto_switch_filament": True}, (10, 18, 1), ()),
               ({"sound_enable": True}, (17, 22, 1, 18), ()),
               ({"sound_enable": False}, (17, 22, 0, 18), ()),
               ({"filament_tangle_detect": True}, (20, 23, 1, 19), ()),
               ({"filament_tangle_detect": False}, (20, 23, 0, 19), ()),
           )] + [
    Case("print", {"command": "print_option", "air_print_detect": True}, unknown),
    Case("print", {"command": "print_option", "nozzle_blob_detect": True}, unknown),
    Case("print", {"command": "print_option", "nozzle_blob_detect_v2": 2}, unknown),
    Case("print", {"command": "print_option", "air_purification": 1}, unknown),
    # Frames that name no option, or one that no source knows.
    Case("print", {"command": "print_option"}, lambda *_: False),
    Case("print", {"command": "print_option", "make_coffee": True}, lambda *_: False),
]


HEAT = [
    Case("print", line("M104 S215\n"), effect=lambda _, f: nozzle_target(f, 0) == 215 or nozzle_target(f, 1) == 215,
         wrong=({"param": ""}, {"param": None}), beyond=({"param": "M104 S999\n"}, {"param": "M104 S-20\n"})),
    Case("print", line("M104 S0\nM140 S57\n"), effect=lambda _, f: f["bed_target_temper"] == 57,
         wrong=({"param": "HELLO\n"},), beyond=({"param": "M140 S200\n"},)),
    Case("print", line("M140 S0\n", user_id="4711"), effect=lambda _, f: f["bed_target_temper"] == 0),
    # In Developer Mode the clear text is required and the encrypted one ignored.
    Case("print", {"command": "gcode_line", "param_enc": "bm90aGluZw==", "user_id": "1"}, lambda *_: False),
    Case("print", {"command": "set_bed_temp", "temp": 61}, fun(39), lambda _, f: f["bed_target_temper"] == 61,
         wrong=({"temp": None}, {"temp": "hot"}), beyond=({"temp": 400}, {"temp": -1})),
    Case("print", {"command": "set_bed_temp", "temp": 0}, fun(39), lambda _, f: f["bed_target_temper"] == 0),
    Case("print", {"command": "set_nozzle_temp", "extruder_index": 0, "target_temp": 205}, on(*DUAL),
         lambda _, f: nozzle_target(f, 0) == 205,
         wrong=({"extruder_index": 5}, {"target_temp": None}), beyond=({"target_temp": 900},)),
    Case("print", {"command": "set_nozzle_temp", "extruder_index": 1, "target_temp": 195}, on(*DUAL),
         lambda _, f: "device" in f and "extruder" in f["device"] and nozzle_target(f, 1) == 195
         if any(e["id"] == 1 for e in f.get("device", {}).get("extruder", {}).get("info", [])) else False),
    Case("print", {"command": "set_nozzle_temp", "extruder_index": 0, "target_temp": 0}, on(*DUAL),
         lambda _, f: nozzle_target(f, 0) == 0),
    Case("print", {"command": "set_ctt", "ctt_val": 45}, on(*HEATED), lambda _, f: chamber_target(f) == 45,
         wrong=({"ctt_val": None},), beyond=({"ctt_val": 200},)),
    # Not regulated below 40 C: the target becomes 0, and the answer says so.
    Case("print", {"command": "set_ctt", "ctt_val": 35}, lambda m, _f: True if m in H2 else None if m == "X1E" else False,
         lambda _, f: chamber_target(f) == 0,
         reply=lambda a: a["errno"] == -4),
    Case("print", {"command": "set_ctt", "ctt_val": 0}, on(*HEATED), lambda _, f: chamber_target(f) == 0),
    Case("print", line("M141 S50\n"), on(*HEATED),
         lambda _, f: chamber_target(f) == 50),
    Case("print", {"command": "set_against_continued_heating_mode", "enable": True}, fun(62),
         lambda _, f: bits(f, "cfg", 32, 2) != 0),
]

FANS = [
    Case("print", line("M106 P1 S255\n"), effect=lambda _, f: int(f["cooling_fan_speed"]) >= 14,
         beyond=({"param": "M106 P1 S999\n"}, {"param": "M106 P42 S9\n"})),
    Case("print", line("M107\n"), effect=lambda _, f: int(f["cooling_fan_speed"]) == 0),
    Case("print", {"command": "set_fan", "fan_index": 1, "speed": 50}, on("P2S", "X2D", *H2),
         lambda _, f: part(f, 1) == 50 if "airduct" in f.get("device", {}) else False,
         wrong=({"speed": 128}, {"speed": -1}, {"fan_index": 77}, {"speed": None})),
    Case("print", {"command": "set_fan", "fan_index": 1, "speed": 0}, on("P2S", "X2D", *H2),
         lambda _, f: part(f, 1) == 0 if "airduct" in f.get("device", {}) else False),
    Case("print", {"command": "set_airduct", "modeId": 1, "submode": -1}, on("P2S", "X2D", *H2),
         lambda _, f: f.get("device", {}).get("airduct", {}).get("modeCur") == 1,
         wrong=({"modeId": 99}, {"modeId": None})),
    Case("print", {"command": "set_airduct", "modeId": 0, "submode": 0}, on("P2S", "X2D", *H2),
         lambda _, f: f.get("device", {}).get("airduct", {}).get("modeCur") == 0),
    Case("print", {"command": "close_air_filt"}, unknown),
    Case("print", {"command": "buzzer_ctrl", "mode": 0},
         lambda m, _f: True if m in H2 else False if m in ("P1S", "A1 mini") else None),
]

MOTION = [
    Case("print", {"command": "back_to_center"}, fun(32), lambda _, f: bits(f, "home_flag", 0, 3) == 7),
    Case("print", line("G28\n"), effect=lambda _, f: bits(f, "home_flag", 0, 3) == 7),
    Case("print", {"command": "xyz_ctrl", "axis": "X", "dir": 1, "mode": 1}, fun(38),
         wrong=({"axis": "W"}, {"dir": 9}, {"axis": None})),
    Case("print", line("M211 S\nM211 X1 Y1 Z1\nM1002 push_ref_mode\nG91\nG1 X5 F3000\nM1002 pop_ref_mode\nM211 R\n")),
    Case("print", {"command": "select_extruder", "extruder_index": 1}, on(*DUAL),
         lambda _, f: f.get("device", {}).get("extruder", {}).get("state", 0) >> 4 & 15 == 1,
         wrong=({"extruder_index": 4}, {"extruder_index": None})),
    Case("print", {"command": "select_extruder", "extruder_index": 0}, on(*DUAL),
         lambda _, f: f.get("device", {}).get("extruder", {}).get("state", 0) >> 4 & 15 == 0),
    Case("print", {"command": "set_extrusion_length", "extruder_index": 0, "length": 10},
         lambda m, _f: m in DUAL),
]


@from_report("ams_filament_setting")
def _tray_setting(full):
    first = unit(full)
    known = next((t for t in first["tray"] if t.get("tray_type")), None) if first else None
    return known and {
        "command": "ams_filament_setting", "ams_id": int(first["id"]), "slot_id": int(known["id"]),
        "tray_id": int(known["id"]), "tray_info_idx": "GFG99", "setting_id": "GFSG99",
        "tray_color": "12AB34FF", "nozzle_temp_min": 220, "nozzle_temp_max": 260, "tray_type": "PETG"}


def _tray_is_set(_before, full):
    body = _tray_setting(full)
    shown = tray(full, body["ams_id"], body["slot_id"])
    return (shown["tray_type"], shown["tray_color"], shown["tray_info_idx"]) == ("PETG", "12AB34FF", "GFG99")


@from_report("ams_filament_setting")
def _external_setting(_full):
    return {"command": "ams_filament_setting", "ams_id": 255, "slot_id": 0, "tray_id": 254,
            "tray_info_idx": "GFL99", "setting_id": "GFSL99", "tray_color": "0A0B0CFF",
            "nozzle_temp_min": 190, "nozzle_temp_max": 240, "tray_type": "PLA", "cols": ["0A0B0CFF"], "ctype": 0}


@from_report("ams_get_rfid")
def _rfid(full):
    first = unit(full)
    return first and {"command": "ams_get_rfid", "ams_id": int(first["id"]), "slot_id": int(first["tray"][1]["id"])}


@from_report("ams_filament_drying")
def _drying(full):
    first = unit(full, 3, 4) or unit(full)
    return first and {"command": "ams_filament_drying", "ams_id": int(first["id"]), "mode": 1, "filament": "PLA",
                      "temp": 45, "duration": 4, "humidity": 0, "rotate_tray": False, "cooling_temp": 40,
                      "close_power_conflict": False}


@from_report("ams_filament_drying")
def _not_drying(full):
    body = _drying(full)
    return body and body | {"mode": 0, "filament": "", "temp": 0, "duration": 0, "cooling_temp": 0}


@from_report("ams_filament_drying")
def _scorching(full):
    body = _drying(full)
    return body and body | {"temp": 150}


def _dries(model, full):
    """Heaters are in AMS 2 Pro and AMS HT; told by bit 5 of `fun2` on the machines that send it."""
    if not unit(full, 3, 4):
        return False
    return True if bits(full, "fun2", 5) else None


AMS = [
    Case("print", _tray_setting, effect=_tray_is_set,
         reply=lambda a: "result" not in a or a["tray_color"] == "12AB34FF"),
    Case("print", _external_setting, effect=lambda _, f: external(f, "255" if f.get("vir_slot") else None)["tray_color"]
         == "0A0B0CFF"),
    Case("print", {"command": "ams_filament_setting", "ams_id": 77, "slot_id": 9, "tray_id": 9, "tray_info_idx": "",
                   "tray_color": "FFFFFFFF", "nozzle_temp_min": 0, "nozzle_temp_max": 0, "tray_type": ""},
         lambda *_: False),
    Case("print", {"command": "ams_user_setting", "ams_id": -1, "startup_read_option": True,
                   "tray_read_option": False, "calibrate_remain_flag": True},
         effect=lambda _, f: f["ams"]["power_on_flag"] is True and f["ams"]["insert_flag"] is False),
    Case("print", {"command": "ams_user_setting", "ams_id": -1, "startup_read_option": False,
                   "tray_read_option": True, "calibrate_remain_flag": False},
         effect=lambda _, f: f["ams"]["power_on_flag"] is False and f["ams"]["insert_flag"] is True),
    Case("print", _rfid, lambda m, _f: True if m in ("P2S", "H2D", "H2C", "A1 mini") else None),
    Case("print", {"command": "ams_control", "param": "abort"}, unknown, wrong=({"param": "dance"}, {"param": None})),
    Case("print", {"command": "ams_reset"}, unknown),
    Case("print", _drying, _dries, lambda b, f: any(u.get("dry_time", 0) > 0 for u in f["ams"]["ams"])),
    Case("print", _not_drying, _dries, lambda b, f: all(u.get("dry_time", 0) == 0 for u in f["ams"]["ams"])),
    Case("print", _scorching, lambda *_: False),
    Case("print", {"command": "auto_stop_ams_dry"}, unknown),
    Case("print", {"command": "manual_ams_bind", "bind_list": [{"ams_f_bind": 0, "ams_s_bind": 0, "extruder": 1}]},
         lambda m, _f: None if m in DUAL else False),
]

NOZZLE = {"nozzle_diameter": "0.4"}
PROFILE = {"tray_id": 1, "extruder_id": 0, "nozzle_id": "HS00-0.4", "nozzle_diameter": "0.4", "ams_id": 0,
           "slot_id": 1, "filament_id": "GFA00", "setting_id": "GFSA00", "name": "judged", "k_value": "0.042",
           "n_coef": "0.0"}
WIZARD = {"tray_id": 1, "extruder_id": 0, "bed_temp": 60, "filament_id": "GFA00", "setting_id": "GFSA00",
          "nozzle_temp": 220, "ams_id": 0, "slot_id": 1, "nozzle_id": "HS00-0.4", "nozzle_diameter": "0.4",
          "max_volumetric_speed": "15"}
FLOW = {"tray_id": 0, "bed_temp": 60, "filament_id": "GFA00", "setting_id": "GFSA00", "nozzle_temp": 220,
        "def_flow_ratio": "0.98", "max_volumetric_speed": "12.0", "extruder_id": 0, "ams_id": 0, "slot_id": 0}

PRESSURE = [
    # An empty table is answered with a failure that says so.
    Case("print", {"command": "extrusion_cali_get", "filament_id": "GFZ77", "extruder_id": 0,
                   "nozzle_id": "HS00-0.4"} | NOZZLE, lambda *_: False),
    Case("print", {"command": "extrusion_cali_get_result"} | NOZZLE, lambda *_: False),
    Case("print", {"command": "extrusion_cali_set", "filaments": [PROFILE]} | NOZZLE, unknown),
    Case("print", {"command": "extrusion_cali_set", "tray_id": 1, "k_value": 0.04, "n_coef": 1.4, "bed_temp": 60,
                   "nozzle_temp": 220, "max_volumetric_speed": 15.0}, unknown),
    Case("print", {"command": "extrusion_cali_sel", "tray_id": 1, "ams_id": 0, "slot_id": 1, "cali_idx": -1,
                   "filament_id": "GFA00"} | NOZZLE, unknown),
    Case("print", {"command": "extrusion_cali_del", "extruder_id": 0, "nozzle_id": "HS00-0.4",
                   "filament_id": "GFZ77", "cali_idx": 99} | NOZZLE, unknown),
    Case("print", {"command": "extrusion_cali", "mode": 0, "filaments": [WIZARD], "nozzle_diameter": "7.7"},
         lambda *_: False),
    Case("print", {"command": "flowrate_get_result"} | NOZZLE, lambda m, _f: False if m == "P2S" else None),
]

RACK = [
    Case("print", {"command": "refresh_nozzle"}, lambda m, _f: True if m == "H2C" else None),
    Case("print", {"command": "nozzle_holder_ctrl", "action": 1}, fun(60),
         lambda _, f: (f.get("device", {}).get("holder") or {}).get("pos") == 1, wrong=({"action": 9},)),
    Case("print", {"command": "nozzle_holder_ctrl", "action": 0}, fun(60)),
    Case("print", {"command": "nozzle_info_confirm", "id": 255}, fun(60)),
    Case("print", {"command": "holder_nozzle_refresh", "id": 255}, fun(60)),
    Case("print", {"command": "get_auto_nozzle_mapping", "group_info": [
        {"id": 0, "ext": 1, "dia": 0.4, "vol": "Standard"}], "version": 1}, fun(60),
         reply=lambda a: isinstance(a["mapping"], list)),
]


def ipcam(key, value):
    """Whether a camera setting has a value, where it is reported."""
    return lambda _, f: f["ipcam"].get(key) in (value, None)


CAMERA = [
    Case("camera", {"command": "ipcam_record_set", "control": "disable"}, effect=ipcam("ipcam_record", "disable"),
         wrong=({"control": "maybe"}, {"control": None}, {"control": True})),
    Case("camera", {"command": "ipcam_record_set", "control": "enable"}, effect=ipcam("ipcam_record", "enable")),
    Case("camera", {"command": "ipcam_timelapse", "control": "enable"}, effect=ipcam("timelapse", "enable"),
         wrong=({"control": "maybe"},)),
    Case("camera", {"command": "ipcam_timelapse", "control": "disable"}, effect=ipcam("timelapse", "disable")),
    Case("camera", {"command": "ipcam_resolution_set", "resolution": "720p"}, effect=ipcam("resolution", "720p"),
         wrong=({"resolution": "9000p"}, {"resolution": None})),
    Case("camera", {"command": "ipcam_cap_pic_set", "control": "enable"}, unknown, effect=None),
    Case("camera", {"command": "ipcam_get_media_info", "sub_command": "is_timelapse_storage_enough",
                    "storage": "internal", "total_layer": 50}, lambda m, _f: True if m == "P2S" else None,
         reply=lambda a: a["result"] == 0 and a["is_enough"] in (True, False) and isinstance(a["file_count"], int)),
    Case("camera", {"command": "ipcam_delete_oldest_timelapse", "storage": "sdcard", "total_layer": 500}, unknown),
]


def detector(name, enable):
    """`xcam_control_set` as the slicer sends it."""
    return {"command": "xcam_control_set", "module_name": name, "control": enable, "enable": enable,
            "print_halt": True}


def looks(name, value):
    """Whether a detector is set, on the models whose report has it."""
    return {"obeys": lambda _m, f: True if name in f.get("xcam", {}) else None,
            "effect": lambda _, f: f.get("xcam", {}).get(name) == value}


XCAM = [Case("xcam", detector(name, value), **looks(name, value))
        for name in ("buildplate_marker_detector", "first_layer_inspector", "printing_monitor", "spaghetti_detector")
        for value in (False, True)] + [
    Case("xcam", detector("printing_monitor", True) | {"halt_print_sensitivity": "high"},
         lambda _m, f: True if "halt_print_sensitivity" in f.get("xcam", {}) else None,
         lambda _, f: f.get("xcam", {}).get("halt_print_sensitivity") == "high"),
    Case("xcam", detector("clump_detector", False), lambda _m, f: True if "cfg" in f.get("xcam", {}) else None,
         lambda _, f: f.get("xcam", {}).get("cfg", 0) >> 13 & 1 == 0),
    Case("xcam", detector("coffee_detector", True), lambda *_: False),
    Case("xcam", {"command": "xcam_control_set"}, lambda *_: False),
]

UPGRADE = [
    Case("upgrade", {"command": "upgrade_confirm", "src_id": 1}, unknown),
    Case("upgrade", {"command": "consistency_confirm", "src_id": 1}, unknown),
    Case("upgrade", {"command": "upgrade_history", "src_id": 2, "firmware_optional": {"firmware": {
        "version": "99.99.99.99", "url": "", "force_update": False, "description": ""}}}, lambda *_: False),
    Case("upgrade", {"command": "wtm_upgrade", "module": "wtm_all", "src_id": 1},
         lambda m, _f: None if m == "H2C" else False),
    Case("upgrade", {"command": "mc_for_ams_firmware_upgrade", "src_id": 1, "id": 77}, lambda *_: False),
]

def within_limits(model, full):
    """Whether no target is beyond what the model bears."""
    nozzles = [full["nozzle_target_temper"]]
    nozzles += [e["temp"] >> 16 for e in full.get("device", {}).get("extruder", {}).get("info", [])]
    return (all(0 <= t <= NOZZLE_MAX.get(model, 300) for t in nozzles)
            and 0 <= full["bed_target_temper"] <= BED_MAX.get(model, 120)
            and 0 <= (chamber_target(full) or 0) <= CHAMBER_MAX.get(model, 0)
            and 0 <= int(full["cooling_fan_speed"]) <= 15)


#: Names that no firmware has, and sections that no printer reads.
NONSENSE = [Case("print", {"command": name, "param": "77"}, lambda *_: False)
            for name in ("set_chamber_temp", "set_fan_speed", "no_such_command")] + [
    Case("system", {"command": "no_such_command"}, lambda *_: False),
    Case("camera", {"command": "no_such_command"}, lambda *_: False),
    Case("xcam", {"command": "no_such_command"}, lambda *_: False),
    Case("upgrade", {"command": "no_such_command"}, lambda *_: False),
    Case("no_such_section", {"command": "pause"}, lambda *_: False),
]

#: Asked of an idle printer, in this order.
IDLE = [*ASKING, *SWITCHES, *OPTIONS, *HEAT, *FANS, *MOTION, *AMS, *PRESSURE, *RACK, *CAMERA, *XCAM, *UPGRADE,
        *NONSENSE]

#: What needs a job: refused without one.
JOB_ONLY = [Case("print", {"command": name, "param": ""}, lambda *_: False) for name in ("pause", "resume", "stop")] + [
    Case("print", {"command": "skip_objects", "obj_list": [1]}, lambda *_: False),
    Case("print", {"command": "ignore", "err": "50364433", "param": "reserve", "job_id": "0"}, lambda *_: False),
]


def state(*words):
    """Whether the job is in a state, or in one of several."""
    return lambda _, f: f["gcode_state"] in words


def busy(_model, full):
    """Obeyed inside a job."""
    return full["gcode_state"] in ("PREPARE", "SLICING", "RUNNING", "PAUSE")


def project(**change):
    """`project_file` as it works on the LAN; None takes a field away."""
    body = {"command": "project_file", "param": "Metadata/plate_1.gcode", "project_id": "0", "profile_id": "0",
            "task_id": "20111", "subtask_id": "20112", "subtask_name": "cube", "file": "cube.gcode.3mf",
            "url": "ftp:///cube.gcode.3mf", "md5": "", "bed_type": "auto", "timelapse": False, "bed_leveling": True,
            "auto_bed_leveling": 1, "flow_cali": False, "vibration_cali": True, "layer_inspect": False,
            "use_ams": True, "ams_mapping": [0], "ams_mapping2": [{"ams_id": 0, "slot_id": 0}], "cfg": "0",
            "extrude_cali_flag": 0, "nozzle_offset_cali": 0} | change
    return {k: v for k, v in body.items() if v is not None}


def absent(full):
    """The flat number of a tray that the printer does not have."""
    units = {int(u["id"]) for u in full["ams"]["ams"]}
    return next(number * 4 + 3 for number in range(4) if number not in units)


#: What ends what the case before it began, where it was obeyed; and takes the error away by its decimal number.
END = [
    Case("print", {"command": "stop", "param": "", "job_id": "0"}, busy, state("FAILED")),
    Case("print", {"command": "idle_ignore", "err": "50348044", "type": 0}, effect=lambda _, f: f["print_error"] == 0,
         wrong=({"type": 7}, {"type": None}, {"err": None})),
]

#: Said to an idle printer, which is busy with it: a second one is refused, and `stop` ends it.
BUSY = [
    Case("print", {"command": "calibration", "option": 6}, effect=state("RUNNING"),
         wrong=({"option": None}, {"option": "all"}, {"option": 0})),
    Case("print", {"command": "calibration", "option": 6}, lambda *_: False),
    Case("print", {"command": "idle_ignore", "err": "50348044", "type": 7}, lambda *_: False),
    *END,
    Case("print", {"command": "extrusion_cali", "mode": 0, "filaments": [WIZARD]} | NOZZLE,
         lambda _m, f: f.get("cali_version", -1) >= 0, state("RUNNING"),
         wrong=({"filaments": []}, {"mode": 7}, {"nozzle_diameter": "7.7"})),
    Case("print", {"command": "extrusion_cali", "mode": 0, "filaments": [WIZARD]} | NOZZLE, lambda *_: False),
    *END,
    # The form of machines without a table.
    Case("print", {"command": "extrusion_cali", "tray_id": 1, "nozzle_temp": 220, "bed_temp": 60,
                   "max_volumetric_speed": 15}, lambda _m, f: None if f.get("cali_version", -1) >= 0 else True,
         state("RUNNING"), wrong=({"tray_id": None}, {"nozzle_temp": "hot"})),
    Case("print", {"command": "stop", "param": ""}, busy, state("FAILED")),
    Case("print", {"command": "flowrate_cali", "tray_id": 0, "filaments": [FLOW]} | NOZZLE, effect=state("RUNNING"),
         wrong=({"filaments": None}, {"filaments": []}, {"nozzle_diameter": "7.7"})),
    Case("print", {"command": "flowrate_cali", "tray_id": 0, "filaments": [FLOW]} | NOZZLE, lambda *_: False),
    *END,
    # An A1 mini refused it, once.
    Case("print", {"command": "gcode_file", "param": "/sdcard/cube.gcode"}, lambda m, _f: None if m == "A1 mini" else True,
         state("PREPARE", "RUNNING"), wrong=({"param": None}, {"param": ""}, {"param": "/cube.png"})),
    Case("print", {"command": "stop", "param": ""}, busy, state("FAILED")),
]


@from_report("project_file")
def _unmapped(full):
    return project(ams_mapping=[absent(full)], ams_mapping2=None)


@from_report("ams_change_filament")
def _load(full):
    first = unit(full)
    slot = next(int(t["id"]) for t in first["tray"] if t.get("tray_type") and int(t["id"]) > 0)
    return {"command": "ams_change_filament", "curr_temp": 220, "tar_temp": 220, "ams_id": int(first["id"]),
            "slot_id": slot, "target": int(first["id"]) * 4 + slot}


def loaded(full):
    """Whether filament is in an extruder, and no change of it goes on."""
    extruders = full.get("device", {}).get("extruder", {}).get("info", [])
    now = [e["snow"] for e in extruders] if extruders else [int(full["ams"]["tray_now"])]
    return any(tray not in (255, 0xFFFF, 0xFEFF) for tray in now)


#: What takes its time, said to idle printers whose time goes fast: its end is waited for.
LASTING = [
    Case("print", {"command": "extrusion_cali", "mode": 0, "filaments": [WIZARD]} | NOZZLE, effect=state("FINISH")),
    Case("print", {"command": "extrusion_cali_get_result"} | NOZZLE,
         reply=lambda a: a["filaments"][0]["filament_id"] == "GFA00" and a["filaments"][0]["confidence"] in (0, 1)
         and a["filaments"][0]["n_coef"]),
    Case("print", {"command": "flowrate_cali", "tray_id": 0, "filaments": [FLOW]} | NOZZLE, effect=state("FINISH")),
    # A P2S was seen to stay silent.
    Case("print", {"command": "flowrate_get_result"} | NOZZLE, lambda m, _f: None if m == "P2S" else True,
         reply=lambda a: float(a["filaments"][0]["flow_ratio"]) > 0.5 and a["filaments"][0]["filament_id"] == "GFA00"),
    Case("print", {"command": "calibration", "option": 6}, effect=state("FINISH")),
    Case("print", {"command": "unload_filament"}, lambda *_: False),
    Case("print", _load, effect=lambda _, f: loaded(f)),
    # Newer machines have `ams_change_filament` for it alone.
    Case("print", {"command": "unload_filament"}, lambda m, f: False if m in ("P2S", *H2) else None if "fun" in f else True,
         effect=lambda _, f: not loaded(f)),
    # A job that waits for a person: its cause persists, until it is told to ignore it.
    Case("print", _unmapped, effect=lambda _, f: (f["gcode_state"], f["print_error"]) == ("PAUSE", 0x07008012)),
    Case("print", {"command": "ignore", "err": "07008012", "param": "reserve", "job_id": "0"}, unknown),
    Case("print", {"command": "resume", "param": ""},
         effect=lambda _, f: (f["gcode_state"], f["print_error"]) == ("PAUSE", 0x07008012)),
    Case("print", {"command": "ignore", "err": "117473298", "param": "reserve", "job_id": "0"},
         effect=lambda _, f: f["gcode_state"] in ("PREPARE", "RUNNING", "FINISH") and f["print_error"] == 0),
    Case("print", {"command": "stop", "param": ""}, busy, state("FAILED")),
]


#: Said to a printer inside a job, in this order.
PRINTING = [
    Case("print", {"command": "print_speed", "param": "3"}, effect=lambda _, f: (f["spd_lvl"], f["spd_mag"]) == (3, 124),
         wrong=({"param": "0"}, {"param": "5"}, {"param": "sport"}, {"param": ""}, {"param": None})),
    Case("print", {"command": "print_speed", "param": "2"}, effect=lambda _, f: (f["spd_lvl"], f["spd_mag"]) == (2, 100)),
    Case("print", {"command": "resume", "param": ""}, lambda *_: False),
    Case("print", {"command": "pause", "param": ""}, effect=state("PAUSE")),
    Case("print", {"command": "pause", "param": ""}, lambda *_: False),
    Case("print", {"command": "idle_ignore", "err": "50364433", "type": 0}, lambda *_: False),
    Case("print", {"command": "resume"}, effect=state("RUNNING")),
    Case("print", {"command": "skip_objects"}, lambda *_: False),
    Case("print", {"command": "skip_objects", "obj_list": "1"}, lambda *_: False),
    Case("print", {"command": "calibration", "option": 6}, lambda *_: False),
    Case("print", {"command": "pause"}, effect=state("PAUSE")),
    Case("print", {"command": "resume", "param": "reserve", "job_id": "1", "err": "0300400C"}, unknown),
    Case("print", {"command": "resume", "param": ""}, unknown, effect=state("RUNNING")),
    Case("print", {"command": "stop", "param": ""}, effect=state("FAILED")),
    Case("print", {"command": "stop", "param": ""}, lambda *_: False),
    Case("print", {"command": "clean_print_error", "subtask_id": "0", "print_error": 0x0300400C},
         effect=lambda _, f: f["print_error"] == 0),
]
