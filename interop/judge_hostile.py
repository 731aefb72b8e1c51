#!/usr/bin/env python3
"""Judges both brokers with `mqtt_hostile.py`: what mosquitto refuses, they refuse, and they live on.

usage: judge_hostile.py BAMBU
"""

import pathlib
import re
import sys

from judge import Judge, run
from paho_link import cloud, lan
from world import World

TABLE = pathlib.Path(__file__).with_name("mqtt_hostile.py")


def main():
    judge = Judge("hostile")
    with World(sys.argv[1], "--printers", "1", "--models", "P1S") as world:
        printer, mqtt = world.printers[0], world.ready["mqtt"]
        for where, host, port, user, password in (
            ("LAN", printer["host"], printer["mqtt_port"], "bblp", printer["access_code"]),
            ("cloud", mqtt["host"], mqtt["port"], f"u_{world.account['uid']}", world.account["token"]),
        ):
            _, out, err = run([sys.executable, TABLE, "--ours", host, str(port), "--cafile", world.ca_file,
                               "--user", user, "--password", password], timeout=120)
            rows = re.findall(r"^(ok |BAD) (.*)$", out.decode(errors="replace"), re.M)
            judge.check(rows, f"{where}: the table was shown", err[-500:])
            for verdict, row in rows:
                judge.check(verdict == "ok ", f"{where}: {row}")
        for where, connect in (("LAN", lambda: lan(world, printer)), ("cloud", lambda: cloud(world))):
            with connect() as link:
                link.subscribe(f"device/{printer['serial']}/report")
                judge.check(link.full(printer["serial"]), f"{where}: it still serves")
    judge.end()


if __name__ == "__main__":
    main()
