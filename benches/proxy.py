#!/usr/bin/env python3
"""GET .../user/bind through `bambu proxy strict`, the seeds' Flask proxy from PyPI and an nginx that passes it
through, all before one nginx that answers it and counts what arrives. Masking and limits are on, the limit set
high; cache and sharing are off. The sides take turns; the load is wrk's, with another token and query each time.

    cargo build --release --bin bambu        (wrk and nginx are Debian's; the package is in .venv after scripts/setup)
    .venv/bin/python benches/proxy.py target/release/bambu        (--help: runs, seconds, connections)
"""

import argparse
import json
import math
import pathlib
import resource
import secrets
import statistics
import subprocess
import sys
import tempfile
import threading
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "interop"))

import requests  # noqa: E402
from nginx import Logged  # noqa: E402
from recorded_cloud import DEVICE, SUCCESS, TOKEN  # noqa: E402
from served import Seeds, Served, pointed_at, tokens_file  # noqa: E402

TARGET = "/v1/iot-service/api/user/bind"
#: The seeds' proxy takes 30 requests a minute of each token, and nothing sets it; so there are many tokens.
TOKENS = 4000
CODE = DEVICE["dev_access_code"].strip()
#: What is wanted: requests per second beside each peer, and the 99th percentile beside nginx.
FLASK, NGINX, LATENCY = 80, 0.6, 2.0


class Cloud(Logged):
    """nginx as the cloud: the bind answer of an account with `printers` printers, and a line per request."""

    def __init__(self, printers):
        super().__init__()
        devices = [DEVICE | {"dev_id": f"01P00A{n:09}", "name": f"P1S {n}", "dev_access_code": CODE} for n in range(printers)]
        self.answer = json.dumps(SUCCESS | {"devices": devices}, separators=(",", ":"))
        self.lines, self.url = self.root / "count.log", f"http://127.0.0.1:{self.port}"
        (self.root / "answer.json").write_text(self.answer)
        self._start(
            f"log_format count '$status'; keepalive_requests 1000000000; default_type application/json;\n"
            f"server {{ listen 127.0.0.1:{self.port} backlog=4096; access_log {self.lines} count buffer=64k flush=1s;\n"
            f"location = {TARGET} {{ alias {self.root}/answer.json; open_file_cache max=9 inactive=1h; }} }}\n", connections=4096)

    def count(self):
        """How many requests it has answered, and how many of them with 200, once it has written down all."""
        before = -1
        while before != (before := self.lines.stat().st_size if self.lines.exists() else 0):
            time.sleep(1.3)
        lines = self.lines.read_text().split() if before else []
        return len(lines), lines.count("200")


class PassingThrough(Logged):
    """nginx as a proxy that looks at nothing, with connections to the cloud that it keeps."""

    def __init__(self, cloud):
        super().__init__()
        self.url = f"http://127.0.0.1:{self.port}"
        self._start(
            "access_log off; keepalive_requests 1000000000; proxy_buffers 16 16k;\n"
            f"upstream cloud {{ server 127.0.0.1:{cloud.port}; keepalive 64; keepalive_requests 1000000000; }}\n"
            f"server {{ listen 127.0.0.1:{self.port} backlog=4096; location / {{ proxy_pass http://cloud;\n"
            'proxy_set_header Connection ""; proxy_set_header Authorization "Bearer real"; } }\n', workers=2, connections=4096)

    @property
    def child(self):
        """Its master."""
        return self.process.child


def family(pid):
    """A process and its children."""
    children = pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [pid, *(member for child in children for member in family(int(child)))]


def memory(side):
    """Memory of a side in KiB; what its processes share counts once."""
    lines = (line for pid in family(side.child.pid) for line in pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines())
    return sum(int(line.split()[1]) for line in lines if line.startswith("Pss:"))


def load(side, tokens, seconds, connections):
    """What wrk tells of a run."""
    done = subprocess.run(
        ["wrk", "--threads", "2", "--connections", str(connections), "--duration", f"{seconds}s", "--timeout", "30s", "--latency",
         "--script", str(HERE / "proxy.lua"), side.url, "--", TARGET, str(tokens)], capture_output=True, text=True, check=True)
    return json.loads(done.stdout.strip().splitlines()[-1])


def exactly(name, side, cloud, tokens, count=200):
    """Whether `count` requests sent are `count` requests at the cloud, and the answers are what they should be."""
    before, texts = cloud.count()[0], set()
    with requests.Session() as session:
        for number in range(count):
            got = session.get(side.url + TARGET, headers={"Authorization": f"Bearer {tokens[number]}"}, timeout=30)
            if got.status_code != 200:
                raise SystemExit(f"{name}: {got.status_code} {got.text[:300]}")
            texts.add(got.text)
    arrived = cloud.count()[0] - before
    [text] = texts
    masked = json.loads(text.replace("*" * 8, CODE)) == json.loads(cloud.answer) and (CODE in text) == (name == "nginx")
    if arrived != count or not masked:
        raise SystemExit(f"{name}: {arrived} of {count} requests arrived, masked as expected: {masked}")


def run(name, side, cloud, tokens, options):
    """One measured run; the cloud has to have answered what wrk counts, and at most what was under way besides."""
    before = cloud.count()
    told = load(side, tokens, options.seconds, options.connections)
    arrived, good = (after - was for after, was in zip(cloud.count(), before))
    under_way = arrived - told["requests"]
    if told["refused"] or told["broken"] or arrived != good or not 0 <= under_way <= options.connections:
        raise SystemExit(f"{name}: wrk tells {told}, the cloud answered {arrived}, {good} of them well")
    return told | {"rate": told["requests"] / told["microseconds"] * 1e6, "arrived": arrived}


def at_many(side, tokens, connections, seconds):
    """Memory in MiB before and the most while so many connections ask, and those that failed."""
    before, most, over = memory(side), [0], threading.Event()

    def watch():
        while not over.wait(0.2):
            most[0] = max(most[0], memory(side))
    watcher = threading.Thread(target=watch)
    watcher.start()
    told = load(side, tokens, seconds, connections)
    over.set()
    watcher.join()
    return before / 1024, most[0] / 1024, told["refused"] + told["broken"] + told["late"]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("binary")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=8)
    parser.add_argument("--connections", type=int, default=64)
    parser.add_argument("--many", type=int, default=1000, help="connections while memory is measured")
    parser.add_argument("--printers", type=int, default=10)
    options = parser.parse_args()
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit))
    tokens = [f"farm-{number:04}-{secrets.token_hex(16)}" for number in range(TOKENS)]
    with tempfile.TemporaryDirectory() as folder, Cloud(options.printers) as cloud:
        file, lines = tokens_file(folder, dict.fromkeys(tokens, TOKEN)), pathlib.Path(folder, "tokens.txt")
        lines.write_text("\n".join(tokens) + "\n")
        strict = ["proxy", "strict", "--tokens", file, "--rate-limit", str(10**6), "--cache", "off"]
        # As it is started by hand; the judges have it write a line for each request and more.
        with Served(options.binary, strict, pointed_at(cloud.url) | {"BAMBU_LOG": "warn"}) as ours, Seeds("proxy", file, cloud.url, "strict") as flask, \
                PassingThrough(cloud) as through:
            sides = {"bambu": ours, "Flask": flask, "nginx": through}
            for name, side in sides.items():
                exactly(name, side, cloud, tokens)
                load(side, lines, 2, options.connections)
            print(f"answer of {len(cloud.answer)} bytes, {options.connections} connections, {options.seconds} s a run\n")
            print("| run | " + " | ".join(f"{name} requests/s | p50 ms | p99 ms | arrived" for name in sides) + " |\n|" + "---|" * 13)
            runs = {name: [] for name in sides}
            for number in range(options.runs):
                cells = []
                for name, side in sides.items():
                    runs[name].append(told := run(name, side, cloud, lines, options))
                    cells.append(f"{told['rate']:.0f} | {told['p50'] / 1e3:.2f} | {told['p99'] / 1e3:.2f} | {told['arrived']}")
                print(f"| {number + 1} | {' | '.join(cells)} |", flush=True)
            middle = {(name, of): statistics.median(told[of] for told in runs[name]) for name in sides for of in ("rate", "p99")}
            print(f"\n| medians | requests/s | p99 ms | MiB idle | MiB at {options.many} connections | failed then |\n|---|---|---|---|---|---|")
            for name, side in sides.items():
                idle, most, failed = at_many(side, lines, options.many, 5)
                print(f"| {name} | {middle[name, 'rate']:.0f} | {middle[name, 'p99'] / 1e3:.2f} | {idle:.1f} | {most:.1f} | {failed} |", flush=True)
    ratio = {name: statistics.median(mine["rate"] / other["rate"] for mine, other in zip(runs["bambu"], runs[name])) for name in sides}
    late = statistics.median(mine["p99"] / other["p99"] for mine, other in zip(runs["bambu"], runs["nginx"]))
    print(f"\nbeside Flask: {ratio['Flask']:.0f}x (wanted {FLASK}); beside nginx: {ratio['nginx']:.2f}x (wanted {NGINX}), "
          f"p99 {late:.2f}x (at most {LATENCY})")
    sys.exit(0 if ratio["Flask"] >= FLASK and ratio["nginx"] >= NGINX and late <= LATENCY and math.isfinite(late) else 1)


if __name__ == "__main__":
    main()
