"""A cloud that is not ours: the answers are the JSON that other projects recorded, every call is kept.

It knows nothing of the simulator. What it does not have, it refuses as the real service was seen to.
"""

import http.server
import json
import re
import threading
import urllib.parse

TOKEN = "AQArecorded" + "t0ken" * 20
UID, PASSWORD = 1234567890, "correct-horse-battery"
SERIAL = "01P00A000000001"
PROJECT, MODEL, PROFILE, TASK = "987654321", "US0123456789abcd", "135792468", 246813579
TICKET = "upload/ticket+1=="
SUCCESS = {"message": "success", "code": None, "error": None}
#: The query of every upload address; it has to come back as it is, byte for byte.
SIGNED = "AWSAccessKeyId=AKIARECORDED&Expires=4102444800&Signature=a%2Bb%2Fc%3D"

DEVICE = {"dev_id": SERIAL, "name": "Workshop P1S", "online": True, "print_status": "SUCCESS",
          "dev_model_name": "C12", "dev_product_name": "P1S", "dev_access_code": "87654321\n",
          "nozzle_diameter": 0.4, "dev_structure": "CoreXY", "print_job": 0}
STATUS = {"dev_id": SERIAL, "dev_name": "Workshop P1S", "dev_model_name": "C12",
          "dev_product_name": "P1S", "dev_online": True, "dev_access_code": "87654321\n",
          "task_id": None, "task_name": None, "task_status": None, "model_id": None,
          "project_id": None, "profile_id": None, "start_time": None, "prediction": None,
          "progress": None, "thumbnail": None}
FIRMWARE = {"version": "01.08.02.00", "force_update": False, "status": "release",
            "url": "https://public-cdn.bblmw.com/upgrade/device/C12/01.08.02.00/product/abc/ota.json.sig",
            "description": "Better in many ways"}
VERSION = {"dev_id": SERIAL, "version": "01.08.02.00", "firmware": [FIRMWARE],
           "ams": [{"firmware": [FIRMWARE | {"version": "00.00.06.49"}]}]}
PROFILE_BODY = {
    "uid": UID, "uidStr": str(UID), "account": "maker@example.com", "name": "Maker", "avatar": "",
    "fanCount": 0, "followCount": 0, "identifier": 1, "productModels": ["P1S"],
    "personal": {"bio": "", "links": [], "taskWeightSum": 0, "taskLengthSum": 0, "taskTimeSum": 0,
                 "backgroundUrl": "", "designsInfo": [], "userLevel": {"level": 0, "gradeType": 0}},
    "isNSFWShown": 0, "favoritesCount": 0, "defaultLicense": "", "point": 0, "tpModelAccounts": [],
    "bannedPermission": {"whole": False, "comment": False, "upload": False, "redeem": False},
    "MWCount": {"myDesignDownloadCount": 0}, "certificated": False,
    "setting": {"isLikeOpen": 0, "isFollowOpen": 0, "isFanOpen": 0, "isFirmwareBetaOpen": False,
                "recommendStatus": 0}}
PREFERENCE = {"uid": UID, "name": "Maker", "handle": "maker", "avatar": "", "bio": "", "links": [],
              "backgroundUrl": "", "recommendStatus": 1}
PROJECT_BODY = {"project_id": PROJECT, "user_id": str(UID), "model_id": MODEL, "status": "ACTIVE",
                "name": "cube", "content": "", "create_time": "2026-08-01 10:00:00",
                "update_time": "2026-08-01 10:00:00"}
PROFILE_3MF = {
    "profile_id": PROFILE, "model_id": MODEL, "status": "ACTIVE", "name": "cube", "content": "",
    "create_time": "2026-08-01 10:00:00", "update_time": "2026-08-01 10:00:00",
    "context": {"compatibility": {"dev_model_name": "C12", "dev_product_name": "P1S",
                                  "nozzle_diameter": 0.4},
                "pictures": [], "configs": [], "materials": [{"color": "FFFFFFFF", "material": "PLA"}],
                "plates": [{"index": 1, "prediction": 1200, "weight": 3.5,
                            "thumbnail": {"name": "plate_1.png", "dir": "Metadata", "url": ""},
                            "filaments": [{"id": "1", "type": "PLA", "color": "#FFFFFF", "used_m": "1.2",
                                           "used_g": "3.5"}]}],
                "auxiliary_pictures": [], "auxiliary_bom": [], "auxiliary_guide": [],
                "auxiliary_other": []}}


def task(number):
    """One row of the print history."""
    return {"id": number, "designId": 0, "designTitle": "", "instanceId": 0, "modelId": MODEL,
            "title": f"cube {number}", "cover": "", "status": 2, "failedType": 0, "feedbackStatus": 0,
            "startTime": "2026-08-01T10:00:00Z", "endTime": "2026-08-01T10:20:00Z", "weight": 3.5,
            "length": 120, "costTime": 1200, "profileId": int(PROFILE), "plateIndex": 1, "plateName": "",
            "deviceId": SERIAL, "amsDetailMapping": [], "mode": "cloud_file", "isPublicProfile": False,
            "isPrintable": True, "deviceModel": "P1S", "deviceName": "Workshop P1S",
            "bedType": "textured_plate"}


def message(number):
    """One message about a print."""
    return {"id": number, "type": 6, "design": None, "comment": None,
            "taskMessage": {"id": TASK, "title": "cube", "cover": "", "status": 2, "deviceId": SERIAL},
            "from": {"uid": 0, "name": "", "avatar": "", "fanCount": 0, "followCount": 0,
                     "likeCount": 0, "isFollowed": False}, "createTime": "2026-08-01T10:20:00Z"}


#: As the slicer's list was recorded: most values are null, `settings` is a list here and an object there.
PRESETS = {kind: {"public": [], "private": []} for kind in ("print", "printer", "filament")}


class Call:
    """One request as it came."""

    def __init__(self, handler, body):
        self.method, self.target = handler.command, handler.path
        self.path, _, self.query = handler.path.partition("?")
        self.values = urllib.parse.parse_qs(self.query, keep_blank_values=True)
        self.headers = [(name.lower(), value) for name, value in handler.headers.items()]
        self.body = body

    def header(self, name):
        """The value of a header, None when it was not sent."""
        return dict(self.headers).get(name.lower())

    def json(self):
        """Its body as JSON, None when it is none."""
        try:
            return json.loads(self.body)
        except ValueError:
            return None

    def __repr__(self):
        return f"{self.method} {self.target} {self.body[:300]!r}"


class Server(http.server.ThreadingHTTPServer):
    """One that a hundred clients may reach at once."""

    request_queue_size = 1024
    daemon_threads = True


class RecordedCloud:
    """Serves at `url` and keeps `calls`.

    `store` is where uploads go; `running` is how often the upload's ticket says so before `success`.
    `answers[(method, path)]` overrides an answer: (status, JSON or text or bytes).
    """

    def __init__(self, store="https://localhost:9/or-cloud-upload-prod", running=1):
        self.store, self.running, self.calls, self.answers = store, running, [], {}
        self.asked, self.lock, cloud = 0, threading.Lock(), self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def answer(self):
                length = int(self.headers.get("Content-Length") or 0)
                call = Call(self, self.rfile.read(length))
                with cloud.lock:
                    cloud.calls.append(call)
                    status, body, *headers = cloud.route(call)
                data = body if isinstance(body, bytes) else \
                    body.encode() if isinstance(body, str) else json.dumps(body).encode()
                self.send_response(status)
                kind = "application/json" if isinstance(body, dict) else "text/plain"
                for name, value in [("Content-Type", kind), *headers]:
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = answer

            def log_message(self, *_arguments):
                pass

        self.server = Server(("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}"
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_failure):
        self.server.shutdown()
        self.server.server_close()

    def taken(self):
        """The calls since this was asked last."""
        with self.lock:
            calls, self.calls = self.calls, []
        return calls

    def address(self, *parts):
        """An upload address as the service signs them."""
        path = "/".join(urllib.parse.quote(str(part)) for part in parts)
        return f"{self.store}/users/{UID}/{path}?{SIGNED}"

    def route(self, call):
        """(status, body) of one call."""
        fixed = self.answers.get((call.method, call.path))
        if fixed is not None:
            return fixed(call) if callable(fixed) else fixed
        for method, pattern, answer in ROUTES:
            match = re.fullmatch(pattern, call.path)
            if match and method == call.method:
                public = call.path.startswith("/v1/user-service/user/") or "slicer/resource" in call.path \
                    or call.path.startswith("/api/")
                if not public and call.header("authorization") != f"Bearer {TOKEN}":
                    return 401, {"code": 4, "error": "Please login.", "message": ""}
                return answer(self, call, *match.groups())
        if any(re.fullmatch(pattern, call.path) for _, pattern, _ in ROUTES):
            return 405, ""
        return 404, "404 page not found"

    def upload(self, call):
        """Addresses for a file, by what is asked for."""
        if "models" in call.values:
            name = call.values["models"][0]
            urls = [{"type": "models", "file": name, "url": self.address("models", "17", name)}]
        elif "filename" in call.values:
            name, size = call.values["filename"][0], call.values.get("size", ["0"])[0]
            urls = [{"type": "filename", "file": name, "url": self.address("filename", "17", name)},
                    {"type": "size", "file": size, "url": self.address("size", "17", size)}]
        else:
            urls = []
        return 200, SUCCESS | {"host": "user", "urls": urls}

    def ticket(self, call):
        """Where an upload's processing stands: HTTP 200 in any case."""
        if call.values.get("action") != ["upload"] or call.values.get("ticket") != [TICKET]:
            return 400, 'field "action" is not set'
        self.asked += 1
        return 200, SUCCESS | {"message": "running" if self.asked <= self.running else "success"}

    def login(self, call):
        """By code: 987123; by the one password, wanting a code for maker@, an authenticator for totp@."""
        body = call.json() or {}
        done = {"accessToken": TOKEN, "refreshToken": TOKEN, "expiresIn": 7776000,
                "refreshExpiresIn": 7776000, "tfaKey": "", "accessMethod": "", "loginType": "",
                "firstAppLogin": False}
        wanted = done | {"accessToken": "", "refreshToken": ""}
        if "code" in body:
            refusal = {"987123": None, "111111": 1}.get(body["code"], 2)
            return (200, done) if refusal is None else \
                (400, {"code": refusal, "error": "Incorrect code", "message": ""})
        if body.get("password") != PASSWORD:
            return 400, {"code": 2, "error": "Incorrect account or password", "message": ""}
        if body.get("account", "").startswith("plain"):
            return 200, done
        if body.get("account", "").startswith("totp"):
            return 200, wanted | {"loginType": "tfa", "tfaKey": "tfa-key-1"}
        return 200, wanted | {"loginType": "verifyCode"}

    def authenticator(self, call):
        """The API host's half: this service has the web origin's alone."""
        return 400, {"code": 5, "error": "Login failed", "message": ""}

    def csrf(self, call):
        """Sets the cookie that the next call has to show."""
        return 200, {}, ("Set-Cookie", "bbl_csrf_token=csrf-1; Path=/; Secure; HttpOnly")

    def web_authenticator(self, call):
        """Cookie first, header next, the code last; the token comes as a cookie."""
        if "bbl_csrf_token=csrf-1" not in (call.header("cookie") or ""):
            return 403, {"error": "CSRF error: missing_cookie", "reason": "missing_cookie"}
        if call.header("x-bbl-csrf-token") != "csrf-1":
            return 403, {"error": "CSRF error: missing_header", "reason": "missing_header"}
        if call.json() != {"tfaKey": "tfa-key-1", "tfaCode": "654321"}:
            return 400, {"code": 2, "error": "Incorrect code", "message": ""}
        return 200, "", ("Set-Cookie", f"token={TOKEN}; Path=/; Secure; HttpOnly")

    def rows(self, call, make):
        """Five rows, newest first, by `limit` with `after` or `offset`."""
        numbers = list(range(105, 100, -1))
        limit = int(call.values.get("limit", ["20"])[0])
        after, offset = call.values.get("after", ["0"])[0], int(call.values.get("offset", ["0"])[0])
        if after not in ("", "0"):
            numbers = [n for n in numbers if n < int(after)]
        return 200, {"total": 5, "hits": [make(n) for n in numbers[offset:offset + limit]]}


IOT, USER, DESIGN = "/v1/iot-service/api", "/v1/user-service", "/v1/design-user-service"
ROUTES = [
    ("POST", f"{USER}/user/login", RecordedCloud.login),
    ("POST", f"{USER}/user/sendemail/code", lambda c, call: (200, "")),
    ("POST", f"{USER}/user/tfa/login", RecordedCloud.authenticator),
    ("GET", "/api/csrf", RecordedCloud.csrf),
    ("POST", "/api/sign-in/tfa", RecordedCloud.web_authenticator),
    ("POST", f"{USER}/my/logout", lambda c, call: (200, "")),
    ("GET", f"{USER}/my/profile", lambda c, call: (200, PROFILE_BODY)),
    ("GET", f"{DESIGN}/my/preference", lambda c, call: (200, PREFERENCE)),
    ("GET", f"{USER}/my/messages", lambda c, call: c.rows(call, message)),
    ("GET", f"{USER}/my/tasks", lambda c, call: c.rows(call, task)),
    ("GET", f"{USER}/my/task/([^/]+)", lambda c, call, n: (200, task(int(n)))),
    ("POST", f"{USER}/my/task", lambda c, call: (200, {"id": TASK})),
    ("GET", f"{IOT}/user/bind", lambda c, call: (200, SUCCESS | {"devices": [DEVICE]})),
    ("GET", f"{IOT}/user/print", lambda c, call: (200, SUCCESS | {"devices": [STATUS]})),
    ("GET", f"{IOT}/user/device/version", lambda c, call: (200, SUCCESS | {"devices": [VERSION]})),
    ("POST", f"{IOT}/user/ttcode", lambda c, call: (200, SUCCESS | {
        "ttcode": "TTCODE", "passwd": "PASSWD", "authkey": "AUTHKEY", "region": "us", "type": "tutk"})),
    ("GET", f"{IOT}/user/project", lambda c, call: (200, SUCCESS | {"projects": [PROJECT_BODY]})),
    ("POST", f"{IOT}/user/project", lambda c, call: (200, SUCCESS | {
        "project_id": PROJECT, "model_id": MODEL, "profile_id": PROFILE, "upload_ticket": TICKET,
        "upload_url": c.address("project", "17", "cube.3mf")})),
    ("GET", f"{IOT}/user/project/([^/]+)", lambda c, call, _: (200, SUCCESS | PROJECT_BODY | {
        "profiles": [PROFILE_3MF], "download_url": None, "download_md5": None, "keystore_xml": None,
        "upload_url": None, "upload_ticket": None})),
    ("PATCH", f"{IOT}/user/project/([^/]+)", lambda c, call, _: (200, SUCCESS)),
    ("GET", f"{IOT}/user/profile/([^/]+)", lambda c, call, _: (200, SUCCESS | PROFILE_3MF | {
        "filename": "cube.3mf", "url": c.address("project", "17", "cube.3mf"), "md5": "",
        "keystore_xml": None})),
    ("PUT", f"{IOT}/user/notification", lambda c, call: (200, SUCCESS)),
    ("GET", f"{IOT}/user/notification", RecordedCloud.ticket),
    ("GET", f"{IOT}/user/upload", RecordedCloud.upload),
    ("GET", f"{IOT}/slicer/setting", lambda c, call: (200, SUCCESS | PRESETS | {"settings": {}})
        if "version" in call.values else (400, 'field "version" is not set')),
    ("GET", f"{IOT}/slicer/resource", lambda c, call: (200, SUCCESS | {
        "software": {"type": "", "version": "", "description": "", "url": "", "force_update": False},
        "guide": None, "resources": []})),
    ("GET", f"{DESIGN}/my/filament/v2", lambda c, call: (200, {"hits": [{
        "id": 77, "createType": "manual", "filamentVendor": "Bambu Lab", "filamentType": "PLA",
        "filamentName": "Bambu PLA Basic", "filamentId": "GFA00", "RFID": "", "color": "#FF6A13",
        "colorType": 2, "colors": None, "netWeight": 640, "totalNetWeight": 1000, "note": "",
        "createdAt": 1785578400, "updatedAt": 1785578400, "status": 0, "isSupport": False,
        "trayIdName": "", "category": "PLA"}]} if call.values.get("offset", ["0"]) == ["0"] else
        {"hits": []})),
    ("GET", f"{DESIGN}/filament/config", lambda c, call: (200, {"categories": ["PLA"],
        "filamentSettings": [{"filamentVendor": "Bambu Lab", "filamentType": "PLA",
                              "filamentName": "Bambu PLA Basic", "filamentId": "GFA00",
                              "isSupport": False}]})),
]
