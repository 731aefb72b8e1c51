"""A TCP proxy that fails on request: stalls, swallows, resets, refuses, crumbles."""

import contextlib
import select
import socket
import struct
import threading
import time


class Proxy:
    """Passes connections on to one address, as its `mode` says; modes change while it runs.

    `pass`; `stall`: nothing moves, either way, and moves on later; `swallow`: what is sent is taken and
    lost, as by a half-open socket; `up`: requests pass and answers are lost; `crumbs`: one byte at a time;
    `hang up`: whoever comes is reset at once (`refuse` frees the port, which another process may then take).
    """

    def __init__(self, host, port):
        self.target, self.mode, self.connections = (host, port), "pass", 0
        self.pairs, self.lock = [], threading.Lock()
        self.listener = None
        self.listener = self._listen(0)
        self.port = self.listener.getsockname()[1]
        self.ended = False
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_failure):
        self.ended = True
        self.refuse()
        self.reset()

    @staticmethod
    def _listen(port):
        made = socket.socket()
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.bind(("127.0.0.1", port))
        made.listen(64)
        return made

    def refuse(self):
        """Closes the port; who is in stays in."""
        listener, self.listener = self.listener, None
        if listener:
            listener.close()

    def open(self):
        """Opens it again."""
        self.listener = self._listen(self.port)

    def reset(self):
        """Resets every connection."""
        with self.lock:
            pairs, self.pairs = self.pairs, []
        for pair in pairs:
            for side in pair:
                with contextlib.suppress(OSError):
                    side.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                    side.close()

    def _accept(self):
        while not self.ended:
            listener = self.listener
            try:
                if listener is None or not select.select([listener], [], [], 0.1)[0]:
                    time.sleep(0.01)
                    continue
                client, _ = listener.accept()
                if self.mode == "hang up":
                    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                    client.close()
                    continue
                server = socket.create_connection(self.target)
            except (OSError, ValueError):  # closed meanwhile, or nobody behind it
                continue
            self.connections += 1
            with self.lock:
                self.pairs.append((client, server))
            for source, sink, up in ((client, server, True), (server, client, False)):
                threading.Thread(target=self._carry, args=(source, sink, up, (client, server)), daemon=True).start()

    def _carry(self, source, sink, up, pair):
        try:
            while pair in self.pairs:
                if self.mode == "stall" or not select.select([source], [], [], 0.05)[0]:
                    time.sleep(0.02 if self.mode == "stall" else 0)
                    continue
                data = source.recv(1 if self.mode == "crumbs" else 65536)
                if not data:
                    break
                if self.mode == "swallow" or self.mode == "up" and not up:
                    continue
                sink.sendall(data)
        except (OSError, ValueError):  # reset
            return
        with contextlib.suppress(OSError):
            sink.shutdown(socket.SHUT_WR)
