#!/usr/bin/env python3
"""Judges the whole way of a user with our binary alone: log in by each path, list, upload a sliced 3MF,
print it through the cloud, watch it with `bambu monitor`, and find it in `bambu query --tasks`.

usage: judge_journey.py BAMBU
"""

import json
import subprocess
import sys

import requests

from judge import Judge, wait_for
from judge_login import accounts, send_code, ways
from ours import Ours, json_of
from sliced import sliced
from world import World


def states(ours, printer, count=5, seconds=60):
    """States of a printer as `bambu monitor --json` tells them."""
    done = subprocess.run([ours.binary, "monitor", printer, "--json", "--count", str(count), "--timeout", str(seconds)],
                          env=ours.env, capture_output=True, timeout=seconds + 30, check=False)
    found = []
    for line in done.stdout.splitlines():
        document = json_of(line)
        if isinstance(document, dict):
            found.append(document)
    return found, done.stderr.decode(errors="replace")


def state_of(document):
    """State and file of a status document, wherever the line has it."""
    status = document.get("status", document)
    return status.get("state"), str((status.get("job") or {}).get("name") or (status.get("job") or {}).get("file") or "")


def enters(judge, world, ours):
    """Every account by each way; the last session stays."""
    for kind, account in accounts(world).items():
        for what, arguments, stdin in ways(account):
            if what == "e-mail, --code":
                send_code(world, account)
            ours.env["BAMBU_TOKEN_FILE"] = str(ours.home / f"{kind} {what}".replace(" ", "_"))
            code, _, err = ours("login", *arguments, stdin=stdin)
            judge.equal(code, 0, f"{kind}, {what}: {err}")
            code, out, err = ours("query", "--devices", "--json")
            mine = account.get("printers") or (world.printers if account is world.account else [])
            judge.equal((code, sorted(d["serial"] for d in json_of(out) or [])), (0, sorted(p["serial"] for p in mine)),
                        f"{kind}, {what}: lists its printers {err}")


def prints(judge, world, ours):
    """From the login to the history, for a P1S with a saved session."""
    account, printer = world.account, world.printers[0]
    ours.env.pop("BAMBU_TOKEN_FILE", None)
    code, _, err = ours("login", "--email", account["email"], stdin=account["email_code"] + "\n")
    judge.equal(code, 0, f"log in: {err}")
    file = ours.home / "journey cube.gcode.3mf"
    file.write_bytes(sliced(plates=(1,), layers=40, padding=3 << 20))
    code, out, err = ours("upload", file, "--json")
    uploaded = json_of(out) or {}
    judge.equal((code, uploaded.get("size_bytes")), (0, file.stat().st_size), f"upload: {err}")
    code, out, err = ours("print", file, "--cloud", printer["name"], "--json")
    started = json_of(out) or {}
    judge.equal(code, 0, f"print --cloud: {err}")
    judge.equal(started.get("device_id"), printer["serial"], f"print --cloud: on that printer {out}")
    documents, err = states(ours, printer["name"])
    words = [state_of(d) for d in documents]
    judge.check(any(s in ("preparing", "running") for s, _ in words), "monitor: it runs", (words[:20], err[-300:]))
    judge.check(any("journey cube" in name for _, name in words), "monitor: that job", words[:20])
    code, out, err = ours("query", "--tasks", "--json")
    tasks = json_of(out) or []
    row = next((t for t in tasks if str(t.get("id")) == str(started.get("job_id"))), None)
    judge.check(code == 0 and row, "query --tasks lists it", (out[:600], err))
    judge.check(row and printer["serial"] in json.dumps(row) and "journey cube" in json.dumps(row), "with printer and title", row)
    code, out, err = ours("query", "--tasks")
    judge.check("journey cube" in out, "and in the table", out[:600])

    def ended():
        _, text, _ = ours("query", "--status", printer["name"], "--json")
        return "finished" in text

    judge.check(wait_for(ended, pause=1), "it finishes")
    raw = requests.get(f"{world.ready['api_url']}/v1/user-service/my/tasks", timeout=30,
                       headers={"Authorization": f"Bearer {account['token']}"}).json()
    hit = next((t for t in raw["hits"] if str(t["id"]) == str(started.get("job_id"))), {})
    judge.equal((hit.get("status"), hit.get("deviceId"), hit.get("mode")), (2, printer["serial"], "cloud_file"),
                "the history of the cloud: finished")
    judge.check(hit.get("endTime", "") >= hit.get("startTime", "~"), "it ended after it began", hit)
    asked = world.asked()
    judge.check("my/task" in json.dumps(asked), "the cloud was asked", list(asked)[:5])


def by_name(judge, world, ours):
    """A file that lies in the cloud already is printed by its name, without a second upload."""
    printer = world.printers[1]
    file = ours.home / "second.gcode.3mf"
    file.write_bytes(sliced(plates=(1, 2)))
    code, _, err = ours("print", file, "--cloud", printer["serial"], "--plate", "2", "--json")
    judge.equal(code, 0, f"print plate 2: {err}")
    documents, err = states(ours, printer["serial"])
    judge.check(any("second" in state_of(d)[1] or state_of(d)[0] in ("preparing", "running", "finished") for d in documents),
                "it prints", (documents[-1:], err))


def refusals(judge, world, ours):
    """The vendor's gate, no storage, a stuck and a failed upload, a printer that is busy or not ours."""
    printer = world.printers[2]
    file = ours.home / "refused.gcode.3mf"
    file.write_bytes(sliced())

    def idle():
        documents, _ = states(ours, printer["serial"], 1)
        return documents and state_of(documents[0])[0] == "idle"

    for fault, wanted, words in (("vendor-gate", (3,), ["LAN", "Developer Mode"]), ("no-cloud-storage", (3,), ["local network"]),
                                 ("upload-failed", (1, 3), []), ("challenge", (3,), ["browser"]), ("dead-token", (4,), ["bambu login"])):
        world.fault(fault)
        code, out, err = ours("print", file, "--cloud", printer["serial"])
        judge.check(code in wanted, f"{fault}: exit code {wanted}", (code, err))
        for word in words:
            judge.check(word in err, f"{fault}: names {word}", err)
        judge.check(world.account["token"] not in out + err and "Signature=" not in out + err, f"{fault}: no secret", err)
        world.fault()
    judge.check(idle(), "nothing was started")
    for fault in ("cut-upload", "slow-answer"):
        world.fault(fault, 0.5 if fault == "slow-answer" else None)
        code, out, err = ours("upload", file)
        judge.check(code in (0, 1, 3, 5), f"{fault}: upload ends", (code, err))
        judge.equal(code == 0, not err.strip().startswith("error:"), f"{fault}: and says which way")
        world.fault()
    foreign = world.ready["accounts"][0]["printers"][0]["serial"]
    code, out, err = ours("print", file, "--cloud", foreign)
    judge.check(code in (2, 3), "a printer of somebody else", (code, err))
    code, out, err = ours("print", file, "--cloud", printer["serial"], "--setting", "layer_height=0.2")
    judge.equal(code, 2, f"a setting that does not exist on the wire: {err}")


def main():
    judge = Judge("journey")
    with World(sys.argv[1], "--printers", "3", "--models", "P1S,X1C,A1", "--seed", "9", "--speed", "240") as world, \
            Ours.of(sys.argv[1], world) as ours:
        ours.env["BAMBU_RATE_LIMITS"] = "off"
        for part in (enters, prints, by_name, refusals):
            judge.part(part, judge, world, ours)
            world.fault()
    judge.end()


if __name__ == "__main__":
    main()
