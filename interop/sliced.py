"""A sliced 3MF as a slicer exports it, made here by the reference: a ZIP with G-code of its plates inside.

`sliced` makes one in one call; `Project` and `Plate` say all that `bambu inspect` tells, for judges.
"""

import dataclasses
import hashlib
import io
import json
import random
import struct
import zipfile
import zlib
from xml.sax.saxutils import escape, quoteattr

VERSION = "02.04.00.70"
CORE = "http://schemas.microsoft.com/3dmanufacturing/core/2015/02"
TYPES = """<?xml version="1.0" encoding="UTF-8"?>
<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">
<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>
<Default Extension="model" ContentType="application/vnd.ms-package.3dmanufacturing-3dmodel+xml"/>
<Default Extension="png" ContentType="image/png"/>
<Default Extension="gcode" ContentType="text/x.gcode"/></Types>
"""
RELATIONS = """<?xml version="1.0" encoding="UTF-8"?>
<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">
<Relationship Target="/3D/3dmodel.model" Id="rel-1"
 Type="http://schemas.microsoft.com/3dmanufacturing/2013/01/3dmodel"/></Relationships>
"""
#: Slicer's words and the wire's.
BEDS = {"Textured PEI Plate": "textured_plate", "Cool Plate": "cool_plate", "Engineering Plate": "eng_plate"}


@dataclasses.dataclass
class Filament:
    """One of the project; `extruder` is the slicer's, from 1: with two the left one first."""

    material: str = "PLA"
    color: str = "#FFFFFF"
    id: str = "GFA00"
    extruder: int = 1


@dataclasses.dataclass
class Plate:
    """A plate; `uses` is grams by the filament's number, from 1."""

    index: int = 1
    name: str = ""
    layers: int = 20
    seconds: int = 600
    uses: dict = dataclasses.field(default_factory=lambda: {1: 3.5})
    objects: tuple = ()
    labelled: bool = True
    one_by_one: bool = False
    support: bool = False
    warnings: tuple = ()
    picture: tuple = (64, 64)
    #: None: with progress and layers, as the printer follows them.
    gcode: bytes = None
    md5: str = None

    @property
    def grams(self):
        return sum(self.uses.values())


@dataclasses.dataclass
class Project:
    """All plates and what they share. `code` and `printer` name the model: slicers write both."""

    plates: tuple = (Plate(),)
    filaments: tuple = (Filament(),)
    code: str = "N1"
    printer: str = "Bambu Lab A1 mini"
    nozzles: tuple = (0.4,)
    bed: str = "Textured PEI Plate"
    layer_height: float = 0.2
    title: str = "Test"
    application: str = f"BambuStudio-{VERSION}"
    #: Plates of the project without G-code.
    unsliced: tuple = ()

    def parts(self):
        """Name and bytes of every part, in a slicer's order."""
        yield "[Content_Types].xml", TYPES.encode()
        yield "_rels/.rels", RELATIONS.encode()
        yield "3D/3dmodel.model", self.model().encode()
        for plate in self.plates:
            gcode = self.gcode(plate) if plate.gcode is None else plate.gcode
            yield f"Metadata/plate_{plate.index}.gcode", gcode
            md5 = hashlib.md5(gcode).hexdigest().upper() if plate.md5 is None else plate.md5
            if md5:
                yield f"Metadata/plate_{plate.index}.gcode.md5", md5.encode()
            if plate.picture:
                yield f"Metadata/plate_{plate.index}.png", png(*plate.picture)
                yield f"Metadata/plate_{plate.index}_small.png", png(16, 16)
            yield f"Metadata/plate_{plate.index}.json", json.dumps(self.notes(plate)).encode()
        yield "Metadata/model_settings.config", self.model_settings().encode()
        yield "Metadata/project_settings.config", json.dumps(self.settings(), indent=4).encode()
        yield "Metadata/slice_info.config", self.slice_info().encode()

    def bytes(self, compression=zipfile.ZIP_DEFLATED, more=()):
        """The file; `more` are further parts, or others in place of those of the same name."""
        parts = dict(self.parts()) | dict(more)
        return archive(parts.items(), compression)

    def model(self):
        return (f'<?xml version="1.0" encoding="UTF-8"?>\n<model unit="millimeter" xmlns="{CORE}">\n'
                f'<metadata name="Application">{escape(self.application)}</metadata>\n'
                f'<metadata name="BambuStudio:3mfVersion">1</metadata>\n'
                f'<metadata name="Title">{escape(self.title)}</metadata>\n<resources/><build/></model>\n')

    def slice_info(self):
        plates = "".join(self._plate_info(plate) for plate in self.plates)
        return ('<?xml version="1.0" encoding="UTF-8"?>\n<config><header>'
                '<header_item key="X-BBL-Client-Type" value="slicer"/>'
                f'<header_item key="X-BBL-Client-Version" value="{VERSION}"/></header>\n{plates}</config>\n')

    def _plate_info(self, plate):
        values = {"index": plate.index, "extruder_type": 0, "nozzle_volume_type": 0,
                  "printer_model_id": self.code, "nozzle_diameters": ",".join(map(str, self.nozzles)),
                  "timelapse_type": 0, "prediction": plate.seconds, "weight": f"{plate.grams:.2f}",
                  "first_layer_time": "95.2", "outside": "false", "support_used": str(plate.support).lower(),
                  "label_object_enabled": str(plate.labelled).lower(),
                  "filament_maps": " ".join(str(filament.extruder) for filament in self.filaments)}
        lines = [f'<metadata key="{key}" value={quoteattr(str(value))}/>' for key, value in values.items()]
        lines += [f'<object identify_id="{id}" name={quoteattr(name)} skipped="false" />'
                  for id, name in plate.objects]
        for slot, grams in plate.uses.items():
            own = self.filaments[slot - 1]
            lines.append(
                f'<filament id="{slot}" tray_info_idx="{own.id}" type="{own.material}" color="{own.color}" '
                f'used_m="{grams / 3:.2f}" used_g="{grams:.2f}" used_for_object="true" used_for_support="false" '
                f'group_id="{own.extruder - 1}" nozzle_diameter="0.40" volume_type="Standard"/>')
        # The space before the sign is the slicer's own.
        lines += [f'<warning msg={quoteattr(text)} level="1" error_code ="{code}"  />'
                  for text, code in plate.warnings]
        return "<plate>\n" + "\n".join(lines) + "\n</plate>\n"

    def notes(self, plate):
        return {"bbox_all": [10, 10, 30, 30], "bbox_objects": [], "bed_type": BEDS[self.bed],
                "filament_ids": [slot - 1 for slot in plate.uses],
                "filament_colors": [self.filaments[slot - 1].color for slot in plate.uses],
                "first_extruder": 0, "is_seq_print": plate.one_by_one, "nozzle_diameter": self.nozzles[0],
                "version": 2}

    def model_settings(self):
        blocks = [(plate.index, plate.name, f"Metadata/plate_{plate.index}.gcode") for plate in self.plates]
        blocks += [(index, "", "") for index in self.unsliced]
        plates = "".join(f'<plate><metadata key="plater_id" value="{index}"/>'
                         f'<metadata key="plater_name" value={quoteattr(name)}/>'
                         f'<metadata key="gcode_file" value="{gcode}"/></plate>\n' for index, name, gcode in blocks)
        return f'<?xml version="1.0" encoding="UTF-8"?>\n<config>\n{plates}</config>\n'

    def settings(self):
        return {"printer_model": self.printer, "printer_settings_id": f"{self.printer} {self.nozzles[0]} nozzle",
                "print_settings_id": f"{self.layer_height:.2f}mm Standard",
                "filament_settings_id": [f"Some {filament.material}" for filament in self.filaments],
                "filament_ids": [filament.id for filament in self.filaments],
                "filament_type": [filament.material for filament in self.filaments],
                "filament_colour": [filament.color for filament in self.filaments],
                "filament_map": [str(filament.extruder) for filament in self.filaments],
                "physical_extruder_map": ["1", "0"] if len(self.nozzles) > 1 else ["0"],
                "nozzle_diameter": [str(nozzle) for nozzle in self.nozzles], "curr_bed_type": self.bed,
                "layer_height": str(self.layer_height), "enable_support": "0"}

    def gcode(self, plate):
        """What a printer follows: header, settings, and per layer progress and a move."""
        minutes, seconds = divmod(plate.seconds, 60)
        rest = [max(0, round(minutes * (plate.layers - n) / plate.layers)) for n in range(1, plate.layers + 1)]
        moves = "\n".join(
            f"; layer num/total_layer_count: {n}/{plate.layers}\nM73 L{n}\n"
            f"M73 P{100 * n // plate.layers} R{rest[n - 1]}\nG1 X{n} Y{n} E.1" for n in range(1, plate.layers + 1))
        weights = ",".join(f"{plate.uses.get(slot + 1, 0):.2f}" for slot in range(len(self.filaments)))
        label = f"; model label id: {','.join(str(id) for id, _ in plate.objects)}\n" if plate.objects else ""
        first = min(plate.uses, default=1) - 1
        return f"""; HEADER_BLOCK_START
; BambuStudio {VERSION}
; model printing time: {minutes}m {seconds}s; total estimated time: {minutes}m {seconds}s
; total layer number: {plate.layers}
; total filament weight [g] : {weights}
{label}; max_z_height: {plate.layers * self.layer_height:.2f}
; filament: {",".join(map(str, plate.uses))}
; HEADER_BLOCK_END

; CONFIG_BLOCK_START
; filament_type = {";".join(filament.material for filament in self.filaments)}
; CONFIG_BLOCK_END

; EXECUTABLE_BLOCK_START
M140 S55
M104 S220
M620 S{first}A
T{first}
M621 S{first}A
M190 S55
M109 S220
G28
{moves}
M104 S0
M140 S0
; EXECUTABLE_BLOCK_END
""".encode()


def archive(parts, compression=zipfile.ZIP_DEFLATED):
    """A ZIP of these (name, bytes), the same bytes every time."""
    memory = io.BytesIO()
    with zipfile.ZipFile(memory, "w", compression) as made:
        for name, data in parts:
            info = zipfile.ZipInfo(name, (2026, 1, 1, 0, 0, 0))
            info.compress_type, info.external_attr = compression, 0o644 << 16
            made.writestr(info, data)
    return memory.getvalue()


def png(width, height, color=(0, 174, 66)):
    """A picture: a square of one colour on nothing."""
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    def pixel(x, y):
        inside = width // 4 <= x < 3 * width // 4 and height // 4 <= y < 3 * height // 4
        return bytes((*color, 255)) if inside else bytes(4)

    rows = b"".join(b"\0" + b"".join(pixel(x, y) for x in range(width)) for y in range(height))
    head = struct.pack(">IIBBBBB", width, height, 8, 6, 0, 0, 0)
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows))
            + chunk(b"IEND", b""))


def two_colours():
    """Two filaments on one plate, the second alone on another; three objects to skip; a third plate unsliced."""
    filaments = (Filament(color="#00AE42"), Filament("PETG", "#FF6A13", "GFG02"))
    objects = ((206, "part <1>"), (234, 'lid "b"'), (301, "ünder & over"))
    plates = (Plate(1, "both", 200, 3348, {1: 12.6, 2: 1.4}, objects,
                    warnings=(("bed temperature too high", "1000C003"),)),
              Plate(2, "", 50, 900, {2: 4.0}, ((77, "alone"),), one_by_one=True, support=True))
    return Project(plates, filaments, unsliced=(3,), title="Boxes & <lids>")


def two_nozzles():
    """For an H2D: the first filament at the left nozzle, the second at the right one."""
    filaments = (Filament("PLA", "#FF0000", extruder=1), Filament("ABS", "#0000FF", "GFB00", extruder=2))
    return Project((Plate(uses={1: 5.0, 2: 6.0}),), filaments, "O1D", "Bambu Lab H2D", (0.4, 0.6))


def sliced(plates=(1,), layers=20, padding=0):
    """The bytes of a plain one: G-code for these plates; `padding` bytes that do not compress."""
    project = Project(tuple(Plate(index, layers=layers) for index in plates))
    noise = {"Auxiliaries/noise.bin": random.Random(1).randbytes(padding)} if padding else {}
    return project.bytes(more=noise)


def unsliced():
    """A plain 3MF as any CAD program exports it: a mesh, no G-code."""
    mesh = ('<resources><object id="1" type="model"><mesh><vertices><vertex x="0" y="0" z="0"/>'
            '<vertex x="1" y="0" z="0"/><vertex x="0" y="1" z="0"/></vertices><triangles>'
            '<triangle v1="0" v2="1" v3="2"/></triangles></mesh></object></resources>'
            '<build><item objectid="1"/></build>')
    model = (f'<?xml version="1.0" encoding="UTF-8"?><model unit="millimeter" xmlns="{CORE}">'
             f'<metadata name="Title">A mesh</metadata>{mesh}</model>')
    return archive((("[Content_Types].xml", TYPES.encode()), ("_rels/.rels", RELATIONS.encode()),
                    ("3D/3dmodel.model", model.encode())))
