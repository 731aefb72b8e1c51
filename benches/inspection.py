#!/usr/bin/env python3
"""`bambu inspect --verify` of one large 3MF beside Python's zipfile doing the same reading: time, and the
most resident memory. Both read the settings and the heads of the parts, unpack all G-code and take its MD5.
Without --verify, what `inspect` takes to tell everything but whether the MD5 is right.

The file is made here to the reference: G-code that deflates to a third, so its size is that of the archive.

    cargo build --release -p bambu
    python3 benches/inspection.py target/release/bambu

The file is in the page cache for both. Who begins changes; judge by the ratios of pairs.
"""

import argparse
import hashlib
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "interop"))

from sliced import Plate, Project  # noqa: E402
from watched import Watched  # noqa: E402
from world import clean_environment  # noqa: E402

#: What we promise: memory in KiB, and time as a part of Python's.
MEMORY, RATIO = 32 << 10, 1.0


def big(path, mebibytes):
    """A sliced file of about that size; its G-code in bytes."""
    chance, project = random.Random(1), Project((Plate(layers=500, seconds=36_000),))
    lines = "".join(f"G1 X{chance.uniform(0, 256):.3f} Y{chance.uniform(0, 256):.3f} E{chance.uniform(0, 2):.5f}\n"
                    for _ in range(400_000)).encode()
    digest, length = hashlib.md5(), 0
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        parts = dict(project.parts())
        head, md5 = parts.pop("Metadata/plate_1.gcode"), "Metadata/plate_1.gcode.md5"
        parts.pop(md5)
        for name, data in parts.items():
            archive.writestr(name, data)
        entry = zipfile.ZipInfo("Metadata/plate_1.gcode")
        entry.compress_type = zipfile.ZIP_DEFLATED
        with archive.open(entry, "w", force_zip64=True) as gcode:
            pieces = [head]
            while pieces:
                for piece in pieces:
                    gcode.write(piece)
                    digest.update(piece)
                    length += len(piece)
                pieces = [lines] if os.path.getsize(path) < mebibytes << 20 else []
        archive.writestr(md5, digest.hexdigest().upper())
    return length


PYTHON = """
import hashlib, json, sys, xml.etree.ElementTree as tree, zipfile
with zipfile.ZipFile(sys.argv[1]) as archive:
    for name in ("Metadata/slice_info.config", "Metadata/model_settings.config"):
        tree.fromstring(archive.read(name))
    for name in ("Metadata/project_settings.config", "Metadata/plate_1.json"):
        json.loads(archive.read(name))
    with archive.open("Metadata/plate_1.gcode") as gcode:
        digest = hashlib.md5(gcode.read(8192))
        while sys.argv[2] == "all" and (piece := gcode.read(1 << 16)):
            digest.update(piece)
    told = archive.read("Metadata/plate_1.gcode.md5").decode()
print(digest.hexdigest().upper() == told)
"""


def watched(command):
    """(seconds, peak KiB, output)."""
    done = Watched([str(part) for part in command], clean_environment(), 600, pause=0.001)
    if done.code:
        raise SystemExit(f"{command[0]} ended with {done.code}")
    return done.seconds, done.peak, done.out


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("binary")
    parser.add_argument("--mebibytes", type=int, default=100)
    parser.add_argument("--runs", type=int, default=7)
    parser.add_argument("--make", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.make:
        print(big(options.make, options.mebibytes))
        return
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "big.gcode.3mf")
        # Made by another process, so that this one stays small.
        length = int(subprocess.check_output([sys.executable, __file__, options.binary, "--make", file,
                                              "--mebibytes", str(options.mebibytes)]))
        print(f"{file.stat().st_size} bytes, {length} bytes of G-code\n")
        sides = {
            ("ours", "all"): [options.binary, "inspect", file, "--json", "--verify"],
            ("python", "all"): [sys.executable, "-c", PYTHON, file, "all"],
            ("ours", "head"): [options.binary, "inspect", file, "--json"],
            ("python", "head"): [sys.executable, "-c", PYTHON, file, "head"],
        }
        seen = {side: [] for side in sides}
        for number in range(options.runs):
            for side in sorted(sides, reverse=bool(number % 2)):
                seen[side].append(watched(sides[side]))
        assert json.loads(seen["ours", "all"][0][2])["verified"]["1"]["equal"] is True
        assert seen["python", "all"][0][2].strip() == "True"
    print("| | seconds | peak KiB |\n|---|---|---|")
    for (who, how), runs in seen.items():
        seconds = statistics.median(run[0] for run in runs)
        print(f"| {who}, {'with all G-code' if how == 'all' else 'without it'} | {seconds:.3f} "
              f"| {max(run[1] for run in runs)} |")
    pairs = list(zip(seen["ours", "all"], seen["python", "all"]))
    ratio = statistics.median(ours[0] / other[0] for ours, other in pairs)
    peak = max(run[1] for run in seen["ours", "all"])
    print(f"\ntime {ratio:.2f} of Python's (at most {RATIO}); peak resident memory {peak} KiB (at most {MEMORY})")
    sys.exit(0 if ratio <= RATIO and peak <= MEMORY else 1)


if __name__ == "__main__":
    main()
