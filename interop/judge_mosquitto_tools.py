#!/usr/bin/env python3
"""Judges our brokers with mosquitto_sub and mosquitto_pub, and the lines that `bambu demo` prints.

usage: judge_mosquitto_tools.py BAMBU
"""

import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile

from judge import PATIENCE, Judge, run, wait_for
from world import Process, World, clean_environment

PUSHALL = '{"pushing":{"sequence_id":"20000","command":"pushall"}}'


def at(host, port, ca_file, user, password, *more):
    """Arguments that both tools take."""
    return ["-h", host, "-p", str(port), "--cafile", ca_file, "-u", user, "-P", password, *more]


def cloud(world):
    """The account at the cloud broker."""
    mqtt = world.ready["mqtt"]
    return at(mqtt["host"], mqtt["port"], world.ca_file, f"u_{world.account['uid']}",
              world.account["token"])


def lan(world, printer):
    """A printer; the tools cannot check a certificate for a serial number, only its issuer."""
    return at(printer["host"], printer["mqtt_port"], world.ca_file, "bblp", printer["access_code"],
              "--insecure")


def hears(judge, what, door, serial):
    """mosquitto_sub gets what mosquitto_pub asks for."""
    topic = f"device/{serial}/report"
    sub = ["mosquitto_sub", *door, "-t", topic, "-F", "%t %p", "-W", str(PATIENCE)]
    with Process(sub) as listener:
        def full():
            code, _, err = run(["mosquitto_pub", *door, "-t", f"device/{serial}/request", "-q", "1",
                                "-m", PUSHALL])
            if code:
                judge.check(False, f"{what}: mosquitto_pub", err)
            return wait_for(lambda: [l for l in listener.output().splitlines()
                                     if '"gcode_state"' in l and "push_status" in l], 3)

        lines = wait_for(full)
        if judge.check(lines, f"{what}: a published pushall is answered"):
            seen, payload = lines[0].split(" ", 1)
            judge.equal(seen, topic, f"{what}: on the report topic")
            judge.equal(json.loads(payload)["print"].get("msg", 0), 0, f"{what}: in full")


def fails(judge, what, command, words):
    """A tool that must not get in: it says why and hears nothing."""
    code, out, err = run([*command, "-W", "10"])
    # Where every subscription is denied, mosquitto_sub says so and ends with 0.
    judge.check((code != 0 or "denied" in err) and not out and re.search(words, err, re.I), what,
                f"exit {code}, {out[:80]!r}, {err[-300:]!r}")


def doors(judge, world):
    """Who gets in and who does not."""
    printer = world.printer("P1S")
    other = world.printer("X1C")
    topic = ["-t", f"device/{printer['serial']}/report"]
    hears(judge, "cloud", cloud(world), printer["serial"])
    hears(judge, "LAN", lan(world, printer), printer["serial"])
    hears(judge, "LAN, a second printer", lan(world, other), other["serial"])
    mqtt = world.ready["mqtt"]
    host, port, ca = mqtt["host"], mqtt["port"], world.ca_file
    user, token = f"u_{world.account['uid']}", world.account["token"]
    refused = "not authori[sz]ed"
    fails(judge, "cloud: a wrong token", ["mosquitto_sub", *at(host, port, ca, user, "x"), *topic], refused)
    fails(judge, "cloud: bblp", ["mosquitto_sub", *at(host, port, ca, "bblp", printer["access_code"]),
                                 *topic], refused)
    fails(judge, "cloud: nobody", ["mosquitto_sub", "-h", host, "-p", str(port), "--cafile", ca, *topic],
          refused)
    fails(judge, "cloud: everything", ["mosquitto_sub", *cloud(world), "-t", "#"], "denied")
    fails(judge, "cloud: MQTT 3.1", ["mosquitto_sub", *cloud(world), *topic, "-V", "mqttv31"],
          "protocol|lost|refused")
    fails(judge, "cloud: MQTT 5", ["mosquitto_sub", *cloud(world), *topic, "-V", "mqttv5"],
          "protocol|lost|refused")
    here, lan_port = printer["host"], str(printer["mqtt_port"])
    fails(judge, "LAN: a wrong code",
          ["mosquitto_sub", *at(here, lan_port, ca, "bblp", "00000000", "--insecure"), *topic], refused)
    fails(judge, "LAN: the certificate is for the serial, not the address",
          ["mosquitto_sub", *at(here, lan_port, ca, "bblp", printer["access_code"]), *topic], "tls|certif")
    with tempfile.TemporaryDirectory() as folder:
        strange = pathlib.Path(folder, "ca.pem")
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj",
                        "/CN=Stranger", "-keyout", os.devnull, "-out", str(strange)],
                       check=True, capture_output=True)
        fails(judge, "cloud: a strange authority",
              ["mosquitto_sub", *at(host, port, str(strange), user, token), *topic], "tls|certif")


def certificates(judge, world):
    """What openssl reads from the certificates."""
    for printer in world.printers:
        shown = subprocess.run(
            ["openssl", "s_client", "-connect", f"{printer['host']}:{printer['mqtt_port']}",
             "-CAfile", world.ca_file, "-servername", printer["serial"], "-verify_return_error"],
            input=b"", capture_output=True, timeout=PATIENCE, check=False).stdout.decode()
        name = printer["model"]
        judge.check("Verify return code: 0" in shown or "Verification: OK" in shown,
                    f"{name}: signed by the world's authority", shown[-300:])
        judge.check(re.search(r"subject=.*CN *= *" + printer["serial"], shown), f"{name}: CN is the serial")
        judge.check("Server public key is 2048 bit" in shown and "RSA" in shown, f"{name}: RSA 2048")
        judge.check("TLSv1.2" in shown and "TLSv1.3," not in shown, f"{name}: TLS 1.2")


def copied_lines(judge, binary):
    """Whatever the demo tells the newcomer to type has to work as it stands."""
    with World(binary, verb="demo") as demo:
        def lines():
            text = [l.strip().removeprefix("$ ") for l in demo.output().splitlines()]
            found = [l for l in text if re.match(r"(mosquitto_sub|curl|bambu|\S+/bambu|echo \d+ \| bambu) ", l)]
            tools = {t for t in ("mosquitto_sub", "curl", "query") for l in found if t in l}
            # The first line to type reads the settings from a file.
            settings = [l for l in text if l.startswith(". ")]
            return (settings, found) if len(tools) == 3 and settings else None

        said = wait_for(lines)
        if not judge.check(said, "the demo says how to look with mosquitto_sub, curl and query",
                           (demo.output() + demo.errors())[-3000:]):
            return
        settings, found = said
        for line in found:
            script = "\n".join([f"cd {demo.state.name}", *settings, "exec " + line])
            with Process(["sh", "-c", script], clean_environment(BAMBU_CONFIG_DIR=demo.state.name)) as shown:
                wait_for(lambda shown=shown: shown.output().strip() or not shown.running())
                # What ends in a file says so on standard error.
                told = shown.output().strip() or "camera" in line and "saved" in shown.errors()
                judge.check(told, f"copied: {line[:70]}", shown.errors()[-500:])
                if "mosquitto_sub" not in line and "monitor" not in line:
                    judge.equal(shown.wait(), 0, f"and ends well: {line[:50]}")
        names = [p["name"] for p in demo.printers]
        judge.check(wait_for(lambda: all(re.search(name + r".*\d", demo.output().split("connecting")[-1])
                                         for name in names)),
                    "the demo shows its printers live", demo.output()[-800:])
        judge.check(demo.stop(), "the demo ends when asked to")


def main():
    judge = Judge("mosquitto-tools")
    binary = sys.argv[1]
    with World(binary, "--printers", "3", "--models", "P1S,X1C,H2D", "--seed", "8") as world:
        judge.part(doors, judge, world)
        judge.part(certificates, judge, world)
    judge.part(copied_lines, judge, os.path.abspath(binary))
    judge.end()


if __name__ == "__main__":
    main()
