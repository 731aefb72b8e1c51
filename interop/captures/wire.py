"""The reference's rules for single values on the wire, for the readings beside this file.

Nothing here knows our code. A rule that leaves two readings open is written `either(a, b)`.
"""

import ipaddress

NO_TAG = "0" * 16
NO_SPOOL = "0" * 32
NO_COLOUR = "00000000"


class either(tuple):
    """Two or more values that the reference allows for the same field."""

    def __new__(cls, *values):
        return super().__new__(cls, values)

    def __deepcopy__(self, _memo):
        return self


def number(value):
    """A number that may come as a decimal string; None where the key is missing or empty."""
    if value is None or value == "":
        return None
    return float(value) if "." in str(value) else int(value)


def word(text):
    """A text in which the empty string means that nothing is known."""
    return text or None


def bit(value, n):
    """Bit n of a hex string or of an integer that may be printed as negative."""
    value = int(value, 16) if isinstance(value, str) else value & 0xFFFFFFFF
    return bool(value >> n & 1)


def bits(value, low, width):
    """A field of bits of a hex string or integer."""
    value = int(value, 16) if isinstance(value, str) else value & 0xFFFFFFFF
    return value >> low & (1 << width) - 1


def packed(value):
    """(current, target): low 16 bits measured, high 16 bits wanted."""
    return value & 0xFFFF, value >> 16 & 0xFFFF


def fan_gear(value, byte):
    """Percent of one byte of `fan_gear`, to the nearest 10."""
    return round((value >> 8 * byte & 0xFF) / 255 * 10) * 10


def fan_step(text):
    """Percent of a 0 to 15 string, to the nearest 10."""
    return round(int(text) / 15 * 10) * 10


def ipv4(value):
    """Address of a little-endian u32; None for 0, an interface that is down."""
    return str(ipaddress.ip_address(value.to_bytes(4, "little"))) if value else None


def dbm(text):
    """-45 of `-45dBm`; None where the capture was redacted."""
    return int(text[:-3]) if text.endswith("dBm") else None


def on(text):
    """`enable` / `disable`."""
    return {"enable": True, "disable": False}[text]


def light(print_, node):
    """Mode of a light; `work_light` that flashes for ever means nothing."""
    mode = next((l["mode"] for l in print_["lights_report"] if l["node"] == node), None)
    return None if node == "work_light" and mode == "flashing" else mode


def module(capture, name):
    """A module of get_version."""
    modules = capture["get_version"]["info"]["module"]
    return next(m for m in modules if m["name"] == name)


def slot_bit(unit, slot):
    """Number of the bit in `tray_exist_bits`: unit*4+slot, one bit each from 16 for AMS HT."""
    return 16 + unit - 128 if unit >= 128 else unit * 4 + slot


def active_flat(tray_now):
    """`tray_now` of a machine with one nozzle and no `device.extruder`."""
    now = int(tray_now)
    if now == 255:
        return None
    if now == 254:
        return {"unit": 254, "tray": 0}
    return {"unit": now, "tray": 0} if now >= 128 else {"unit": now // 4, "tray": now % 4}


def active_snow(snow):
    """`snow` of an extruder: unit in the high byte, slot in the low one."""
    if snow in (65535, 65279):
        return None
    if snow == 65280:
        return {"unit": 255, "tray": 0}
    if snow == 65024:
        return {"unit": 254, "tray": 0}
    return {"unit": snow >> 8, "tray": snow & 0xFF}


def tray(path, tray_, loaded):
    """What a slot of a filament unit says; a slot whose exist bit is cleared is empty."""
    want = {f"{path}.loaded": loaded}
    if not loaded:
        for key in ("material", "color", "filament_id", "tag_uid", "spool_uuid", "remain_percent"):
            want[f"{path}.{key}"] = None
        return want
    remain = tray_["remain"]
    want |= {
        f"{path}.material": word(tray_["tray_type"]),
        f"{path}.brand": word(tray_["tray_sub_brands"]),
        f"{path}.color": None if tray_["tray_color"] == NO_COLOUR else tray_["tray_color"],
        f"{path}.colors": tray_["cols"],
        f"{path}.filament_id": word(tray_["tray_info_idx"]),
        f"{path}.remain_percent": None if remain < 0 else remain,
        f"{path}.nozzle_temperature_min": int(tray_["nozzle_temp_min"]),
        f"{path}.nozzle_temperature_max": int(tray_["nozzle_temp_max"]),
        f"{path}.weight_grams": int(tray_["tray_weight"]) or None,
        f"{path}.diameter_mm": float(tray_["tray_diameter"]) or None,
        f"{path}.tag_uid": None if tray_["tag_uid"] == NO_TAG else tray_["tag_uid"],
        f"{path}.spool_uuid": None if tray_["tray_uuid"] == NO_SPOOL else tray_["tray_uuid"],
        f"{path}.k": tray_.get("k"),
        f"{path}.calibration_index": None if tray_["cali_idx"] == -1 else tray_["cali_idx"],
        f"{path}.state": tray_.get("state"),
    }
    return want


def trays(unit_path, unit, exist_bits):
    """All slots of a unit."""
    want = {f"{unit_path}.trays": len(unit["tray"])}
    for t in unit["tray"]:
        loaded = bit(exist_bits, slot_bit(int(unit["id"]), int(t["id"])))
        want |= tray(f"{unit_path}.trays[id={t['id']}]", t, loaded)
    return want


def external(path, spool):
    """An external spool holder."""
    return {
        f"{path}.material": word(spool["tray_type"]),
        f"{path}.brand": word(spool["tray_sub_brands"]),
        f"{path}.color": None if spool["tray_color"] == NO_COLOUR else spool["tray_color"],
        f"{path}.filament_id": word(spool["tray_info_idx"]),
        f"{path}.nozzle_temperature_min": int(spool["nozzle_temp_min"]) or either(None, 0),
        f"{path}.nozzle_temperature_max": int(spool["nozzle_temp_max"]) or either(None, 0),
        f"{path}.k": spool.get("k"),
    }


def job(print_):
    """The job fields that every machine sends; the empty string stays what was reported."""
    kinds = {"idle": "idle", "cloud": "cloud", "local": "local", "system": "system"}
    return {
        "job.name": print_["subtask_name"],
        "job.file": print_["gcode_file"],
        "job.progress_percent": number(print_["mc_percent"]),
        "job.prepare_percent": number(print_["gcode_file_prepare_percent"]),
        "job.remaining_minutes": number(print_["mc_remaining_time"]),
        "job.layer": print_["layer_num"],
        "job.total_layers": print_["total_layer_num"],
        "job.kind": kinds.get(print_["print_type"]),
        "job.task_id": print_["task_id"],
        "job.subtask_id": print_["subtask_id"],
        "job.project_id": print_["project_id"],
        "job.profile_id": print_["profile_id"],
        "job.skipped_objects": print_["s_obj"],
        "job.stages": print_["stg"],
    }


def state(print_):
    """`gcode_state` in the words of the status document."""
    return {
        "IDLE": "idle", "INIT": "idle", "PREPARE": "preparing", "SLICING": "slicing",
        "RUNNING": "running", "PAUSE": "paused", "FINISH": "finished", "FAILED": "failed",
        "OFFLINE": "offline",
    }[print_["gcode_state"].upper()]


def upgrade(print_):
    """The firmware upgrade."""
    up = print_["upgrade_state"]
    offered = {1: True, 2: False}.get(up["new_version_state"], either(None, False))
    return {
        "upgrade.state": up["status"].lower(),
        "upgrade.progress_percent": number(up["progress"]),
        "upgrade.available": offered,
        "upgrade.forced": up["force_upgrade"],
        "upgrade.new_version": word(up.get("ota_new_version_number")),
        "upgrade.modules": up.get("new_ver_list", []),
    }


def modules(capture):
    """Every module of get_version."""
    want = {"modules": len(capture["get_version"]["info"]["module"])}
    for m in capture["get_version"]["info"]["module"]:
        path = f"modules[name={m['name']}]"
        want |= {f"{path}.firmware": m["sw_ver"], f"{path}.hardware": m["hw_ver"]}
        if m.get("product_name"):
            want[f"{path}.product"] = m["product_name"]
    return want


def no_message(print_):
    """`print_error` 0 and an empty `hms`: nothing is wrong."""
    assert print_["print_error"] == 0 and print_["hms"] == [], "reading written for a healthy one"
    return {"error": None, "hms": []}
