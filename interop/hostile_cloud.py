"""Servers that misbehave, one for each way: what they send, and for how long."""

import contextlib
import socket
import struct
import threading
import time
import zlib

#: Bytes of zeros behind a gzip bomb: some 500 KiB on the wire.
BOMB = 512 << 20
DEVICES = (b'{"message":"success","code":null,"error":null,"devices":[{"dev_id":"01P00A000000001",'
           b'"name":"P1S","online":true,"print_status":"IDLE","dev_model_name":"C12",'
           b'"dev_product_name":"P1S","dev_access_code":"87654321"}]}')
CHALLENGE = (b"<!DOCTYPE html><html><head><title>Just a moment...</title></head><body>"
             b"<script src=\"https://challenges.cloudflare.com/x.js\"></script></body></html>")


def head(status="200 OK", *lines):
    """A response's head."""
    rows = [f"HTTP/1.1 {status}", *lines, "", ""]
    return "\r\n".join(rows).encode()


def whole(body, status="200 OK", *lines):
    """A response with its right length."""
    kind = () if any(line.lower().startswith("content-type") for line in lines) else \
        ("Content-Type: application/json",)
    return head(status, *kind, *lines, f"Content-Length: {len(body)}", "Connection: close") + body


def bomb():
    """A gzip stream of many zeros inside a JSON string."""
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    parts = [packer.compress(b'{"message":"')]
    parts += [packer.compress(b"0" * (1 << 20)) for _ in range(BOMB >> 20)]
    return b"".join([*parts, packer.compress(b'"}'), packer.flush()])


class Hostile:
    """One server; `behave(socket, request, server)` answers one connection."""

    def __init__(self, behave):
        self.behave, self.requests, self.stopping = behave, [], threading.Event()
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port = self.listener.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        threading.Thread(target=self._serve, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_failure):
        self.stopping.set()
        self.listener.close()

    def _serve(self):
        while not self.stopping.is_set():
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._one, args=(connection,), daemon=True).start()

    def _one(self, connection):
        # A client that hangs up is what these servers are for.
        with connection, contextlib.suppress(OSError):
            connection.settimeout(60)
            request = b""
            while b"\r\n\r\n" not in request:
                got = connection.recv(65536)
                if not got:
                    return
                request += got
            self.requests.append(request)
            self.behave(connection, request, self)
            connection.shutdown(socket.SHUT_WR)
            while connection.recv(65536):
                pass


def say(*parts, pause=0.0):
    """Sends these bytes, one after the other."""
    def behave(connection, _request, _server):
        for part in parts:
            connection.sendall(part)
            time.sleep(pause)
    return behave


def endless(start, more):
    """Never ends by itself."""
    def behave(connection, _request, server):
        connection.sendall(start)
        while not server.stopping.is_set():
            connection.sendall(more)
    return behave


def drip(data):
    """One byte each half second, then silence."""
    def behave(connection, _request, server):
        for at in range(len(data)):
            connection.sendall(data[at:at + 1])
            if server.stopping.wait(0.5):
                return
        server.stopping.wait()
    return behave


def silence(connection, _request, server):
    """Takes the request and says nothing."""
    server.stopping.wait()


def reset(connection, _request, _server):
    """Hangs up hard in the middle of a body."""
    connection.sendall(head("200 OK", "Content-Length: 500") + DEVICES[:100])
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def reflect(status, lines=()):
    """Answers with the request's own head as the error text: the token is in it."""
    def behave(connection, request, _server):
        words = request.decode("latin-1").replace("\r\n", " ").replace('"', "'").encode()
        connection.sendall(whole(b'{"code":9,"error":"' + words + b'","message":"' + words + b'"}',
                                 status, *lines))
    return behave


def redirect(to):
    """Sends somewhere else, for ever."""
    def behave(connection, _request, server):
        connection.sendall(whole(b"", "302 Found", "Location: " + to(server)))
    return behave
