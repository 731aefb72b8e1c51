#!/usr/bin/env python3
"""Judges the servers where it hurts: an upstream that is down, slow, cut, endless or another's; nginx behind
them for keep-alive, chunks and large answers; 200 readers while the broker drops; slow readers, idle
connections, slowloris; bounded memory; `kill -9` and another start.

usage: judge_server_faults.py BAMBU [PART...]
"""

import concurrent.futures
import contextlib
import hashlib
import json
import pathlib
import resource
import signal
import socket
import sys
import tempfile
import threading
import time

import requests

from fault_proxy import Proxy
from hostile_cloud import CHALLENGE, DEVICES, Hostile, bomb, drip, endless, head, reset, say, silence, whole
from judge import Judge, wait_for
from nginx import Upstream
from recorded_cloud import TOKEN
from served import Served, ask, authorized, eventually, in_world, no_secret, pointed_at, tokens_file
from sse import Readers
from world import World, free_port

CUSTOM, IOT = "faults-token-3b9d6c", "/v1/iot-service/api/user"
#: Memory that a server may have more than before, in KiB, whatever passes through it.
MORE = 64 << 10
LARGE = 100 << 20


def strict(binary, folder, api, *more, mode="strict", real=TOKEN, env=None, listen=True):
    """A proxy without limits before this upstream."""
    file = tokens_file(folder, {CUSTOM: real})
    return Served(binary, ["proxy", mode, "--tokens", file, "--rate-limit", "off", *more], env or pointed_at(api), listen)


def short(data):
    """A head that promises more than comes."""
    return head("200 OK", "Content-Type: application/json", f"Content-Length: {len(data) + 500}") + data


#: What the upstream does, which statuses tell that rightly, which classes.
UPSTREAMS = {
    "no HTTP": (say(b"SSH-2.0-OpenSSH_9.2\r\n"), {502}, {"unreachable", "server"}),
    "hangs up": (say(), {502}, {"unreachable", "server"}),
    "says nothing": (silence, {502, 504}, {"timeout"}),
    "slow headers": (drip(whole(DEVICES)), {502, 504}, {"timeout"}),
    "a page": (say(whole(b"<html><body>Welcome</body></html>", "200 OK", "Content-Type: text/html")), {502}, None),
    "a page as JSON": (say(whole(b"<html><body>Welcome</body></html>")), {502, 200}, None),
    "a challenge": (say(whole(CHALLENGE, "403 Forbidden", "Content-Type: text/html", "cf-mitigated: challenge")), {502}, {"challenge"}),
    "a challenge as a success": (say(whole(CHALLENGE, "200 OK", "Content-Type: text/html")), {502}, {"challenge", "server", "refused"}),
    "429": (say(whole(b'{"error":"Too Many Requests"}', "429 Too Many Requests", "Retry-After: 7")), {502}, {"limit"}),
    "401": (say(whole(b'{"code":4,"error":"Please login."}', "401 Unauthorized")), {502}, {"auth"}),
    "500": (say(whole(b"<h1>oops 10.1.2.3</h1>", "500 Internal Server Error", "Content-Type: text/html")), {502}, {"server"}),
    "an error without an end": (endless(head("400 Bad Request", "Transfer-Encoding: chunked"), b"8000\r\n" + b"x" * 32768 + b"\r\n"), {502}, None),
    "headers without an end": (endless(b"HTTP/1.1 200 OK\r\n", b"X-More: " + b"y" * 8000 + b"\r\n"), {502}, None),
    "interim answers without an end": (endless(b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 100), {502, 504}, None),
    "two lengths": (say(head("200 OK", "Content-Length: 10", "Content-Length: 20") + DEVICES), {502}, None),
    "another protocol": (say(head("101 Switching Protocols", "Connection: Upgrade", "Upgrade: x") + DEVICES), {502}, None),
    "gzip unasked": (say(whole(bomb()[:200_000], "200 OK", "Content-Encoding: gzip")), {502}, None),
    "a redirect": (say(whole(b"", "302 Found", "Location: http://10.1.2.3/x")), {302, 502}, None),
    "no JSON": (say(whole(b"no JSON at 10.1.2.3 and dev_access_code", "200 OK", "Content-Type: text/plain")), {200, 502}, None),
    "200 000 brackets": (say(whole(b"[" * 200_000)), {200, 502}, None),
    "a string without an end": (say(whole(b'{"url":"http://10.1.2.3/' + b"z" * 3_000_000)), {200, 502}, None),
}


def misbehaves(judge, case, binary, folder):
    """One way; the answer is JSON or cut, and nothing of the upstream's is told."""
    behave, wanted, causes = UPSTREAMS[case]
    with tempfile.TemporaryDirectory(dir=folder) as home, Hostile(behave) as cloud, strict(binary, home, cloud.url) as proxy:
        before, status, text = proxy.memory(), None, ""
        try:
            answer = ask(f"{proxy.url}{IOT}/bind", CUSTOM, timeout=90)
            status, text = answer.status, answer.text + str(answer.headers)
            if causes and status >= 500:
                judge.check((answer.json or {}).get("cause") in causes, f"upstream: {case}: class in {causes}", answer)
            if status >= 500:
                judge.equal((answer.json or {}).get("error"), "API request failed", f"upstream: {case}: the seeds' words")
        except requests.RequestException as error:
            # A body that was being passed on and had to be cut.
            judge.check(200 in wanted, f"upstream: {case}: answered", error)
            status = 200
        judge.check(status in wanted, f"upstream: {case}: {wanted}", (status, text[:300]))
        judge.check("10.1.2.3" not in text and "<html" not in text.lower() and "openresty" not in text, f"upstream: {case}: nothing of it is told", text[:300])
        judge.check(proxy.memory() - before < MORE, f"upstream: {case}: memory is bounded", (before, proxy.memory()))
        judge.equal(ask(proxy.url + "/health").status, 200, f"upstream: {case}: the proxy is well")


def misbehaving(judge, binary, folder):
    """All ways at once."""
    judge.each(misbehaves, list(UPSTREAMS), binary, folder)


def cut(judge, binary, folder):
    """A body that is cut is never passed on as a whole one."""
    for what, behave in (("reset", reset), ("short", say(short(DEVICES))), ("short in chunks", say(
            head("200 OK", "Content-Type: application/json", "Transfer-Encoding: chunked") + b"40\r\n" + DEVICES[:64] + b"\r\n"))):
        with Hostile(behave) as cloud, strict(binary, folder, cloud.url) as proxy:
            try:
                answer = ask(f"{proxy.url}{IOT}/bind", CUSTOM)
                judge.check(answer.status >= 500, f"cut, {what}: no whole answer", answer)
            except requests.RequestException:
                judge.check(True, f"cut, {what}")
            judge.equal(ask(proxy.url + "/health").status, 200, f"cut, {what}: the proxy is well")


def streams(judge, binary, folder):
    """What comes first is passed on before the last is there; both ways."""
    first, gate = b'{"devices":[{"name":"early"},', threading.Event()

    def slowly(connection, _request, _server):
        connection.sendall(head("200 OK", "Content-Type: application/json", "Transfer-Encoding: chunked")
                           + b"%x\r\n%s\r\n" % (len(first), first))
        gate.wait(20)
        connection.sendall(b"f\r\n" + b'{"name":"late"}' + b"\r\n2\r\n]}\r\n0\r\n\r\n")
    with Hostile(slowly) as cloud, strict(binary, folder, cloud.url) as proxy:
        with requests.get(f"{proxy.url}{IOT}/bind", headers=authorized(CUSTOM), stream=True, timeout=20) as answer:
            pieces = answer.iter_content(None)
            seen = b""
            with contextlib.suppress(StopIteration):
                while b"early" not in seen:
                    seen += next(pieces)
            judge.check(b"early" in seen and not gate.is_set(), "streaming: the first bytes are not held back", seen)
            gate.set()
            whole_ = json.loads(seen + b"".join(pieces))
            judge.equal(whole_, {"devices": [{"name": "early"}, {"name": "late"}]}, "streaming: and the rest follows")
    taken, begun = [], threading.Event()

    def takes(connection, request, _server):
        taken.append(request)
        while b"LAST" not in taken[-1]:
            begun.set()
            taken.append(taken[-1][-8:] + connection.recv(65536))
        connection.sendall(whole(b'{"message":"success"}'))
    with Hostile(takes) as cloud, strict(binary, folder, cloud.url, mode="full") as proxy:
        def body():
            yield b'{"a":"' + b"b" * 100_000
            wait_for(begun.is_set, 20)
            yield b'"}'
            yield b" LAST"
        answer = requests.post(f"{proxy.url}{IOT}/anything", data=body(), headers=authorized(CUSTOM, {"Content-Type": "application/json"}), timeout=30)
        judge.check(begun.is_set() and answer.status_code == 200, "streaming: a body is passed on as it comes", answer.text)


def behind_nginx(judge, binary, folder):
    """Keep-alive, closed idle connections, chunks, compression, large files."""
    document = {"devices": [{"dev_id": f"01P00A{n:09}", "name": "P" * 50, "dev_access_code": "87654321", "url": "https://cdn.example.com/x"} for n in range(300)]}
    masked = {"devices": [d | {"dev_access_code": "********", "url": "[URL_REDACTED]"} for d in document["devices"]]}
    with Upstream("keepalive_requests 7; keepalive_timeout 1s;") as nginx, strict(binary, folder, nginx.url) as proxy:
        nginx.file("some.json", json.dumps(document).encode())
        nginx.file("empty.json", b"")
        session = requests.Session()
        session.headers.update(authorized(CUSTOM))
        for round_ in range(2):
            got = {session.get(f"{proxy.url}/v1/number/{n}", timeout=20).status_code for n in range(60)}
            judge.equal(got, {200}, "keep-alive: each is answered though nginx closes every seventh")
            with concurrent.futures.ThreadPoolExecutor(16) as pool:
                got = set(pool.map(lambda n: requests.get(f"{proxy.url}/v1/number/{n}", headers=authorized(CUSTOM), timeout=20).status_code, range(200)))
            judge.equal(got, {200}, "keep-alive: and with many at once")
            time.sleep(1.6)
        log = nginx.requests()
        judge.check(any(int(r["connection_number"]) > 1 for r in log), "keep-alive: connections are used again")
        judge.check(len({r["connection"] for r in log}) < len(log), "keep-alive: so there are fewer")
        judge.equal({r["protocol"] for r in log}, {"HTTP/1.1"}, "upstream it is HTTP/1.1")
        for way in ("whole", "chunked"):
            answer = ask(f"{proxy.url}/v1/{way}/some.json", CUSTOM)
            judge.equal((answer.status, answer.json), (200, masked), f"{way}: masked and whole")
        compressed = ask(f"{proxy.url}/v1/gzip/some.json", CUSTOM, headers={"Accept-Encoding": "gzip"})
        judge.check("87654321" not in compressed.text and (compressed.status == 502 or compressed.json == masked), "compressed: masked or refused", compressed)
        judge.equal(ask(f"{proxy.url}/v1/whole/empty.json", CUSTOM).status, 204, "an empty file: 204")
        judge.equal(ask(f"{proxy.url}/v1/chunked/empty.json", CUSTOM).body, b"", "an empty one in chunks: nothing")
        top = ask(f"{proxy.url}/v1/whole/some.json", CUSTOM, "HEAD")
        judge.equal((top.status, top.body), (200, b""), "HEAD: a head alone")
        part = ask(f"{proxy.url}/v1/whole/some.json", CUSTOM, headers={"Range": "bytes=40-2000"})
        judge.check("87654321" not in part.text and "cdn.example" not in part.text, "a range: cuts no secret out of its mask", part)
        tag = ask(f"{proxy.url}/v1/whole/some.json", CUSTOM, headers={"If-None-Match": '"x"', "If-Modified-Since": "Sat, 01 Jan 2000 00:00:00 GMT"})
        judge.equal(tag.json, masked, "conditions that do not hold")
        large(judge, nginx, proxy)


def large(judge, nginx, proxy):
    """100 MB of JSON through both ways, with little memory; and one long string."""
    row = b'{"dev_access_code":"87654321","name":"' + b"n" * 900 + b'","ip":"192.168.7.7","n":[1,2,3]},'
    rows = LARGE // len(row)
    data = b'{"devices":[' + row * rows + b'{"last":true}]}'
    nginx.file("large.json", data)
    wanted = data.replace(b"87654321", b"********").replace(b"192.168.7.7", b"[IP_REDACTED]")
    digest = hashlib.sha256(wanted).hexdigest()
    for way in ("whole", "chunked"):
        before, sums, length = proxy.memory(), hashlib.sha256(), 0
        with requests.get(f"{proxy.url}/v1/{way}/large.json", headers=authorized(CUSTOM), stream=True, timeout=120) as answer:
            for piece in answer.iter_content(1 << 20):
                sums.update(piece)
                length += len(piece)
        judge.equal((length, sums.hexdigest()), (len(wanted), digest), f"100 MB, {way}: masked, byte for byte")
        judge.check(proxy.memory() - before < MORE, f"100 MB, {way}: in little memory", (before, proxy.memory()))
    nginx.file("string.json", b'{"a":"' + b"s" * (30 << 20) + b' http://192.168.7.7/x 87654321","dev_access_code":"' + b"7" * 100_000 + b'"}')
    before = proxy.memory()
    with contextlib.suppress(requests.RequestException):
        with requests.get(f"{proxy.url}/v1/whole/string.json", headers=authorized(CUSTOM), stream=True, timeout=120) as answer:
            text = b"".join(answer.iter_content(1 << 20))
        judge.check(b"192.168.7.7" not in text and b"7" * 100 not in text, "one string of 30 MB: nothing in it is told", len(text))
    judge.check(proxy.memory() - before < MORE, "one string of 30 MB: in little memory", (before, proxy.memory()))
    # A caller that takes its time costs a buffer, not the document.
    before, slow = proxy.memory(), []
    for _ in range(20):
        connection = socket.create_connection(("127.0.0.1", proxy.port), 20)
        connection.sendall(f"GET /v1/whole/large.json HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {CUSTOM}\r\n\r\n".encode())
        slow.append(connection)
    time.sleep(3)
    judge.check(proxy.memory() - before < MORE, "20 callers that do not read: in little memory", (before, proxy.memory()))
    judge.equal(ask(f"{proxy.url}/v1/number/1", CUSTOM).status, 200, "20 callers that do not read: others are served")
    for connection in slow:
        connection.close()


def readers(judge, world, binary, folder):
    """200 readers while the broker drops: their connections stay, they are told, then it is live again."""
    serial = world.printers[0]["serial"]
    with Proxy(world.ready["mqtt"]["host"], world.ready["mqtt"]["port"]) as line, \
            strict(binary, folder, None, real=world.account["token"], env=in_world(world, line.port)) as proxy:
        url = f"{proxy.url}{IOT}/device/realtime"
        started = ask(url + "/start", CUSTOM, "POST", {"device_id": serial})
        judge.equal(started.status, 200, f"readers: a session {started}")
        before = line.connections
        with Readers(f"{url}/stream?device_id={serial}", 200, authorized(CUSTOM)) as crowd, \
                Readers(f"{url}/stream?device_id={serial}", 1, authorized(CUSTOM)) as slow:
            # One that does not read at all.
            slow.over = True
            judge.check(crowd.every(lambda r: r.status == 200 and r.events), "readers: 200 snapshots", [r.head[:200] for r in crowd.all if r.status != 200][:2])
            judge.check(line.connections - before <= 1, "readers: by one link", line.connections - before)
            judge.check(crowd.every(lambda r: len(r.events) > 2), "readers: changes for all")
            for what, fail in (("a reset", line.reset), ("a stall", lambda: setattr(line, "mode", "stall"))):
                # A reset alone, since five sessions in five minutes are all that is begun.
                fail()
                judge.check(crowd.every(lambda r: r.live(serial) is False, 90), f"readers, {what}: told that it is not live",
                            crowd.one().told(serial)[-1:])
                line.mode = "pass"
                judge.check(crowd.every(lambda r: r.live(serial), 120), f"readers, {what}: live again")
                judge.check(not any(r.ended for r in crowd.all), f"readers, {what}: nobody was hung up on", sum(r.ended for r in crowd.all))
            read = ask(f"{url}?device_id={serial}", CUSTOM)
            judge.check(read.status in (200, 410), "readers: the session's data", read)
            told = ask(proxy.url + "/metrics").text
            judge.check("bambu_event_readers" in told, "readers: counted")
            memory = proxy.memory("VmRSS")
        judge.check(memory < 250 << 10, "readers: in bounded memory", memory)
        judge.check(eventually(lambda: "bambu_event_readers 0" in ask(proxy.url + "/metrics").text.replace('{face="proxy_strict"}', ""), 30), "readers: none is left over",
                    [l for l in ask(proxy.url + "/metrics").text.splitlines() if "event_readers" in l])


def expiry(judge, world, binary, folder):
    """A session ends: 410, half a minute later 404; another start makes it last; the link is left."""
    serial, file = world.printers[0]["serial"], tokens_file(folder, {CUSTOM: world.account["token"]})
    config = pathlib.Path(folder, "bambu.toml")
    config.write_text(f'[proxy]\ntokens_file = "{file}"\nrate_limit = "off"\nrealtime_seconds = 10\n[proxy.strict]\nlisten = "127.0.0.1:0"\n')
    with Served(binary, ["serve", "--config", config], in_world(world), listen=False) as proxy:
        url = f"{proxy.url}{IOT}/device/realtime"

        def read():
            return ask(f"{url}?device_id={serial}", CUSTOM)

        def start():
            return ask(url + "/start", CUSTOM, "POST", {"device_id": serial}).json
        judge.equal((start() or {}).get("expires_in"), 10, "expiry: as configured")
        judge.check(eventually(lambda: read().status == 200, 10), "expiry: there is data")
        time.sleep(6)
        judge.equal((start() or {}).get("status"), "extended", "expiry: extended")
        time.sleep(6)
        answer = read()
        judge.equal(answer.status, 200, "expiry: so it lasts longer")
        judge.check(0 <= (answer.json or {}).get("expires_in", -1) <= 10 and (answer.json or {}).get("message_count", 0) > 1, "expiry: it says for how long", answer)
        judge.check(eventually(lambda: read().status == 410, 20), "expiry: 410", read())
        judge.equal((read().json or {}).get("error"), "Monitoring session expired", "expiry: in the seeds' words")
        judge.check(eventually(lambda: read().status == 404, 60), "expiry: then 404", read())
        judge.equal((read().json or {}).get("error"), "No active monitoring session", "expiry: in the seeds' words, too")
        gone = eventually(lambda: 'bambu_printers{connection="online"} 0' in ask(proxy.url + "/metrics").text, 60)
        judge.check(gone, "expiry: the link is left", [l for l in ask(proxy.url + "/metrics").text.splitlines() if l.startswith("bambu_printers")])
        judge.equal((start() or {}).get("status"), "started", "expiry: and begun anew")


def crowds(judge, binary, folder):
    """1,000 idle connections and 200 that dawdle: others are served, and who dawdles is put out."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, max(soft, 8192)), hard))
    with Hostile(say(whole(DEVICES))) as cloud, strict(binary, folder, cloud.url) as proxy:
        # A body that does not come, of a request that may have one; looked after at the end.
        body = socket.create_connection(("127.0.0.1", proxy.port), 20)
        body.sendall(f"POST {IOT}/device/realtime/start HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {CUSTOM}\r\nContent-Length: 50\r\n\r\n{{".encode())
        base = proxy.memory("VmRSS")
        with contextlib.ExitStack() as held:
            idle, dawdling = [], []
            for number in range(1200):
                connection = held.enter_context(socket.create_connection(("127.0.0.1", proxy.port), 20))
                (idle if number < 1000 else dawdling).append(connection)
            for connection in dawdling:
                connection.sendall(f"GET {IOT}/bind HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {CUSTOM}\r\n".encode())
            judge.equal(ask(f"{proxy.url}{IOT}/bind", CUSTOM).status, 200, "1,200 connections: another is served")
            judge.check(proxy.memory("VmRSS") - base < MORE, "1,200 connections: in little memory", (base, proxy.memory("VmRSS")))
            over, gone = time.monotonic() + 75, set()
            while time.monotonic() < over and len(gone) < len(dawdling):
                for number, connection in enumerate(dawdling):
                    if number in gone:
                        continue
                    with contextlib.suppress(BlockingIOError):
                        try:
                            connection.send(b"X")
                            if connection.recv(4096, socket.MSG_DONTWAIT) is not None:
                                gone.add(number)
                        except BlockingIOError:
                            continue
                        except OSError:
                            gone.add(number)
                time.sleep(1)
            judge.equal(len(gone), len(dawdling), "slowloris: who dawdles over a head is put out")
            judge.equal(ask(f"{proxy.url}{IOT}/bind", CUSTOM).status, 200, "slowloris: others are served")
        judge.check(eventually(lambda: ask(f"{proxy.url}{IOT}/bind", CUSTOM).status == 200, 20), "and when they are gone")
        body.settimeout(90)
        try:
            answer = body.recv(4096)
        except OSError as error:
            answer = None if isinstance(error, TimeoutError) else b""
        judge.check(answer is not None, "a body that does not come is not waited for without end", answer)
        body.close()


def killed(judge, world, binary, folder):
    """`kill -9`, and again: the same tokens, on the same port, at once; asked to end, it ends with what is under way."""
    port = free_port()
    serial, times = world.printers[0]["serial"], []

    def one():
        return strict(binary, folder, None, real=world.account["token"], env=in_world(world), listen=f"127.0.0.1:{port}")
    for _ in range(3):
        begun = time.monotonic()
        served = one()
        with served:
            judge.equal(ask(f"{served.url}{IOT}/bind", CUSTOM).status, 200, "killed: the tokens are the same")
            times.append(time.monotonic() - begun)
            judge.equal(ask(f"{served.url}{IOT}/device/realtime?device_id={serial}", CUSTOM).status, 404, "killed: no session is pretended")
            judge.equal(ask(f"{served.url}{IOT}/device/realtime/start", CUSTOM, "POST", {"device_id": serial}).json.get("status"), "started", "killed: a new one")
            with Readers(f"{served.url}{IOT}/device/realtime/stream?device_id={serial}", 20, authorized(CUSTOM)) as crowd:
                crowd.every(lambda r: r.status == 200, 20)
                served.child.send_signal(signal.SIGKILL)
                served.wait(10)
                judge.check(crowd.every(lambda r: r.ended, 10), "killed: readers see the end")
    judge.check(min(times) < 1.0, "killed: it serves again within a second", times)
    # Asked to end: what is under way is finished, streams end, and the exit code is 0.
    world.fault("slow-answer")
    with one() as served:
        with Readers(f"{served.url}{IOT}/device/realtime/stream?device_id={serial}", 3, authorized(CUSTOM)) as crowd, \
                concurrent.futures.ThreadPoolExecutor() as pool:
            under_way = pool.submit(ask, f"{served.url}{IOT}/bind", CUSTOM)
            time.sleep(1)
            served.child.send_signal(signal.SIGTERM)
            judge.equal(under_way.result().status, 200, "ended: what is under way is finished")
            judge.equal(served.wait(15), 0, "ended: within ten seconds, exit code 0")
            judge.check(crowd.every(lambda r: r.ended, 5), "ended: streams, too")
    world.fault()


def main():
    judge, binary = Judge("server-faults"), sys.argv[1]
    with tempfile.TemporaryDirectory() as folder, World(binary, "--printers", "1", "--models", "P1S", "--seed", "91", "--state", "printing") as world:
        def place(name):
            made = pathlib.Path(folder, name)
            made.mkdir()
            return made
        wanted = [part for part in (readers, crowds, expiry, misbehaving, cut, streams, behind_nginx, killed) if part.__name__ in sys.argv[2:] or not sys.argv[2:]]

        def start(part):
            judge.part(part, judge, *([world] if part in (readers, expiry, killed) else []), binary, place(part.__name__))
        # These mostly wait; the others after them, one by one, as memory and time are looked at.
        with concurrent.futures.ThreadPoolExecutor() as pool:
            list(pool.map(start, [part for part in wanted if part in (readers, crowds, expiry, misbehaving)]))
        for part in wanted:
            if part not in (readers, crowds, expiry, misbehaving):
                start(part)
        no_secret(judge, "server faults", {"a real token": TOKEN, "the account's token": world.account["token"],
                                           "the access code": world.printers[0]["access_code"]})
    judge.end()


if __name__ == "__main__":
    main()
