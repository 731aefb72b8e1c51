"""Our servers as a user runs them, the seeds' servers beside them, and HTTP by Python and by curl."""

import contextlib
import json
import os
import pathlib
import re
import socket
import sys
import tempfile
import threading

import requests

from judge import PATIENCE, run, wait_for
from world import Process, clean_environment, free_port

#: As `-vv`: whatever is told in the greatest detail must not have a secret in it.
DETAIL = "info,bambu=debug,bambulab=debug,bambu_server=debug"
#: Longest time that one request of a judge may take, in seconds.
TIMEOUT = 30


class Served(Process):
    """`bambu proxy`, `bambu compat` or `bambu serve` on free ports, with its ready file read.

    `urls` has a URL for each face, `url` is that of the first.
    """

    def __init__(self, binary, arguments, env, listen=True):
        self.home = tempfile.TemporaryDirectory(prefix="bambu-served-")
        ready = pathlib.Path(self.home.name, "ready.json")
        listens = ["--listen", "127.0.0.1:0"] if listen is True else ["--listen", listen] if listen else []
        super().__init__([binary, *arguments, *listens, "--ready-file", ready],
                         {"BAMBU_CONFIG_DIR": self.home.name, "HOME": self.home.name, "BAMBU_RATE_LIMITS": "off", "BAMBU_LOG": DETAIL} | env)
        self.urls = wait_for(lambda: not self.running() or self._read(ready))
        if not isinstance(self.urls, dict):
            self.stop()
            self.show()
            raise RuntimeError(f"bambu {' '.join(map(str, arguments))} wrote no ready file")
        self.url = next(iter(self.urls.values())).rstrip("/")

    def __exit__(self, *failure):
        with contextlib.suppress(OSError):
            TOLD.append(ask(f"{self.url}/metrics").text)
        self.stop()
        TOLD.append(self.told())
        super().__exit__(*failure)
        self.home.cleanup()

    @staticmethod
    def _read(file):
        with contextlib.suppress(OSError, ValueError):
            return json.loads(file.read_text())
        return None

    @property
    def port(self):
        """The port of the first face."""
        return int(self.url.rsplit(":", 1)[1])

    def memory(self, what="VmHWM"):
        """Resident memory in KiB: the most it ever had, or another line of its status."""
        text = pathlib.Path(f"/proc/{self.child.pid}/status").read_text()
        return int(re.search(rf"^{what}:\s+(\d+)", text, re.M)[1])

    def told(self):
        """All that it wrote."""
        return self.output() + self.errors()


def pointed_at(api, mqtt=None, ca_file=None):
    """An environment without anybody's login: only where the cloud is."""
    # Without a broker of its own nobody's is asked, least of all the real one.
    mqtt = mqtt or {"host": "127.0.0.1", "port": 9}
    more = {"BAMBU_CA_FILE": ca_file} if ca_file else {}
    return clean_environment(BAMBU_API_URL=api, BAMBU_MQTT_URL=f"mqtts://{mqtt['host']}:{mqtt['port']}", **more)


def in_world(world, broker_port=None):
    """The same for a simulated world; its broker may be behind another port."""
    broker = world.ready["mqtt"] | ({"port": broker_port} if broker_port else {})
    return pointed_at(world.ready["api_url"], broker, world.ca_file)


#: Only what nothing else sets: the addresses, the files, the port and, instead of all networks, loopback.
SEEDS = """
import json, sys
settings = json.loads(sys.argv[1])
from bambulab import BambuClient, MQTTClient
BambuClient.BASE_URL = settings["api"]
MQTTClient.BROKER, MQTTClient.PORT = settings["broker"]
import servers.{module} as server
start = server.app.run
server.app.run = lambda **_: start(host="127.0.0.1", port=settings["port"], threaded=True)
server.TOKEN_FILE = server.CONFIG_FILE = settings["file"]
sys.argv = ["server", *settings["arguments"]]
sys.exit(server.main())
"""


class Seeds(Process):
    """The seeds' own `proxy` or `compatibility` from PyPI, as it is, on a free port."""

    def __init__(self, module, file, api, *arguments, mqtt=None, ca_file=None):
        port = free_port()
        broker = [mqtt["host"], mqtt["port"]] if mqtt else ["127.0.0.1", 9]
        settings = {"api": api, "broker": broker, "port": port, "file": str(file), "arguments": arguments}
        super().__init__([sys.executable, "-c", SEEDS.format(module=module), json.dumps(settings)],
                         clean_environment(**({"SSL_CERT_FILE": ca_file} if ca_file else {})))
        self.url = f"http://127.0.0.1:{port}"
        _theirs.add(self.url)
        if not wait_for(lambda: not self.running() or listens(port)) or not self.running():
            self.stop()
            self.show()
            raise RuntimeError(f"the seeds' {module} did not start")


def listens(port):
    """Whether somebody accepts connections there."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


class Answer:
    """One answer: `status`, `headers` with names in lower case (the last one counts), `text`, `json`."""

    def __init__(self, status, headers, body):
        self.status, self.body = status, body
        self.headers = {name.lower(): value for name, value in headers}
        self.text = body.decode(errors="replace")
        try:
            self.json = json.loads(body)
        except ValueError:
            self.json = None

    @property
    def kind(self):
        """json, html, other or empty."""
        if not self.body:
            return "empty"
        kind = self.headers.get("content-type", "")
        return "json" if self.json is not None and "json" in kind else "html" if "html" in kind else "other"

    def __repr__(self):
        return f"{self.status} {self.text[:300]}"


#: Every answer that a judge got of our servers, and all that those wrote, for the question whether a secret
#: was in it.
ANSWERS, TOLD, _lock = [], [], threading.Lock()
_theirs = set()


def _kept(answer, url):
    with _lock:
        if not url.startswith(tuple(_theirs) or "-"):
            ANSWERS.append((url, answer))
    return answer


def authorized(token, headers=None):
    """Headers with a token, if there is one."""
    return ({"Authorization": f"Bearer {token}"} if token else {}) | (headers or {})


def ask(url, token=None, method="GET", body=None, headers=None, timeout=TIMEOUT, ca_file=None):
    """One request by Python's `requests`. A certificate is believed if `ca_file` has its authority, or it."""
    data = json.dumps(body) if isinstance(body, (dict, list)) else body
    headers = authorized(token, headers) | ({"Content-Type": "application/json"} if body is not None else {})
    got = requests.request(method, url, headers=headers, data=data, timeout=timeout, allow_redirects=False,
                           verify=ca_file or True)
    return _kept(Answer(got.status_code, got.headers.items(), got.content), url)


def curl(url, token=None, method="GET", body=None, headers=None):
    """The same by curl."""
    headers = authorized(token, headers) | ({"Content-Type": "application/json"} if body is not None else {})
    how = ["--head"] if method == "HEAD" else ["--request", method]
    how += [part for name, value in headers.items() for part in ("--header", f"{name}: {value}")]
    how += ["--data-binary", "@-"] if body is not None else []
    data = (json.dumps(body) if isinstance(body, (dict, list)) else body or "").encode()
    with tempfile.NamedTemporaryFile() as head:
        code, out, err = run(["curl", "--silent", "--show-error", "--path-as-is", "--globoff", "--max-time", str(TIMEOUT),
                              "--dump-header", head.name, *how, url], data, env=clean_environment())
        lines = pathlib.Path(head.name).read_bytes().decode(errors="replace").split("\r\n\r\n")[-2].splitlines() if code == 0 else []
    if not lines:
        raise RuntimeError(f"curl {url} ended with {code}: {err}")
    pairs = [tuple(line.split(": ", 1)) for line in lines[1:] if ": " in line]
    return _kept(Answer(int(lines[0].split()[1]), pairs, b"" if method == "HEAD" else out), url)


def no_secret(judge, what, secrets, *texts):
    """None of these is in any answer so far, nor in what our servers wrote until their end, nor elsewhere."""
    texts = [*TOLD, *texts]
    for name, secret in secrets.items():
        where = next((f"{url}: {answer!r}" for url, answer in ANSWERS if secret in answer.text
                      or any(secret in value for value in answer.headers.values())), None)
        judge.check(where is None, f"{what}: {name} in no answer", where)
        judge.check(not any(secret in text for text in texts), f"{what}: {name} in no log and no metric",
                    next((line for text in texts for line in text.splitlines() if secret in line), ""))


def tokens_file(folder, tokens, name="proxy_tokens.json"):
    """The seeds' flat file of tokens, replaced in one step."""
    file = pathlib.Path(folder, name)
    fresh = file.with_suffix(".new")
    fresh.write_text(tokens if isinstance(tokens, str) else json.dumps(tokens, indent=2))
    fresh.chmod(0o600)
    os.replace(fresh, file)
    return file


def eventually(condition, seconds=PATIENCE):
    """The first true value; an exception counts as not yet."""
    def tried():
        try:
            return condition()
        except (OSError, requests.RequestException):
            return None
    return wait_for(tried, seconds)
