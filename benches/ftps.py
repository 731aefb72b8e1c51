#!/usr/bin/env python3
"""Upload of one large file to Debian's vsftpd over implicit TLS 1.2: our client and curl in turns, and the
most resident memory that ours has while it does it. Ours computes the MD5, stores under another name, waits
for the 226, asks for the size and renames; curl only sends.

Judge by the ratios, each of two runs that followed one another, and on a busy machine by the processor
seconds of the client. vsftpd's demand that data connections resume the TLS session is off for both.

    cargo build --release -p bambu-benches --bin ftps
    .venv/bin/python benches/ftps.py target/release/ftps       (as root; vsftpd and curl: scripts/setup)

File and storage are kept in memory.
"""

import argparse
import hashlib
import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "interop"))

from mosquitto import Authority  # noqa: E402
from vsftpd import ACCESS_CODE, Vsftpd  # noqa: E402
from watched import Watched  # noqa: E402
from world import clean_environment  # noqa: E402

#: What we promise.
MEMORY, RATIO = 32 << 10, 0.9
SERIAL = "01P00A000000001"


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("driver")
    parser.add_argument("--mebibytes", type=int, default=512)
    parser.add_argument("--runs", type=int, default=7)
    options = parser.parse_args()
    size, authority = options.mebibytes << 20, Authority()
    tempfile.tempdir = "/dev/shm" if os.path.isdir("/dev/shm") else None
    with tempfile.TemporaryDirectory() as folder, \
            Vsftpd(authority, SERIAL, memory=size + (16 << 20), require_ssl_reuse="NO") as server:
        file, digest = Path(folder, "big.gcode.3mf"), hashlib.md5()
        with file.open("wb") as out:
            for _ in range(options.mebibytes):
                piece = os.urandom(1 << 20)
                digest.update(piece)
                out.write(piece)
        request = Path(folder, "request")
        request.write_text(json.dumps({"do": "put", "file": str(file), "path": "/bambu"}) + "\n")
        ours = [options.driver, "--serial", SERIAL, "--host", "127.0.0.1", "--port", str(server.port),
                "--access-code", ACCESS_CODE, "--ca-file", authority.ca_file, "--input", str(request)]
        # curl looks for the host in the certificate and finds a serial number there.
        curl = ["curl", "-sS", "--fail", "--insecure", "--tls-max", "1.2", "-u", f"bblp:{ACCESS_CODE}", "-T", str(file),
                f"ftps://127.0.0.1:{server.port}/curl"]
        sides = {"bambu": [], "curl": []}
        print("| run | bambu s | bambu CPU s | bambu peak KiB | curl s | curl CPU s | curl peak KiB | ratio |\n"
              "|---|---|---|---|---|---|---|---|")
        for number in range(options.runs):
            pair = {}
            # Who begins changes, so that neither always follows the other.
            for side in sorted(sides, reverse=bool(number % 2)):
                done = Watched(ours if side == "bambu" else curl, clean_environment(), 600, pause=0.002)
                stored = server.files / side
                if done.code != 0 or not stored.exists() or stored.stat().st_size != size:
                    raise SystemExit(f"{side} ended with {done.code}: {done.out} {done.err}")
                if side == "bambu" and json.loads(done.out.splitlines()[-1])["md5"] != digest.hexdigest().upper():
                    raise SystemExit(f"another MD5: {done.out}")
                if number == 0:
                    subprocess.run(["cmp", stored, file], check=True)
                stored.unlink()
                pair[side] = done
                sides[side].append(done)
            each = " | ".join(f"{done.seconds:.2f} | {done.cpu:.2f} | {done.peak}" for done in (pair["bambu"], pair["curl"]))
            print(f"| {number + 1} | {each} | {pair['curl'].seconds / pair['bambu'].seconds:.2f} |", flush=True)
    ratio = statistics.median(curl.seconds / bambu.seconds for bambu, curl in zip(sides["bambu"], sides["curl"]))
    peak = max(run.peak for run in sides["bambu"])
    print(f"\n{size} bytes over TLS 1.2 with MD5 on our side, medians:")
    for side, runs in sides.items():
        seconds, cpu = (statistics.median(getattr(run, of) for run in runs) for of in ("seconds", "cpu"))
        print(f"{side}: {size / seconds / (1 << 20):.0f} MiB/s, {cpu:.2f} s of processor time")
    print(f"throughput {ratio:.2f} of curl's (at least {RATIO}); peak resident memory {peak} KiB (at most {MEMORY})")
    sys.exit(0 if ratio >= RATIO and peak <= MEMORY else 1)


if __name__ == "__main__":
    main()
