#!/usr/bin/env python3
"""Judges `bambu proxy strict` with requests that try to be two, or others than they look: no write reaches the
upstream, by the upstream's own log; nginx and the simulated cloud. Full mode: none becomes another or a second one.

usage: judge_smuggling.py BAMBU [WORDS OF ONE CASE]
"""

import concurrent.futures
import contextlib
import re
import socket
import sys
import tempfile

from judge import Judge
from nginx import Upstream
from served import Served, ask, in_world, no_secret, pointed_at, tokens_file
from smuggled import REFUSED, corpus
from world import World

CUSTOM, REAL = "custom-token-of-the-judge", "AQArealtoken" + "r3al" * 20
#: Silence after which an answer is taken to be all there is, in seconds.
SILENCE = 1.5


def speak(port, data):
    """All that is answered to these bytes, until the end or a silence."""
    answered = b""
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 30) as connection:
        connection.settimeout(SILENCE)
        # Who refuses early need not read the rest.
        with contextlib.suppress(OSError):
            connection.sendall(data)
        with contextlib.suppress(OSError):
            while len(answered) < 1 << 20:
                got = connection.recv(65536)
                if not got:
                    break
                answered += got
    return answered


def statuses(answered):
    """The status of every answer in these bytes."""
    return [int(found) for found in re.findall(rb"^HTTP/1\.[01] (\d{3})", answered, re.M)]


def mark(number):
    """What a case is known by upstream."""
    return f"mark{number:04}end"


def send_all(judge, what, port, upstream, cases, strict):
    """Every case, many at once; what was answered, by case."""
    def one(numbered):
        number, (name, text, may) = numbered
        text = text.replace("MARK", mark(number)).replace("TOKEN", CUSTOM).replace("UPSTREAM", upstream)
        answered = speak(port, text.encode("latin-1"))
        got = statuses(answered)
        if strict and may is REFUSED:
            judge.check(not got or got[0] >= 400, f"{what}: {name}: refused", answered[:200])
        judge.check(101 not in got and not (name.startswith(("method", "CONNECT")) and 200 in got and strict),
                    f"{what}: {name}: no other protocol, no tunnel", answered[:200])
        judge.check(not any(s in (500, 501, 503, 504) for s in got[:1]) or 501 in got, f"{what}: {name}: no accident", answered[:200])
        if strict and 405 in got and b"{" in answered:
            judge.check(b'"allowed_methods"' in answered, f"{what}: {name}: 405 as the seeds answer it", answered[:500])
        return got
    with concurrent.futures.ThreadPoolExecutor(24) as pool:
        return list(pool.map(one, enumerate(cases)))


def at_nginx(judge, binary, mode, cases, file):
    """With nginx behind it, whose log has every request as it came."""
    strict = mode == "strict"
    with Upstream() as upstream, \
            Served(binary, ["proxy", mode, "--tokens", file, "--rate-limit", "off"], pointed_at(upstream.url)) as proxy:
        what = f"{mode}, nginx"
        send_all(judge, what, proxy.port, f"127.0.0.1:{upstream.port}", cases, strict)
        judge.equal(ask(proxy.url + "/v1/after", CUSTOM).status, 200, f"{what}: it lives on")
        log = upstream.requests()
        judge.check(len(log) > 20, f"{what}: what is good gets through", len(log))
        if strict:
            judge.equal(upstream.writes(), [], f"{what}: no write reached the upstream")
        judge.equal([r for r in log if r["status"] == "400"], [], f"{what}: nothing that nginx cannot read")
        # What is sent as a request of its own may be forwarded in full mode; what is inside another may not.
        alone = ("in a row", "then a write", "a write, then")
        rows = [r for r in log if "SMUGGLED" in r["uri"]]
        spoken = sum(text.count("POST /v1/iot-service/api/user/SMUGGLED") for name, text, _ in cases if any(w in name for w in alone))
        judge.check(not rows if strict else len(rows) <= spoken, f"{what}: nothing smuggled", rows[:3])
        judge.equal([r for r in log if r["authorization"] != f"Bearer {REAL}"], [], f"{what}: all with the real token")
        judge.equal([r for r in log if r["override"] or r["upgrade"]], [], f"{what}: no override and no upgrade passed on")
        judge.equal([r for r in log if r["host"] != f"127.0.0.1:{upstream.port}"], [], f"{what}: all to the upstream by name")
        judge.equal([r for r in log if not r["uri"].startswith("/v1/")], [], f"{what}: nothing beside /v1/")
        path = re.compile(r"//|\\|#|%2e|%2f|%5c|/\.\.?(/|$)|[\x00-\x20\x7f]", re.I)
        judge.equal([r["uri"] for r in log if path.search(r["uri"].partition("?")[0])], [], f"{what}: no path with a trick")
        if strict:
            judge.equal([r for r in log if r["content_length"] not in ("", "0") or r["transfer_encoding"]], [], f"{what}: no body")
        for number, (name, text, may) in enumerate(cases):
            if not strict:
                break
            reached = [r for r in log if mark(number) in r["uri"]]
            most = 0 if may is REFUSED else text.count("MARK")
            judge.check(len(reached) <= most, f"{what}: {name}: at most {most} upstream", reached[:3])


def at_the_cloud(judge, binary, cases, folder):
    """With the simulated cloud behind it, which counts what it was asked."""
    with World(binary, "--printers", "1", "--seed", "62") as world:
        file = tokens_file(folder, {CUSTOM: world.account["token"]}, "world.json")
        with Served(binary, ["proxy", "strict", "--tokens", file, "--rate-limit", "off"], in_world(world)) as proxy:
            world.asked(forget=True)
            # Where a printer is named, it is the account's.
            cases = [(name, text.replace('"device_id":"SMUGGLED"', f'"device_id":"{world.printers[0]["serial"][:8]}"'), may) for name, text, may in cases]
            send_all(judge, "strict, cloud", proxy.port, world.ready["api_url"].removeprefix("http://"), cases, True)
            routes = world.asked()["routes"]
            judge.check(routes, "strict, cloud: it was asked")
            judge.equal([r for r in routes if not r.startswith(("GET ", "HEAD "))], [], "strict, cloud: no write, by its own count")
            judge.equal(ask(proxy.url + "/v1/iot-service/api/user/bind", CUSTOM).status, 200, "strict, cloud: it lives on")


def main():
    judge, binary = Judge("smuggling"), sys.argv[1]
    cases = [case for case in corpus() if len(sys.argv) < 3 or sys.argv[2] in case[0]]
    with tempfile.TemporaryDirectory() as folder:
        file = tokens_file(folder, {CUSTOM: REAL})
        runs = [(at_nginx, "strict", cases, file), (at_nginx, "full", cases, file), (at_the_cloud, cases, folder)]
        judge.each(lambda j, run: run[0](j, binary, *run[1:]), runs)
        no_secret(judge, "smuggling", {"the real token": REAL, "the custom token": CUSTOM})
    judge.end()


if __name__ == "__main__":
    main()
