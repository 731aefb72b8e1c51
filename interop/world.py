"""Starts the simulated world for a judge and ends it again, by process id."""

import itertools
import json
import os
import pathlib
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request

from judge import PATIENCE

_ranges = itertools.count()


def free_port():
    """A port that is free now on the loopback address."""
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def loopback_addresses():
    """The first of some loopback addresses that no other process uses for its printers."""
    pid = os.getpid()
    return f"127.{64 + pid % 128}.{pid // 128 % 254 + 1}.{1 + 50 * next(_ranges)}"


def clean_environment(**more):
    """The environment without settings of ours that a user may have."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith("BAMBU_")}
    return kept | more


class Process:
    """A child whose output goes to files; ended on leaving, shown when something failed."""

    def __init__(self, command, env=None, stdin=subprocess.DEVNULL):
        self.directory = tempfile.TemporaryDirectory(prefix="bambu-judge-")
        self.out = pathlib.Path(self.directory.name, "stdout")
        self.err = pathlib.Path(self.directory.name, "stderr")
        self.command = [str(part) for part in command]
        with self.out.open("wb") as out, self.err.open("wb") as err:
            self.child = subprocess.Popen(
                self.command, stdin=stdin, stdout=out, stderr=err, env=env or clean_environment()
            )

    def __enter__(self):
        return self

    def __exit__(self, kind, _value, _trace):
        self.stop()
        if kind is not None:
            self.show()
        self.directory.cleanup()

    def output(self):
        """Standard output so far."""
        return self.out.read_text(errors="replace")

    def errors(self):
        """Standard error so far."""
        return self.err.read_text(errors="replace")

    def show(self):
        """Prints the end of what it wrote."""
        print(f"  -- {' '.join(self.command[:3])} wrote:", file=sys.stderr)
        print(self.output()[-1500:] + self.errors()[-3000:], file=sys.stderr, flush=True)

    def running(self):
        """Whether it still runs."""
        return self.child.poll() is None

    def wait(self, seconds=PATIENCE):
        """Its exit code; None when it did not end in time."""
        try:
            return self.child.wait(seconds)
        except subprocess.TimeoutExpired:
            return None

    def stop(self):
        """Asks it to end, and makes it; True when asking was enough."""
        if self.running():
            self.child.send_signal(signal.SIGTERM)
            if self.wait(15) is None:
                self.child.kill()
                self.child.wait()
                return False
        return True


class World(Process):
    """`bambu simulate` or `bambu demo` on free ports, with its ready file read."""

    def __init__(self, binary, *arguments, verb="simulate"):
        self.state = tempfile.TemporaryDirectory(prefix="bambu-world-")
        ready = pathlib.Path(self.state.name, "ready.json")
        super().__init__(
            [binary, verb, "--ready-file", ready, "--state-dir", self.state.name, *arguments],
            clean_environment(BAMBU_CONFIG_DIR=self.state.name),
        )
        end = time.monotonic() + PATIENCE
        while not ready.exists():
            if not self.running() or time.monotonic() > end:
                self.stop()
                self.show()
                raise SystemExit(f"bambu {verb} wrote no ready file (exit {self.child.returncode})")
            time.sleep(0.05)
        self.ready = json.loads(ready.read_text())
        self.ca_file = self.ready["ca_file"]
        self.account = self.ready["account"]
        self.printers = self.ready["printers"]

    def __exit__(self, *failure):
        super().__exit__(*failure)
        self.state.cleanup()

    def printer(self, model):
        """The first printer of a model."""
        return next(p for p in self.printers if p["model"] == model)

    def switch(self, printer, what, method="PUT"):
        """Switches something of a printer at the control endpoint, such as `faults/no-ack`."""
        url = f"{self.ready['control_url']}/printers/{printer['serial']}/{what}"
        with urllib.request.urlopen(urllib.request.Request(url, method=method), timeout=10) as answer:
            return answer.status

    def fault(self, name="", rate=None):
        """Lets something go wrong in the cloud; without a name nothing any more."""
        url = f"{self.ready['control_url']}/faults" + (f"/{name}" if name else "")
        url += f"?rate={rate}" if rate is not None else ""
        request = urllib.request.Request(url, method="PUT" if name else "DELETE")
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.status

    def asked(self, forget=False):
        """What the cloud was asked since it began, or since it was told to forget."""
        url = f"{self.ready['control_url']}/requests"
        request = urllib.request.Request(url, method="DELETE" if forget else "GET")
        with urllib.request.urlopen(request, timeout=10) as answer:
            return json.loads(answer.read() or b"{}")

    def settings(self):
        """The environment that points our client and other people's at this world."""
        host, port = self.ready["mqtt"]["host"], self.ready["mqtt"]["port"]
        return clean_environment(
            BAMBU_API_URL=self.ready["api_url"],
            BAMBU_MQTT_URL=f"mqtts://{host}:{port}",
            BAMBU_CA_FILE=self.ca_file,
            BAMBU_TOKEN=self.account["token"],
            BAMBU_UID=self.account["uid"],
            BAMBU_CONFIG_DIR=self.state.name,
        )
