#!/usr/bin/env python3
"""Judges `bambu inspect`: what it tells of files made here by the reference, and that every kind of
malformed file ends with its own word, in bounded memory.

usage: judge_threemf.py BAMBU
"""

import binascii
import hashlib
import io
import json
import multiprocessing
import os
import pathlib
import pty
import random
import select
import struct
import subprocess
import sys
import tarfile
import tempfile
import zipfile
import zlib
from concurrent.futures import ProcessPoolExecutor
from xml.etree import ElementTree

import sliced
from judge import PATIENCE, Judge
from sliced import Filament, Plate, Project

#: Most memory that any file here may cost, in KiB: the program itself takes some 15 MiB.
MOST_MEMORY = 96 * 1024
GCODE = "Metadata/plate_1.gcode"


def measured(command):
    """(exit code, output, errors, peak memory in KiB). A child counts what its parent had when it began, so this
    runs in a process of its own, which holds none of the files."""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=err)
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0), err.seek(0)
        return child.returncode, out.read().decode(), err.read().decode(), usage.ru_maxrss


class Bench:
    """Runs inspect on bytes as a file of some name."""

    def __init__(self, binary, judge, folder, runner):
        self.binary, self.judge, self.folder, self.runner = binary, judge, pathlib.Path(folder), runner

    def inspect(self, data, *arguments, name="case.gcode.3mf"):
        """(exit code, output, errors, peak memory in KiB)."""
        path = self.folder / name
        if data is not None:
            path.write_bytes(data)
        return self.runner.submit(measured, [self.binary, "inspect", str(path), *map(str, arguments)]).result(PATIENCE)

    def document(self, data, *arguments):
        code, out, err, _ = self.inspect(data, "--json", *arguments)
        self.judge.equal((code, err), (0, ""), f"inspect --json {' '.join(arguments)} is content")
        return json.loads(out)


def rgba(color):
    return (color.lstrip("#").upper() + "FF")[:8]


def truth(bench):
    """What it tells is what was built."""
    for what, project in (("two colours", sliced.two_colours()), ("two nozzles", sliced.two_nozzles())):
        data, judge = project.bytes(), bench.judge
        told = bench.document(data, "--verify")
        judge.equal((told["sliced"], told["size_bytes"]), (True, len(data)), f"{what}: sliced, size")
        own = told["project"]
        judge.equal(own["application"], project.application, f"{what}: application")
        judge.equal(own["title"], project.title, f"{what}: title")
        judge.equal(own["printer_model"], project.printer, f"{what}: printer")
        judge.equal(own["nozzle_diameters_mm"], list(project.nozzles), f"{what}: nozzles")
        judge.equal(own["layer_height_mm"], project.layer_height, f"{what}: layer height")
        judge.equal([(f["index"], f["material"], f["color"], f["filament_id"]) for f in own["filaments"]],
                    [(at, f.material, rgba(f.color), f.id) for at, f in enumerate(project.filaments)],
                    f"{what}: filaments of the project")
        judge.equal(told["unsliced_plates"], list(project.unsliced), f"{what}: plates without G-code")
        judge.equal([p["index"] for p in told["plates"]], [p.index for p in project.plates], f"{what}: plates")
        for plate, seen in zip(project.plates, told["plates"]):
            name = f"{what}, plate {plate.index}"
            gcode = project.gcode(plate)
            md5 = hashlib.md5(gcode).hexdigest().upper()
            judge.equal(seen["name"], plate.name or None, f"{name}: name")
            judge.equal((seen["layers"], seen["seconds"]), (plate.layers, plate.seconds), f"{name}: layers, time")
            judge.equal(seen["weight_grams"], round(plate.grams, 2), f"{name}: weight")
            judge.equal((seen["gcode_md5"], seen["gcode_size"]), (md5, len(gcode)), f"{name}: G-code")
            judge.equal(told["verified"][str(plate.index)], {"equal": True, "md5": md5}, f"{name}: verified")
            judge.equal([(o["id"], o["name"]) for o in seen["objects"]], list(plate.objects), f"{name}: objects")
            judge.equal(seen["can_skip_objects"], len(plate.objects) > 1, f"{name}: skipping")
            judge.equal(seen["bed_type"], "textured_plate", f"{name}: bed")
            judge.equal((seen["one_by_one"], seen["supports"]), (plate.one_by_one, plate.support), f"{name}: ways")
            judge.equal([(w["message"], w["code"]) for w in seen["warnings"]], list(plate.warnings), f"{name}: warnings")
            judge.equal({t["kind"]: (t["width"], t["height"]) for t in seen["thumbnails"]},
                        {"plate": plate.picture, "small": (16, 16)}, f"{name}: pictures")
            extruders = [project.filaments[slot - 1].extruder for slot in plate.uses]
            # The slicer counts from the left, printers from the right.
            wires = [2 - e if len(project.nozzles) > 1 else 0 for e in extruders]
            judge.equal([(f["slot"], f["material"], f["color"], f["used_g"], f["extruder"]) for f in seen["filaments"]],
                        [(slot, project.filaments[slot - 1].material, rgba(project.filaments[slot - 1].color),
                          grams, wire) for (slot, grams), wire in zip(plate.uses.items(), wires)],
                        f"{name}: filaments")


#: A package whose tests hold files that Bambu Studio 02.05.00.66 sliced for a P1S; scripts/setup gets it.
PACKAGE = pathlib.Path(__file__).resolve().parent.parent / "target/tools/bambox-0.6.3.tar.gz"
REAL = {
    "tests/fixtures/reference.gcode.3mf": {"layers": 100, "seconds": 7745, "grams": 32.12, "slots": [1, 4],
                                           "objects": [89, 111], "warned": ["1000C001"]},
    "decoy_base.gcode.3mf": {"layers": 88, "seconds": 1958, "grams": 10.18, "slots": [3],
                             "objects": [208, 230], "warned": ["1000C001"]},
}


def real(bench):
    """Files of a real slicer: what Python's own reading of them gives, and what was seen in them."""
    judge = bench.judge
    if not judge.check(PACKAGE.exists(), "files of a real slicer are there", f"scripts/setup gets {PACKAGE}"):
        return
    with tarfile.open(PACKAGE) as package:
        files = {name: package.extractfile(f"bambox-0.6.3/{name}").read() for name in REAL}
    for name, data in files.items():
        want, told = REAL[name], bench.document(data, "--verify")
        plate, project = told["plates"][0], told["project"]
        judge.equal((plate["layers"], plate["seconds"], plate["weight_grams"]),
                    (want["layers"], want["seconds"], want["grams"]), f"{name}: layers, time, weight")
        judge.equal([o["id"] for o in plate["objects"]], want["objects"], f"{name}: objects")
        judge.equal([w["code"] for w in plate["warnings"]], want["warned"], f"{name}: warnings")
        judge.equal((plate["model"], plate["model_code"], project["application"]),
                    ("P1S", "C12", "BambuStudio-02.05.00.66"), f"{name}: model, application")
        judge.equal((plate["bed_type"], plate["can_skip_objects"]), ("textured_plate", True), f"{name}: bed, skipping")
        judge.equal({t["kind"] for t in plate["thumbnails"]}, {"plate", "small", "no_light", "top", "pick"},
                    f"{name}: pictures")
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            gcode, info = archive.read(GCODE), ElementTree.fromstring(archive.read(INFO))
            settings = json.loads(archive.read(SETTINGS))
        md5 = hashlib.md5(gcode).hexdigest().upper()
        judge.equal((told["verified"]["1"], plate["gcode_size"]), ({"equal": True, "md5": md5}, len(gcode)),
                    f"{name}: G-code")
        used = [(int(f.get("id")), f.get("tray_info_idx"), f.get("type"), rgba(f.get("color")), float(f.get("used_g")))
                for f in info.iter("filament")]
        judge.equal([(f["slot"], f["filament_id"], f["material"], f["color"], f["used_g"]) for f in plate["filaments"]],
                    used, f"{name}: filaments")
        judge.equal([f["slot"] for f in plate["filaments"]], want["slots"], f"{name}: slots")
        judge.equal([f["color"] for f in project["filaments"]], [rgba(c) for c in settings["filament_colour"]],
                    f"{name}: colours of the project")
        judge.equal(project["printer_preset"], settings["printer_settings_id"], f"{name}: preset")


def less(bench):
    """A file that says less is told as far as it goes; odd but right ones are read."""
    judge = bench.judge
    bare = sliced.archive((("3D/3dmodel.model", Project().model().encode()), (GCODE, Project().gcode(Plate()))))
    told = bench.document(bare, "--verify")["plates"][0]
    judge.equal((told["layers"], told["seconds"], told["weight_grams"]), (20, 600, 3.5), "from the header alone")
    judge.equal((told["gcode_md5"], told["filaments"], told["model"]), (None, [], None), "what nobody says is null")
    only = sliced.archive(((GCODE, b"G28\n"),))
    judge.equal(bench.document(only)["plates"][0]["layers"], None, "G-code without a header")
    for what, data in (
        ("stored, not deflated", Project().bytes(zipfile.ZIP_STORED)),
        ("a byte order mark", Project().bytes(more={
            "Metadata/slice_info.config": b"\xef\xbb\xbf" + Project().slice_info().encode(),
            "Metadata/project_settings.config": b"\xef\xbb\xbf" + json.dumps(Project().settings()).encode()})),
        ("64-bit sizes", zip64()),
        ("a comment at its end", commented()),
        ("unknown parts", Project().bytes(more={"Auxiliaries/a b/ü.txt": b"hello"})),
    ):
        judge.equal(bench.document(data)["plates"][0]["layers"], 20, f"read in spite of: {what}")
    lower = Project((Plate(md5=hashlib.md5(Project().gcode(Plate())).hexdigest()),)).bytes()
    judge.equal(bench.document(lower, "--verify")["verified"]["1"]["equal"], True, "an MD5 in lower case")


def zip64():
    """What streaming writers make: sizes of 64 bits in every local header."""
    with tempfile.TemporaryFile() as file:
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as made:
            for name, data in Project().parts():
                with made.open(zipfile.ZipInfo(name), "w", force_zip64=True) as part:
                    part.write(data)
        file.seek(0)
        return file.read()


def commented():
    data = Project().bytes()
    return data[:-2] + struct.pack("<H", 5) + b"hello"


def wrong(bench):
    """What is no sliced file says what to do instead."""
    whole = Project().bytes()
    for name, data, arguments, code, words in (
        ("cube.gcode", b"; HEADER_BLOCK_START\nG28\n", (), 2, ("G-code", ".gcode.3mf")),
        ("cube.stl", b"solid cube\n facet normal", (), 2, ("STL", "slice it first")),
        ("cube.step", b"ISO-10303-21;\n", (), 2, ("STEP", "slice it first")),
        ("page.3mf", b"<!DOCTYPE html><html></html>", (), 2, ("web page",)),
        ("empty.3mf", b"", (), 2, ("empty",)),
        ("plain.3mf", sliced.unsliced(), (), 1, ("nothing in it is sliced", "slice it first")),
        ("other.3mf", sliced.archive((("notes.txt", b"hello"),)), (), 2, ("neither a model nor G-code",)),
        ("plate.gcode.3mf", whole, ("--plate", "2"), 1, ("no sliced plate 2", "it has plate 1")),
        ("md5.gcode.3mf", Project((Plate(md5="0" * 32),)).bytes(), ("--verify",), 1, ("not what its MD5 says",)),
        ("none.3mf", None, (), 2, ("No such file", "check the path")),
    ):
        got, out, err, _ = bench.inspect(data, *arguments, name=name)
        bench.judge.equal(got, code, f"{name}: exit code")
        bench.judge.check(all(word in err for word in words), f"{name}: says {words}", err)
    bench.judge.check("next:" in err, "the last one has a next step", err)
    code, out, _, _ = bench.inspect(sliced.unsliced(), "--json", name="plain.3mf")
    bench.judge.equal((code, json.loads(out)["sliced"]), (1, False), "a plain 3MF as JSON")


def raw(name, data, packed=None, method=0, flags=0, size=None, crc=None, local=None):
    """One entry of an archive made by hand: (local header and data, what the directory says)."""
    packed = data if packed is None else packed
    size = len(data) if size is None else size
    crc = binascii.crc32(data) if crc is None else crc
    name = name.encode() if isinstance(name, str) else name
    local = name if local is None else local.encode()
    common = (20, flags, method, 0, 0x5A21, crc, len(packed), size)
    head = struct.pack("<IHHHHHIIIHH", 0x04034B50, *common, len(local), 0) + local + packed
    return head, lambda at: struct.pack("<IHHHHHHIIIHHHHHII", 0x02014B50, 20, *common, len(name),
                                        0, 0, 0, 0, 0, at) + name


def by_hand(*entries, shared=None, count=None, prefix=b"", directory_size=None):
    """An archive of such entries; `shared`: all of them point to this place."""
    body, directory = prefix, b""
    for head, listed in entries:
        directory += listed(len(body) if shared is None else shared)
        body += head
    count = len(entries) if count is None else count
    size = len(directory) if directory_size is None else directory_size
    return body + directory + struct.pack("<IHHHHIIH", 0x06054B50, 0, 0, count, count, size, len(body), 0)


def deflated(data):
    engine = zlib.compressobj(9, zlib.DEFLATED, -15)
    return engine.compress(data) + engine.flush()


def many():
    """More entries than any project has, each small."""
    entry = raw("x", b"")
    body, directory = entry[0], b"".join(raw(f"a{n}", b"")[1](0) for n in range(20_000))
    end = struct.pack("<IHHHHIIH", 0x06054B50, 0, 0, 20_000, 20_000, len(directory), len(body), 0)
    return body + directory + end


def claimed(count):
    """A 64-bit directory that claims billions of entries; the file has room for none."""
    body = raw(GCODE, b"G28\n")[0] + b"\0" * (1 << 20)
    end = struct.pack("<IQHHIIQQQQ", 0x06064B50, 44, 45, 45, 0, 0, count, count, count * 46, 0)
    locator = struct.pack("<IIQI", 0x07064B50, 0, len(body), 1)
    return body + end + locator + struct.pack("<IHHHHIIH", 0x06054B50, 0, 0, 0xFFFF, 0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF, 0)


def with_part(name, data):
    """A file with this in place of one of its parts, not deflated: it may be as large as it likes."""
    return Project().bytes(zipfile.ZIP_STORED, {name: data})


INFO, SETTINGS = "Metadata/slice_info.config", "Metadata/project_settings.config"
LAUGHS = (b'<?xml version="1.0"?><!DOCTYPE c [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">'
          b'<!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;">]><config><plate name="&c;"/></config>')


def archives():
    """Archives with a trick in them: (what, bytes, words of the refusal)."""
    whole, gcode = Project().bytes(), b"G28\n" * 100
    zeros = bytes(64 << 20)
    entry = raw(GCODE, gcode)
    overlapping = [raw(GCODE, gcode), raw("Metadata/plate_2.gcode", gcode)]
    flipped = bytearray(whole)
    at = whole.index(b"Metadata/slice_info.config") + 26 + 20
    flipped[at] ^= 0xFF
    yield "cut in the middle", whole[:len(whole) // 2], "damaged or cut short"
    yield "cut at its end", whole[:-1], "damaged or cut short"
    yield "four bytes", b"PK\3\4", "damaged or cut short"
    yield "rubbish after its mark", b"PK\3\4" + random.Random(5).randbytes(100_000), "damaged or cut short"
    yield "a prefix", b"#!/bin/sh\nexit\n" + whole, "stands in front"
    yield "a prefix that the directory knows", by_hand(entry, prefix=b"#!/bin/sh\n" * 9), "stands in front"
    yield "a prefix like an archive", b"PK\3\4" + bytes(60) + whole, "stands in front"
    yield "two entries in the same bytes", by_hand(*overlapping, shared=0), "over one another"
    yield "one name twice", by_hand(entry, raw(GCODE, b"G29\n")), "in the archive twice"
    yield "one name in two cases", by_hand(entry, raw(GCODE.upper(), b"G29\n")), "in the archive twice"
    yield "an encrypted part", by_hand(raw(GCODE, gcode, flags=1)), "is encrypted"
    yield "packed by bzip2", by_hand(raw(GCODE, gcode, method=12)), "do not know"
    yield "packed by LZMA", by_hand(raw(GCODE, gcode, method=14)), "do not know"
    yield "packed by nobody", by_hand(raw(GCODE, gcode, method=77)), "do not know"
    for name in ("../evil.gcode", "/etc/passwd", "a/../../b", "C:/x", "a\\..\\b", "a\nb", "a//b", "./a"):
        yield f"a part named {name!r}", by_hand(entry, raw(name, b"x")), "is no name in a 3MF"
    yield "a name that is no UTF-8", by_hand(entry, raw(b"\xff\xfe", b"x")), "is no name in a 3MF"
    yield "a bomb of zeros", by_hand(raw(GCODE, zeros, deflated(zeros), 8)), "unpacks to far more"
    yield "a bomb beside the G-code", by_hand(entry, raw("Auxiliaries/x", zeros, deflated(zeros), 8)), "far more"
    yield "a bomb that lies about its size", with_lie(zeros), "is damaged"
    yield "G-code that is shorter than told", by_hand(raw(GCODE, gcode, deflated(gcode), 8, size=len(gcode) + 9)), \
        "not as long as"
    yield "a stored part of two sizes", by_hand(raw(GCODE, gcode, size=len(gcode) + 9)), "not as long as"
    yield "a wrong checksum", by_hand(raw(GCODE, gcode, crc=1)), "is damaged"
    yield "deflate that is none", by_hand(raw(GCODE, gcode, b"\xff" * 50, 8)), "is damaged"
    yield "a byte changed in a part", bytes(flipped), ""
    yield "twenty thousand entries", many(), ""
    yield "billions of entries", claimed(1 << 40), "lists more than any project"
    yield "a directory of 64 bits that is elsewhere", claimed_elsewhere(), "damaged"
    yield "more disks than one", whole[:-18] + struct.pack("<H", 3) + whole[-16:], "damaged"


def claimed_elsewhere():
    locator = struct.pack("<IIQI", 0x07064B50, 0, 1 << 50, 1)
    return raw(GCODE, b"G28")[0] + locator + struct.pack("<IHHHHIIH", 0x06054B50, 0, 0, 0xFFFF, 0xFFFF,
                                                        0xFFFFFFFF, 0xFFFFFFFF, 0)


def with_lie(zeros):
    """The directory tells 4 KiB, the stream unpacks to 64 MiB."""
    return by_hand(raw(INFO, zeros, deflated(zeros), 8, size=4096), raw(GCODE, b"G28\n"))


def texts():
    """Parts whose text is a trick or broken: (what, bytes, words of the refusal)."""
    def info(text):
        return with_part(INFO, text)

    yield "a document type", info(LAUGHS), "document type"
    yield "an outside entity", info(b'<!DOCTYPE c SYSTEM "file:///etc/passwd"><config/>'), "document type"
    yield "an unknown entity", info(b'<config><plate><metadata key="index" value="&who;"/></plate></config>'), INFO
    yield "an unknown entity in a text", info(b"<config>&who;</config>"), "entity"
    yield "an element that never ends", info(b"<config><plate>"), "cannot be understood"
    yield "an end of another element", info(b"<config></plate>"), "cannot be understood"
    yield "no element", info(b"hello"), "no element"
    yield "an empty part", info(b""), "no element"
    yield "no UTF-8", info(b'<config><plate name="\xff\xfe"/></config>'), "UTF-8"
    yield "UTF-16", info("<config/>".encode("utf-16")), "cannot be understood"
    yield "deep elements", info(b"<a>" * 200_000), "too deep"
    yield "a million attributes", info(b"<config " + b" ".join(b'a%d=""' % n for n in range(600_000)) + b"/>"), "too many"
    yield "an attribute twice", info(b'<config a="1" a="2"/>'), "twice"
    yield "a million plates", info(b"<config>" + b"<plate/>" * 900_000 + b"</config>"), "too many plates"
    yield "a million objects", info(b"<config><plate>" + b'<object identify_id="1"/>' * 300_000), "too many"
    yield "a part of 9 MiB", info(noise(9 << 20)), "more than 8 MiB"
    yield "a filament 0", info(b'<config><plate><filament id="0"/></plate></config>'), "no number"
    yield "a filament 4 billion", info(b'<config><plate><filament id="4000000000"/></plate></config>'), "no number"
    yield "broken JSON", with_part(SETTINGS, b'{"printer_model": '), "cannot be understood"
    yield "deep JSON", with_part(SETTINGS, b'{"printer_model":' + b"[" * 500_000), "recursion"
    yield "deep JSON that nobody reads", with_part(SETTINGS, b'{"x":' + b"[" * 500_000), "cannot be understood"
    yield "JSON that is no UTF-8", with_part(SETTINGS, b'{"printer_model":"\xff"}'), "cannot be understood"
    yield "9 MiB of JSON", with_part(SETTINGS, noise(9 << 20)), "more than 8 MiB"
    yield "broken JSON of a plate", with_part("Metadata/plate_1.json", b"[["), "plate_1.json"
    yield "a broken model", with_part("3D/3dmodel.model", b"<model><metadata></model>"), "3dmodel.model"
    yield "an entity in the model", with_part("3D/3dmodel.model", LAUGHS), "document type"
    yield "an MD5 that is none", with_part(f"{GCODE}.md5", b"hello"), "no MD5"
    yield "an MD5 of a megabyte", with_part(f"{GCODE}.md5", noise(1 << 20)), ".md5"


def noise(size):
    return random.Random(7).randbytes(size // 2).hex().encode()


def malformed(bench):
    """Every kind ends with exit code 2 and its own word, in bounded memory."""
    for what, data, words in (*archives(), *texts()):
        code, out, err, memory = bench.inspect(data, "--verify")
        bench.judge.check(code == 2 and out == "", f"{what}: exit code 2 and nothing else", f"{code}: {err}{out[:200]}")
        bench.judge.check(words in err and "next:" in err and "panicked" not in err, f"{what}: says {words!r}", err)
        bench.judge.check(memory <= MOST_MEMORY, f"{what}: memory is bounded", f"{memory} KiB")


def large(bench):
    """Values made to be large are told or refused; what is large and right costs no memory."""
    judge = bench.judge
    lists = json.dumps(Project().settings() | {"filament_type": ["x"] * 900_000}).encode()
    code, out, _, memory = bench.inspect(with_part(SETTINGS, lists), "--json")
    judge.equal((code, len(json.loads(out)["project"]["filaments"])), (0, 256), "a list of a million is cut")
    judge.check(memory <= MOST_MEMORY, "a list of a million: memory", f"{memory} KiB")
    moves = (b"".join(b"G1 X%d Y%d E.%d\n" % (n, n * 7 % 256, n % 97) for n in range(100_000))) * 40
    project = Project((Plate(gcode=Project().gcode(Plate()) + moves),))
    code, out, err, memory = bench.inspect(project.bytes(), "--json", "--verify")
    judge.equal((code, err), (0, ""), f"{len(moves)} bytes of G-code")
    judge.check(memory <= MOST_MEMORY, "large G-code: memory", f"{memory} KiB")
    strange = bench.document(Project((Plate(seconds=10**12, gcode=b"G28\n"),), title="a" * 100_000).bytes())
    judge.equal((strange["plates"][0]["seconds"], len(strange["project"]["title"])), (None, 100_000),
                "a time of ages is none, a long title is one")


def garbled(bench):
    """Bytes changed at random: a document or an error, never a crash."""
    chance, whole, worst = random.Random(3), sliced.two_colours().bytes(zipfile.ZIP_STORED), None
    for _ in range(60):
        data = bytearray(whole)
        for _ in range(chance.choice((1, 3, 20))):
            data[chance.randrange(len(data))] = chance.randrange(256)
        code, _, err, memory = bench.inspect(bytes(data), "--verify")
        if code not in (0, 1, 2) or "panicked" in err or memory > MOST_MEMORY:
            worst = (code, memory, err[-300:])
    bench.judge.check(worst is None, "garbled files never crash it", str(worst))


def pictures(bench):
    """The picture is saved as it is; it is drawn on terminals only, as these can."""
    judge, project = bench.judge, sliced.two_colours()
    path, saved = bench.folder / "case.gcode.3mf", bench.folder / "saved.png"
    code, out, _, _ = bench.inspect(project.bytes(), "--save-thumbnail", saved)
    judge.equal((code, saved.read_bytes()), (0, sliced.png(64, 64)), "the picture is saved")
    judge.check("\x1b" not in out, "a pipe gets no picture and no colour", out[:200])
    code, _, err, _ = bench.inspect(Project((Plate(picture=None),)).bytes(), "--save-thumbnail", saved)
    judge.check(code == 1 and "no picture" in err, "a plate without a picture says so", f"{code} {err}")
    path.write_bytes(project.bytes())
    plain = {"PATH": os.environ["PATH"], "HOME": str(bench.folder), "TERM": "xterm-256color"}
    for what, env, arguments, mark in (
        ("24-bit colours", {"COLORTERM": "truecolor"}, (), "\x1b[38;2;0;174;66;48;2;0;174;66m\u2580"),
        ("kitty", {"TERM": "xterm-kitty"}, (), "\x1b_Gf=100,a=T"),
        ("WezTerm", {"TERM_PROGRAM": "WezTerm"}, (), "\x1b]1337;File=inline=1"),
        ("a choice", {}, ("--thumbnail", "iterm"), "\x1b]1337;File=inline=1"),
        ("few colours", {}, (), None),
        ("never", {"COLORTERM": "truecolor"}, ("--thumbnail", "never"), None),
        ("NO_COLOR", {"COLORTERM": "truecolor", "NO_COLOR": "1"}, (), None),
        ("a dumb terminal", {"COLORTERM": "truecolor", "TERM": "dumb"}, (), None),
    ):
        text = on_terminal([bench.binary, "inspect", path, *arguments], plain | env)
        drawn = any(sign in text for sign in ("\x1b_G", "\x1b]1337", "\x1b[38;2"))
        judge.check(mark in text if mark else not drawn, f"a terminal with {what}", repr(text[:300]))
        judge.check("Plate 1: both" in text, f"a terminal with {what} gets the text", repr(text[-300:]))


def on_terminal(command, env):
    """What a program writes to a terminal."""
    ours, its = pty.openpty()
    with subprocess.Popen([*map(str, command)], stdin=its, stdout=its, stderr=its, env=env) as child:
        os.close(its)
        text = b""
        while select.select([ours], [], [], PATIENCE)[0]:
            try:
                piece = os.read(ours, 65536)
            except OSError:  # the other end is closed
                break
            if not piece:
                break
            text += piece
        child.wait(PATIENCE)
    os.close(ours)
    return text.decode(errors="replace")


def main():
    judge = Judge("threemf")
    with tempfile.TemporaryDirectory(prefix="bambu-threemf-") as folder:
        with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as runner:
            bench = Bench(sys.argv[1], judge, folder, runner)
            for part in (truth, real, less, wrong, malformed, large, garbled, pictures):
                judge.part(part, bench)
    judge.end()


if __name__ == "__main__":
    main()
