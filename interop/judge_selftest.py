#!/usr/bin/env python3
"""Judges `bambu selftest` and `bambu doctor`: against the simulated world, whole and with faults, and
against a recorded cloud that counts what they ask; their JSON, their JUnit file, their exit codes.

usage: judge_selftest.py BAMBU
"""

import json
import sys
import xml.etree.ElementTree

from judge import Judge
from ours import Ours, json_of
from recorded_cloud import IOT, SERIAL, TOKEN, UID, USER, RecordedCloud
from world import World

#: The seeds' check tests twenty methods of the cloud; these are their names.
CLOUD = {"devices", "device_version", "device_versions", "device_info", "print_status", "user_profile", "user_info",
         "projects", "project", "tasks", "task", "messages", "notifications", "camera_credentials", "ttcode",
         "cloud_video_url", "slicer_settings", "slicer_resources", "cloud_files", "upload_url"}
QUICK = ("--listen", "2")


def outcomes(judge, what, out):
    """Name to outcome in a JSON answer."""
    answer = json_of(out)
    if not judge.check(isinstance(answer, dict) and isinstance(answer.get("checks"), list), f"{what}: JSON", out[:300]):
        return {}
    return {check["name"]: check["outcome"] for check in answer["checks"]}


def whole(judge, world, ours):
    """A world where all is well: lines, JSON and JUnit tell the same."""
    junit = ours.home / "selftest.xml"
    code, out, err = ours("selftest", *QUICK, "--junit", junit)
    judge.equal(code, 0, f"selftest: {out[-1500:]} {err}")
    lines = {words[1]: words[0] for line in out.splitlines() if (words := line.split())[1:] and words[0] in ("ok", "FAIL", "fail", "skip")}
    code, out, err = ours("selftest", *QUICK, "--json")
    documents = outcomes(judge, "selftest --json", out)
    judge.check(CLOUD <= documents.keys(), "the twenty checks of the cloud", CLOUD - documents.keys())
    judge.check({"mqtt_connect", "mqtt_status", "mqtt_reports", "ams", "firmware", "device_management"} <= documents.keys(),
                "and those beside them", list(documents))
    judge.equal({n for n, o in documents.items() if o not in ("passed", "skipped")}, set(), "nothing fails")
    judge.equal({n for n, word in lines.items() if word == "ok"}, {n for n, o in documents.items() if o == "passed"},
                "lines and JSON tell the same")
    suites = xml.etree.ElementTree.parse(junit).getroot()
    judge.equal(suites.tag, "testsuites", "JUnit: its root")
    cases = {case.get("name"): case for case in suites.iter("testcase")}
    judge.equal(set(cases), set(lines), "JUnit: each check")
    skipped = {name for name, case in cases.items() if case.find("skipped") is not None}
    judge.equal(skipped, {n for n, word in lines.items() if word == "skip"}, "JUnit: the skipped ones")
    for suite in suites.iter("testsuite"):
        inside = list(suite.iter("testcase"))
        judge.equal((int(suite.get("tests")), int(suite.get("failures")), int(suite.get("skipped"))),
                    (len(inside), sum(c.find("failure") is not None for c in inside),
                     sum(c.find("skipped") is not None for c in inside)), "JUnit: its sums")
    told = out + err + junit.read_text()
    for secret in (world.account["token"], world.account["password"], *(p["access_code"] for p in world.printers)):
        judge.check(secret not in told, "no secret is told")
    code, out, err = ours("selftest", *QUICK, "--only", "mqtt", "--json")
    groups = {c["group"] for c in (json_of(out) or {}).get("checks", [])}
    judge.equal((code, groups), (0, {"mqtt"}), f"--only mqtt: {err}")


def config(judge, world, ours):
    """The seeds' test_config.json: their keys, their token, their modes."""
    file = ours.home / "test_config.json"
    modes = {"cloud_api": True, "mqtt": False, "video_stream": False, "file_upload": False, "local_ftp": False}
    content = {"cloud_token": world.account["token"], "test_modes": modes,
               "test_file": {"create_dummy": True, "path": "", "size_mb": 1},
               "timeouts": {"mqtt_connect": 30, "video_frame": 30, "api_request": 30}, "a key of others": 1}
    file.write_text(json.dumps(content))
    code, out, err = ours("selftest", "--test-config", file, "--json", token=False)
    groups = {c["group"] for c in (json_of(out) or {}).get("checks", []) if c["outcome"] != "skipped"}
    judge.check(code == 0 and "cloud_api" in groups and "mqtt" not in groups, "its token and its modes count", (code, groups, err))
    modes["file_upload"] = True
    file.write_text(json.dumps(content))
    world.asked(forget=True)
    code, out, err = ours("selftest", "--test-config", file, "--json", token=False)
    judge.check(outcomes(judge, "file_upload in the file", out).get("file_upload") in ("skipped", None),
                "the file alone allows no upload", out[-400:])
    code, out, err = ours("selftest", "--test-config", file, "--json", "--allow-upload", token=False)
    judge.equal((code, outcomes(judge, "--allow-upload", out).get("file_upload")), (0, "passed"), f"--allow-upload: {err}")
    for junk in ("{", "[]", '{"timeouts":{"mqtt_connect":"soon"}}'):
        file.write_text(junk)
        code, out, err = ours("selftest", "--test-config", file)
        judge.check(code == 2 and "error:" in err, f"a file of {junk}: usage", (code, err))


def reads_only(judge, _world, ours):
    """Counted by a server that is not ours: nothing is made, changed or started."""
    with RecordedCloud() as cloud, Ours(ours.binary, cloud.url, session=(TOKEN, UID)) as at:
        code, out, err = at("selftest", SERIAL, "--only", "cloud_api", "--json")
        results = outcomes(judge, "recorded: selftest", out)
        judge.equal((code, {n for n, o in results.items() if o not in ("passed", "skipped")}), (0, set()), f"recorded: {out[-900:]} {err}")
        # A ticket for the camera is asked for by POST; it changes nothing.
        other = [c for c in cloud.taken() if c.method != "GET" and c.path != f"{IOT}/user/ttcode"]
        judge.equal(other, [], "recorded: it only reads")
        cloud.answers[("GET", f"{USER}/my/tasks")] = (500, "<html>oops</html>")
        cloud.answers[("GET", f"{IOT}/user/project")] = (200, "{ no JSON")
        junit = at.home / "junit.xml"
        code, out, err = at("selftest", SERIAL, "--only", "cloud_api", "--json", "--junit", junit)
        results = outcomes(judge, "recorded, broken", out)
        judge.equal((results.get("tasks"), results.get("projects"), results.get("devices")), ("failed", "failed", "passed"),
                    f"recorded, broken: what fails is told apart: {out[-600:]}")
        judge.equal(code, 1, "recorded, broken: exit code")
        root = xml.etree.ElementTree.parse(junit).getroot()
        failed = {case.get("name") for case in root.iter("testcase") if case.find("failure") is not None}
        judge.check({"tasks", "projects"} <= failed, "recorded, broken: JUnit has the failures", failed)
        cloud.answers.clear()
    with Ours(ours.binary, "http://127.0.0.1:9", session=(TOKEN, UID)) as nowhere:
        code, out, err = nowhere("selftest", *QUICK)
        judge.equal(code, 5, f"nothing answers: {out[-300:]} {err}")
        code, out, err = nowhere("doctor")
        judge.equal(code, 5, f"doctor, nothing answers: {out[-600:]} {err}")


def faults(judge, world, ours):
    """A dead token, a challenge, trouble: each with its exit code, and the doctor names it."""
    for fault, selftest, doctor, words in (("dead-token", 4, 4, "or unset it"), ("challenge", (1, 3), (1, 3), "browser"),
                                           ("server-error", (1, 5), (1, 5), ""), ("stray-401", (1, 3, 4), (1, 3, 4), "")):
        world.fault(fault)
        for verb, wanted, more in (("selftest", selftest, ("--only", "cloud_api")), ("doctor", doctor, ())):
            code, out, err = ours(verb, *more)
            judge.check(code in (wanted if isinstance(wanted, tuple) else (wanted,)), f"{fault}: {verb} ends with {wanted}",
                        (code, out[-700:], err[-300:]))
            judge.check(words in (out + err).lower(), f"{fault}: {verb} says {words}", (out + err)[-700:])
            judge.check(world.account["token"] not in out + err, f"{fault}: {verb} tells no token")
        world.fault()
    code, out, err = ours("selftest", *QUICK, BAMBU_TOKEN="nobody's")
    judge.equal(code, 4, f"selftest with nobody's token: {err}")
    code, out, err = ours("selftest", *QUICK, BAMBU_MQTT_URL="mqtts://127.0.0.1:9")
    judge.check(code in (1, 5) and "mqtt_connect" in out, "no broker: told", (code, out[-600:]))


def doctor(judge, world, ours):
    """All is well; a printer is off, in LAN mode, with another code: the next step is named."""
    code, out, err = ours("doctor")
    judge.equal(code, 0, f"doctor: {out} {err}")
    for printer in world.printers:
        judge.check(printer["name"] in out or printer["serial"] in out, f"doctor: looks at {printer['name']}", out)
    for word in ("token", "region", "broker", "certificate", "Developer Mode"):
        judge.check(word.lower() in out.lower(), f"doctor: tells of the {word}", out)
    for secret in (world.account["token"], *(p["access_code"] for p in world.printers)):
        judge.check(secret not in out + err, "doctor: no secret is told")
    code, out, err = ours("doctor", "--json")
    judge.check(code == 0 and json_of(out) is not None, "doctor --json", (code, out[:300], err))
    printer = world.printers[0]
    code, out, err = ours("doctor", printer["name"])
    judge.check(code == 0 and printer["name"] in out, "doctor of one printer", (code, out, err))
    world.switch(printer, "power/off")
    code, out, err = ours("doctor", printer["name"])
    judge.check(code in (1, 5), "doctor, a printer that is off: no success", (code, out, err))
    judge.check("next" in (out + err).lower(), "doctor, a printer that is off: names the next step", out + err)
    world.switch(printer, "power/on")
    code, out, err = ours("doctor", token=False, BAMBU_TOKEN_FILE=str(ours.home / "nothing"))
    judge.check(code == 4 and "login" in (out + err), "doctor without a session: log in", (code, out, err))


def main():
    judge = Judge("selftest")
    with World(sys.argv[1], "--printers", "2", "--models", "P1S,A1", "--seed", "5") as world, \
            Ours.of(sys.argv[1], world, (world.account["token"], world.account["uid"])) as ours:
        ours.env["BAMBU_RATE_LIMITS"] = "off"
        for part in (whole, config, reads_only, faults, doctor):
            judge.part(part, judge, world, ours)
            world.fault()
    judge.end()


if __name__ == "__main__":
    main()
