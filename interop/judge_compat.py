#!/usr/bin/env python3
"""Judges `bambu compat`: the seeds' Home Assistant YAML as it is, evaluated by jinja2 on its answers; the seeds'
example configuration with nothing but its values changed; the seeds' own server beside it; ages and stale
marks when links go; the v2 routes and events.

usage: judge_compat.py BAMBU [PART...]
"""

import importlib.resources
import json
import pathlib
import sys
import tempfile
import time

import jinja2
import yaml

from fault_proxy import Proxy
from judge import Judge, run, wait_for
from paho_link import cloud
from served import Seeds, Served, ask, authorized, curl, eventually, in_world, no_secret, pointed_at
from sse import Readers, known
from world import World, free_port, loopback_addresses

#: As it is in the README of the seeds.
HOME_ASSISTANT = """\
rest:
  - resource: http://localhost:8080/api/v1/status?device_id=YOUR_DEVICE_ID
    scan_interval: 10
    sensor:
      - name: "Bambu Print Progress"
        value_template: "{{ value_json.print.mc_percent }}"
"""
#: What users add to it: a template, and the report's key it has to agree with.
MORE = {
    "{{ value_json.print.gcode_state }}": "gcode_state", "{{ value_json.print.mc_remaining_time }}": "mc_remaining_time",
    "{{ value_json.print.bed_target_temper | float }}": "bed_target_temper", "{{ value_json['print']['subtask_name'] }}": "subtask_name",
    "{{ value_json.print.nozzle_target_temper | round(1) }}": "nozzle_target_temper", "{{ value_json.print.total_layer_num | int }}": "total_layer_num",
    "{{ value_json.print.spd_lvl }}": "spd_lvl", "{{ value_json.print.wifi_signal }}": "wifi_signal",
    "{{ value_json.print.ams.ams[0].tray | length }}": None, "{{ value_json.print.lights_report[0].mode }}": None,
    "{{ 'on' if value_json.print.online and not value_json.stale else 'off' }}": None, "{{ value_json.age_seconds }}": None,
}
#: What a model reports and cannot know: these have no sensor in the chamber, and say 5 degrees all the same.
UNKNOWN = {"P1S": {"chamber_temper"}, "A1": {"chamber_temper"}}
#: What the seeds' translation has beside the report's own keys.
STATUS, SEEDS_STATUS = "/api/v1/status", {"command", "msg", "sequence_id", "dev_id", "name", "online"}


def example(world, printers, port, **server):
    """The seeds' example as it comes with their package, every key kept, only values changed."""
    text = importlib.resources.files("servers").joinpath("compatibility_config.json.example").read_text()
    config = json.loads(text)
    config["cloud_token"], config["user_uid"] = world.account["token"], world.account["uid"]
    [device] = config["devices"]
    config["devices"] = [device | {"device_id": p["serial"], "name": p["name"], "local_ip": p["local_ip"], "access_code": p["access_code"]} for p in printers]
    config["server"] |= {"host": "127.0.0.1", "port": port} | server
    return config


def written(folder, config, name="compatibility_config.json"):
    """The file."""
    file = pathlib.Path(folder, name)
    file.write_text(config if isinstance(config, str) else json.dumps(config, indent=2))
    return file


def over_the_cloud(printer):
    """An address where no printer is: the link goes over the cloud."""
    return printer | {"local_ip": "127.0.0.1:9"}


def on_the_network(printer):
    """Its own address, where it has its real ports."""
    return printer | {"local_ip": printer["host"]}


def status_of(served, serial, live=True, seconds=40):
    """The status of a printer, once it is a live one."""
    url = f"{served.url}{STATUS}?device_id={serial}"
    return eventually(lambda: (a := ask(url)).status == 200 and (not live or not a.json["stale"] and a.json["source"] != "rest") and a.json, seconds)


def render(template, document):
    """As Home Assistant does: undefined is empty."""
    return jinja2.Environment().from_string(template).render(value_json=document)


def home_assistant(judge, world, binary, folder):
    """The YAML as it is, apart from its placeholder and where this server is."""
    shared = pathlib.Path(__file__).resolve().parents[2] / "shared/seeds"
    if shared.is_dir():
        judge.check(any(HOME_ASSISTANT in f.read_text() for f in shared.glob("001_*.txt")), "the YAML is the seeds'")
    [rest] = yaml.safe_load(HOME_ASSISTANT)["rest"]
    file = written(folder, example(world, map(over_the_cloud, world.printers), free_port()))
    with Served(binary, ["compat", "--config", file], in_world(world), listen=False) as ours, cloud(world) as broker:
        judge.equal(ours.port, json.loads(file.read_text())["server"]["port"], "it listens where the file says")
        for printer in world.printers:
            serial, name = printer["serial"], printer["name"]
            judge.check(status_of(ours, serial), f"{name}: live", ours.told()[-800:])
            broker.subscribe(f"device/{serial}/report")
            for how in (ask, curl):
                resource = rest["resource"].replace("http://localhost:8080", ours.url).replace("YOUR_DEVICE_ID", serial)

                def agrees(how=how, resource=resource, serial=serial):
                    # The printer is asked before and after: it prints meanwhile.
                    before, answer, after = broker.full(serial), how(resource), broker.full(serial)
                    shown = render(rest["sensor"][0]["value_template"], answer.json)
                    return shown.isdigit() and before["mc_percent"] <= int(shown) <= after["mc_percent"]
                judge.check(wait_for(agrees, 30), f"{name}, {how.__name__}: the progress is the printer's",
                            render(rest["sensor"][0]["value_template"], how(resource).json))
            for template, key in MORE.items():
                def same(template=template, key=key, serial=serial):
                    report, answer = broker.full(serial), ask(resource).json
                    shown = render(template, answer)
                    if key is None:
                        return shown != ""
                    told = report.get(key)
                    # A filter makes a float of a number; text such as -55dBm is compared as it is.
                    return key not in report or shown == str(told) or isinstance(told, (int, float)) and shown == str(float(told))
                judge.check(wait_for(same, 20), f"{name}: {template}", render(template, ask(resource).json))
            document = ask(resource).json
            judge.check({"age_seconds", "stale", "source", "updated_at", "print"} <= set(document), f"{name}: what is beside print", list(document))
            printed = document["print"]
            judge.equal((printed["command"], printed["msg"], type(printed["sequence_id"]), printed["dev_id"], printed["name"], printed["online"]),
                        ("push_status", 0, str, serial, name, True), f"{name}: the seeds' frame")
            report = broker.full(serial)
            judge.equal(set(report) - set(printed), UNKNOWN.get(printer["model"], set()), f"{name}: the whole report")
        every = ask(ours.url + STATUS).json
        judge.equal(sorted(every), sorted(p["serial"] for p in world.printers), "without a printer named: all of them")
        judge.equal(sorted(ask(ours.url + "/api/v1/print").json), sorted(every), "/api/v1/print is the same")
        unknown = ask(f"{ours.url}{STATUS}?device_id=00M00A999999999")
        judge.equal((unknown.status, unknown.json), (404, {"error": "Device not found"}), "an unknown printer")
        cors = ask(ours.url + STATUS, headers={"Origin": "http://home.example:8123"})
        judge.equal(cors.headers.get("access-control-allow-origin"), "*", "CORS as the seeds'")
        for target in ("/api/v1/status", "/api/v1/devices", "/", "/health"):
            judge.check(ask(ours.url + target, method="POST", body={}).status in (404, 405), f"{target}: reads only")
        judge.check(not any(p["access_code"] in ask(ours.url + "/api/v1/devices").text for p in world.printers), "/api/v1/devices has no access code")


def beside_the_seeds(judge, world, binary, folder):
    """The seeds' server on the same file: the same keys, the same values where theirs are the printer's."""
    theirs_port = free_port()
    printers = list(map(over_the_cloud, world.printers))
    file = written(folder, example(world, printers, free_port()))
    their_file = written(folder, example(world, printers, theirs_port), "theirs.json")
    with Served(binary, ["compat", "--config", file], in_world(world), listen=False) as ours, \
            Seeds("compatibility", their_file, world.ready["api_url"], mqtt=world.ready["mqtt"], ca_file=world.ca_file) as theirs, cloud(world) as broker:
        for target in ("/", "/api/version", "/health", "/api/v1/devices"):
            mine, other = ask(ours.url + target), ask(theirs.url + target)
            judge.equal((mine.status, other.status), (200, 200), f"{target}: both answer")
            judge.check(set(other.json) <= set(mine.json or {}), f"{target}: the seeds' keys", (set(other.json), mine.json))
        mine = {d["dev_id"]: d for d in ask(ours.url + "/api/v1/devices").json["devices"]}
        for device in ask(theirs.url + "/api/v1/devices").json["devices"]:
            got = mine.get(device["dev_id"], {})
            lost = {k for k, v in device.items() if v is not None} - set(got) - {"dev_access_code", "access_code"}
            judge.check(not lost, "/api/v1/devices: the seeds' keys but for the access code", (lost, got))
            judge.equal({k: got.get(k) for k in ("name", "online")}, {k: device.get(k) for k in ("name", "online")}, "/api/v1/devices: values")
        for printer in world.printers:
            serial, name = printer["serial"], printer["name"]
            broker.subscribe(f"device/{serial}/report")
            report = broker.full(serial)
            judge.check(status_of(ours, serial), f"{name}: live")
            mine = ask(f"{ours.url}{STATUS}?device_id={serial}").json["print"]
            other = eventually(lambda s=serial: ask(f"{theirs.url}{STATUS}?device_id={s}").json["print"])
            # What they make up (0, "", -50dBm) where the report says nothing is left out by ours.
            lost = set(other) - set(mine) - UNKNOWN.get(printer["model"], set())
            judge.check(lost <= set(other) - set(report) - SEEDS_STATUS, f"{name}: every key of the seeds that is known", lost)
            wrong = {k: (mine[k], report.get(k)) for k in other if k in mine and k in report and type(mine[k]) is not type(report[k])
                     and not isinstance(report[k], (int, float)) and k not in SEEDS_STATUS}
            judge.check(not wrong, f"{name}: values have the type the printer gives them", wrong)
            if "wifi_signal" in report:
                judge.check(mine.get("wifi_signal", "").endswith("dBm") and mine["wifi_signal"] != "-50dBm" or mine.get("wifi_signal") == report["wifi_signal"],
                            f"{name}: the signal is measured", mine.get("wifi_signal"))
            judge.equal(type(mine.get("ams", {})), dict, f"{name}: ams is there")


def networks(judge, world, binary, folder):
    """LAN where it is configured, the cloud's broker else, and REST alone where the file switches links off."""
    first, second = world.printers[:2]
    file = written(folder, example(world, [on_the_network(first), over_the_cloud(second)], free_port()))
    with Served(binary, ["compat", "--config", file], in_world(world), listen=False) as ours:
        for printer, source in ((first, "lan"), (second, "mqtt")):
            seen = eventually(lambda p=printer, s=source: (d := status_of(ours, p["serial"], seconds=1)) and d["source"] == s and d, 40)
            judge.check(seen and seen["source"] == source, f"{printer['name']}: over {source}", status_of(ours, printer["serial"], False, 1))
        world.fault("server-error")
        judge.check(status_of(ours, first["serial"], seconds=5), "the REST interface is not needed for it")
        world.fault()
        world.switch(first, "power/off")
        gone = eventually(lambda: (d := ask(f"{ours.url}{STATUS}?device_id={first['serial']}").json) and not d["print"]["online"] and d, 90)
        judge.check(gone and gone["print"]["online"] is False, "a printer that is off is not online", gone and {k: v for k, v in gone.items() if k != "print"})
        world.switch(first, "power/on")
    file = written(folder, example(world, map(on_the_network, world.printers), free_port(), enable_mqtt_bridge=False))
    with Served(binary, ["compat", "--config", file], in_world(world), listen=False) as ours:
        seen = eventually(lambda: (a := ask(f"{ours.url}{STATUS}?device_id={first['serial']}")).status == 200 and a.json)
        judge.check(seen and seen["source"] == "rest" and seen["print"]["dev_id"] == first["serial"], "the switch off: REST", seen)
        world.fault("slow-answer")
        begun = time.monotonic()
        answers = [ask(f"{ours.url}{STATUS}?device_id={first['serial']}").status for _ in range(5)]
        judge.check(time.monotonic() - begun < 4 and set(answers) == {200}, "a slow cloud is not waited for", (time.monotonic() - begun, answers))
        world.fault()


def ages(judge, world, binary, folder):
    """The broker drops: told with their age, then stale, never live; then live again.

    A server of its own for each way: it begins five sessions in five minutes and no more."""
    for mode in ("hang up", "stall"):
        broken(judge, world, binary, folder, mode)


def broken(judge, world, binary, folder, mode):
    """One way."""
    serials = [p["serial"] for p in world.printers]
    with Proxy(world.ready["mqtt"]["host"], world.ready["mqtt"]["port"]) as line:
        config = written(folder, example(world, map(over_the_cloud, world.printers), free_port()))
        toml = pathlib.Path(folder, "bambu.toml")
        toml.write_text(f'[compat]\nlisten = "127.0.0.1:0"\nconfig = "{config}"\nstale_after_seconds = 6\nshow_access_codes = true\n')
        with Served(binary, ["serve", "--config", toml], in_world(world, line.port), listen=False) as ours:
            live = [status_of(ours, serial) for serial in serials]
            if not judge.check(all(live), "all live", ours.told()[-600:]):
                return
            judge.check(all(0 <= d["age_seconds"] < 6 for d in live), "with an age", [d["age_seconds"] for d in live])
            with Readers(f"{ours.url}/api/v2/events", 3) as readers:
                judge.check(readers.every(lambda r: all(r.document(s) for s in serials)), "events: a snapshot of each")
                if mode:
                    line.mode = mode
                    if mode == "hang up":
                        line.reset()
                    time.sleep(1)
                    stale = eventually(lambda: (d := ask(ours.url + STATUS).json) and all(d[s]["stale"] for s in serials) and d, 60)
                    if judge.check(stale, "gone: all are stale", ask(ours.url + STATUS).text[:300]):
                        judge.check(all(not stale[s]["print"]["online"] for s in serials), "gone: nobody is called online")
                        judge.check(all("mc_percent" in stale[s]["print"] for s in serials if stale[s]["source"] != "rest"), "gone: what was known stays, as such")
                        older = ask(ours.url + STATUS).json
                        time.sleep(1.5)
                        oldest = ask(ours.url + STATUS).json
                        judge.check(all(oldest[s]["age_seconds"] > older[s]["age_seconds"] for s in serials if oldest[s]["source"] == older[s]["source"] != "rest"),
                                    "gone: the age grows", [(older[s]["age_seconds"], oldest[s]["age_seconds"]) for s in serials])

                    judge.check(readers.every(lambda r: not any(r.live(s) for s in serials)), "gone: readers are told, and none is called online",
                                readers.one().told(serials[0])[-1:])
                    line.mode = "pass"
                    judge.check(all(status_of(ours, s, seconds=90) for s in serials), "back: all live")
                    judge.check(readers.every(lambda r: all(r.live(s) for s in serials), 90), "back: readers, too",
                                readers.one().told(serials[0])[-2:])
                    judge.check(not any(r.ended for r in readers.all), "their connections stay")
            codes = ask(ours.url + "/api/v1/devices").text
            judge.check(all(p["access_code"] in codes for p in world.printers), "show_access_codes shows them")


def v2(judge, world, binary, folder):
    """The new routes; each with the token that the file asks for."""
    token, serials = "compat-token-51c2a0", sorted(p["serial"] for p in world.printers)
    config = written(folder, example(world, map(over_the_cloud, world.printers), free_port()))
    toml = pathlib.Path(folder, "bambu.toml")
    toml.write_text(f'[compat]\nlisten = "127.0.0.1:0"\nconfig = "{config}"\ntoken = "{token}"\ncors_origins = ["https://home.example"]\n')
    with Served(binary, ["serve", "--config", toml], in_world(world), listen=False) as ours:
        for target in (STATUS, "/api/v1/devices", "/api/v1/print", "/api/v2/printers", f"/api/v2/printers/{serials[0]}", "/api/v2/events"):
            judge.equal((ask(ours.url + target).status, ask(ours.url + target, "nobody").status), (401, 401), f"{target}: with the token only")
        listed = eventually(lambda: (a := ask(ours.url + "/api/v2/printers", token)).status == 200 and all(
            ask(f"{ours.url}/api/v2/printers/{s}", token).status == 200 for s in serials) and a.json)
        judge.check(listed and all(s in json.dumps(listed) for s in serials), "v2: the list", listed)
        for serial in serials:
            document = eventually(lambda s=serial: (d := ask(f"{ours.url}/api/v2/printers/{s}", token).json) and d.get("online") and d)
            wanted = {"serial", "name", "model", "firmware", "online", "updated_at", "state", "stage", "job", "temperatures", "nozzles", "fans", "speed",
                      "ams", "external_spools", "lights", "camera", "network", "error", "hms"}
            judge.check(document and wanted <= set(document), "v2: the status document", wanted - set(document or {}))
            judge.equal((document or {}).get("state"), "running", "v2: it prints")
        with Readers(ours.url + "/api/v2/events", 2, authorized(token)) as readers:
            judge.check(readers.every(lambda r: all(r.document(s) for s in serials)), "v2: events begin with snapshots")
            judge.check(readers.every(lambda r: any(e.name == "change" for e in r.events)), "v2: then changes", readers.one().events[:3])
            judge.check(all(e.id for e in readers.one().events), "v2: each has an id")

            def agrees():
                got, asked = readers.one().document(serials[0]), ask(f"{ours.url}/api/v2/printers/{serials[0]}", token).json
                return known(got["job"]) == known(asked["job"]) and got["state"] == asked["state"]
            judge.check(wait_for(agrees, 30), "v2: snapshot and changes make the document")
        judge.equal(ask(ours.url + "/api/v2/printers/00M00A999999999", token).status, 404, "v2: an unknown printer")
        allowed = ask(ours.url + STATUS, token, headers={"Origin": "https://home.example"}).headers.get("access-control-allow-origin")
        other = ask(ours.url + STATUS, token, headers={"Origin": "https://evil.example"}).headers.get("access-control-allow-origin")
        judge.equal((allowed, other), ("https://home.example", None), "CORS as configured")
        judge.equal(ask(ours.url + "/health").status, 200, "/health needs no token")
        told = ask(ours.url + "/metrics").text
        judge.check("bambu_requests_total" in told and 'face="compat"' in told, "metrics", told[:500])
        judge.check(token not in ours.told() + told, "its token is not told")


def files(judge, world, binary, folder):
    """Files that are not right are refused by name; what is odd and harmless is taken."""
    good, env = example(world, map(over_the_cloud, world.printers), 0), in_world(world)
    text = importlib.resources.files("servers").joinpath("compatibility_config.json.example").read_text()
    for name, content, word in (("the example itself", text, "cloud_token"), ("no JSON", "{", "JSON"), ("a list", "[]", "JSON"),
                                ("devices of another shape", json.dumps(good | {"devices": 7}), "devices"),
                                ("the example's uid", json.dumps(good | {"user_uid": "YOUR_USER_UID_HERE"}), "user_uid")):
        file = written(folder, content, "odd.json")
        code, out, err = run([binary, "compat", "--config", str(file), "--listen", "127.0.0.1:0"], env=env, timeout=20)
        judge.check(code in (1, 2) and "odd.json" in err and word in err, f"{name}: refused by name", (code, err))
        judge.check(world.account["token"] not in err, f"{name}: without what is in it")
    code, out, err = run([binary, "compat", "--config", str(pathlib.Path(folder, "nothing.json"))], env=env, timeout=20)
    judge.check(code in (1, 2) and "nothing.json" in err, "no file: refused by name", (code, err))
    for name, content in (("a BOM", "\ufeff" + json.dumps(good)), ("keys of others", json.dumps(good | {"theme": "dark", "devices": [d | {"room": 1} for d in good["devices"]]}))):
        with Served(binary, ["compat", "--config", written(folder, content, "odd.json")], env) as ours:
            judge.equal(ask(ours.url + "/health").status, 200, f"{name}: taken")
    with Served(binary, ["compat", "--config", written(folder, good | {"server": good["server"] | {"host": "0.0.0.0", "port": free_port()}}, "open.json")], env, listen=False) as ours:
        judge.check("0.0.0.0" in ours.told() and any(w in ours.errors().lower() for w in ("token", "warning")), "open to the network without a token: a warning", ours.errors())
    with Served(binary, ["compat", "--config", written(folder, good, "odd.json")], pointed_at("http://127.0.0.1:9")) as ours:
        begun = time.monotonic()
        nothing = ask(f"{ours.url}{STATUS}?device_id={world.printers[0]['serial']}")
        judge.check(nothing.status == 503 and "retry-after" in nothing.headers and time.monotonic() - begun < 5, "no cloud at all: 503 at once", (nothing, nothing.headers))
        judge.equal(ask(ours.url + "/health").status, 200, "no cloud at all: the server itself is healthy")


def main():
    judge, binary = Judge("compat"), sys.argv[1]
    with World(binary, "--printers", "3", "--models", "P1S,X1C,A1", "--seed", "71", "--state", "printing", "--lan-addresses", loopback_addresses()) as world, \
            tempfile.TemporaryDirectory() as folder:
        for part in (home_assistant, beside_the_seeds, v2, networks, ages, files):
            if sys.argv[2:] and part.__name__ not in sys.argv[2:]:
                continue
            made = pathlib.Path(folder, part.__name__)
            made.mkdir()
            judge.part(part, judge, world, binary, made)
            world.fault()
        no_secret(judge, "compat", {"the account's token": world.account["token"]})
    judge.end()


if __name__ == "__main__":
    main()
