#!/usr/bin/env python3
"""Upload of one large file over TLS to Debian's nginx: `bambu upload` and curl in turns, and the most
resident memory that ours has while it does it. Ours asks a cloud for the address first and puts the
size beside the file; its whole wall time counts.

Up to 256 MiB ours computes the MD5, too, which curl does not; of a larger file only with --md5. Tell
both figures: the MD5 alone takes longer than curl takes over this machine's own network.

Judge by the ratios, each of two runs that followed one another, and on a busy machine by the processor
seconds of the client.

    cargo build --release -p bambu
    .venv/bin/python benches/upload.py target/release/bambu       (nginx and curl: scripts/setup)

The file and what nginx stores are kept in memory (/dev/shm) where there is room, else in /tmp; --folder
says where.
"""

import argparse
import os
import shutil
import statistics
import sys
import tempfile
import zipfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "interop"))

from nginx import Nginx  # noqa: E402
from ours import Ours  # noqa: E402
from recorded_cloud import TOKEN, UID, RecordedCloud  # noqa: E402
from watched import Watched  # noqa: E402

#: What we promise.
MEMORY, RATIO = 32 << 10, 0.9


def big(path, size):
    """A 3MF of that many bytes that no link can compress."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr("Metadata/plate_1.gcode", "G28\n")
        with archive.open(zipfile.ZipInfo("noise"), "w", force_zip64=True) as noise:
            # Room for the archive's own directory.
            for left in range(size - 4096, 0, -(1 << 20)):
                noise.write(os.urandom(min(left, 1 << 20)))
    return path.stat().st_size


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("binary")
    parser.add_argument("--mebibytes", type=int, default=1024)
    parser.add_argument("--runs", type=int, default=7)
    parser.add_argument("--plain", action="store_true", help="without TLS to the store")
    parser.add_argument("--md5", action="store_true", help="the MD5 of a large file, too")
    parser.add_argument("--folder", help="where file and store are kept")
    options = parser.parse_args()
    room = shutil.disk_usage("/dev/shm").free if os.path.isdir("/dev/shm") else 0
    tempfile.tempdir = options.folder or ("/dev/shm" if room > 3 * (options.mebibytes << 20) else None)
    with tempfile.TemporaryDirectory() as folder, RecordedCloud() as cloud, Nginx() as nginx:
        cloud.store = nginx.url("or-cloud-upload-prod", tls=not options.plain)
        file = Path(folder, "big.3mf")
        size = big(file, options.mebibytes << 20)
        sides = {"bambu": [], "curl": []}
        print("| run | bambu s | bambu CPU s | bambu peak KiB | curl s | curl CPU s | curl peak KiB | ratio |\n"
              "|---|---|---|---|---|---|---|---|")
        with Ours(options.binary, cloud.url, nginx.authority.ca_file, (TOKEN, UID)) as ours:
            for number in range(options.runs):
                target = nginx.url(f"or-cloud-upload-prod/curl?{number}", tls=not options.plain)
                pair = {}
                # Who begins changes, so that neither always follows the other.
                for side in sorted(sides, reverse=bool(number % 2)):
                    command = [ours.binary, "upload", file, *["--md5"] * options.md5] if side == "bambu" else \
                        ["curl", "-sS", "--fail", "--cacert", nginx.authority.ca_file, "-T", file, target]
                    # The log of uploads counts against the budget of ten an hour.
                    env = ours.env | ours.session | {"BAMBU_RATE_LIMITS": "off"}
                    done = Watched(command, env, 600, pause=0.002)
                    if done.code != 0:
                        raise SystemExit(f"{side} ended with {done.code}: {done.err}")
                    stored = [f for f in nginx.files.rglob("*") if f.is_file() and f.stat().st_size == size]
                    if len(stored) != 1:
                        raise SystemExit(f"{side} stored {len(stored)} files of {size} bytes")
                    shutil.rmtree(nginx.files / "or-cloud-upload-prod")
                    pair[side] = done
                    sides[side].append(done)
                each = " | ".join(f"{done.seconds:.2f} | {done.cpu:.2f} | {done.peak}"
                                  for done in (pair["bambu"], pair["curl"]))
                print(f"| {number + 1} | {each} | {pair['curl'].seconds / pair['bambu'].seconds:.2f} |", flush=True)
    pairs = list(zip(sides["bambu"], sides["curl"]))
    ratio = statistics.median(curl.seconds / bambu.seconds for bambu, curl in pairs)
    peak = max(bambu.peak for bambu, _ in pairs)
    print(f"\n{size} bytes {'in the clear' if options.plain else 'over TLS'}, "
          f"ours {'with' if options.md5 or size <= 256 << 20 else 'without'} MD5, medians:")
    for side, runs in sides.items():
        seconds, cpu = (statistics.median(getattr(run, of) for run in runs) for of in ("seconds", "cpu"))
        print(f"{side}: {size / seconds / 1e6:.0f} MB/s, {cpu:.2f} s of processor time")
    print(f"throughput {ratio:.2f} of curl's (at least {RATIO}); peak resident memory {peak} KiB (at most {MEMORY})")
    sys.exit(0 if ratio >= RATIO and peak <= MEMORY else 1)


if __name__ == "__main__":
    main()
