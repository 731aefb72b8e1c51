"""Readers of Server-Sent Events, many at once, by plain sockets in one thread."""

import contextlib
import json
import selectors
import socket
import threading
import time
import urllib.parse

from judge import wait_for


class Event:
    """One event as it came: its name, its data, when."""

    def __init__(self, block):
        self.at, self.name, self.id, lines = time.monotonic(), "message", None, []
        for line in block.split("\n"):
            field, _, value = line.partition(":")
            value = value.removeprefix(" ")
            if field == "event":
                self.name = value
            elif field == "id":
                self.id = value
            elif field == "data":
                lines.append(value)
        self.text = "\n".join(lines)
        try:
            self.data = json.loads(self.text)
        except ValueError:
            self.data = None

    def __repr__(self):
        return f"{self.name}: {self.text[:200]}"


class Reader:
    """One connection: `head` is the answer's head, `events` what came, `ended` whether it is over."""

    def __init__(self, address, target, headers):
        self.head, self.events, self.comments, self.ended, self.raw = "", [], 0, False, b""
        self.socket = socket.create_connection(address, 30)
        lines = [f"GET {target} HTTP/1.1", f"Host: {address[0]}:{address[1]}", "Accept: text/event-stream",
                 *(f"{name}: {value}" for name, value in headers.items()), "", ""]
        self.socket.sendall("\r\n".join(lines).encode())
        self.socket.setblocking(False)
        self.text, self.chunked = b"", False

    @property
    def status(self):
        """The status of its answer, 0 as long as there is none."""
        return int(self.head.split()[1]) if self.head else 0

    def take(self, data):
        """More bytes."""
        self.raw += data
        if not self.head:
            head, found, rest = self.raw.partition(b"\r\n\r\n")
            if not found:
                return
            self.head, self.raw = head.decode(errors="replace"), rest
            self.chunked = "transfer-encoding: chunked" in self.head.lower()
        if self.chunked:
            self._unchunk()
        else:
            self.text, self.raw = self.text + self.raw, b""
        while b"\n\n" in self.text:
            block, _, self.text = self.text.partition(b"\n\n")
            if block.strip(b"\n").startswith(b":") and b"\n" not in block.strip(b"\n"):
                self.comments += 1
            elif b"data:" in block:
                self.events.append(Event(block.decode(errors="replace").strip("\n")))

    def _unchunk(self):
        while b"\r\n" in self.raw:
            size, _, rest = self.raw.partition(b"\r\n")
            length = int(size.split(b";")[0], 16)
            if len(rest) < length + 2:
                return
            self.text, self.raw = self.text + rest[:length].replace(b"\r\n", b"\n"), rest[length + 2:]
            if length == 0:
                self.ended = True
                return

    def told(self, serial=None):
        """The events of a printer."""
        return [e for e in list(self.events) if isinstance(e.data, dict) and serial in (None, e.data.get("serial"))]

    def document(self, serial=None):
        """The last status as a whole with the changes after it merged, as RFC 7396 has it; None before."""
        merged = None
        for event in self.told(serial):
            merged = event.data.get("status") if event.name == "snapshot" else merge(merged, event.data.get("patch"))
        return merged

    def live(self, serial):
        """Whether it was told last that the printer reports right now; None before anything was told."""
        told = self.told(serial)
        if not told:
            return None
        last = told[-1].data
        return last["connection"] == "online" and not last["stale"] and bool((self.document(serial) or {}).get("online"))


def known(document):
    """Without nulls: absent knowledge is null as a whole, and left out once a patch was merged."""
    if isinstance(document, dict):
        return {key: known(value) for key, value in document.items() if value is not None}
    return [known(value) for value in document] if isinstance(document, list) else document


def merge(target, patch):
    """RFC 7396."""
    if not isinstance(patch, dict):
        return patch
    merged = dict(target) if isinstance(target, dict) else {}
    for key, value in patch.items():
        if value is None:
            merged.pop(key, None)
        else:
            merged[key] = merge(merged.get(key), value)
    return merged


class Readers:
    """`count` readers of one URL; all are read by one thread until this is left."""

    def __init__(self, url, count=1, headers=None):
        parts = urllib.parse.urlsplit(url)
        target = parts.path + ("?" + parts.query if parts.query else "")
        self.all = [Reader((parts.hostname, parts.port), target, headers or {}) for _ in range(count)]
        self.over = False
        self.thread = threading.Thread(target=self._read, daemon=True)
        self.thread.start()

    def __enter__(self):
        return self

    def __exit__(self, *_failure):
        self.over = True
        self.thread.join(5)
        for reader in self.all:
            reader.socket.close()

    def _read(self):
        with selectors.DefaultSelector() as selector:
            for reader in self.all:
                selector.register(reader.socket, selectors.EVENT_READ, reader)
            while not self.over and selector.get_map():
                for key, _ in selector.select(0.2):
                    data = b""
                    with contextlib.suppress(OSError):
                        data = key.data.socket.recv(65536)
                    if data:
                        key.data.take(data)
                    if not data or key.data.ended:
                        key.data.ended = True
                        selector.unregister(key.data.socket)

    def every(self, condition, seconds=60):
        """Whether the condition comes to hold for every reader."""
        return wait_for(lambda: all(condition(reader) for reader in self.all), seconds)

    def one(self):
        """The first."""
        return self.all[0]
