"""A sliced 3MF as a slicer exports it, made here: a ZIP with G-code of its plates inside."""

import hashlib
import io
import random
import zipfile

GCODE = """; HEADER_BLOCK_START
; BambuStudio 02.04.00.70
; total layer number: {layers}
; total estimated time: 10m 0s
; HEADER_BLOCK_END
; CONFIG_BLOCK_START
; filament_type = PLA
; CONFIG_BLOCK_END
; EXECUTABLE_BLOCK_START
M140 S55
M104 S220
M190 S55
M109 S220
G28
{moves}
M104 S0
M140 S0
; EXECUTABLE_BLOCK_END
"""
MODEL = """<?xml version="1.0" encoding="UTF-8"?>
<model unit="millimeter" xmlns="http://schemas.microsoft.com/3dmanufacturing/core/2015/02">
<metadata name="Application">BambuStudio-02.04.00.70</metadata><resources/><build/></model>
"""
TYPES = """<?xml version="1.0" encoding="UTF-8"?>
<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">
<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>
<Default Extension="model" ContentType="application/vnd.ms-package.3dmanufacturing-3dmodel+xml"/>
<Default Extension="gcode" ContentType="text/x.gcode"/></Types>
"""
RELATIONS = """<?xml version="1.0" encoding="UTF-8"?>
<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">
<Relationship Target="/3D/3dmodel.model" Id="rel-1"
 Type="http://schemas.microsoft.com/3dmanufacturing/2013/01/3dmodel"/></Relationships>
"""
SLICE = """<?xml version="1.0" encoding="UTF-8"?>
<config><header><header_item key="X-BBL-Client-Type" value="slicer"/></header>{plates}</config>
"""
PLATE = """<plate><metadata key="index" value="{index}"/><metadata key="prediction" value="600"/>
<metadata key="weight" value="3.50"/><metadata key="nozzle_diameters" value="0.4"/>
<filament id="1" tray_info_idx="GFA00" type="PLA" color="#FFFFFF" used_m="1.20" used_g="3.50"/></plate>
"""


def sliced(plates=(1,), layers=20, padding=0):
    """Its bytes: G-code for these plates; `padding` bytes that do not compress."""
    memory = io.BytesIO()
    with zipfile.ZipFile(memory, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", TYPES)
        archive.writestr("_rels/.rels", RELATIONS)
        archive.writestr("3D/3dmodel.model", MODEL)
        archive.writestr("Metadata/slice_info.config",
                         SLICE.format(plates="".join(PLATE.format(index=p) for p in plates)))
        for plate in plates:
            moves = "\n".join(f"; layer num/total_layer_count: {n}/{layers}\nM73 P{100 * n // layers} "
                              f"R{layers - n}\nG1 X{n} Y{n} E.1" for n in range(1, layers + 1))
            gcode = GCODE.format(layers=layers, moves=moves)
            archive.writestr(f"Metadata/plate_{plate}.gcode", gcode)
            archive.writestr(f"Metadata/plate_{plate}.gcode.md5", hashlib.md5(gcode.encode()).hexdigest().upper())
        if padding:
            archive.writestr(zipfile.ZipInfo("Auxiliaries/noise.bin"), random.Random(1).randbytes(padding))
    return memory.getvalue()
