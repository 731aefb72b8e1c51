#!/usr/bin/env python3
"""Judges the servers against their own OpenAPI with schemathesis from PyPI: every operation of each face, right
and wrong data, a bounded number of examples from a fixed seed, nothing but the loopback network.

usage: judge_openapi.py BAMBU
"""

import concurrent.futures
import json
import os
import pathlib
import re
import sys
import tempfile

from judge import Judge, run
from judge_compat import example, over_the_cloud, written
from served import Served, ask, eventually, in_world, no_secret, tokens_file
from world import World, clean_environment, free_port

CUSTOM = "openapi-token-8d2f"
#: Most examples of an operation and seconds of one run; chance is fixed.
EXAMPLES, LONGEST, SEED = 12, 150, 20260801
#: What the description and the answers have to agree in.
CHECKS = ("not_a_server_error,status_code_conformance,content_type_conformance,response_headers_conformance,"
          "response_schema_conformance,ignored_auth,missing_required_header")
#: The cloud's refusals are 502, as the seeds have them, and a camera that shows nothing is 503; no accidents of ours.
CONFIG = """
[[operations]]
include-path = "/v1/{path}"
checks.not_a_server_error.expected-statuses = ["2xx", "3xx", "4xx", "502"]
[[operations]]
include-path-regex = "/(camera|snapshot.jpg|camera/snapshot.jpg)$"
checks.not_a_server_error.expected-statuses = ["2xx", "3xx", "4xx", "503"]
"""
#: Event streams have no end, so they are for judges that read some of them.
ENDLESS = re.compile(r"/stream$|/events$")


def operations(document):
    """(method, path) of all that is described."""
    return {(m.upper(), path) for path, item in document.get("paths", {}).items() for m in item if m in
            ("get", "put", "post", "delete", "options", "head", "patch", "trace")}


def face(judge, case, folder):
    """One face by schemathesis."""
    name, url, token = case
    found = ask(url + "/openapi.json", token)
    document = found.json
    if not judge.check(found.status == 200 and isinstance(document, dict) and str(document.get("openapi", "")).startswith("3."), f"{name}: /openapi.json", found):
        return
    mine = operations(document)
    judge.check(mine, f"{name}: operations are described")
    endless = {path for _, path in mine if ENDLESS.search(path)}
    file = pathlib.Path(folder, f"{name}.json")
    file.write_text(json.dumps(document))
    config = pathlib.Path(folder, "schemathesis.toml")
    config.write_text(CONFIG)
    # A proxy forwards the methods that are not described, or refuses their bodies first.
    checks = CHECKS if name.startswith("proxy") else CHECKS + ",unsupported_method"
    command = [sys.executable, "-m", "schemathesis.cli", "--config-file", config, "run", file, "--url", url, "--max-examples", str(EXAMPLES), "--seed", str(SEED),
               "--checks", checks, "--phases", "examples,coverage,fuzzing", "--continue-on-failure", "--no-color", "--no-shrink", "--max-redirects", "0",
               "--request-timeout", "20", "--output-sanitize", "true", "--suppress-health-check", "all", "--header", f"Authorization:Bearer {token}"]
    command += [part for path in endless for part in ("--exclude-path", path)]
    # Its caches go where the rest of this run does.
    env = clean_environment(HOME=folder, HYPOTHESIS_STORAGE_DIRECTORY=folder, NO_PROXY="*", COLUMNS="150")
    code, out, err = run([str(part) for part in command], env=env, timeout=LONGEST, cwd=folder)
    text = out.decode(errors="replace")
    summary = text[text.find("= FAILURES"):] if "= FAILURES" in text else text[-3000:]
    judge.check(code == 0, f"{name}: schemathesis has nothing to say", f"exit {code}\n{summary[:6000]}{err[-1500:]}")
    tested = re.search(r"Tested: (\d+)", text)
    judge.equal(int(tested[1]) if tested else 0, len([o for o in mine if o[1] not in endless]), f"{name}: every operation was tried")


def main():
    judge, binary = Judge("openapi"), sys.argv[1]
    os.environ["NO_PROXY"] = "*"
    with World(binary, "--printers", "2", "--models", "P1S,X1C", "--seed", "81", "--state", "printing") as world, tempfile.TemporaryDirectory() as folder:
        tokens = tokens_file(folder, {CUSTOM: world.account["token"]})
        config = written(folder, example(world, map(over_the_cloud, [p | {"local_ip": ""} for p in world.printers]), free_port()))
        toml = pathlib.Path(folder, "bambu.toml")
        on_lan = "".join(f'[[printer]]\nserial = "{p["serial"]}"\nhost = "{p["host"]}"\naccess_code = "{p["access_code"]}"\n'
                         f'mqtt_port = {p["mqtt_port"]}\ncamera_port = {p["camera_port"] or p["rtsps_port"]}\n' for p in world.printers)
        toml.write_text(f'[proxy]\ntokens_file = "{tokens}"\nrate_limit = "off"\n[proxy.strict]\nlisten = "127.0.0.1:0"\n[proxy.full]\nlisten = "127.0.0.1:0"\n'
                        f'[compat]\nlisten = "127.0.0.1:0"\nconfig = "{config}"\ntoken = "{CUSTOM}"\n'
                        f'[camera]\nlisten = "127.0.0.1:0"\ntoken = "{CUSTOM}"\n{on_lan}')
        with Served(binary, ["serve", "--config", toml], in_world(world), listen=False) as ours:
            judge.equal(sorted(ours.urls), ["camera", "compat", "proxy_full", "proxy_strict"], "all faces in one process")
            compat = ours.urls["compat"].rstrip("/")
            judge.check(eventually(lambda: all(ask(f"{compat}/api/v1/status?device_id={p['serial']}", CUSTOM).status == 200 for p in world.printers)), "statuses are there")
            cases = [(name, url.rstrip("/"), CUSTOM) for name, url in ours.urls.items()]
            judge.each(face, cases, folder)
            committed = pathlib.Path(__file__).resolve().parents[1] / "docs/openapi.json"
            if judge.check(committed.is_file(), "docs/openapi.json is there"):
                described = operations(json.loads(committed.read_text()))
                served = set()
                with concurrent.futures.ThreadPoolExecutor() as pool:
                    for answer in pool.map(lambda c: ask(c[1] + "/openapi.json", CUSTOM), cases):
                        served |= operations(answer.json or {})
                judge.equal(served - described, set(), "what is served is in docs/openapi.json")
                judge.equal(described - served, set(), "what is in docs/openapi.json is served")
            judge.check(ours.running(), "it lives on")
        no_secret(judge, "openapi", {"the account's token": world.account["token"]} | {p["name"]: p["access_code"] for p in world.printers})
    judge.end()


if __name__ == "__main__":
    main()
