"""Cameras through our server: Chromium plays them, curl reads MJPEG, a WebSocket client counts fragments.

Behind the server are the cameras of a simulated P1S (JPEG) and X1C (H.264), which show themselves to one viewer
at a time. Nothing in here knows our code: ffprobe counts the pictures of what was sent.
"""

import concurrent.futures
import contextlib
import io
import json
import pathlib
import subprocess
import sys
import tempfile
import time

import websocket
from PIL import Image, ImageChops
from selenium import webdriver
from selenium.webdriver.common.by import By

from judge import Judge, run, wait_for
from served import Served, ask, pointed_at
from world import World

CHROMIUM = "--headless=new --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking " \
           "--disable-component-update --disable-sync --autoplay-policy=no-user-gesture-required --window-size=900,700"
TOKEN = "a-token-for-cameras"


def config(folder, world, token=None, printers=None):
    """A file with the printers of the world and their cameras."""
    lines = ["[camera]", 'listen = "127.0.0.1:0"']
    lines += [f'token = "{token}"'] if token else []
    lines += [f"printers = {json.dumps(printers)}"] if printers else []
    for printer in world.printers:
        lines += ["[[printer]]", f'serial = "{printer["serial"]}"', f'name = "{printer["name"]}"',
                  f'model = "{printer["model"]}"', f'host = "{printer["host"]}"', f'mqtt_port = {printer["mqtt_port"]}',
                  f'access_code = "{printer["access_code"]}"',
                  f'camera_port = {printer["camera_port"] or printer["rtsps_port"]}']
    file = pathlib.Path(folder, f"cameras-{len(list(pathlib.Path(folder).iterdir()))}.toml")
    file.write_text("\n".join(lines) + "\n")
    return file


@contextlib.contextmanager
def serving(binary, world, **how):
    """Our server over the cameras of the world."""
    with tempfile.TemporaryDirectory(prefix="bambu-cameras-") as folder:
        env = pointed_at(world.ready["api_url"], ca_file=world.ca_file)
        with Served(binary, ["serve", "--config", config(folder, world, **how)], env, listen=False) as served:
            yield served


@contextlib.contextmanager
def browser():
    """Chromium with a profile of its own."""
    options = webdriver.ChromeOptions()
    for argument in CHROMIUM.split():
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    with tempfile.TemporaryDirectory(prefix="bambu-chromium-") as folder:
        options.add_argument(f"--user-data-dir={folder}")
        driver = webdriver.Chrome(options=options, service=webdriver.ChromeService("/usr/bin/chromedriver"))
        try:
            yield driver
        finally:
            driver.quit()


def camera_of(served, printer):
    """Where the camera of a printer is."""
    return f"{served.url}/api/v2/printers/{printer['serial']}/camera"


def socket(url, token=None, **more):
    """A WebSocket without an Origin, as programs open it."""
    header = [f"Authorization: Bearer {token}"] if token else []
    return websocket.create_connection(url.replace("http", "ws", 1), timeout=30, suppress_origin="origin" not in more,
                                       header=header, **more)


def received(connection, count):
    """Text messages and the first `count` binary ones."""
    texts, pictures = [], []
    while len(pictures) < count:
        opcode, data = connection.recv_data()
        if opcode == websocket.ABNF.OPCODE_BINARY:
            pictures.append(data)
        elif opcode == websocket.ABNF.OPCODE_TEXT:
            texts.append(json.loads(data))
        else:
            break
    return texts, pictures


def picture(driver):
    """What is in the picture's area now."""
    return Image.open(io.BytesIO(driver.find_element(By.CSS_SELECTOR, ".screen").screenshot_as_png)).convert("RGB")


def differ(one, other):
    """Whether two screenshots show something else, and are not one colour alone."""
    return ImageChops.difference(one, other).getbbox() is not None and len(one.getcolors(1 << 24) or [0] * 9) > 8


def plays(judge, binary, world):
    """Chromium shows a picture that moves, of either kind of camera, and the wall of both."""
    with serving(binary, world) as served, browser() as driver:
        for model, tag in (("P1S", "img"), ("X1C", "video")):
            driver.get(camera_of(served, world.printer(model)) + "/")
            ready = f"""const it = document.querySelector('.screen:not(.blank):not(.old) > {tag}');
                        return it && (it.naturalWidth || it.videoWidth) || 0"""
            width = wait_for(lambda: driver.execute_script(ready))
            if not judge.check(width, f"{model}: a picture is there", driver.page_source[-700:]):
                continue
            clock = "const it = document.querySelector('video'); return it ? it.currentTime : 0"
            began, first = driver.execute_script(clock), picture(driver)
            time.sleep(2.5)
            passed = driver.execute_script(clock) - began
            judge.check(differ(first, picture(driver)), f"{model}: the picture moves")
            if tag == "video":
                judge.check(passed > 1, f"{model}: the video's time goes on", passed)
                behind = """const it = document.querySelector('video');
                            return it.buffered.end(it.buffered.length - 1) - it.currentTime"""
                judge.check(driver.execute_script(behind) < 2, f"{model}: it shows the present")
            told = driver.find_element(By.CSS_SELECTOR, ".screen > p").text
            judge.equal(told, "", f"{model}: nothing is complained about")
            wide = driver.execute_script("return document.documentElement.scrollWidth > innerWidth")
            judge.check(not wide, f"{model}: the page fits")
        driver.set_window_size(400, 800)
        driver.get(served.url)
        count = "return document.querySelectorAll('.screen:not(.blank):not(.old)').length"
        both = wait_for(lambda: driver.execute_script(count) == 2)
        judge.check(both, "the wall shows both cameras", driver.page_source[-900:])
        wide = driver.execute_script("return document.documentElement.scrollWidth > innerWidth")
        judge.check(not wide, "the wall fits a phone")
        severe = [entry["message"] for entry in driver.get_log("browser") if entry["level"] == "SEVERE"
                  and "favicon" not in entry["message"]]
        judge.equal(severe, [], "the browser has nothing to complain about")


def by_name(judge, binary, world):
    """`bambu camera PRINTER serve` shows that one by short names."""
    with tempfile.TemporaryDirectory(prefix="bambu-cameras-") as folder:
        env = pointed_at(world.ready["api_url"], ca_file=world.ca_file)
        arguments = ["camera", world.printer("X1C")["name"], "serve", "--config", config(folder, world)]
        with Served(binary, arguments, env) as served:
            judge.equal(ask(f"{served.url}/camera").json["kind"], "h264", "the camera that was named")
            connection = socket(f"{served.url}/live")
            judge.equal(len(received(connection, 3)[1]), 3, "it is seen by its short name")
            connection.close()


def asks_for_its_token(judge, binary, world):
    """A server with a token shows its page, and pictures only to those who know it."""
    printer = world.printer("P1S")
    with serving(binary, world, token=TOKEN, printers=[printer["name"]]) as served:
        for path in ("/camera", "/snapshot.jpg", "/stream", "/live", "/api/v2/cameras"):
            judge.equal(ask(served.url + path).status, 401, f"{path} without the token")
        shown = ask(served.url + "/snapshot.jpg", headers={"Authorization": f"Bearer {TOKEN}"})
        judge.equal(shown.status, 200, "the picture with the token")
        with browser() as driver:
            driver.get(served.url)
            judge.check(wait_for(lambda: driver.find_element(By.ID, "token").is_displayed()), "the page asks for it")
            driver.find_element(By.ID, "token").send_keys(TOKEN + "\n")
            ready = "return !!document.querySelector('.screen:not(.blank) > img')"
            judge.check(wait_for(lambda: driver.execute_script(ready)), "the token shows the picture")
        judge.check(TOKEN not in served.told(), "the token is in no log")


def mjpeg(judge, served, world):
    """curl gets whole pictures, each in a part with its length."""
    url = camera_of(served, world.printer("P1S"))
    _code, out, err = run(["curl", "-sS", "-i", "--max-time", "6", f"{url}/stream"], timeout=30)
    head, _, body = out.partition(b"\r\n\r\n")
    judge.check(b"multipart/x-mixed-replace" in head, "MJPEG says what it is", head[:300] + err.encode()[:200])
    boundary = head.split(b"boundary=")[1].split(b"\r\n")[0] if b"boundary=" in head else b"none"
    numbers = []
    for part in body.split(b"--" + boundary + b"\r\n")[1:]:
        fields, _, data = part.partition(b"\r\n\r\n")
        fields = dict(line.split(b": ", 1) for line in fields.split(b"\r\n"))
        length = int(fields[b"Content-Length"])
        if len(data) < length:
            break
        judge.check(data[:2] == b"\xff\xd8" and data[length - 2:length] == b"\xff\xd9", "a part is a whole JPEG")
        numbers.append(int(fields[b"X-Picture-Number"]))
    judge.check(len(numbers) > 1, "pictures go on coming", numbers)
    judge.equal(numbers, list(range(numbers[0], numbers[0] + len(numbers))) if numbers else None, "none is left out")


def stills(judge, served, world):
    """A still picture of either camera tells its age."""
    for model in ("P1S", "X1C"):
        answer = ask(camera_of(served, world.printer(model)) + "/snapshot.jpg")
        if answer.status == 501:
            judge.check(model == "X1C" and "snapshot" in answer.text, "a build that cannot says so", answer.text)
            continue
        if judge.equal(answer.status, 200, f"{model}: a still picture"):
            size = Image.open(io.BytesIO(answer.body)).size
            judge.check(size[0] >= 320, f"{model}: it is a picture", size)
            judge.check(0 <= int(answer.headers["age"]) <= 10, f"{model}: its age", answer.headers)
            judge.check("last-modified" in answer.headers, f"{model}: its time", answer.headers)


def fragments(judge, served, world):
    """What a WebSocket client gets is an MP4 with every picture in it."""
    url = camera_of(served, world.printer("X1C"))
    connection = socket(f"{url}/live")
    texts, messages = received(connection, 61)
    # One who joins later begins with a picture that can be decoded by itself.
    later = socket(f"{url}/live")
    told, late = received(later, 20)
    connection.close()
    later.close()
    for who, texts, messages in (("the first", texts, messages), ("a late joiner", told, late)):
        video = next((text for text in texts if text["type"] == "video"), {})
        judge.check(str(video.get("codec")).startswith("avc1."), f"{who} is told the codec", texts)
        judge.equal((messages[0][4:8], messages[1][4:8]), (b"ftyp", b"moof"), f"{who} begins with the first segment")
        numbers = [int.from_bytes(message[20:24], "big") for message in messages[1:]]
        judge.equal(numbers, list(range(numbers[0], numbers[0] + len(numbers))), f"{who} misses no fragment")
        with tempfile.NamedTemporaryFile(suffix=".mp4") as file:
            file.write(b"".join(messages))
            file.flush()
            shown = subprocess.run(
                ["ffprobe", "-v", "error", "-count_frames", "-show_entries", "stream=nb_read_frames,width,height",
                 "-show_entries", "packet=flags,duration", "-of", "json", file.name], capture_output=True, timeout=60)
        found = json.loads(shown.stdout or b"{}")
        stream = (found.get("streams") or [{}])[0]
        judge.equal(shown.stderr, b"", f"{who}: ffprobe has nothing to complain about")
        judge.equal(stream.get("nb_read_frames"), str(len(numbers)), f"{who}: every fragment is a picture")
        judge.equal((stream.get("width"), stream.get("height")), (video.get("width"), video.get("height")), "its size")
        packets = found.get("packets") or [{"flags": "", "duration": 0}]
        judge.check(packets[0]["flags"].startswith("K"), f"{who} begins with a key picture", packets[0])
        judge.check(all(int(packet.get("duration", 0)) > 0 for packet in packets), f"{who}: no picture without a duration")


def twenty(judge, served, world):
    """Twenty look, and the printer's one place for viewers is enough."""
    for model in ("P1S", "X1C"):
        url = camera_of(served, world.printer(model))

        def look(_number, url=url):
            connection = socket(f"{url}/live")
            try:
                return len(received(connection, 4)[1])
            finally:
                connection.close()

        with concurrent.futures.ThreadPoolExecutor(20) as pool:
            judge.equal(list(pool.map(look, range(20))), [4] * 20, f"{model}: everybody sees it")
        told = ask(url).json
        judge.equal(told["state"], "live", f"{model}: there is one upstream, and it lives on")


def strangers(judge, served, world):
    """Pages of others are refused, with or without a socket, and errors say what to do."""
    url = camera_of(served, world.printer("P1S"))
    for origin, wanted in (("http://evil.example", 403), ("null", 403), (served.url, 101)):
        try:
            socket(f"{url}/live", origin=origin).close()
            status = 101
        except websocket.WebSocketBadStatusException as refused:
            status = refused.status_code
        judge.equal(status, wanted, f"a WebSocket of {origin}")
    judge.equal(ask(url, headers={"Origin": "http://evil.example"}).status, 403, "a page of others reads nothing")
    judge.equal(ask(url, headers={"Host": "evil.example"}).status, 403, "a name that leads here is not ours")
    judge.equal(ask(f"{served.url}/api/v2/printers/NOBODY/camera").status, 404, "no such printer")
    judge.equal(ask(camera_of(served, world.printer("X1C")) + "/stream").status, 404, "video is no MJPEG")
    judge.equal(ask(f"{url}/live").status, 426, "a WebSocket is no page")
    metrics = ask(f"{served.url}/metrics").text
    judge.check('bambu_camera_frames_total{how="live",outcome="sent"}' in metrics, "frames are counted", metrics[-300:])
    judge.check('outcome="skipped"' not in metrics, "none was skipped", metrics[-600:])


def main(binary):
    """Runs it."""
    judge = Judge("cameras served")
    with World(binary, "--models", "P1S,X1C", "--printers", "2", "--state", "printing") as world:
        with serving(binary, world) as served:
            for part in (mjpeg, stills, fragments, twenty, strangers):
                judge.part(part, judge, served, world)
        judge.part(by_name, judge, binary, world)
        judge.part(asks_for_its_token, judge, binary, world)
        judge.part(plays, judge, binary, world)
    judge.end()


if __name__ == "__main__":
    main(sys.argv[1])
