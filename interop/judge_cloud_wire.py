#!/usr/bin/env python3
"""Judges our client's every call to the cloud: method, path, query, headers and body, against a server
that plays what other projects recorded, and uploads to Debian's nginx over TLS.

usage: judge_cloud_wire.py BAMBU
"""

import hashlib
import itertools
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import urllib.parse

import recorded_cloud as recorded
from judge import Judge
from nginx import Nginx
from ours import Ours, json_of
from recorded_cloud import DESIGN, IOT, MODEL, PASSWORD, PROFILE, PROJECT, SERIAL, SIGNED, TICKET, TOKEN, UID, USER, RecordedCloud
from sliced import sliced

AGENT = re.compile(r"bambu/\d+\.\d+\.\d+")
SESSION = (TOKEN, UID)
#: What an honest client says of itself; everything else in a head is about the message.
HEADERS = {"host", "user-agent", "accept", "accept-encoding", "authorization", "content-type",
           "content-length", "connection", "cookie", "x-bbl-csrf-token"}


def honest(judge, call, what, login=True):
    """The head of one call says who we are and nothing else."""
    names = [name for name, _ in call.headers]
    judge.check(set(names) <= HEADERS, f"{what}: no header but the needed", set(names) - HEADERS)
    judge.equal(len(names), len(set(names)), f"{what}: each header once")
    judge.check(AGENT.fullmatch(call.header("user-agent") or ""), f"{what}: our own User-Agent", call.header("user-agent"))
    vendor = re.compile(r"x-bbl-(?!csrf-token)|bambu_network_agent|BambuStudio|OrcaSlicer|BambuConnect", re.I)
    head = "\n".join(f"{name}: {value}" for name, value in call.headers)
    judge.check(not vendor.search(head), f"{what}: nobody else's name", head)
    judge.equal(call.header("authorization"), f"Bearer {TOKEN}" if login else None, f"{what}: Authorization")
    if call.body:
        judge.equal(call.header("content-type"), "application/json", f"{what}: a body is JSON")
        judge.check(call.json() is not None, f"{what}: and reads as such", call.body[:200])
    else:
        judge.equal(call.header("content-type"), None, f"{what}: no type without a body")


def called(judge, cloud, what, *wanted, login=True):
    """Exactly these calls, in any order; returns them by method and path. A list may be asked for once
    more behind its last row, to see that it ends there."""
    calls = cloud.taken()
    got = [f"{call.method} {call.path}" for call in calls]
    judge.equal(sorted(set(got)), sorted(wanted), f"{what}: what was called")
    judge.check(len(got) <= len(wanted) + 1 and len({call.target for call in calls}) == len(calls), f"{what}: nothing twice", calls)
    for call in calls:
        honest(judge, call, f"{what}, {call.method} {call.path}", login)
    return {f"{call.method} {call.path}": call for call in calls}


#: A flag of `query`, the calls that it needs, each with its query, and words of its table.
QUERIES = [
    (["--devices"], {f"GET {IOT}/user/bind": {}}, ["Workshop P1S", "P1S", SERIAL]),
    (["--profile"], {f"GET {USER}/my/profile": {}}, ["Maker", str(UID)]),
    (["--projects"], {f"GET {IOT}/user/project": {}}, ["cube", PROJECT]),
    (["--tasks"], {f"GET {USER}/my/tasks": None}, ["cube 105", "cube 101"]),
    (["--messages"], {f"GET {USER}/my/messages": None}, ["cube"]),
    (["--filaments"], {f"GET {DESIGN}/my/filament/v2": None}, ["Bambu PLA Basic"]),
]


def query(judge, ours, cloud):
    """Every list, as a table and as JSON."""
    for flags, calls, words in QUERIES:
        for more in ([], ["--json"]):
            what = " ".join(["query", *flags, *more])
            code, out, err = ours("query", *flags, *more)
            judge.equal((code, err), (0, ""), f"{what}: works")
            made = called(judge, cloud, what, *calls)
            for route, wanted in calls.items():
                if route in made and wanted is not None:
                    judge.equal(made[route].values, {k: [v] for k, v in wanted.items()}, f"{what}: the query of {route}")
            for word in words:
                judge.check(word in out, f"{what}: shows {word}", out[-500:])
            if more:
                judge.check(json_of(out) is not None, f"{what}: is JSON", out[:200])
            judge.check(TOKEN not in out + err, f"{what}: no token")
    made = {}
    code, out, _ = ours("query", "--tasks")
    for call in cloud.taken():
        made[call.path] = call.values
    values = made.get(f"{USER}/my/tasks", {})
    judge.check(int(values.get("limit", ["0"])[0]) > 0, "my/tasks: says how many", values)
    judge.check(set(values) <= {"limit", "after", "offset", "status", "deviceId"}, "my/tasks: known parameters", values)
    code, out, _ = ours("query", "--firmware", SERIAL, "--timeout", "2")
    versions = [call for call in cloud.taken() if call.path.endswith("/device/version")]
    if judge.equal(len(versions), 1, "query --firmware asks once"):
        judge.check(versions[0].values in ({"dev_id": [SERIAL]}, {}), "by dev_id", versions[0])
        honest(judge, versions[0], "query --firmware")


def documented(judge, ours, cloud):
    """The seeds' documented envelope, `{code, message, data}`, is read alike."""
    inner = {f"{IOT}/user/bind": {"devices": [recorded.DEVICE]}, f"{IOT}/user/project": {"projects": [
        {"project_id": "proj_1", "name": "cube", "created_at": "2026-08-01T10:00:00Z", "file_count": 1}],
        "total": 1, "page": 1}}
    for path, flag, word in ((f"{IOT}/user/bind", "--devices", "Workshop P1S"),
                             (f"{IOT}/user/project", "--projects", "cube")):
        cloud.answers[("GET", path)] = (200, {"code": 0, "message": "Success", "data": inner[path]})
        code, out, err = ours("query", flag)
        judge.equal((code, word in out), (0, True), f"documented: query {flag}" + err)
    cloud.answers[("GET", f"{IOT}/user/bind")] = (200, {
        "code": 1001, "message": "Invalid token", "error": "TOKEN_INVALID", "details": {"reason": "no"}})
    code, out, err = ours("query", "--devices")
    judge.check(code in (3, 4), "documented: a refusal inside a 200 is one", (code, out, err))
    cloud.answers.clear()
    cloud.taken()


def business(judge, ours, cloud):
    """Codes inside the envelope, and the one 401 that means log in again."""
    path = ("GET", f"{IOT}/user/bind")
    for status, body, code in (
            (401, {"code": 4, "error": "Please login.", "message": ""}, 4),
            (401, {"code": 1, "error": "forbidden", "message": ""}, (3, 4)),
            (403, {"message": "permission denied", "code": 8, "error": "Resource forbidden", "devices": None}, 3),
            (404, "404 page not found", 3), (405, "", 3), (422, {"detail": "Invalid input parameters"}, 3),
            (400, 'field "version" is not set', 3), (418, {"captchaId": "1", "error": "robot"}, 3),
            (200, {"message": "missing", "code": 2, "error": "Not found", "devices": None}, 3)):
        cloud.answers[path] = (status, body)
        got, out, err = ours("query", "--devices")
        wanted = code if isinstance(code, tuple) else (code,)
        judge.check(got in wanted, f"{status} {body}: exit {wanted}", (got, out, err))
        judge.equal(len(cloud.taken()), 1, f"{status} {body}: asked once, not again")
        again = "log in" in err or "BAMBU_TOKEN" in err or "bambu login" in err
        judge.equal(again, status == 401 and code == 4, f"{status} {body}: says to log in only where it helps: {err}")
    cloud.answers.clear()


def retries(judge, ours, cloud):
    """Reads are tried again after 5xx and 429, writes never."""
    route = ("GET", f"{IOT}/user/bind")
    for status, headers in ((503, ()), (502, ()), (429, (("Retry-After", "1"),))):
        left = [1]

        def flaky(call, status=status, headers=headers, left=left):
            left[0] -= 1
            return (200, recorded.SUCCESS | {"devices": [recorded.DEVICE]}) if left[0] < 0 else (status, {}, *headers)

        cloud.answers[route] = flaky
        code, out, err = ours("query", "--devices", "--timeout", "30")
        judge.equal((code, len(cloud.taken())), (0, 2), f"a {status} once: asked again, {err}")
    cloud.answers.clear()
    for method, path in (("POST", f"{USER}/my/task"), ("POST", f"{IOT}/user/project"),
                         ("PATCH", f"{IOT}/user/project/{PROJECT}")):
        cloud.answers[(method, path)] = (503, "<html>openresty</html>")
        with tempfile.TemporaryDirectory() as folder:
            file = pathlib.Path(folder, "cube.gcode.3mf")
            file.write_bytes(sliced())
            code, out, err = ours("print", file, "--cloud", "--no-wait", SERIAL)
        calls = cloud.taken()
        judge.equal(len([c for c in calls if (c.method, c.path) == (method, path)]), 1, f"{method} {path} in trouble: said once")
        judge.check(code in (1, 3, 5, 6), f"{method} {path} in trouble: a failure", (code, err[-300:]))
        if path.endswith("/my/task"):
            judge.check(code != 0 and err, "a task that may have been made is no success", (code, err))
        cloud.answers.clear()


def login(judge, ours, cloud):
    """Each way in, call by call; what is saved; the way out."""
    # Beside the session file it is noted how often it was made anew: each login has its own.
    count = itertools.count()
    file = None

    def enter(what, *arguments, stdin="", wanted=(), code=0):
        nonlocal file
        file = ours.home / f"session-{next(count)}.json"
        got, out, err = ours("login", *arguments, "--token-file", file, stdin=stdin, token=False)
        judge.equal(got, code, f"{what}: exit code, {err}")
        judge.check(TOKEN not in out + err and PASSWORD not in out + err and "987123" not in out + err,
                    f"{what}: no secret", out + err)
        calls = cloud.taken()
        paths = [f"{c.method} {c.path}" for c in calls]
        for call in calls:
            after = call.path.endswith(("/my/preference", "/my/profile"))
            honest(judge, call, f"{what}, {call.path}", after)
        if wanted:
            kept = [p for p in paths if not p.endswith(("/my/preference", "/my/profile"))]
            judge.check(kept in [list(w) for w in wanted], f"{what}: what was called", paths)
        if code == 0 and judge.check(file.exists(), f"{what}: the session is saved"):
            saved = json.loads(file.read_text())
            judge.equal((saved.get("token"), saved.get("region")), (TOKEN, "global"), f"{what}: with token and region")
            judge.equal(str(saved.get("uid")), str(UID), f"{what}: and the uid")
            judge.equal(oct(file.stat().st_mode & 0o777), "0o600", f"{what}: readable by its owner alone")
        elif code:
            judge.check(not file.exists(), f"{what}: nothing is saved")
        return {f"{c.method} {c.path}": c for c in calls}

    enter_, mail = f"POST {USER}/user/login", f"POST {USER}/user/sendemail/code"
    tfa, csrf, web = f"POST {USER}/user/tfa/login", "GET /api/csrf", "POST /api/sign-in/tfa"
    made = enter("by password", "--username", "plain@example.com", "--password", "-", stdin=f"{PASSWORD}\n", wanted=[(enter_,)])
    body = made[enter_].json() if enter_ in made else {}
    judge.equal({k: v for k, v in body.items() if k != "apiError"},
                {"account": "plain@example.com", "password": PASSWORD}, "by password: the body")
    made = enter("by password and e-mail code", "--username", "maker@example.com", "--password", "-", "--code", "987123",
                 stdin=f"{PASSWORD}\n", wanted=[(enter_, mail, enter_), (enter_, enter_)])
    if mail in made:
        judge.equal(made[mail].json(), {"email": "maker@example.com", "type": "codeLogin"}, "sendemail/code: the body")
    if enter_ in made:
        judge.equal(made[enter_].json(), {"account": "maker@example.com", "code": "987123"}, "by code: the body")
    made = enter("by e-mail code alone", "--email", "maker@example.com", stdin="987123\n", wanted=[(mail, enter_)])
    enter("by e-mail code in hand", "--email", "maker@example.com", "--code", "987123", wanted=[(mail, enter_), (enter_,)])
    # The API host refuses, so the web origin comes next, cookie and header as the browser has them.
    made = enter("by authenticator", "--username", "totp@example.com", "--password", "-", "--code", "654321",
                 stdin=f"{PASSWORD}\n", wanted=[(enter_, tfa, csrf, web)])
    if web in made:
        judge.equal(made[web].json(), {"tfaKey": "tfa-key-1", "tfaCode": "654321"}, "sign-in/tfa: the body")
        judge.equal(made[web].header("x-bbl-csrf-token"), "csrf-1", "sign-in/tfa: the header")
    enter("a wrong password", "--username", "plain@example.com", "--password", "-", stdin="wrong\n", wanted=[(enter_,)], code=4)
    for number, what in (("999999", "wrong"), ("111111", "expired")):
        made = enter(f"a code that is {what}", "--email", "maker@example.com", "--code", number, code=4)
    enter("by password once more", "--username", "plain@example.com", "--password", "-", stdin=f"{PASSWORD}\n")
    code, out, err = ours("query", "--devices", "--token-file", file, token=False)
    judge.equal(code, 0, f"the saved session is used, {err}")
    cloud.taken()
    code, out, err = ours("logout", "--token-file", file, token=False)
    judge.equal(code, 0, f"logout, {err}")
    made = called(judge, cloud, "logout", f"POST {USER}/my/logout")
    for call in made.values():
        judge.equal(call.json(), {"refreshtoken": ""}, "logout: the body")
    judge.check(not file.exists(), "logout: the session is gone")


def put_as_signed(judge, request, what, size):
    """One PUT as nginx logged it: nothing that breaks a signature."""
    judge.equal(request["method"], "PUT", f"{what}: by PUT")
    judge.equal(request["uri"].partition("?")[2], SIGNED, f"{what}: the query byte for byte")
    judge.equal(request["content_length"], str(size), f"{what}: its length")
    for header in ("content_type", "authorization", "expect", "transfer_encoding", "cookie", "client_name", "client_type"):
        judge.equal(request[header], "", f"{what}: no {header}")
    judge.check(not request["user_agent"] or AGENT.fullmatch(request["user_agent"]), f"{what}: nobody else's User-Agent",
                request["user_agent"])


def upload(judge, ours, cloud, nginx):
    """`bambu upload`: the file and its size, streamed, with nothing that breaks the signature."""
    for name, data in (("cube.gcode.3mf", sliced(padding=5 << 20)), ("a b+c&d ü.3mf", sliced()),
                       ("part.gcode", b"G28\nM104 S0\n" * 100), ("box.stl", b"solid box\nendsolid box\n"),
                       ("box.step", b"ISO-10303-21;\nHEADER;\nENDSEC;\nEND-ISO-10303-21;\n")):
        file = ours.home / name
        file.write_bytes(data)
        before = len(nginx.requests())
        code, out, err = ours("upload", file, "--json")
        if not judge.equal(code, 0, f"upload {name}: works, {err}"):
            continue
        calls = cloud.taken()
        asked = [c for c in calls if c.path == f"{IOT}/user/upload"]
        judge.equal(len(asked), 1, f"upload {name}: asks for addresses once")
        judge.equal(asked and asked[0].values, {"filename": [name], "size": [str(len(data))]}, f"upload {name}: by name and size")
        for call in calls:
            honest(judge, call, f"upload {name}, {call.path}")
        puts = nginx.requests()[before:]
        judge.equal(sorted(p["uri"].split("/")[4] for p in puts), ["filename", "size"], f"upload {name}: two PUTs")
        for put in puts:
            kind = put["uri"].split("/")[4]
            put_as_signed(judge, put, f"upload {name}, {kind}", len(data) if kind == "filename" else len(str(len(data))))
        stored = f"or-cloud-upload-prod/users/{UID}/filename/17/{name}"
        judge.check(nginx.stored(stored) == data, f"upload {name}: byte for byte")
        size = f"or-cloud-upload-prod/users/{UID}/size/17/{len(data)}"
        judge.equal(nginx.stored(size), str(len(data)).encode(), f"upload {name}: the size as text")
        answer = json_of(out)
        if judge.check(isinstance(answer, dict), f"upload {name}: --json", out):
            judge.equal((answer.get("file_name"), answer.get("size_bytes")), (name, len(data)), f"upload {name}: name and size")
            judge.check(answer.get("status_code") in (200, 201, 204), f"upload {name}: the status", answer)
            judge.check(str(answer.get("file_url", "")).startswith(nginx.url("or-cloud-upload-prod/")), f"upload {name}: the address", answer)
        judge.check("Signature" not in out + err and "AKIARECORDED" not in out + err, f"upload {name}: no signature is told", out + err)
    named = ours.home / "cube.gcode.3mf"
    code, out, err = ours("upload", named, "--name", "other.3mf", "--json")
    judge.equal((code, (json_of(out) or {}).get("file_name")), (0, "other.3mf"), f"upload --name, {err}")
    cloud.taken()
    for name, data in (("picture.3mf", b"\x89PNG\r\n\x1a\n" + bytes(100)), ("text.stl", b"%PDF-1.7 no mesh"), ("empty.3mf", b"")):
        file = ours.home / name
        file.write_bytes(data)
        code, out, err = ours("upload", file)
        judge.check(code in (1, 2, 3) and "error:" in err, f"upload {name}: is not what its name says", (code, err))
        judge.equal(cloud.taken(), [], f"upload {name}: nothing is asked")
    code, out, err = ours("upload", ours.home / "nothing.3mf")
    judge.check(code in (1, 2) and cloud.taken() == [], "upload of a file that is not there", (code, err))


def refused_types(judge, ours, cloud, nginx):
    """SignatureDoesNotMatch: once more with the documented type, then never again."""
    data = sliced(padding=1 << 20)
    file = ours.home / "typed.3mf"
    file.write_bytes(data)

    def answer(where, size_where):
        urls = [{"type": "filename", "file": "typed.3mf", "url": nginx.url(f"{where}/users/1/typed.3mf?{SIGNED}")},
                {"type": "size", "file": "1", "url": nginx.url(f"{size_where}/users/1/size?{SIGNED}")}]
        cloud.answers[("GET", f"{IOT}/user/upload")] = (200, recorded.SUCCESS | {"host": "user", "urls": urls})

    for where, size_where, works, types in (
            ("octet", "text", True, ["", "application/octet-stream", "", "text/plain"]),
            ("never", "text", False, ["", "application/octet-stream"])):
        answer(where, size_where)
        before = len(nginx.requests())
        code, out, err = ours("upload", file, "--json")
        # One connection each; nginx logs a refused one only when its body is through.
        puts = sorted(nginx.requests()[before:], key=lambda put: int(put["connection"]))
        judge.equal([p["content_type"] for p in puts], types, f"/{where}: no type first, the documented one once")
        judge.check((code == 0) == works, f"/{where}: exit code", (code, err))
        if works:
            judge.check(nginx.stored(f"{where}/users/1/typed.3mf") == data, f"/{where}: byte for byte")
        else:
            judge.check(code in (1, 3) and "SignatureDoesNotMatch" in err or "signature" in err.lower(), f"/{where}: says why", err)
    answer("or-cloud-upload-prod", "never")
    code, out, err = ours("upload", file, "--json")
    judge.check(code in (0, 3) and nginx.stored(f"or-cloud-upload-prod/users/1/typed.3mf") == data,
                "a refused size: the file is there", (code, err))
    cloud.answers[("GET", f"{IOT}/user/upload")] = (200, recorded.SUCCESS | {"host": "user", "urls": []})
    code, out, err = ours("upload", file)
    judge.check(code == 3 and re.search("LAN|local network", err), "no cloud storage: refused, the LAN way named", (code, err))
    cloud.answers.clear()
    cloud.taken()


def cloud_print(judge, ours, cloud, nginx):
    """`bambu print --cloud`: the chain, in order, each body, one task."""
    data = sliced(plates=(1, 2), padding=2 << 20)
    file = ours.home / "cube.gcode.3mf"
    file.write_bytes(data)
    md5 = hashlib.md5(data).hexdigest().upper()
    before, cloud.asked = len(nginx.requests()), 0
    code, out, err = ours("print", file, "--cloud", "--no-wait", SERIAL, "--plate", "2", "--json")
    judge.equal(code, 0, f"print --cloud works, {err}")
    answered, said = json_of(out) or {}, out + err
    calls = cloud.taken()
    for call in calls:
        honest(judge, call, f"print, {call.method} {call.path}")
    order = [f"{c.method} {c.path}" for c in calls if c.path != f"{IOT}/user/bind"]
    steps = [f"POST {IOT}/user/project", f"PUT {IOT}/user/notification", f"GET {IOT}/user/notification",
             f"PATCH {IOT}/user/project/{PROJECT}", f"POST {USER}/my/task"]
    places = [order.index(step) if step in order else -1 for step in steps]
    judge.check(-1 not in places and places == sorted(places), "print: the chain in its order", order)
    known = {*steps, f"GET {IOT}/user/upload", f"GET {IOT}/user/profile/{PROFILE}", f"GET {IOT}/user/device/version"}
    judge.check(set(order) <= known, "print: nothing else", set(order) - known)
    by = {f"{c.method} {c.path}": c for c in calls}
    for step in (steps[0], steps[1], steps[3], steps[4]):
        judge.equal(order.count(step), 1, f"print: {step} once")
    judge.check(order.count(steps[2]) >= 2, "print: asked until the upload is processed", order)
    judge.equal(list(by[steps[0]].json()), ["name"], "POST project: a name")
    told = by[steps[1]].json()
    judge.equal(told.get("upload", {}).get("ticket"), TICKET, "PUT notification: the ticket")
    judge.check(told["upload"].get("origin_file_name", "").endswith("3mf"), "PUT notification: the file", told)
    judge.check(set(told) <= {"upload", "action"}, "PUT notification: nothing else", told)
    judge.equal(by[steps[2]].values, {"action": ["upload"], "ticket": [TICKET]}, "GET notification: its query")
    puts = nginx.requests()[before:]
    stored = {}
    for put in puts:
        path = urllib.parse.unquote(put["uri"].partition("?")[0])[1:]
        body = nginx.stored(path) or b""
        stored[nginx.url(put["uri"][1:])] = body
        put_as_signed(judge, put, f"print, PUT {path}", len(body))
    ready = by[steps[3]].json()
    judge.equal(sorted(ready), ["profile_id", "profile_print_3mf"], "PATCH project: its keys")
    judge.equal(ready["profile_id"], PROFILE, "PATCH project: the profile as text")
    plate = ready["profile_print_3mf"][0]
    judge.equal((plate["md5"], plate["plate_idx"]), (md5, 2), "PATCH project: MD5 in upper case and plate")
    judge.check(stored.get(plate["url"]) == data, "PATCH project: the address of the very file", (plate["url"], list(stored)))
    task = by[steps[4]].json()
    for key, value in {"deviceId": SERIAL, "modelId": MODEL, "profileId": int(PROFILE), "plateIndex": 2,
                       "cover": "", "mode": "cloud_file", "sequence_id": "20001", "amsDetailMapping": [],
                       "filamentSettingIds": [], "nozzleInfos": [], "oriModelId": "", "oriProfileId": 0,
                       "cfg": "0"}.items():
        judge.equal(task.get(key), value, f"POST my/task: {key}")
    for key, kind in {"autoBedLeveling": int, "bedLeveling": bool, "bedType": str, "extrudeCaliFlag": int,
                      "flowCali": bool, "layerInspect": bool, "nozzleOffsetCali": int, "timelapse": bool,
                      "title": str, "useAms": bool, "vibrationCali": bool}.items():
        judge.check(type(task.get(key)) is kind, f"POST my/task: {key} is {kind.__name__}", task.get(key))
    known = set("amsDetailMapping amsMapping amsMapping2 autoBedLeveling bedLeveling bedType cfg cover deviceId "
                "extrudeCaliFlag filamentSettingIds flowCali layerInspect mode modelId nozzleInfos nozzleOffsetCali "
                "oriModelId oriProfileId plateIndex profileId sequence_id timelapse title useAms vibrationCali".split())
    judge.check(set(task) <= known, "POST my/task: no key of nobody", set(task) - known)
    before = len(nginx.requests())
    code, out, err = ours("print", file, "--cloud", SERIAL, "--wait", "2")
    judge.equal(code, 6, f"print --cloud without a broker to see it at: unconfirmed, {err}")
    judge.equal(len([c for c in cloud.taken() if c.path.endswith("/my/task") and c.method == "POST"]), 1, "and one task all the same")
    answer = answered
    judge.equal(str(answer.get("job_id")), str(recorded.TASK), "print --json: the job's id")
    judge.equal(answer.get("device_id"), SERIAL, "print --json: the printer")
    judge.check("Signature" not in said + out + err and TOKEN not in said + out + err, "print: no secret is told")


def print_refusals(judge, ours, cloud, nginx):
    """The vendor's gate, a stuck and a failed upload, a plate without G-code: told as what they are."""
    file = ours.home / "cube.gcode.3mf"
    file.write_bytes(sliced())
    task = ("POST", f"{USER}/my/task")
    cloud.answers[task] = (403, "you do not have access rights to the content")
    code, out, err = ours("print", file, "--cloud", "--no-wait", SERIAL)
    judge.equal(code, 3, "the vendor's gate: refused")
    judge.check("LAN" in err and "Developer Mode" in err, "the vendor's gate: the LAN way is named", err)
    judge.equal(len([c for c in cloud.taken() if (c.method, c.path) == task]), 1, "the vendor's gate: asked once")
    cloud.answers.clear()
    cloud.answers[("GET", f"{IOT}/user/notification")] = (200, recorded.SUCCESS | {"message": "failed"})
    code, out, err = ours("print", file, "--cloud", "--no-wait", SERIAL)
    judge.check(code in (1, 3), "a failed processing: a failure", (code, err))
    judge.check("POST /v1/user-service/my/task" not in [f"{c.method} {c.path}" for c in cloud.taken()], "a failed processing: no task")
    cloud.answers.clear()
    code, out, err = ours("print", file, "--cloud", "--no-wait", SERIAL, "--plate", "3")
    judge.check(code in (1, 2, 3) and not [c for c in cloud.taken() if c.method != "GET"], "a plate without G-code: nothing is sent", (code, err))
    mesh = ours.home / "mesh.3mf"
    mesh.write_bytes(sliced(plates=()))
    code, out, err = ours("print", mesh, "--cloud", "--no-wait", SERIAL)
    judge.check(code in (1, 2, 3) and not [c for c in cloud.taken() if c.method != "GET"], "a 3MF that is not sliced: nothing is sent", (code, err))


def over_tls(judge, binary, cloud, nginx):
    """Behind nginx with TLS and gzip; one connection; an authority that nobody trusts."""
    with Ours(binary, nginx.url("").rstrip("/"), nginx.authority.ca_file, session=SESSION) as ours:
        before = len(nginx.requests())
        code, out, err = ours("query", "--devices", "--profile", "--projects", "--tasks", "--json")
        judge.equal(code, 0, f"over TLS and gzip, {err}")
        rows = nginx.requests()[before:]
        judge.check(4 <= len(rows) <= 5, "four lists", rows)
        judge.equal(len({row["connection"] for row in rows}), 1, "over one connection")
    cloud.taken()
    with Ours(binary, nginx.url("").rstrip("/"), session=SESSION) as ours:
        code, out, err = ours("query", "--devices")
        judge.check(code == 5 and "certificate" in err, "an authority of nobody is not trusted", (code, err))
        judge.equal(cloud.taken(), [], "and nothing is sent")


def cancelled(judge, ours, cloud, nginx):
    """A file that is cut while it is sent, and Ctrl-C: an error, and nothing is registered."""
    file = ours.home / "big.gcode.3mf"
    with file.open("wb") as out:
        out.write(sliced())
        out.truncate(2 << 30)
    child = subprocess.Popen([ours.binary, "print", str(file), "--cloud", SERIAL], env=ours.env | ours.session,
                             stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    try:
        child.wait(1.5)
    except subprocess.TimeoutExpired:
        child.send_signal(2)
    out, err = child.communicate(timeout=30)
    judge.check(child.returncode != 0, "Ctrl-C during an upload: no success", child.returncode)
    calls = [f"{c.method} {c.path}" for c in cloud.taken()]
    judge.check(f"POST {USER}/my/task" not in calls and not [c for c in calls if c.startswith("PATCH")],
                "Ctrl-C during an upload: nothing is registered", calls)
    os.remove(file)


def main():
    judge = Judge("cloud-wire")
    with RecordedCloud() as cloud, Nginx(cloud.port) as nginx:
        cloud.store = nginx.url("or-cloud-upload-prod")
        with Ours(sys.argv[1], cloud.url, nginx.authority.ca_file, session=SESSION) as ours:
            # More logins and uploads than a person makes.
            ours.env["BAMBU_RATE_LIMITS"] = "off"
            for part in (query, documented, business, retries, login):
                judge.part(part, judge, ours, cloud)
                cloud.answers.clear()
                cloud.taken()
            for part in (upload, refused_types, cloud_print, print_refusals, cancelled):
                judge.part(part, judge, ours, cloud, nginx)
                cloud.answers.clear()
                cloud.taken()
        judge.part(over_tls, judge, sys.argv[1], cloud, nginx)
    judge.end()


if __name__ == "__main__":
    main()
