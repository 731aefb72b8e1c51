#!/usr/bin/env python3
"""Judges the simulated cloud with the PyPI package bambu-lab-cloud-api, as a user would run it.

usage: judge_cloud_api.py BAMBU

The package is not changed: its base URL and broker are class attributes, and SSL_CERT_FILE tells
Python's TLS, which checks certificate and host name, whom to trust. What the package asks for and
the real cloud refuses has to be refused here in the same way.
"""

import logging
import os
import sys
import tempfile
import threading

import requests
from bambulab import BambuAPIError, BambuAuthenticator, BambuAuthError, BambuClient, MQTTClient

from judge import Judge, wait_for
from world import World

BIND_KEYS = {"dev_id", "name", "online", "print_status", "dev_model_name", "dev_product_name",
             "dev_access_code"}
PRINT_KEYS = {"dev_id", "dev_name", "dev_model_name", "dev_product_name", "dev_online",
              "dev_access_code", "task_id", "task_name", "task_status", "model_id", "project_id",
              "profile_id", "start_time", "prediction", "progress", "thumbnail"}


def refused(judge, what, status, call):
    """The package raises with the status of the real cloud."""
    try:
        answer = call()
    except BambuAPIError as error:
        judge.check(f"({status})" in str(error), f"{what}: {status}", str(error)[:200])
    else:
        judge.check(False, f"{what}: {status}", f"answered {answer!r}")


def rest(judge, world):
    """The account's devices, state, versions and person."""
    client = BambuClient(world.account["token"])
    devices = client.get_devices()
    serials = sorted(p["serial"] for p in world.printers)
    judge.equal(sorted(d["dev_id"] for d in devices), serials, "get_devices lists the printers")
    for device in devices:
        printer = next(p for p in world.printers if p["serial"] == device["dev_id"])
        judge.check(BIND_KEYS <= device.keys(), "a device has the observed keys",
                    BIND_KEYS - device.keys())
        judge.equal(device["name"], printer["name"], "name")
        judge.equal(device["dev_access_code"].strip(), printer["access_code"], "access code")
        judge.equal(device["online"], True, "online")
    for force in (False, True):
        status = client.get_print_status(force=force)
        judge.equal(sorted(d["dev_id"] for d in status.get("devices", [])), serials,
                    f"get_print_status(force={force}) lists the printers")
        judge.equal(status["message"], "success", "in the service's envelope")
        for device in status.get("devices", []):
            judge.check(PRINT_KEYS <= device.keys(), "a print status has the observed keys",
                        PRINT_KEYS - device.keys())
    one = client.get_device_version(serials[0])["devices"]
    judge.equal([d["dev_id"] for d in one], [serials[0]], "get_device_version of one")
    judge.check(isinstance(one[0]["firmware"], list), "with its firmware list")
    every = client.get_device_versions()["devices"]
    judge.equal(sorted(d["dev_id"] for d in every), serials, "get_device_versions of all")
    judge.equal(client.get_ams_filaments(serials[0])["device_id"], serials[0], "get_ams_filaments")
    judge.equal(str(client.get_user_info()["uid"]), world.account["uid"], "get_user_info has the uid")
    profile = client.get_user_profile()
    judge.equal(profile["uidStr"], world.account["uid"], "get_user_profile has the uid")
    judge.equal(profile["account"], world.account["email"], "and the account")


def rest_refusals(judge, world):
    """What the package offers and the observed cloud does not have."""
    client = BambuClient(world.account["token"])
    serial = world.printers[0]["serial"]
    refused(judge, "start_print_job, POST user/print", 405, lambda: client.start_print_job(serial))
    refused(judge, "get_device_info, GET device/info", 405, lambda: client.get_device_info(serial))
    refused(judge, "get_notifications without a ticket", 400, client.get_notifications)
    refused(judge, "user/files", 404, lambda: client.get("v1/iot-service/api/user/files"))
    refused(judge, "device video", 404,
            lambda: client.get(f"v1/iot-service/api/user/device/{serial}/video"))
    refused(judge, "a route of nobody", 404, lambda: client.get("v1/iot-service/api/user/nothing"))
    for token in ("wrong", ""):
        refused(judge, f"token {token!r}", 401, BambuClient(token).get_devices)
        answer = requests.get(
            f"{world.ready['api_url']}/v1/iot-service/api/user/bind",
            headers={"Authorization": f"Bearer {token}"}, timeout=30)
        judge.equal((answer.status_code, answer.json().get("code"), answer.json().get("error")),
                    (401, 4, "Please login."), f"token {token!r}: the words that mean log in again")
    resources = requests.get(f"{world.ready['api_url']}/v1/iot-service/api/slicer/resource", timeout=30)
    judge.equal(resources.status_code, 200, "slicer/resource needs no token")


def post(world, path, body):
    """(status, JSON) of a call of the login family."""
    answer = requests.post(f"{world.ready['api_url']}/v1/user-service/user/{path}", json=body, timeout=30)
    try:
        return answer.status_code, answer.json()
    except ValueError:
        return answer.status_code, {}


def package_login(world, account, code):
    """The package's own login; its token goes to a file of ours."""
    with tempfile.TemporaryDirectory() as folder:
        authenticator = BambuAuthenticator(token_file=os.path.join(folder, "token"))
        authenticator.base_url = world.ready["api_url"]
        try:
            return authenticator.login(account["email"], account["password"], lambda: code)
        except BambuAuthError as error:
            return error


def login(judge, world):
    """The three ways in, as they are on the wire; two of them the package cannot go."""
    mail = world.account
    others = [a for a in world.ready["accounts"] if a["sign_in"] != "sms_code"]
    totp = [a for a in others if a.get("totp_code")]
    plain = [a for a in others if not a.get("totp_code")]
    if not judge.equal((len(totp), len(plain)), (1, 1), "one more by password, one with a totp_code"):
        return
    totp, plain = totp[0], plain[0]

    token = package_login(world, mail, mail["email_code"])
    if judge.check(isinstance(token, str), "the package logs in by e-mail code", token):
        judge.equal(len(BambuClient(token).get_devices()), len(world.printers), "its token works")
    judge.check("400" in str(package_login(world, mail, "999999")), "a wrong e-mail code: 400")
    status, body = post(world, "login", {"account": mail["email"], "code": "999999"})
    judge.equal((status, body.get("code")), (400, 2), "a wrong e-mail code is 400 with code 2")
    status, body = post(world, "login", {"account": mail["email"], "password": "wrong"})
    judge.equal(status, 400, "a wrong password is 400")
    status, body = post(world, "login", {"account": mail["email"], "password": mail["password"]})
    judge.equal((status, body.get("loginType"), body.get("accessToken") or ""), (200, "verifyCode", ""),
                "the password alone asks for the e-mail code")

    status, body = post(world, "login", {"account": plain["email"], "password": plain["password"]})
    judge.check(status == 200 and body.get("accessToken") and not body.get("loginType"),
                "a plain password brings a token", (status, body.keys()))
    judge.check("success" not in body, "in the observed body, which has no `success`")
    judge.check("Login failed" in str(package_login(world, plain, "")),
                "so the package, which waits for `success`, fails")

    status, body = post(world, "login", {"account": totp["email"], "password": totp["password"]})
    key = body.get("tfaKey")
    judge.check((status, body.get("loginType")) == (200, "tfa") and key, "an authenticator account", body)
    wrong, _ = post(world, "tfa/login", {"tfaKey": key, "tfaCode": "000000"})
    judge.check(400 <= wrong < 500, "a wrong authenticator code is refused", wrong)
    _, body = post(world, "login", {"account": totp["email"], "password": totp["password"]})
    key = body.get("tfaKey")
    status, body = post(world, "tfa/login", {"tfaKey": key, "tfaCode": totp["totp_code"]})
    judge.check(status == 200 and body.get("accessToken"), "the right one brings a token", (status, body.keys()))
    again, _ = post(world, "tfa/login", {"tfaKey": key, "tfaCode": totp["totp_code"]})
    judge.check(400 <= again < 500, "the key is good for once", again)
    # The simulator's one port stands for the API host and for the web origin.
    judge.check("403" in str(package_login(world, totp, totp["totp_code"])),
                "the package leaves the CSRF handshake out: 403")
    web(judge, world, totp)


def web(judge, world, account):
    """The web origin's handshake: cookie and header are looked at before the code."""
    _, body = post(world, "login", {"account": account["email"], "password": account["password"]})
    tfa = {"tfaKey": body.get("tfaKey"), "tfaCode": account["totp_code"]}
    origin, session = world.ready["api_url"], requests.Session()
    bare = session.post(f"{origin}/api/sign-in/tfa", json=tfa, timeout=30)
    judge.equal((bare.status_code, bare.json().get("reason")), (403, "missing_cookie"), "no cookie")
    session.get(f"{origin}/api/csrf", timeout=30)
    cookie = session.cookies.get("bbl_csrf_token")
    half = session.post(f"{origin}/api/sign-in/tfa", json=tfa, timeout=30)
    judge.equal((half.status_code, half.json().get("reason")), (403, "missing_header"), "no header")
    whole = session.post(f"{origin}/api/sign-in/tfa", json=tfa, headers={"x-bbl-csrf-token": cookie}, timeout=30)
    token = session.cookies.get("token")
    if judge.check(whole.status_code == 200 and token, "both: the token comes as a cookie", whole.status_code):
        judge.check(isinstance(BambuClient(token).get_devices(), list), "and is good")


def mqtt_client(world, printer, received, token=None):
    """The package's MQTT client for one printer."""
    return MQTTClient(
        world.account["uid"], token or world.account["token"], printer["serial"],
        on_message=lambda serial, data: received.append((serial, data)),
    )


def live(judge, world):
    """Reports come, all of one after request_full_status; commands work."""
    for printer in world.printers:
        received, serial = [], printer["serial"]
        client = mqtt_client(world, printer, received)
        client.connect()
        try:
            judge.check(wait_for(lambda: client.connected), f"{serial}: connected")
            judge.check(wait_for(lambda: received), f"{serial}: a live report comes unasked")
            client.request_full_status()
            full = wait_for(lambda: next(
                (d["print"] for _, d in received
                 if d.get("print", {}).get("msg", 0) == 0 and "gcode_state" in d["print"]), None))
            judge.check(full, f"{serial}: request_full_status brings a full report")
            judge.check(full and "ams" in full and "nozzle_temper" in full, f"{serial}: a whole one")
            judge.equal({s for s, _ in received}, {serial}, "of this printer only")
        finally:
            client.disconnect()


def control(judge, world):
    """Its commands carry no sequence id; what it knows rightly works, the rest changes nothing."""
    printer = world.printer("P1S")
    received = []
    client = mqtt_client(world, printer, received)
    client.connect()
    try:
        wait_for(lambda: client.connected)

        def state():
            received.clear()
            client.request_full_status()
            full = wait_for(lambda: next((d["print"] for _, d in received
                                          if d.get("print", {}).get("msg") == 0
                                          and "gcode_state" in d["print"]), None), 10)
            return full or {}

        def reaches(key, value):
            return wait_for(lambda: state().get(key) == value, pause=0.3)

        judge.check(reaches("gcode_state", "RUNNING"), "it prints")
        target = state().get("nozzle_target_temper")
        client.pause_print()
        judge.check(reaches("gcode_state", "PAUSE"), "pause_print pauses")
        client.resume_print()
        judge.check(reaches("gcode_state", "RUNNING"), "resume_print resumes")
        for call, name in ((client.set_nozzle_temp, "set_nozzle_temp"),
                           (client.set_bed_temp, "set_bed_temp"),
                           (client.set_chamber_temp, "set_chamber_temp"),
                           (client.set_fan_speed, "set_fan_speed"),
                           (client.set_airduct_fan, "set_airduct"),
                           (client.set_chamber_fan, "set_ctt")):
            received.clear()
            call(33)
            answer = wait_for(lambda name=name: next(
                (d["print"] for _, d in received if d.get("print", {}).get("command") == name), None))
            judge.check(answer and str(answer.get("result")).lower() in ("fail", "failed"),
                        f"its form of {name} is refused", answer)
        judge.equal(state().get("nozzle_target_temper"), target, "and the nozzle target stays")
        client.stop_print()
        judge.check(reaches("gcode_state", "FAILED"), "stop_print ends the job")
    finally:
        client.disconnect()


def wrong_token(judge, world):
    """A wrong token is refused by the broker; an unknown authority by the client."""
    client = mqtt_client(world, world.printers[0], [], token="wrong")
    codes = []
    told = threading.Event()
    client._on_connect = lambda _c, _u, _f, rc, _p=None: (codes.append(rc), told.set())
    client.connect()
    told.wait(30)
    client.disconnect()
    judge.check(codes and codes[0] == "Not authorized", "a wrong token: not authorized", codes)


def main():
    judge = Judge("cloud-api")
    # The package warns whenever it hangs up by itself.
    logging.getLogger("bambulab.mqtt").setLevel(logging.ERROR)
    with World(sys.argv[1], "--printers", "3", "--models", "P1S,X1C,H2D", "--state", "printing",
               "--seed", "3") as world:
        os.environ["SSL_CERT_FILE"] = os.environ["REQUESTS_CA_BUNDLE"] = world.ca_file
        BambuClient.BASE_URL = world.ready["api_url"]
        MQTTClient.BROKER, MQTTClient.PORT = world.ready["mqtt"]["host"], world.ready["mqtt"]["port"]
        for part in (rest, rest_refusals, login, live, control, wrong_token):
            judge.part(part, judge, world)
    judge.end()


if __name__ == "__main__":
    main()
