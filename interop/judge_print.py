#!/usr/bin/env python3
"""Judges printing over the local network: `bambu print FILE --printer …` uploads, maps and starts, paho sees
the project_file on the wire, `bambu monitor` its layers; refusals; ten printers, one dead and one slow.

usage: judge_print.py BAMBU
"""

import hashlib
import io
import json
import subprocess
import sys
import time
import zipfile

import paho_link
from judge import Judge, wait_for
from ours import Ours, json_of
from world import World, free_port

PLATE = """<plate><metadata key="index" value="{index}"/><metadata key="prediction" value="600"/>
<metadata key="printer_model_id" value="{model}"/><metadata key="weight" value="3.50"/>
<metadata key="nozzle_diameters" value="{nozzle}"/>
<filament id="1" tray_info_idx="GFA00" type="{material}" color="{color}" used_m="1.20" used_g="3.50"/></plate>
"""
GCODE = """; HEADER_BLOCK_START
; total layer number: {layers}
; HEADER_BLOCK_END
G28
{moves}
"""


def cube(model="N1", material="PLA", color="#FFFFFF", nozzle="0.4", plates=(1,), layers=24, padding=0):
    """A sliced 3MF as a slicer exports it."""
    memory = io.BytesIO()
    with zipfile.ZipFile(memory, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr("3D/3dmodel.model", "<model/>")
        blocks = "".join(PLATE.format(index=p, model=model, material=material, color=color, nozzle=nozzle) for p in plates)
        archive.writestr("Metadata/slice_info.config", f"<config>{blocks}</config>")
        for plate in plates:
            moves = "\n".join(f"M73 P{100 * n // layers} L{n}\nG1 X{n} Y{n} E.1" for n in range(1, layers + 1))
            gcode = GCODE.format(layers=layers, moves=moves)
            archive.writestr(f"Metadata/plate_{plate}.gcode", gcode)
            archive.writestr(f"Metadata/plate_{plate}.gcode.md5", hashlib.md5(gcode.encode()).hexdigest().upper())
        if padding:
            archive.writestr(zipfile.ZipInfo("Auxiliaries/noise.bin"), bytes(padding))
    return memory.getvalue()


def user(binary, world, **changes):
    """One who knows the printers of a world from the config file; `changes`: by serial number."""
    ours = Ours.of(binary, world)
    lines = []
    for printer in world.printers:
        entry = printer | changes.get(printer["serial"], {})
        lines += ["[[printer]]", 'host = "127.0.0.1"']
        lines += [f"{key} = {json.dumps(entry[key])}" for key in ("serial", "name", "mqtt_port", "ftps_port", "access_code")]
    config = ours.home / "bambu.toml"
    config.write_text("\n".join(lines) + "\n")
    config.chmod(0o600)
    for name, data in (("cube.gcode.3mf", cube()), ("p1.gcode.3mf", cube("C12")), ("pps.gcode.3mf", cube(material="PPS-CF")),
                       ("two.gcode.3mf", cube(plates=(1, 2))), ("fine.gcode.3mf", cube(nozzle="0.2"))):
        (ours.home / name).write_bytes(data)
    return ours


def journey(judge, binary):
    """A cube on an A1 mini, from the file to its layers."""
    with World(binary, "--models", "A1 mini", "--printers", "1", "--speed", "30") as world:
        printer, ours = world.printers[0], user(binary, world)
        file = ours.home / "block.gcode.3mf"
        file.write_bytes(cube())
        code, out, err = ours("print", file, "--printer", printer["name"], "--dry-run", "--json")
        plan = (json_of(out) or {}).get("plan") or {}
        judge.equal((code, plan.get("uploads")), (0, True), f"dry run: {err}")
        code, out, err = ours("files", "ls", printer["name"], "--json")
        judge.check(code == 0 and "block" not in out, "a dry run stores nothing", (out, err))
        with paho_link.lan(world, printer) as link:
            link.subscribe(f"device/{printer['serial']}/report")
            monitor = subprocess.Popen([ours.binary, "monitor", printer["name"], "--json", "--timeout", "50"], env=ours.env,
                                       stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
            code, out, err = ours("print", file, "--printer", printer["name"], "--json")
            told = json_of(out) or {}
            job = told.get("job") or {}
            judge.equal((code, told.get("outcome"), job.get("shown")), (0, "printing", True), f"it prints: {err}")
            judge.equal(job.get("size"), file.stat().st_size, "the size that the printer counts")
            judge.equal(job.get("md5"), hashlib.md5(file.read_bytes()).hexdigest().upper(), "the MD5 of what was sent")
            # A printer repeats what it was asked in its acknowledgement.
            wire = link.seen(lambda p: (p.get("print") or {}).get("command") == "project_file") or {}
            wire = wire.get("print") or {}
            judge.check(wire, "the request arrived")
            for key, want in (("url", "ftp://block.gcode.3mf"), ("param", "Metadata/plate_1.gcode"), ("md5", ""),
                              ("subtask_name", "block"), ("bed_leveling", True), ("use_ams", True)):
                if key in wire:
                    judge.equal(wire[key], want, f"on the wire: {key}")
            full = link.full(printer["serial"], lambda p: p.get("gcode_state") in ("RUNNING", "FINISH"))
            judge.equal((full or {}).get("subtask_name"), "block", "the report names the job")
            number = str((full or {}).get("subtask_id", ""))
            judge.check(number == job.get("job_id") and 0 < int(number or 0) < 2**31, "its id is fresh and below 2^31", number)
            layers = set()
            end = time.monotonic() + 45
            for line in monitor.stdout:
                status = json_of(line) or {}
                status = status.get("status", status)
                layers.add((status.get("job") or {}).get("layer"))
                if len([n for n in layers if n]) > 3 or time.monotonic() > end:
                    break
            monitor.kill()
            monitor.wait()
            judge.check(len([n for n in layers if n]) > 3, "the monitor shows its layers", layers)
            judge.equal((full or {}).get("total_layer_num"), 24, "as many layers as the file has")
        code, out, err = ours("print", file, "--printer", printer["name"])
        judge.check(code in (0, 3), "again while it prints", (code, err))
        code, out, _ = ours("files", "ls", printer["name"], "--json")
        sizes = {entry["name"]: entry["size"] for entry in json_of(out) or []}
        judge.equal(sizes.get("block.gcode.3mf"), file.stat().st_size, "it lies on the printer")


def refusals(judge, binary):
    """What does not print, and why, before anything moves."""
    with World(binary, "--models", "A1 mini,P1S", "--printers", "2") as world:
        printer, ours = world.printers[0], user(binary, world)
        name = printer["name"]
        cases = [
            ("wrong model", ["p1.gcode.3mf"], 3, "P1S"),
            ("wrong material", ["pps.gcode.3mf"], 3, "PPS-CF"),
            ("wrong nozzle", ["fine.gcode.3mf"], 3, "0.2"),
            ("no such plate", ["two.gcode.3mf", "--plate", "3"], 2, "plate 3"),
            ("no such tray", ["cube.gcode.3mf", "--ams-map", "D4"], 3, "D4"),
            ("no file", ["none.gcode.3mf"], 2, "cannot be read"),
            ("not on the printer", ["/none.gcode.3mf", "--stored"], 3, "no file"),
            ("a closed port", ["cube.gcode.3mf", "--ftps-port", str(free_port())], 5, "cannot be reached"),
            ("a wrong code", ["cube.gcode.3mf", "--access-code", "00000000"], 4, "access code"),
            ("a setting", ["cube.gcode.3mf", "--setting", "infill=20"], 2, "infill"),
        ]
        for what, (file, *more), want, words in cases:
            path = file if "--stored" in more else ours.home / file
            code, _, err = ours("print", path, "--printer", name, *more)
            judge.check(code == want and words in err and "next: " in err, what, (code, err))
        judge.check(world.switch(printer, "faults/storage-full") < 300, "switch storage-full")
        code, _, err = ours("print", ours.home / "cube.gcode.3mf", "--printer", name)
        judge.check(code == 3 and "full" in err, "full storage", (code, err))
        world.switch(printer, "faults/storage-full", "DELETE")
        world.switch(printer, "developer-mode/off")

        def refused():
            code, _, err = ours("print", ours.home / "cube.gcode.3mf", "--printer", name, "--wait", "5")
            return code in (3, 6) and "Developer Mode" in err

        judge.check(wait_for(refused, pause=1), "a dropped command is no success")
        world.switch(printer, "developer-mode/on")
        code, out, err = ours("query", "--status", name, "--json")
        judge.check('"idle"' in out, "the printer is idle after all this", (code, err, out[:300]))
        code, _, err = ours("print", ours.home / "fine.gcode.3mf", "--printer", name, "--force")
        judge.equal(code, 0, f"forced: {err}")
        code, _, err = ours("print", ours.home / "cube.gcode.3mf", "--printer", name)
        judge.check(code == 3 and "--force" in err, "busy", (code, err))


def fleet(judge, binary):
    """Ten printers: one is away, one is slow; eight print meanwhile."""
    with World(binary, "--models", "P1S,X1C", "--printers", "10", "--speed", "10") as world:
        dead, slow = world.printers[3], world.printers[5]
        ours = user(binary, world, **{dead["serial"]: {"mqtt_port": free_port(), "ftps_port": free_port()}})
        world.switch(slow, "faults/slow-job")
        file = ours.home / "p1.gcode.3mf"
        file.write_bytes(cube("C12", padding=1 << 20))
        process = subprocess.Popen([ours.binary, "print", str(file), "--all", "--json", "--wait", "25", "--at-a-time", "2"],
                                   env=ours.env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        order = [json.loads(line) for line in process.stdout]
        err = process.stderr.read()
        code = process.wait()
        outcomes = {told["serial"]: told["outcome"] for told in order}
        others = [p["serial"] for p in world.printers if p not in (dead, slow)]
        judge.equal([outcomes.get(serial) for serial in others], ["printing"] * 8, f"eight print: {err}")
        judge.equal(outcomes.get(dead["serial"]), "failed", "the dead one is told")
        judge.equal(code, 5, "the exit code is the dead one's")
        judge.equal(order[-1]["serial"], slow["serial"], "nobody waited for the slow one")


def main():
    judge, binary = Judge("print"), sys.argv[1]
    judge.each(lambda judge, part: part(judge, binary), (journey, refusals, fleet))
    judge.end()


if __name__ == "__main__":
    main()
