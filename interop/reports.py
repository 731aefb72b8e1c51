"""What a P1S tells, written by hand: for judges that need no capture."""

TRAY = {
    "id": "0", "state": 3, "tray_type": "PETG", "tray_sub_brands": "PETG Basic",
    "tray_color": "FF0000FF", "cols": ["FF0000FF"], "tray_info_idx": "GFG00", "remain": 85,
    "tag_uid": "CAFE10B500000100", "tray_uuid": "518B5E764415402695728F836BEAA8D9",
    "nozzle_temp_min": "220", "nozzle_temp_max": "270", "tray_weight": "1000",
    "tray_diameter": "1.75", "cali_idx": -1, "k": 0.02, "n": 1,
}


def full():
    """A full report of a P1S with one AMS that prints."""
    trays = [TRAY | {"id": str(i)} for i in range(3)] + [{"id": "3"}]
    return {"print": {
        "command": "push_status", "msg": 0, "sequence_id": "7",
        "gcode_state": "RUNNING", "mc_percent": 45, "mc_remaining_time": 61,
        "layer_num": 125, "total_layer_num": 250, "subtask_name": "cube",
        "gcode_file": "/data/Metadata/plate_3.gcode", "print_type": "cloud", "stg_cur": 0,
        "spd_lvl": 3, "spd_mag": 124, "home_flag": -1067070064,
        "nozzle_temper": 219.6, "nozzle_target_temper": 220, "bed_temper": 60.1,
        "bed_target_temper": 60, "chamber_temper": 5, "nozzle_diameter": "0.4",
        "nozzle_type": "hardened_steel", "cooling_fan_speed": "15", "fan_gear": 255,
        "heatbreak_fan_speed": "7", "wifi_signal": "-45dBm", "sdcard": True, "print_error": 0,
        "hms": [], "lights_report": [{"node": "chamber_light", "mode": "on"}],
        "ams": {"ams": [{"id": "0", "humidity": "4", "humidity_raw": "28", "temp": "25.5",
                         "dry_time": 0, "info": "1001", "tray": trays}],
                "ams_exist_bits": "1", "tray_exist_bits": "7", "tray_now": "1", "version": 4},
        "vt_tray": TRAY | {"id": "254", "tray_color": "FFFF00FF", "remain": 0},
    }}


def delta(**fields):
    """A delta of the `print` section."""
    return {"print": {"command": "push_status", "msg": 1} | fields}


def version(firmware="01.08.02.00"):
    """Its answer to `get_version`, as far as it is read."""
    return {"info": {"command": "get_version", "module": [
        {"name": "ota", "sw_ver": firmware, "hw_ver": "OTA", "product_name": "Bambu Lab P1S"}]}}
