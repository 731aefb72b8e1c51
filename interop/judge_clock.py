#!/usr/bin/env python3
"""Judges the servers while the machine's clock jumps, by a day forth and back: limits, sessions, event streams and
ages go on as if nothing were; only what is meant by the wall clock, a token's last day, follows it.

usage: judge_clock.py BAMBU
"""

import pathlib
import subprocess
import sys
import tempfile
import time

from judge import Judge
from served import Served, ask, authorized, eventually, in_world, tokens_file
from sse import Readers
from world import World

ALICE, BOB, IOT = "clock-token-4f1a", "clock-token-90ce", "/v1/iot-service/api/user"
DAY = 24 * 3600

#: The wall clock of one program, ahead by the seconds that a file says; every other clock stays.
SHIFTED = r"""
#include <fcntl.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
int clock_gettime(clockid_t id, struct timespec *now) {
    int failed = syscall(SYS_clock_gettime, id, now);
    const char *name = getenv("CLOCK_AHEAD");
    if (failed || !name || (id != CLOCK_REALTIME && id != CLOCK_REALTIME_COARSE)) return failed;
    int file = open(name, O_RDONLY);
    char text[32] = {0};
    if (file >= 0) {
        if (read(file, text, sizeof text - 1) > 0) now->tv_sec += atol(text);
        close(file);
    }
    return 0;
}
"""


def shim(folder):
    """The library that shifts the clock."""
    source, library = pathlib.Path(folder, "shifted.c"), pathlib.Path(folder, "shifted.so")
    source.write_text(SHIFTED)
    subprocess.run(["cc", "-shared", "-fPIC", "-O1", "-o", library, source], check=True)
    return library


def jumps(judge, world, binary, folder):
    """A day forth, a day back, and a day before where it began."""
    serial, ahead = world.printers[0]["serial"], pathlib.Path(folder, "ahead")

    def jump(seconds):
        fresh = ahead.with_suffix(".new")
        fresh.write_text(str(seconds))
        fresh.replace(ahead)
    jump(0)
    real = world.account["token"]
    file = tokens_file(folder, {ALICE: real, BOB: real})
    end = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + DAY / 2))
    config = pathlib.Path(folder, "bambu.toml")
    config.write_text(f'[proxy]\ntokens_file = "{file}"\n[proxy.strict]\nlisten = "127.0.0.1:0"\n'
                      '[compat]\nlisten = "127.0.0.1:0"\n'
                      f'[[proxy.token]]\nname = "bob"\ntoken = "{BOB}"\nexpires = "{end}"\n')
    login = tokens_file(folder, {"region": "global", "token": real, "uid": str(world.account["uid"])}, "session")
    env = in_world(world) | {"BAMBU_TOKEN_FILE": str(login), "LD_PRELOAD": str(shim(folder)), "CLOCK_AHEAD": str(ahead)}
    with Served(binary, ["serve", "--config", config], env, listen=False) as served:
        proxy, compat = (served.urls[name].rstrip("/") for name in ("proxy_strict", "compat"))
        bind, realtime = f"{proxy}{IOT}/bind", f"{proxy}{IOT}/device/realtime"
        judge.equal(ask(f"{realtime}/start", ALICE, "POST", {"device_id": serial}).status, 200, "clock: a session")
        judge.check(eventually(lambda: ask(f"{compat}/api/v1/status?device_id={serial}").json["stale"] is False, 20), "clock: live")
        judge.equal(ask(bind, BOB).status, 200, "clock: a token with an end")
        left = int(ask(bind, ALICE).headers["x-ratelimit-remaining"])
        with Readers(f"{realtime}/stream?device_id={serial}", 3, authorized(ALICE)) as crowd:
            judge.check(crowd.every(lambda r: r.live(serial)), "clock: readers")
            left -= 3
            for what, seconds in (("a day forth", DAY), ("back", 0), ("a day back", -DAY), ("and forth again", 0)):
                jump(seconds)
                answer = ask(bind, ALICE)
                left -= 1
                judge.equal(answer.status, 200, f"clock, {what}: served")
                judge.equal(int(answer.headers["x-ratelimit-remaining"]), left, f"clock, {what}: what was asked for still counts")
                reset = int(answer.headers["x-ratelimit-reset"]) - time.time() - seconds
                judge.check(-2 < reset < 62, f"clock, {what}: the limit's end is told by the clock as it is", reset)
                judge.equal(ask(bind, BOB).status, 401 if seconds > 0 else 200, f"clock, {what}: a last day is one of the wall clock")
                session = ask(f"{realtime}?device_id={serial}", ALICE)
                left -= 1
                judge.check(session.status == 200 and 0 < session.json["expires_in"] <= 120 and session.json["age_seconds"] < 30,
                            f"clock, {what}: the session lasts", session)
                status = ask(f"{compat}/api/v1/status?device_id={serial}").json
                judge.check(status["stale"] is False and 0 <= status["age_seconds"] < 30, f"clock, {what}: live and as old as it is", status.get("age_seconds"))
                told = [len(reader.events) for reader in crowd.all]
                judge.check(eventually(lambda told=told: all(len(r.events) > n for r, n in zip(crowd.all, told)), 20), f"clock, {what}: readers go on")
                judge.check(crowd.every(lambda r: r.live(serial), 20) and not any(r.ended for r in crowd.all), f"clock, {what}: live")
        metrics = ask(f"{proxy}/metrics").text
        spent = [float(line.rsplit(" ", 1)[1]) for line in metrics.splitlines() if line.startswith("bambu_request_seconds_sum")]
        judge.check(spent and all(0 <= seconds < 60 for seconds in spent), "clock: no request took a day", spent)


def main():
    judge, binary = Judge("clock"), sys.argv[1]
    with tempfile.TemporaryDirectory() as folder, World(binary, "--printers", "1", "--models", "P1S", "--seed", "17", "--state", "printing") as world:
        judge.part(jumps, judge, world, binary, folder)
    judge.end()


if __name__ == "__main__":
    main()
