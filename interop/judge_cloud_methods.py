#!/usr/bin/env python3
"""Judges the simulated cloud with every public method of bambu-lab-cloud-api's BambuClient, in both
dialects; each cell of the table is a success, with what it has to hold, or the exact refusal.

usage: judge_cloud_methods.py BAMBU [--table]      (--table prints the table as Markdown)

The package is not changed. Several of its methods cannot work on the observed wire: the routes that it
calls are not there. The table says so, and the simulator has to refuse them as the service does.
"""

import inspect
import io
import os
import pathlib
import sys
import tempfile

import requests
from bambulab import BambuAPIError, BambuClient

from judge import Judge
from judge_store import Store, said
from sliced import sliced
from world import World

FILE = sliced(padding=100_000)


class Works:
    """Success: the answer has these keys, and holds what is asked of it."""

    def __init__(self, told, *keys, holds=lambda answer, at: True):
        self.told, self.keys, self.holds = told, keys, holds

    def judge(self, judge, what, outcome, at):
        """Looks at what the method gave."""
        kind, answer = outcome
        if not judge.check(kind == "answer", f"{what}: works", answer):
            return
        missing = [key for key in self.keys if not (isinstance(answer, dict) and key in answer)]
        judge.check(not missing, f"{what}: its keys", f"without {missing}: {str(answer)[:400]}")
        try:
            judge.check(self.holds(answer, at), f"{what}: {self.told}", str(answer)[:600])
        except (KeyError, IndexError, TypeError, AttributeError) as error:
            judge.check(False, f"{what}: {self.told}", f"{error!r}: {str(answer)[:600]}")

    def __str__(self):
        return self.told


class Refused:
    """The package raises with this status and these words."""

    def __init__(self, status, words=""):
        self.status, self.words = status, words

    def judge(self, judge, what, outcome, _at):
        """Looks at what the method raised."""
        kind, answer = outcome
        judge.check(kind == "error" and f"({self.status})" in answer and self.words in answer,
                    f"{what}: refused with {self}", f"{kind}: {answer}")

    def __str__(self):
        return f"{self.status} {self.words}".strip()


class Gives:
    """The package itself gives up, with these words."""

    def __init__(self, words):
        self.words = words

    def judge(self, judge, what, outcome, _at):
        """Looks at what the method raised."""
        kind, answer = outcome
        judge.check(kind == "error" and self.words in answer, f"{what}: {self.words}", f"{kind}: {answer}")

    def __str__(self):
        return f"gives up: {self.words}"


class Place:
    """One world, its account, and what the methods before have made."""

    def __init__(self, world, dialect):
        self.world, self.dialect, self.made = world, dialect, {}
        self.client, self.puts = BambuClient(world.account["token"]), []
        self.serial = world.printers[0]["serial"]
        self.serials = sorted(p["serial"] for p in world.printers)
        self.folder = tempfile.TemporaryDirectory()
        self.file = str(pathlib.Path(self.folder.name, "cube.gcode.3mf"))
        pathlib.Path(self.file).write_bytes(FILE)

    def upload(self):
        """Its upload, with an eye on what the store answers to each PUT."""
        put = requests.put

        def seen(*arguments, **more):
            answer = put(*arguments, **more)
            self.puts.append((answer.status_code, said(answer)))
            return answer

        requests.put = seen
        try:
            return self.client.upload_file(self.file)
        finally:
            requests.put = put

    def api(self, method, path, **more):
        """A call of our own, to look at what a method did."""
        return requests.request(method, f"{self.world.ready['api_url']}{path}", timeout=30,
                                headers={"Authorization": f"Bearer {self.world.account['token']}"}, **more)

    def pin(self, serial):
        """What the printer's screen shows to whoever wants to bind it."""
        return next(p["pin"] for p in self.world.printers if p["serial"] == serial)

    def bound(self):
        """Serial numbers of the account, as the broker's side of the cloud has them."""
        answer = self.api("GET", "/v1/iot-service/api/user/bind").json()
        return sorted(d["dev_id"] for d in (answer.get("data") or answer)["devices"])


def serials(answer):
    """Serial numbers in an answer with `devices`."""
    return sorted(d["dev_id"] for d in answer["devices"])


def uploaded(answer, at, size=(403, "SignatureDoesNotMatch")):
    """The file arrived byte for byte; the size, put with a type that was not signed, is refused, which
    the package swallows."""
    store = at.world.ready["store"]
    path = answer["upload_url"].partition("?")[0]
    # Another signature is needed to read: botocore's, for the same key of the store.
    signer = Store(at.world)
    key = path.partition(f"/{store['bucket']}/")[2]
    got = requests.get(signer.signed("GET", key), timeout=30)
    return answer["file_size"] == len(FILE) and got.content == FILE \
        and at.puts == [(200, ""), size]


def uploaded_as_documented(answer, at):
    """The same where the address for the size is signed for the type that its documents name."""
    return uploaded(answer, at, size=(200, ""))


IOT = "v1/iot-service/api"
#: (method, how it is called, cell in the observed dialect, cell in the documented one).
TABLE = [
    ("get_devices", lambda at: at.client.get_devices(),
     Works("every printer of the account", holds=lambda a, at: sorted(d["dev_id"] for d in a) == at.serials
           and all({"name", "online", "print_status", "dev_model_name", "dev_product_name", "dev_access_code",
                    "nozzle_diameter", "dev_structure", "print_job"} <= d.keys() for d in a)), Works("every printer", holds=lambda a, at: sorted(d["dev_id"] for d in a) == at.serials)),
    ("get_device_version", lambda at: at.client.get_device_version(at.serial),
     Works("the firmware of one printer", "devices", holds=lambda a, at: serials(a) == [at.serial]
           and isinstance(a["devices"][0]["firmware"], list) and isinstance(a["devices"][0]["ams"], list)), Works("versions of one printer, current and available", "devices", "current_version", "available_version", "data")),
    ("get_device_versions", lambda at: at.client.get_device_versions(),
     Works("of every printer", "devices", holds=lambda a, at: serials(a) == at.serials), Works("of every printer", "devices", "data", holds=lambda a, at: serials(a) == at.serials)),
    ("get_ams_filaments", lambda at: at.client.get_ams_filaments(at.serial),
     Works("AMS units without trays: the route knows firmware only", "device_id", "ams_units",
           holds=lambda a, at: a["device_id"] == at.serial and a["total_trays"] == 0), Works("units with their trays", "ams_units", holds=lambda a, at: a["total_trays"] >= 4
           and a["ams_units"][0]["trays"][0]["filament_type"])),
    ("get_device_info", lambda at: at.client.get_device_info(at.serial), Refused(405), Works("the printer", "device_id", "firmware_version", "data", holds=lambda a, at: a["device_id"] == at.serial)),
    ("get_print_status", lambda at: at.client.get_print_status(force=True),
     Works("the state of every printer", "devices", holds=lambda a, at: serials(a) == at.serials), Works("every printer with its report", "devices", holds=lambda a, at: serials(a) == at.serials
           and "mc_percent" in a["devices"][0]["print"] and "nozzle_temper" in a["devices"][0]["print"])),
    ("get_user_profile", lambda at: at.client.get_user_profile(),
     Works("the person", "uid", "uidStr", "account", "setting",
           holds=lambda a, at: a["uidStr"] == at.world.account["uid"]), Works("the person", "user_id", "email", "username", "data")),
    ("get_user_info", lambda at: at.client.get_user_info(),
     Works("the uid", "uid", "name", "handle",
           holds=lambda a, at: str(a["uid"]) == at.world.account["uid"]), Works("the uid", "uid", holds=lambda a, at: str(a["uid"]) == at.world.account["uid"])),
    ("update_user_profile", lambda at: at.client.update_user_profile({"username": "New name"}),
     Works("accepted"), Works("accepted", "code", "message", holds=lambda a, at: a["code"] == 0)),
    ("create_project", lambda at: at.made.setdefault("project", at.client.create_project("cube")),
     Works("a project with its upload", "project_id", "model_id", "profile_id", "upload_url", "upload_ticket",
           holds=lambda a, at: all(isinstance(a[k], str) for k in ("project_id", "model_id", "profile_id"))
           and len(a["model_id"]) == 16 and a["model_id"].startswith("US")), Works("a project", "project_id", "data")),
    ("get_projects", lambda at: at.client.get_projects(),
     Works("the project that was made", holds=lambda a, at: at.made["project"]["project_id"] in
           [p["project_id"] for p in a]), Works("the project that was made", holds=lambda a, at: at.made["project"]["project_id"] in
           [p["project_id"] for p in a] and all("file_count" in p for p in a))),
    ("get_project", lambda at: at.client.get_project(at.made["project"]["project_id"]),
     Works("the same with its profiles", "project_id", "profiles",
           holds=lambda a, at: a["model_id"] == at.made["project"]["model_id"]), Works("the same with its files", "project_id", "name", "files")),
    ("get_project", lambda at: at.client.get_project(at.made["project"]["model_id"]), Refused(422), Refused(404)),
    ("get_project", lambda at: at.client.get_project(""), Refused(405), Refused(405)),
    ("get_cloud_files", lambda at: at.client.get_cloud_files(),
     Works("the projects: there is no list of files", holds=lambda a, at: "cube" in [f.get("name") for f in a]), Works("nothing: no file yet", holds=lambda a, at: a == [])),
    ("get_tasks", lambda at: at.client.get_tasks(), Refused(404), Works("no task yet", holds=lambda a, at: a == [])),
    ("get_task", lambda at: at.client.get_task("1"), Refused(403, "permission denied"), Refused(404)),
    ("create_task", lambda at: at.client.create_task("USffffffffffffff", "cube", at.serial), Refused(400, "is not set"), Refused(422)),
    ("start_print_job", lambda at: at.client.start_print_job(at.serial, file_name="cube"), Refused(405), Refused(404)),
    ("start_cloud_print", lambda at: at.client.start_cloud_print(at.serial, "cube"), Refused(405), Gives("not found in cloud storage")),
    ("start_cloud_print", lambda at: at.client.start_cloud_print(at.serial, "nothing.3mf"),
     Gives("not found in cloud storage"), Gives("not found in cloud storage")),
    ("get_camera_credentials", lambda at: at.client.get_camera_credentials(at.serial),
     Works("a ticket", "ttcode", "passwd", "authkey", "region", "type"), Works("a ticket", "ttcode", "passwd", "authkey")),
    ("get_ttcode", lambda at: at.client.get_ttcode(at.serial), Works("the same", "ttcode", "passwd", "authkey"), Works("the same", "ttcode", "passwd", "authkey")),
    ("get_cloud_video_url", lambda at: at.client.get_cloud_video_url(at.serial),
     Works("the camera ticket: no video address exists", "ttcode",
           holds=lambda a, at: "url" not in a and "stream_url" not in a), Works("the camera ticket", "ttcode")),
    ("get_camera_urls", lambda at: at.client.get_camera_urls(at.serial),
     Works("the camera ticket: no snapshot exists", "ttcode", holds=lambda a, at: "snapshot_url" not in a), Works("the camera ticket", "ttcode")),
    ("get_notifications", lambda at: at.client.get_notifications(), Refused(400, "is not set"), Works("an inbox", "notifications", "pagination")),
    ("get_notifications", lambda at: at.client.get_notifications("upload", True), Refused(400, "is not set"), Works("the unread ones", "notifications")),
    ("mark_notification_read", lambda at: at.client.mark_notification_read("1"), Refused(400, "is not set"), Refused(404)),
    ("get_messages", lambda at: at.client.get_messages(limit=5),
     Works("messages", "hits", holds=lambda a, at: isinstance(a["hits"], list)), Works("messages", "hits")),
    ("get_slicer_settings", lambda at: at.client.get_slicer_settings(), Refused(400, 'field "version" is not set'), Works("presets, without a version, too", "print", "printer", "filament")),
    ("get_slicer_settings", lambda at: at.client.get_slicer_settings(version="1.0"), Refused(422), Works("presets, for any version", "print", "printer", "filament")),
    ("get_slicer_settings", lambda at: at.client.get_slicer_settings(version="01.03.00.13"),
     Works("presets", "print", "printer", "filament", "settings"), Works("presets", "print", "printer", "filament")),
    ("get_slicer_settings", lambda at: at.client.get_slicer_settings(setting_id="PFUS0000000000"), Refused(400), Refused(400)),
    ("get_slicer_resources", lambda at: at.client.get_slicer_resources(),
     Works("no resource without a name", "resources", holds=lambda a, at: a["resources"] == []), Works("no resource without a name", "resources")),
    ("get_slicer_resources", lambda at: at.client.get_slicer_resources("slicer/plugins/cloud", "01.03.00.13"),
     Works("an answer", "resources"), Works("that resource", "resources", holds=lambda a, at: a["resources"][0]["type"] == "slicer/plugins/cloud")),
    ("get_upload_url", lambda at: at.client.get_upload_url("cube.3mf", 12345),
     Works("two addresses", "urls", holds=lambda a, at: [u["type"] for u in a["urls"]] == ["filename", "size"]), Works("addresses in both shapes", "upload_url", "file_id", "upload_ticket",
           holds=lambda a, at: a["upload_url"] == a["urls"][0]["url"])),
    ("upload_file", lambda at: at.upload(),
     Works("the file, byte for byte", "status_code", "upload_url", holds=uploaded), Works("the file and its size", "status_code", "upload_url", holds=uploaded_as_documented)),
    ("get_cloud_files", lambda at: at.client.get_cloud_files(),
     Works("still the projects alone", holds=lambda a, at: "cube.gcode.3mf" not in [f.get("name") for f in a]),
     Works("the uploaded file", holds=lambda a, at: "cube.gcode.3mf" in [f.get("file_name") for f in a])),
    ("start_cloud_print", lambda at: at.client.start_cloud_print(at.serial, "cube.gcode.3mf"),
     Gives("not found in cloud storage"), Works("the job", "job_id", "status", "device_id", "file_name", "created_at")),
    ("get_tasks", lambda at: at.client.get_tasks(), Refused(404),
     Works("the task of the job", holds=lambda a, at: len(a) == 1)),
    ("bind_device", lambda at: at.client.bind_device("01P00A999999999", "P1S", "12345678"), Refused(405), Refused(404)),
    ("unbind_device", lambda at: at.client.unbind_device(at.serials[-1]),
     Works("the printer is gone", holds=lambda a, at: at.serials[-1] not in at.bound()), Works("the printer is gone", holds=lambda a, at: at.serials[-1] not in at.bound())),
    ("bind_device", lambda at: at.client.bind_device(at.serials[-1], "Mine again", at.pin(at.serials[-1])), Refused(405),
     Works("the printer is back", holds=lambda a, at: at.serials[-1] in at.bound())),
    ("get", lambda at: at.client.get(f"{IOT}/user/files"), Refused(404, "404 page not found"), Works("the uploaded file", "files")),
    ("post", lambda at: at.client.post(f"{IOT}/user/upload/confirm", {"file_id": "1"}), Refused(404), Refused(404)),
    ("put", lambda at: at.client.put(f"{IOT}/user/device/info", {}), Refused(405), Refused(405)),
    ("delete", lambda at: at.client.delete(f"{IOT}/user/print"), Refused(405), Refused(405)),
]


def cell(judge, row, at):
    """One call, and what the table says of it."""
    name, call, *cells = row
    wanted = cells[at.dialect == "documented"]
    try:
        outcome = ("answer", call(at))
    except BambuAPIError as error:
        outcome = ("error", str(error))
    wanted.judge(judge, f"{at.dialect}, {name}", outcome, at)


def dialect(judge, binary, name):
    """Every row in one dialect."""
    with World(binary, "--printers", "3", "--models", "P1S,X1C,H2D", "--seed", "3", "--dialect", name) as world:
        os.environ["SSL_CERT_FILE"] = os.environ["REQUESTS_CA_BUNDLE"] = world.ca_file
        BambuClient.BASE_URL = world.ready["api_url"]
        at = Place(world, name)
        for row in TABLE:
            judge.part(cell, judge, row, at)
        dead = BambuClient("nobody's token")
        for method in ("get_devices", "get_user_profile", "get_projects", "get_print_status", "get_messages"):
            try:
                judge.check(False, f"{name}, {method} with no token of ours", getattr(dead, method)())
            except BambuAPIError as error:
                judge.check("(401)" in str(error), f"{name}, {method} with no token of ours: 401", error)
        at.folder.cleanup()


def table():
    """The table in Markdown."""
    out = io.StringIO()
    print("| Method | observed | documented |\n|---|---|---|", file=out)
    for name, _, observed, documented in TABLE:
        print(f"| `{name}` | {observed} | {documented} |", file=out)
    return out.getvalue()


def main():
    if "--table" in sys.argv:
        print(table(), end="")
        return
    judge = Judge("cloud-methods")
    public = {name for name, _ in inspect.getmembers(BambuClient, inspect.isfunction) if not name.startswith("_")}
    judge.equal({row[0] for row in TABLE}, public, "the table has every public method")
    for name in ("observed", "documented"):
        judge.part(dialect, judge, sys.argv[1], name)
    judge.end()


if __name__ == "__main__":
    main()
