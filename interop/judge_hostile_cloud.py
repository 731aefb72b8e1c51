#!/usr/bin/env python3
"""Judges our client against clouds that misbehave: it ends by itself with the right exit code and a
clear error, holds no more memory than against a good one, and tells nobody the token.

usage: judge_hostile_cloud.py BAMBU
"""

import socket
import sys

from hostile_cloud import (CHALLENGE, DEVICES, Hostile, bomb, drip, endless, head, redirect, reflect,
                           reset, say, silence, whole)
from judge import Judge
from recorded_cloud import TOKEN
from watched import Watched
from world import clean_environment

#: Memory above that of the same call to a good server, in KiB. The largest answer that is read is far
#: below it, and so is whatever a debug build adds.
MORE = 48 << 10
#: Seconds until our binary has to end by itself, whatever the server does.
END = 100
FAILED, REFUSED, NO_LOGIN, UNREACHABLE = 1, 3, 4, 5


def query(binary, url):
    """`bambu query --devices` of that cloud."""
    env = clean_environment(BAMBU_API_URL=url, BAMBU_TOKEN=TOKEN, BAMBU_UID="1234567890", HOME="/nonexistent",
                            BAMBU_MQTT_URL="mqtts://127.0.0.1:9")
    return Watched([binary, "query", "--devices", "--timeout", "20"], env, END)


#: What the server does, which exit codes tell that rightly, and words the error has to have.
CASES = {
    "not HTTP at all": (say(b"\x00\xff\x13\x37 garbage\r\n\r\n\xfe" * 20), {FAILED, UNREACHABLE}, ""),
    "another protocol": (say(b"SSH-2.0-OpenSSH_9.2\r\n"), {FAILED, UNREACHABLE}, ""),
    "hangs up at once": (say(), {UNREACHABLE}, ""),
    "hangs up in the body": (reset, {FAILED, UNREACHABLE}, ""),
    "says nothing": (silence, {UNREACHABLE}, "time"),
    "a body without an end": (
        endless(head("200 OK", "Transfer-Encoding: chunked"), b"10000\r\n" + b" " * 65536 + b"\r\n"),
        {FAILED}, "bytes"),
    "a body without an end or length": (
        endless(head("200 OK", "Connection: close"), b'{"a":[' + b"[" * 65536), {FAILED}, "bytes"),
    "an error without an end": (
        endless(head("400 Bad Request", "Transfer-Encoding: chunked"), b"8000\r\n" + b"x" * 32768 + b"\r\n"),
        {FAILED, REFUSED}, ""),
    "headers without an end": (
        endless(b"HTTP/1.1 200 OK\r\n", b"X-More: " + b"y" * 8000 + b"\r\n"), {FAILED, UNREACHABLE}, ""),
    "one header without an end": (
        endless(b"HTTP/1.1 200 OK\r\nX-More: ", b"y" * 65536), {FAILED, UNREACHABLE}, ""),
    "interim answers without an end": (
        endless(b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 100), {FAILED, UNREACHABLE}, ""),
    "slow headers": (drip(whole(DEVICES)), {UNREACHABLE}, "time"),
    "a slow body": (lambda c, r, s: (c.sendall(head("200 OK", "Content-Length: 9999")),
                                     drip(DEVICES)(c, r, s)), {UNREACHABLE}, "time"),
    "longer than it says": (say(head("200 OK", "Content-Length: 20") + DEVICES), {FAILED}, ""),
    "shorter than it says": (say(head("200 OK", "Content-Length: 9999") + DEVICES),
                             {FAILED, UNREACHABLE}, ""),
    "a length of nobody": (say(head("200 OK", "Content-Length: -5") + DEVICES), {FAILED, UNREACHABLE}, ""),
    "a length beyond numbers": (say(head("200 OK", "Content-Length: 99999999999999999999999")),
                                {FAILED, UNREACHABLE}, ""),
    "a huge length and nothing": (say(head("200 OK", "Content-Length: 4000000000000")),
                                  {FAILED, UNREACHABLE}, ""),
    "two lengths": (say(head("200 OK", "Content-Length: 10", "Content-Length: 20") + DEVICES),
                    {FAILED, UNREACHABLE}, ""),
    "a chunk of no size": (say(head("200 OK", "Transfer-Encoding: chunked") + b"zz\r\n{}\r\n0\r\n\r\n"),
                           {FAILED, UNREACHABLE}, ""),
    "a gzip bomb": (None, {FAILED}, "bytes"),
    "gzip that is none": (say(whole(b"not gzip at all", "200 OK", "Content-Encoding: gzip")),
                          {FAILED, UNREACHABLE}, ""),
    "no JSON": (say(whole(b"<html><body>Welcome</body></html>")), {FAILED}, ""),
    "an empty success": (say(whole(b"")), {FAILED}, ""),
    "half a JSON": (say(whole(DEVICES[:90])), {FAILED}, ""),
    "JSON of another shape": (say(whole(b'{"devices":[')), {FAILED}, ""),
    "a bare number": (say(whole(b"42")), {FAILED}, ""),
    "JSON in 200 000 brackets": (say(whole(b"[" * 200_000)), {FAILED}, ""),
    "numbers beyond numbers": (
        say(whole(b'{"devices":[{"dev_id":1e999999,"online":-0,"name":' + b"9" * 5000 + b"}]}")), {FAILED}, ""),
    "redirects to itself": (redirect(lambda server: f"{server.url}/again"), {FAILED, REFUSED}, ""),
    "redirects elsewhere": (redirect(lambda server: f"http://localhost:{server.port}/other"),
                            {FAILED, REFUSED}, ""),
    "redirects to a file": (redirect(lambda server: "file:///etc/passwd"), {FAILED, REFUSED}, ""),
    "a challenge page": (say(whole(CHALLENGE, "403 Forbidden", "Content-Type: text/html",
                                   "cf-mitigated: challenge")), {REFUSED}, "browser"),
    "a challenge as a success": (say(whole(CHALLENGE, "200 OK", "Content-Type: text/html")),
                                 {REFUSED}, "browser"),
    "a 401 of nobody": (say(whole(b'{"code":1,"error":"forbidden","message":""}', "401 Unauthorized")),
                        {REFUSED, NO_LOGIN}, ""),
    "a dead token": (say(whole(b'{"code":4,"error":"Please login.","message":""}', "401 Unauthorized")),
                     {NO_LOGIN}, "token"),
    "a gateway's page": (say(whole(b"<html><h1>502 Bad Gateway</h1>openresty</html>", "502 Bad Gateway",
                                   "Content-Type: text/html")), {UNREACHABLE}, "502"),
    "come back next year": (say(whole(b'{"error":"Too Many Requests"}', "429 Too Many Requests",
                                      "Retry-After: 31536000")), {REFUSED}, ""),
    "come back at no time": (say(whole(b"", "429 Too Many Requests", "Retry-After: \xa7 soon".encode(
        "latin-1").decode("latin-1"))), {REFUSED}, ""),
    "the request as an error": (reflect("400 Bad Request"), {REFUSED}, ""),
    "the request as a 401": (reflect("401 Unauthorized"), {REFUSED, NO_LOGIN}, ""),
    "the request as a 500": (reflect("500 Internal Server Error"), {UNREACHABLE}, ""),
    "the request as a success": (reflect("200 OK"), {FAILED, REFUSED}, ""),
    "terminal codes as an error": (
        say(whole('{"code":9,"error":"\\u001b[2J\\u001b]0;owned\\u0007 no","message":""}'.encode(),
                  "400 Bad Request")), {REFUSED}, ""),
}


def misbehaves(judge, case, binary, base):
    """One way to misbehave."""
    behave, codes, words = CASES[case]
    if behave is None:
        behave = say(whole(bomb(), "200 OK", "Content-Encoding: gzip"))
    with Hostile(behave) as server:
        run = query(binary, server.url)
    judge.check(run.code in codes, f"{case}: ends with {sorted(codes)}",
                f"{run.code}, {run.err[-300:] or run.out[-300:]!r}")
    judge.check("error:" in run.err and "panicked" not in run.err, f"{case}: says so", run.err[-300:])
    judge.check("next:" in run.err, f"{case}: and what to do", run.err[-300:])
    judge.check(words in run.err, f"{case}: names it ({words})", run.err[-300:])
    judge.check(len(run.err) < 5000, f"{case}: in few words", len(run.err))
    judge.check(run.peak - base < MORE, f"{case}: memory is bounded",
                f"{run.peak} KiB, {base} against a good server")
    told = TOKEN in run.out + run.err or TOKEN[-12:] in run.out + run.err
    judge.check(not told, f"{case}: the token is not told", run.err[-500:])
    judge.check("\x1b]" not in run.err and "\x1b[2J" not in run.err, f"{case}: no terminal codes")
    if case.startswith("redirects"):
        judge.equal(len(server.requests), 1, f"{case}: is not followed")
    elsewhere = [r for r in server.requests if b"Host: localhost" in r or b"host: localhost" in r]
    judge.check(not elsewhere, f"{case}: no request goes elsewhere", elsewhere[:1])


def no_server(judge, binary):
    """Nobody there, nobody of that name, and a server that does not speak TLS."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with Hostile(say(b"HTTP/1.1 400 Bad Request\r\n\r\n")) as plain:
        for what, url, codes in (("nobody listens", f"http://127.0.0.1:{port}", {UNREACHABLE}),
                                 ("no such name", "https://nobody.invalid", {UNREACHABLE}),
                                 ("no TLS", f"https://127.0.0.1:{plain.port}", {UNREACHABLE})):
            run = query(binary, url)
            judge.check(run.code in codes, f"{what}: ends with {sorted(codes)}",
                        f"{run.code}, {run.err[-300:]}")
            judge.check("error:" in run.err and TOKEN not in run.err, f"{what}: says so", run.err[-300:])


def main():
    judge = Judge("hostile-cloud")
    binary = sys.argv[1]
    with Hostile(say(whole(DEVICES))) as good:
        run = query(binary, good.url)
        judge.equal(run.code, 0, "a good server is understood")
        judge.check("P1S" in run.out, "its printer is listed", run.out[-300:] + run.err[-300:])
    cases = [case for case in CASES if len(sys.argv) < 3 or sys.argv[2] in case]
    judge.part(no_server, judge, binary)
    judge.each(misbehaves, cases, binary, run.peak)
    judge.end()


if __name__ == "__main__":
    main()
