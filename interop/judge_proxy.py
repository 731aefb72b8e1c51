#!/usr/bin/env python3
"""Judges `bambu proxy strict` and `full` beside the seeds' own Flask proxy on the same upstream: the same
requests to both, by Python and by curl; every difference has to be in the table of `proxy_differences.py`.
Then limits, realtime, tokens that change, what fails upstream, and that no secret is told.

usage: judge_proxy.py BAMBU [PART...]       `judge_proxy.py --table` prints the table
"""

import concurrent.futures
import contextlib
import hashlib
import importlib.resources
import json
import pathlib
import re
import socket
import ssl
import sys
import tempfile
import time

from judge import Judge, run, wait_for
from mosquitto import Authority
from proxy_differences import TABLE, differences, justified, markdown
from recorded_cloud import RecordedCloud
from recorded_cloud import TOKEN as RECORDED
from served import (ANSWERS, Seeds, Served, ask, authorized, curl, eventually, in_world, no_secret, pointed_at, tokens_file)
from sse import Readers
from world import World

IOT, USER, DESIGN = "/v1/iot-service/api/user", "/v1/user-service/my", "/v1/design-user-service/my"
REALTIME = f"{IOT}/device/realtime"
#: Custom tokens of the seeds' file; each case has its own, so that no limit is met by chance.
CUSTOM = [f"farm-token-{number:03}-{'x' * 24}" for number in range(120)]
SECRET = "farm-secret-7c1e0c9b52e44a7f"


def cases(printer, foreign):
    """name, method, target, body, with a token or not; asked of both proxies, in both modes. Writes
    change nothing, since what others read meanwhile is compared."""
    serial = printer["serial"]
    return [
        ("devices", "GET", f"{IOT}/bind", None, True),
        ("devices, HEAD", "HEAD", f"{IOT}/bind", None, True),
        ("print status", "GET", f"{IOT}/print?force=true", None, True),
        ("versions", "GET", f"{IOT}/device/version", None, True),
        ("version of one", "GET", f"{IOT}/device/version?dev_id={serial}", None, True),
        ("profile", "GET", f"{USER}/profile", None, True),
        ("preference", "GET", f"{DESIGN}/preference", None, True),
        ("tasks", "GET", f"{USER}/tasks?limit=3", None, True),
        ("tasks of a printer", "GET", f"{USER}/tasks?limit=3&deviceId={serial}", None, True),
        ("messages", "GET", f"{USER}/messages?limit=2", None, True),
        ("projects", "GET", f"{IOT}/project", None, True),
        ("resources", "GET", "/v1/iot-service/api/slicer/resource", None, True),
        ("presets", "GET", "/v1/iot-service/api/slicer/setting?version=01.09.00.00", None, True),
        ("spools", "GET", f"{DESIGN}/filament/v2?offset=0&limit=5", None, True),
        ("upload addresses", "GET", f"{IOT}/upload?filename=a.3mf&size=10", None, True),
        ("query with escapes", "GET", f"{USER}/tasks?limit=1&status=%32", None, True),
        ("upstream 400", "GET", f"{IOT}/notification", None, True),
        ("upstream 404", "GET", f"{IOT}/files", None, True),
        ("upstream 405", "GET", f"{IOT}/device/info?device_id={serial}", None, True),
        ("no such route upstream", "GET", "/v1/nothing", None, True),
        ("no route of the proxy", "GET", "/nothing", None, True),
        ("no token", "GET", f"{IOT}/bind", None, False),
        ("an unknown token", "GET", f"{IOT}/bind", None, "nobody-knows-this-token"),
        ("a bare token", "GET", f"{IOT}/bind", None, "bare"),
        ("POST", "POST", f"{IOT}/ttcode", {"dev_id": serial}, True),
        ("PUT", "PUT", f"{USER}/profile", {"name": "Maker"}, True),
        ("PATCH", "PATCH", f"{IOT}/device/info", {"dev_id": serial, "dev_name": printer["name"]}, True),
        ("DELETE", "DELETE", f"{IOT}/nothing", None, True),
        ("OPTIONS", "OPTIONS", f"{IOT}/bind", None, True),
        ("POST without a token", "POST", f"{IOT}/ttcode", {"dev_id": serial}, False),
        ("POST /health", "POST", "/health", {}, True),
        ("health", "GET", "/health", None, True),
        ("start page", "GET", "/", None, True),
        ("admin, tokens", "GET", "/admin/tokens", None, True),
        ("admin, sessions", "GET", "/admin/mqtt", None, True),
        ("admin without a token", "GET", "/admin/tokens", None, False),
        ("sessions without a token", "GET", "/admin/mqtt", None, False),
        ("the scheme in lower case", "GET", f"{IOT}/bind", None, "bearer"),
        ("nothing behind /v1/", "GET", "/v1/", None, True),
        ("realtime without a printer", "GET", REALTIME, None, True),
        ("realtime without a session", "GET", f"{REALTIME}?device_id={serial}", None, True),
        ("realtime without a token", "GET", f"{REALTIME}?device_id={serial}", None, False),
        ("start without a printer", "POST", f"{REALTIME}/start", {}, True),
        ("start with no JSON", "POST", f"{REALTIME}/start", "{", True),
        ("start without a token", "POST", f"{REALTIME}/start", {"device_id": serial}, False),
        ("start of somebody else's printer", "POST", f"{REALTIME}/start", {"device_id": foreign}, True),
    ]


def asked(how, base, case, token):
    """One case by one program at one proxy."""
    _, method, target, body, known = case
    if known in ("bare", "bearer"):
        return how(base + target, None, method, body, {"Authorization": token if known == "bare" else f"bearer {token}"})
    return how(base + target, token if known is True else known or None, method, body)


def routes(judge, world, binary, folder):
    """Every route of every mode, both proxies, by `requests` and by curl."""
    file = tokens_file(folder, {custom: world.account["token"] for custom in CUSTOM})
    foreign = next(a["printers"][0]["serial"] for a in world.ready["accounts"] if a.get("printers"))
    seen = {}
    for mode in ("strict", "full"):
        with Served(binary, ["proxy", mode, "--tokens", file], in_world(world)) as ours, \
                Seeds("proxy", file, world.ready["api_url"], mode, mqtt=world.ready["mqtt"], ca_file=world.ca_file) as theirs:
            every = cases(world.printers[0], foreign)

            def one(place, case, ours=ours, theirs=theirs, mode=mode):
                for program, how in enumerate((ask, curl)):
                    token = CUSTOM[2 * place + program]
                    mine, other = asked(how, ours.url, case, token), asked(how, theirs.url, case, token)
                    what = f"{mode}: {case[0]}, by {how.__name__}"
                    found = differences(case[0], other, mine)
                    for aspect, value in found.items():
                        judge.check(justified(mode, case[0], aspect, value), f"{what}: {aspect} as the seeds' or justified",
                                    f"theirs, ours: {value}; answers {other!r:.400} | {mine!r:.400}")
                        seen.setdefault((mode, case[0], aspect), value)
                    judge.check(mine.kind in ("json", "empty"), f"{what}: JSON or nothing", mine)

            with concurrent.futures.ThreadPoolExecutor(4) as pool:
                for done in [pool.submit(one, *case) for case in enumerate(every)]:
                    judge.part(done.result)
    for row in TABLE:
        judge.check(any(row.covers(*key) for key in seen), f"the table's difference is still one: {row}")


def masks(judge, binary, folder):
    """A document with all that has to be hidden, through both, where nothing but the masks may change."""
    own = CUSTOM[0]
    document = {
        "dev_access_code": "12345678\n", "Access_Code": "secret-code", "accessCode": "87654321",
        "accessToken": "AQAreal" + "r" * 40, "refresh_token": "short", "tokenCount": 3, "token": None, "user_token": ["AAAA-listed"],
        "deep": [[{"a": {"b": [{"dev_access_code": "deep-code"}]}}]],
        "url": "see https://cdn.example.com/a/b.3mf?Signature=abc%2Bdef&Expires=1 there", "ftp": "ftp://192.168.1.9/file",
        "upper": "HTTPS://CDN.EXAMPLE.COM/x?Signature=SIGNEDUPPER", "ip": "printer at 192.168.178.42:8883", "loop": "at 127.0.0.1 it is",
        "v6": "fe80::1c2d:3e4f:5a6b:7c8d%eth0 and 2001:db8::dead:beef", "own": f"you are {own}!",
        "signed": "path/file.3mf?AWSAccessKeyId=AKIAHIDDEN&Signature=hiddensignature%3D&Expires=4102444800",
        "net": {"info": [{"ip": 1731373248, "mask": 16777215}, {"ip": 0, "mask": 0}]},
        "rtsp": "rtsps://bblp:12345678@192.168.178.42:322/streaming/live/1",
        "plain": "version 01.08.02.00", "ams": "1.2.3", "number": 1.50, "big": 10203040506070809011, "unicode": "Köln \u2028 \U0001f600",
        "esc\u0061ped_access_code": "12121212",
    }
    hidden = ["12345678", "secret-code", "87654321", "r" * 20, "AAAA-listed", "deep-code", "cdn.example.com", "CDN.EXAMPLE.COM",
              "SIGNEDUPPER", "192.168.1", "fe80::1c2d", "2001:db8", "AKIAHIDDEN", "hiddensignature", "1731373248", own]
    kept = {"token": None, "loop": "at 127.0.0.1 it is", "ams": "1.2.3", "plain": "version 01.08.02.00",
            "number": 1.50, "big": 10203040506070809011, "unicode": "Köln \u2028 \U0001f600"}
    wanted = {"dev_access_code": "********", "Access_Code": "********", "accessCode": "********", "accessToken": "***",
              "refresh_token": "***", "own": "you are ***REDACTED***!", "url": "see [URL_REDACTED] there"}
    file = tokens_file(folder, {own: RECORDED, SECRET: RECORDED})
    with RecordedCloud() as cloud, Served(binary, ["proxy", "strict", "--tokens", file], pointed_at(cloud.url)) as ours, \
            Served(binary, ["proxy", "full", "--tokens", file], pointed_at(cloud.url)) as full, \
            Seeds("proxy", file, cloud.url, "strict") as theirs:
        target = f"{IOT}/masks"
        cloud.answers[("GET", target)] = (200, document, ("Set-Cookie", "token=AQAcookiecookiecookie; Path=/"),
                                         ("X-Where", "https://cdn.example.com/header"), ("Server", "openresty"))
        other = ask(theirs.url + target, own).json
        for what, how, proxy in (("strict", ask, ours), ("curl", curl, ours), ("full", ask, full)):
            answer = how(proxy.url + target, own)
            told = answer.text + "".join(f"{k}: {v}\n" for k, v in answer.headers.items())
            mine = answer.json or {}
            for secret in (*hidden, "AQAcookie"):
                judge.check(secret not in told, f"masks, {what}: {secret} is hidden", told[:900])
            judge.equal({k: mine.get(k) for k in kept}, kept, f"masks, {what}: the rest is as it was")
            judge.equal({k: mine.get(k) for k in wanted}, wanted, f"masks, {what}: masks as the seeds' clients know them")
            judge.equal(list(mine), list(document), f"masks, {what}: keys in their order")
            for key, value in other.items():
                # What theirs hides, ours hides; but no version is an address.
                if key not in ("accessToken", "plain") and value != document[key]:
                    judge.check(mine.get(key) != document[key], f"masks, {what}: {key} hidden as theirs does", (value, mine.get(key)))
        for status, body in ((400, {"code": 9, "error": f"no {RECORDED}", "message": f"ask 192.168.1.7 or https://cdn.example.com/x {own}"}),
                             (502, "<html>openresty 192.168.1.7</html>"), (200, "<html>welcome</html>")):
            cloud.answers[("GET", target)] = (status, body)
            answer = ask(ours.url + target, own)
            judge.equal((answer.status, answer.json and answer.json.get("error")), (502, "API request failed"),
                        f"upstream {status}: the seeds' 502")
            judge.check(not re.search(r"192\.168|cdn\.example|<html|openresty", answer.text) and RECORDED not in answer.text
                        and own not in answer.text, f"upstream {status}: nothing of it is told", answer)
        cloud.answers[("GET", target)] = (302, "", ("Location", "https://cdn.example.com/moved?Signature=moved"))
        answer = ask(ours.url + target, own)
        judge.check("cdn.example" not in str(answer.headers) + answer.text, "a redirect: no address is told", answer.headers)
        cloud.answers[("GET", target)] = (200, "")
        judge.equal((ask(ours.url + target, own).status, ask(theirs.url + target, own).status), (204, 204), "nothing upstream: 204")


def honest(judge, binary, folder):
    """What reaches the upstream: the real token, our name, no header of the way, no body of a GET."""
    file = tokens_file(folder, {CUSTOM[0]: RECORDED})
    with RecordedCloud() as cloud, Served(binary, ["proxy", "full", "--tokens", file], pointed_at(cloud.url)) as ours:
        curious = {"User-Agent": "bambu_network_agent/02.00.00.00", "Connection": "close, X-Hop", "X-Hop": "1", "Keep-Alive": "timeout=5",
                   "Proxy-Authorization": "Basic c2VjcmV0", "TE": "trailers", "X-Forwarded-For": "10.0.0.7", "Forwarded": "for=10.0.0.7",
                   "Cookie": "token=mine", "X-BBL-Client-Name": "OrcaSlicer", "Accept-Encoding": "gzip", "Accept-Language": "de"}
        answer = ask(ours.url + f"{IOT}/bind?a=b%20c&a=%C3%A4&d", CUSTOM[0], headers=curious)
        judge.equal(answer.status, 200, "a curious request is answered")
        [call] = cloud.taken() or [None]
        names = dict(call.headers)
        judge.equal(call.target, f"{IOT}/bind?a=b%20c&a=%C3%A4&d", "the query goes as it is")
        judge.equal(names.get("authorization"), f"Bearer {RECORDED}", "the real token goes, in the place of the caller's")
        judge.check(re.fullmatch(r"bambu/\d+\.\d+\.\d+\S*", names.get("user-agent", "")), "our own name", names.get("user-agent"))
        for name in ("x-hop", "keep-alive", "proxy-authorization", "te", "cookie", "x-forwarded-for", "forwarded"):
            judge.check(name not in names, f"{name} is not passed on", names.get(name))
        judge.check(CUSTOM[0] not in str(call.headers), "the custom token stays here")
        judge.check(cloud.url.endswith(names.get("host", "?")), "its host is the upstream's", names.get("host"))
        body = b'{"devices": [1,  2], "n": 1.0}'
        answer = ask(ours.url + f"{IOT}/anything", CUSTOM[0], "POST", body.decode())
        calls = cloud.taken()
        judge.equal([(c.method, c.body) for c in calls], [("POST", body)], "full: a body goes byte for byte")
        judge.equal(answer.status, 502, "full: what is refused upstream is 502")
        large = b'{"a":"' + b"y" * 3_000_000 + b'"}'
        ask(ours.url + f"{IOT}/anything", CUSTOM[0], "PUT", large.decode())
        judge.equal([(c.method, len(c.body)) for c in cloud.taken()], [("PUT", len(large))], "full: a large one, too")


def limits(judge, world, binary, folder):
    """30, 15, 10 and 60 a minute and token; told in headers; then 429 as the seeds'."""
    file = tokens_file(folder, {custom: world.account["token"] for custom in CUSTOM})
    with Served(binary, ["proxy", "strict", "--tokens", file], in_world(world)) as ours, \
            Seeds("proxy", file, world.ready["api_url"], "strict") as theirs:
        groups = (("device", f"{IOT}/bind", 30), ("user", f"{USER}/profile", 15), ("design", f"{DESIGN}/preference", 15),
                  ("admin", "/admin/mqtt", 10), ("health", "/health", 60))
        for place, (name, target, limit) in enumerate(groups):
            token = CUSTOM[place]
            answers = [ask(ours.url + target, token) for _ in range(limit + 1)]
            judge.equal([a.status for a in answers], [200] * limit + [429], f"limit of {name}: {limit}")
            left = [a.headers.get("x-ratelimit-remaining") for a in answers[:limit]]
            judge.equal(left, [str(limit - n - 1) for n in range(limit)], f"limit of {name}: what remains is told")
            last, told = answers[-1], answers[-1].headers
            judge.equal(told.get("x-ratelimit-limit"), str(limit), f"limit of {name}: X-RateLimit-Limit")
            judge.check(told.get("x-ratelimit-reset", "").isdigit(), f"limit of {name}: X-RateLimit-Reset", told)
            judge.check(1 <= int(told.get("retry-after", 0)) <= 60, f"limit of {name}: Retry-After", told.get("retry-after"))
            judge.check(re.search(rf";q={limit};w=60", told.get("ratelimit-policy", "")), f"limit of {name}: RateLimit-Policy", told)
            judge.check(re.search(r";r=0;t=\d+", told.get("ratelimit", "")), f"limit of {name}: RateLimit", told.get("ratelimit"))
            judge.equal(sorted(last.json or {}), ["error", "message", "retry_after"], f"limit of {name}: keys of the 429")
            judge.equal((last.json or {}).get("error"), "Rate limit exceeded", f"limit of {name}: words of the 429")
            judge.equal(ask(ours.url + target, CUSTOM[20 + place]).status, 200, f"limit of {name}: another token has its own")
        judge.equal(ask(ours.url + f"{USER}/profile", CUSTOM[0]).status, 200, "groups are counted apart")
        theirs_at_limit = [ask(theirs.url + "/admin/mqtt", CUSTOM[3]) for _ in range(11)]
        mine = ask(ours.url + "/admin/mqtt", CUSTOM[3])
        judge.equal((theirs_at_limit[-1].status, sorted(theirs_at_limit[-1].json)), (mine.status, sorted(mine.json or {})), "429 as theirs")
        names = [h for h in theirs_at_limit[-1].headers if "ratelimit" in h or "retry" in h]
        judge.check(set(names) <= set(mine.headers), "and with their headers", (names, list(mine.headers)))
        before = world.asked()["total"]
        ask(ours.url + f"{IOT}/bind", CUSTOM[0])
        judge.equal(world.asked()["total"], before, "who is over the limit does not reach the cloud")
        # Reload keeps what was counted.
        tokens_file(folder, {custom: world.account["token"] for custom in [*CUSTOM, SECRET]})
        judge.check(eventually(lambda: ask(ours.url + f"{IOT}/bind", SECRET).status == 200), "a new token works")
        judge.equal(ask(ours.url + f"{IOT}/bind", CUSTOM[0]).status, 429, "a reload resets no limit")
    for setting, count in (("3", 3), ("off", 70)):
        with Served(binary, ["proxy", "strict", "--tokens", file, "--rate-limit", setting], in_world(world)) as ours:
            answers = [ask(ours.url + "/health", CUSTOM[0]).status for _ in range(count)]
            judge.equal(set(answers), {200}, f"--rate-limit {setting}: so many are answered")
            if setting != "off":
                judge.equal(ask(ours.url + "/health", CUSTOM[0]).status, 429, f"--rate-limit {setting}: and no more")


def realtime(judge, world, binary, folder):
    """Sessions beside the seeds': start, read, extend; the merged report; the stream; whose it is."""
    account, printer = world.account, world.printers[0]
    file = tokens_file(folder, {custom: account["token"] for custom in CUSTOM})
    body, target = {"device_id": printer["serial"]}, f"{REALTIME}?device_id={printer['serial']}"
    with Served(binary, ["proxy", "strict", "--tokens", file, "--rate-limit", "off"], in_world(world)) as ours, \
            Seeds("proxy", file, world.ready["api_url"], "strict", mqtt=world.ready["mqtt"], ca_file=world.ca_file) as theirs:
        data = {}
        for side, proxy in (("theirs", theirs), ("ours", ours)):
            first = ask(f"{proxy.url}{REALTIME}/start", CUSTOM[0], "POST", body)
            again = ask(f"{proxy.url}{REALTIME}/start", CUSTOM[0], "POST", body)
            judge.equal((first.status, first.json.get("status")), (200, "started"), f"realtime, {side}: started")
            judge.equal((again.status, again.json.get("status")), (200, "extended"), f"realtime, {side}: extended")
            judge.equal(again.json.get("expires_in"), 120, f"realtime, {side}: 120 s")
            read = eventually(lambda p=proxy: (a := ask(p.url + target, CUSTOM[1 + int(time.monotonic()) % 2] if p is theirs else CUSTOM[0])
                                               ).status == 200 and a)
            if judge.check(read, f"realtime, {side}: data"):
                data[side] = {"start": first.json, "extended": again.json, "data": read.json}
        if len(data) == 2:
            for what, theirs_ in data["theirs"].items():
                judge.check(set(theirs_) <= set(data["ours"][what]), f"realtime, {what}: the seeds' keys",
                            set(theirs_) - set(data["ours"][what]))
            report = data["ours"]["data"]["data"].get("print", {})
            judge.check({"nozzle_temper", "bed_temper", "gcode_state", "mc_percent", "ams", "lights_report", "wifi_signal"} <= set(report),
                        "realtime: the merged full report", sorted(report)[:80])
            judge.equal(type(report.get("sequence_id")), str, "realtime: as the printer names and writes it")
        told = ask(ours.url + target, CUSTOM[0]).text
        judge.check(printer["host"] not in told.replace("127.0.0.1", "") and printer["access_code"] not in told, "realtime: masked")
        judge.equal(ask(ours.url + target, CUSTOM[5]).status, 404, "realtime: a session is its token's alone")
        with Readers(f"{ours.url}{REALTIME}/stream?device_id={printer['serial']}", 2, authorized(CUSTOM[0])) as readers:
            judge.check(readers.every(lambda r: r.status == 200 and r.events), "stream: a snapshot")
            one = readers.one()
            judge.equal(one.events[0].name if one.events else None, "snapshot", "stream: first a snapshot")
            judge.check("text/event-stream" in one.head.lower(), "stream: Server-Sent Events", one.head)
            judge.check(readers.every(lambda r: any(e.name == "change" for e in r.events)), "stream: then changes", one.events[:2])
            judge.check(one.document().get("serial") == printer["serial"] if one.document() else False, "stream: the status document", one.events[:1])
        ask(f"{ours.url}{REALTIME}/start", CUSTOM[1], "POST", body)
        sessions = ask(ours.url + "/admin/mqtt", CUSTOM[0]).json
        theirs_ = ask(theirs.url + "/admin/mqtt", CUSTOM[0]).json
        judge.check(set(theirs_) <= set(sessions or {}), "admin/mqtt: the seeds' keys", sessions)
        judge.check(sessions and printer["serial"] in sessions["sessions"], "admin/mqtt: by serial", sessions)
        if sessions and printer["serial"] in sessions["sessions"]:
            judge.check(set(next(iter(theirs_["sessions"].values()))) <= set(sessions["sessions"][printer["serial"]]),
                        "admin/mqtt: the seeds' keys of a session", sessions)
        health = ask(ours.url + "/health").json
        judge.check(health["mqtt_active_sessions"] >= 1, "health counts sessions", health)
        links = len(re.findall(r'bambu_printers{[^}]*connection="online"[^}]*} (\d+)', metrics(ours)))
        judge.check(links, "metrics: the link is counted", metrics(ours)[:2000])


def metrics(served, token=None):
    """What Prometheus would see."""
    return ask(served.url + "/metrics", token).text


def reload(judge, world, binary, folder):
    """A file that changes is read anew; a broken one is not, and said once, without what is in it."""
    real = world.account["token"]
    file = tokens_file(folder, {CUSTOM[0]: real})
    with Served(binary, ["proxy", "strict", "--tokens", file, "--rate-limit", "off"], in_world(world)) as ours:
        def status(token):
            return ask(ours.url + f"{IOT}/bind", token).status
        judge.equal((status(CUSTOM[0]), status(SECRET)), (200, 401), "reload: before")
        tokens_file(folder, {SECRET: real})
        judge.check(eventually(lambda: status(SECRET) == 200, 20), "reload: a new token works")
        judge.equal(status(CUSTOM[0]), 401, "reload: one that is gone does not")
        before = ours.told()
        for broken in (f'{{"{SECRET}": "{real}", ', "[]", "", f'{{"{CUSTOM[0]}": 7}}', "\x00\xff"):
            tokens_file(folder, broken)
            time.sleep(2.5)
            judge.equal((status(SECRET), status(CUSTOM[0])), (200, 401), f"reload: {broken[:3]!r} keeps the old ones")
        more = ours.told()[len(before):]
        judge.check(re.search(r"(?i)warn|error", more) and "proxy_tokens.json" in more, "reload: a broken file is told", more[-800:])
        judge.check(SECRET not in more and real not in more, "reload: without what is in it")
        times = sum("proxy_tokens.json" in line for line in more.splitlines())
        judge.check(1 <= times <= 10, "reload: once for each, not each second", times)
        file.unlink()
        time.sleep(2.5)
        judge.equal(status(SECRET), 200, "reload: a file that is gone, too")
        tokens_file(folder, {CUSTOM[2]: real, "custom-token-1": "YOUR_REAL_BAMBU_CLOUD_TOKEN_HERE"})
        time.sleep(2.5)
        judge.check(status("custom-token-1") == 401, "reload: the seeds' placeholder is nobody's token")


def examples(judge, world, binary, folder):
    """The seeds' example file: as it comes it is refused by name, with real tokens in it it works."""
    text = importlib.resources.files("servers").joinpath("proxy_tokens.json.example").read_text()
    env, real = in_world(world) | {"BAMBU_CONFIG_DIR": str(folder), "HOME": str(folder)}, world.account["token"]
    for name, content, word in (("the example", text, "YOUR_REAL_BAMBU_CLOUD_TOKEN_HERE|placeholder|example"), ("no JSON", "{", "JSON|line"), ("a list", "[]", "object|JSON")):
        file = tokens_file(folder, content)
        code, out, err = run([binary, "proxy", "strict", "--tokens", str(file), "--listen", "127.0.0.1:0"], env=env, timeout=20)
        judge.check(code in (1, 2, 4) and "proxy_tokens.json" in err and re.search(word, err), f"tokens: {name} is refused by name", (code, err))
        judge.check("next:" in err, f"tokens: {name}: and what to do is told", err)
    with Served(binary, ["proxy", "strict", "--tokens", folder / "later.json"], in_world(world)) as ours:
        judge.check(re.search(r"(?i)warn.*no token", ours.errors()), "tokens: a file that is not there yet is warned of", ours.errors())
        judge.equal(ask(ours.url + f"{IOT}/bind", CUSTOM[0]).status, 401, "tokens: and lets nobody in")
        tokens_file(folder, {CUSTOM[0]: real}, "later.json")
        judge.check(eventually(lambda: ask(ours.url + f"{IOT}/bind", CUSTOM[0]).status == 200, 20), "tokens: once it is there it counts")
    filled = text.replace("YOUR_REAL_BAMBU_CLOUD_TOKEN_HERE", real).replace("ANOTHER_BAMBU_CLOUD_TOKEN_HERE", real)
    with Served(binary, ["proxy", "strict", "--tokens", tokens_file(folder, filled)], in_world(world)) as ours:
        judge.equal([ask(ours.url + f"{IOT}/bind", f"custom-token-{n}").status for n in (1, 2, 3)], [200, 200, 401], "tokens: the seeds' file with real tokens")
        judge.equal(ask(ours.url + "/health").json["tokens_configured"], 2, "tokens: both are counted")


def budget(judge, binary, folder):
    """The account has one budget, whatever the number of tokens; who is told to wait is told why."""
    file = tokens_file(folder, {custom: RECORDED for custom in CUSTOM[:5]} | {SECRET: RECORDED + "2"})
    with RecordedCloud() as cloud, Served(binary, ["proxy", "strict", "--tokens", file, "--rate-limit", "off"],
                                          pointed_at(cloud.url) | {"BAMBU_RATE_LIMITS": "devices=10/min"}) as ours:
        answers = [ask(ours.url + f"{IOT}/bind", CUSTOM[n % 5]) for n in range(25)]
        judge.equal(len(cloud.taken()), 10, "budget: so many calls of the account reach the cloud")
        judge.equal([a.status for a in answers], [200] * 10 + [429] * 15, "budget: the others are told")
        judge.check(int(answers[-1].headers.get("retry-after", 0)) > 0 and "account" in answers[-1].text, "budget: why, and for how long", answers[-1])
        ask(ours.url + f"{IOT}/bind", SECRET)
        judge.equal(len(cloud.taken()), 1, "budget: another account has its own")
        judge.check(re.search(r'bambu_limited_total{[^}]*} 15|bambu_limited_total{[^}]*} [1-9]', metrics(ours)), "budget: counted", metrics(ours)[-900:])


def logs(judge, binary, folder):
    """A line for each request: JSON with an id, the route, the token's name; never a token or a query."""
    file = tokens_file(folder, {CUSTOM[0]: RECORDED})
    with RecordedCloud() as cloud, Served(binary, ["proxy", "strict", "--tokens", file, "--log-format", "json"], pointed_at(cloud.url)) as ours:
        given = ask(ours.url + f"{IOT}/bind?secret=in-the-query", CUSTOM[0], headers={"X-Request-Id": "judge-7.a_b"})
        judge.equal(given.headers.get("x-request-id"), "judge-7.a_b", "logs: a sane id is taken over")
        odd = ask(ours.url + f"{IOT}/bind", "wrong-token-of-somebody", headers={"X-Request-Id": "x" * 300})
        judge.check(odd.headers.get("x-request-id", "x" * 300) != "x" * 300, "logs: another is made", odd.headers)
        ask(ours.url + f"{IOT}/ttcode", CUSTOM[0], "POST", {"a": "secret-in-the-body"})
        lines = wait_for(lambda: (l := ours.errors().splitlines()) and sum('"path"' in x for x in l) >= 3 and l, 10) or []
        parsed = []
        for line in lines:
            try:
                parsed.append(json.loads(line))
            except ValueError:
                judge.check(False, "logs: each line is JSON", line)
        access = [p for p in parsed if "status" in p]
        judge.equal([(p["method"], p["status"]) for p in access][:3], [("GET", 200), ("GET", 401), ("POST", 405)], "logs: a line for each request")
        judge.check(all({"timestamp", "level", "request_id", "face", "path", "duration_ms", "token"} <= set(p) for p in access), "logs: with what belongs to it", access[:1])
        judge.equal(access[0]["request_id"] if access else None, "judge-7.a_b", "logs: with its id")
        told = ours.told()
        for secret in ("in-the-query", "wrong-token-of-somebody", "secret-in-the-body", CUSTOM[0], RECORDED):
            judge.check(secret not in told, f"logs: no {secret[:20]}", next((l for l in told.splitlines() if secret in l), ""))


def certificates(judge, binary, folder):
    """Open to the network without TLS it warns; with a given or a made certificate it speaks TLS."""
    file = tokens_file(folder, {CUSTOM[0]: RECORDED})
    with RecordedCloud() as cloud:
        env = pointed_at(cloud.url)
        with Served(binary, ["proxy", "strict", "--tokens", file], env, listen="0.0.0.0:0") as ours:
            judge.check(re.search(r"(?i)warn.*(TLS|encrypt|clear)", ours.errors()), "open without TLS: a warning", ours.errors())
        with Served(binary, ["proxy", "strict", "--tokens", file], env) as ours:
            judge.check("TLS" not in ours.errors(), "on loopback: none", ours.errors())
        authority = Authority()
        leaf, key = authority.certificate("localhost", "DNS:localhost,IP:127.0.0.1")
        for what, tls in (("given", f'{{ certificate = "{leaf}", key = "{key}" }}'), ("made", '"made"')):
            config = pathlib.Path(folder, "bambu.toml")
            config.write_text(f'[server]\ntls = {tls}\n[proxy]\ntokens_file = "{file}"\n[proxy.strict]\nlisten = "127.0.0.1:0"\n')
            with Served(binary, ["serve", "--config", config], env, listen=False) as ours:
                judge.check(ours.url.startswith("https://"), f"TLS, {what}: the URL says so", ours.url)
                believed = authority.ca_file
                if what == "made":
                    believed = str(pathlib.Path(folder, "made.pem"))
                    pathlib.Path(believed).write_text(ssl.get_server_certificate(("127.0.0.1", ours.port)))
                answer = ask(ours.url + f"{IOT}/bind", CUSTOM[0], ca_file=believed)
                judge.equal((answer.status, len((answer.json or {}).get("devices", []))), (200, 1), f"TLS, {what}: it answers")
                again = run(["curl", "--silent", "--cacert", believed, f"{ours.url}/health"], env=env)
                judge.check(again[0] == 0 and b"healthy" in again[1], f"TLS, {what}: curl, too", again)
                with socket.create_connection(("127.0.0.1", ours.port), 10) as plain:
                    plain.sendall(b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n")
                    plain.settimeout(10)
                    with contextlib.suppress(OSError):
                        judge.check(b"healthy" not in plain.recv(4096), f"TLS, {what}: nothing in the clear")
        config.write_text(f'[server]\ntls = {{ certificate = "{file}", key = "{key}" }}\n[proxy]\ntokens_file = "{file}"\n[proxy.strict]\nlisten = "127.0.0.1:0"\n')
        code, out, err = run([binary, "serve", "--config", str(config)], env=env | {"BAMBU_CONFIG_DIR": str(folder), "HOME": str(folder)}, timeout=20)
        judge.check(code in (1, 2) and "proxy_tokens.json" in err and RECORDED not in err and CUSTOM[0] not in err, "a certificate that is none is refused by name", (code, err))


def trouble(judge, world, binary, folder):
    """What goes wrong upstream is 502 with its class; the proxy is well as soon as the cloud is."""
    file = tokens_file(folder, {CUSTOM[0]: world.account["token"]})
    with Served(binary, ["proxy", "strict", "--tokens", file, "--rate-limit", "off"], in_world(world)) as ours:
        def of(target=f"{IOT}/bind"):
            return ask(ours.url + target, CUSTOM[0], timeout=90)
        for fault, cause in (("dead-token", "auth"), ("challenge", "challenge"), ("rate-limited", "limit"), ("server-error", "server")):
            world.fault(fault)
            answer = of()
            judge.equal((answer.status, (answer.json or {}).get("error"), (answer.json or {}).get("cause")),
                        (502, "API request failed", cause), f"{fault}: 502 and its class")
            judge.check("<html" not in answer.text.lower() and "openresty" not in answer.text, f"{fault}: no page of theirs", answer)
            judge.check((answer.json or {}).get("message"), f"{fault}: a message", answer)
            world.fault()
            judge.check(eventually(lambda: of().status == 200, 20), f"{fault}: over", of())
    with Served(binary, ["proxy", "strict", "--tokens", file], pointed_at("http://127.0.0.1:9")) as ours:
        answer = ask(ours.url + f"{IOT}/bind", CUSTOM[0], timeout=90)
        judge.equal((answer.status, (answer.json or {}).get("cause")), (502, "unreachable"), "nobody there: 502")
        judge.equal(ask(ours.url + "/health").status, 200, "nobody there: the proxy itself is healthy")


def options(judge, world, binary, folder):
    """bambu.toml: a hash instead of the token, serials, read-only, own limit, expiry, masking, admin."""
    real, (first, second) = world.account["token"], [p["serial"] for p in world.printers[:2]]
    file = tokens_file(folder, {custom: real for custom in CUSTOM[:7]})

    def digest(token):
        return "sha256:" + hashlib.sha256(token.encode()).hexdigest()
    config = pathlib.Path(folder, "bambu.toml")
    config.write_text(
        f'[proxy]\ntokens_file = "{file}"\n[proxy.strict]\nlisten = "127.0.0.1:0"\n[proxy.full]\nlisten = "127.0.0.1:0"\n'
        f'[[proxy.token]]\nname = "anna"\ntoken = "{digest(CUSTOM[0])}"\nserials = ["{first}"]\nnote = "first floor"\n'
        f'[[proxy.token]]\nname = "reader"\ntoken = "{digest(CUSTOM[1])}"\nread_only = true\n'
        f'[[proxy.token]]\nname = "seldom"\ntoken = "{digest(CUSTOM[2])}"\nlimit = 2\n'
        f'[[proxy.token]]\nname = "gone"\ntoken = "{digest(CUSTOM[3])}"\nexpires = "2020-01-01"\n'
        f'[[proxy.token]]\nname = "open"\ntoken = "{digest(CUSTOM[4])}"\nmasking = false\n'
        f'[[proxy.token]]\nname = "boss"\ntoken = "{digest(CUSTOM[5])}"\nadmin = true\n')
    with Served(binary, ["serve", "--config", config], in_world(world), listen=False) as ours:
        judge.equal(set(ours.urls), {"proxy_strict", "proxy_full"}, "serve: the faces of bambu.toml")
        strict, full = ours.urls["proxy_strict"].rstrip("/"), ours.urls["proxy_full"].rstrip("/")
        devices = ask(f"{strict}{IOT}/bind", CUSTOM[0])
        judge.equal([d["dev_id"] for d in (devices.json or {}).get("devices", [])], [first], "serials: only these are listed")
        judge.equal(len((ask(f"{strict}{IOT}/bind", CUSTOM[6]).json or {}).get("devices", [])), len(world.printers), "others see all")
        for target in (f"{IOT}/device/version?dev_id={second}", f"{REALTIME}?device_id={second}", f"{USER}/profile", f"{IOT}/project"):
            answer = ask(strict + target, CUSTOM[0])
            judge.check(answer.status in (403, 404), f"serials: {target} is refused", answer)
        judge.equal(ask(f"{strict}{REALTIME}/start", CUSTOM[0], "POST", {"device_id": second}).status, 403, "serials: no session of another")
        judge.equal(ask(f"{strict}{REALTIME}/start", CUSTOM[0], "POST", {"device_id": first}).status, 200, "serials: one of its own")
        for answer in (ask(f"{strict}{IOT}/print?force=true", CUSTOM[0]), ask(f"{strict}{USER}/tasks", CUSTOM[0]), ask(f"{strict}{IOT}/device/version", CUSTOM[0])):
            judge.check(answer.status == 200 and not any(p["serial"] in answer.text for p in world.printers[1:]), "serials: nothing of others", answer)
        write = {"dev_id": first, "dev_name": "renamed"}
        judge.equal(ask(f"{full}{IOT}/device/info", CUSTOM[1], "PATCH", write).status, 405, "read_only: full is strict for it")
        judge.equal(ask(f"{full}{IOT}/device/info", CUSTOM[6], "PATCH", write).status, 200, "full: others write")
        judge.equal([ask(f"{strict}{IOT}/bind", CUSTOM[2]).status for _ in range(3)], [200, 200, 429], "limit: its own")
        expired = ask(f"{strict}{IOT}/bind", CUSTOM[3])
        judge.check(expired.status == 401 and "xpired" in expired.text, "expires: 401, told", expired)
        code = world.printers[0]["access_code"]
        judge.check(code in ask(f"{full}{IOT}/bind", CUSTOM[4]).text, "masking = false: full shows it")
        judge.check(code not in ask(f"{strict}{IOT}/bind", CUSTOM[4]).text, "masking = false: strict does not")
        judge.equal([ask(f"{strict}/admin/tokens", CUSTOM[n]).status for n in (5, 6)], [200, 403], "admin: only who is one")
        listed = ask(f"{strict}/admin/tokens", CUSTOM[5])
        judge.equal((listed.json or {}).get("count"), 7, "admin/tokens: how many")
        judge.check("anna" in listed.text and not any(c in listed.text for c in CUSTOM[:7]), "admin/tokens: names, no token", listed)
        told = metrics(ours, CUSTOM[5])
        judge.check(re.search(r'bambu_requests_total{[^}]*token="anna"[^}]*} [1-9]', told), "metrics: who used what", told[:1500])
        # What may be shown to this token alone is no leak.
        ANSWERS[:] = [(u, a) for u, a in ANSWERS if not u.startswith(full)]


def cache(judge, binary, folder):
    """`--cache`: one call for many, ETag, and a marked stale answer when the cloud fails; without it none of it."""
    file, target = tokens_file(folder, {CUSTOM[0]: RECORDED, CUSTOM[1]: RECORDED}), f"{IOT}/bind"

    def at_once(url, token):
        with concurrent.futures.ThreadPoolExecutor(12) as pool:
            return list(pool.map(lambda _: ask(url + target, token), range(12)))
    with RecordedCloud() as cloud:
        with Served(binary, ["proxy", "strict", "--tokens", file, "--rate-limit", "off", "--cache", "2"], pointed_at(cloud.url)) as ours:
            judge.equal({a.status for a in at_once(ours.url, CUSTOM[0])}, {200}, "cache: all are answered")
            judge.equal(len(cloud.taken()), 1, "cache: by one call")
            answer = ask(ours.url + target, CUSTOM[0])
            tag = answer.headers.get("etag")
            if judge.check(tag, "cache: an ETag", answer.headers):
                same = ask(ours.url + target, CUSTOM[0], headers={"If-None-Match": tag})
                judge.equal((same.status, same.body), (304, b""), "cache: 304 for who has it")
            cloud.answers[("GET", target)] = (502, "<html>bad gateway</html>")
            time.sleep(2.5)
            stale = ask(ours.url + target, CUSTOM[0])
            judge.check(stale.status == 200 and any(w in f"{stale.headers}".lower() for w in ("stale", "warning")),
                        "cache: a stale answer stands in, marked as such", (stale, stale.headers))
            del cloud.answers[("GET", target)]
        config = pathlib.Path(folder, "bambu.toml")
        config.write_text(f'[proxy]\ntokens_file = "{file}"\ncache = 30\n[proxy.strict]\nlisten = "127.0.0.1:0"\n'
                          f'[[proxy.token]]\ntoken = "{CUSTOM[1]}"\nserials = ["00M00A000000009"]\n')
        with Served(binary, ["serve", "--config", config], pointed_at(cloud.url), listen=False) as ours:
            for token, count in ((CUSTOM[0], 1), (CUSTOM[1], 0), (CUSTOM[0], 1)):
                judge.equal(len((ask(ours.url + target, token).json or {}).get("devices", [7])), count, "cache: nobody is given what is another's")
        for more in ((), ("--cache", "off")):
            cloud.taken()
            with Served(binary, ["proxy", "strict", "--tokens", file, "--rate-limit", "off", *more], pointed_at(cloud.url)) as ours:
                at_once(ours.url, CUSTOM[0])
                judge.equal(len(cloud.taken()), 12, f"{more}: each request is a call")
                cloud.answers[("GET", target)] = (502, "<html>bad gateway</html>")
                judge.equal(ask(ours.url + target, CUSTOM[0]).status, 502, f"{more}: nothing stands in")
                del cloud.answers[("GET", target)]


def newcomer(judge, binary, _folder):
    """`bambu demo`: what it says where its servers are is true, for curl."""
    with World(binary, "--json", verb="demo") as world:
        servers, serials = world.ready.get("servers") or {}, {p["serial"] for p in world.printers}
        judge.equal(sorted(servers), ["camera", "compat", "proxy_full", "proxy_strict", "proxy_token"], "demo: servers in the ready file")
        for mode in ("strict", "full"):
            answer = curl(f"{servers[f'proxy_{mode}']}{IOT}/bind", servers["proxy_token"])
            judge.equal({d["dev_id"] for d in (answer.json or {}).get("devices", [])}, serials, f"demo: {mode}")
            judge.check(not any(p["access_code"] in answer.text for p in world.printers), f"demo: {mode} masks")
            judge.equal(curl(f"{servers[f'proxy_{mode}']}{IOT}/bind").status, 401, f"demo: {mode} wants its token")
        status = eventually(lambda: set((a := curl(f"{servers['compat']}/api/v1/status")).json or {}) == serials and a)
        judge.check(status, "demo: the compatibility layer", curl(f"{servers['compat']}/api/v1/status"))


def main():
    if sys.argv[1] == "--table":
        print(markdown())
        return
    judge = Judge("proxy")
    with World(sys.argv[1], "--printers", "3", "--models", "P1S,X1C,A1", "--seed", "61", "--state", "printing") as world, \
            tempfile.TemporaryDirectory() as folder:
        def place(name):
            made = pathlib.Path(folder, name)
            made.mkdir()
            return made
        binary = sys.argv[1]
        alone = (masks, honest, cache, budget, logs, certificates, newcomer)
        for part in (*alone, routes, limits, realtime, examples, reload, trouble, options):
            if sys.argv[2:] and part.__name__ not in sys.argv[2:]:
                continue
            judge.part(part, judge, *([] if part in alone else [world]), binary, place(part.__name__))
            world.fault()
        secrets = {"the real token": world.account["token"], "another real token": RECORDED} | {
            f"the access code of {p['name']}": p["access_code"] for p in world.printers}
        no_secret(judge, "proxy", secrets)
        judge.check(wait_for(lambda: world.running(), 1), "the world lives on")
    judge.end()


if __name__ == "__main__":
    main()
