#!/usr/bin/env python3
"""Shows every packet of hostile_packets.json to Debian's mosquitto and to our broker: both must refuse.

    python3 interop/mqtt_hostile.py --ours HOST PORT [--tls] [--cafile CA] [--user U] [--password P]

Refusing is closing the connection or answering CONNECT with an error. Rows with a "mosquitto" key
are those where mosquitto is known to be more lenient; there only ours must refuse, and mosquitto's
leniency is checked too, so that the table stays true.
"""

import argparse
import json
import pathlib
import shutil
import socket
import ssl
import subprocess
import sys
import tempfile
import time

PATIENCE = 10.0  # longest wait for a refusal
LENIENT = 0.5  # silence after which mosquitto counts as having accepted
HERE = pathlib.Path(__file__).resolve().parent


def field(data):
    return len(data).to_bytes(2, "big") + data


def connect_packet(client_id, user=None, password=None):
    flags, rest = 2, field(client_id.encode())
    if user is not None:
        flags |= 0x80
        rest += field(user.encode())
    if password is not None:
        flags |= 0x40
        rest += field(password.encode())
    body = field(b"MQTT") + bytes([4, flags, 0, 60]) + rest
    length, header = len(body), b"\x10"
    while True:
        length, low = divmod(length, 128)
        header += bytes([low | (0x80 if length else 0)])
        if not length:
            return header + body


class Broker:
    def __init__(self, name, address, context=None, user=None, password=None):
        self.name, self.address, self.context = name, address, context
        self.user, self.password = user, password

    def open(self):
        raw = socket.create_connection(self.address, timeout=PATIENCE)
        raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return self.context.wrap_socket(raw) if self.context else raw

    def show(self, row, patience):
        """What the broker does: ("refused", how) or ("accepted", what it answered)."""
        with self.open() as stream:
            if row["after_connect"]:
                stream.sendall(connect_packet("hostile", self.user, self.password))
                hello = b""
                while len(hello) < 4:
                    more = stream.recv(4 - len(hello))
                    if not more:
                        raise SystemExit(f"{self.name} does not let us in: check --user and --password")
                    hello += more
                if hello != b"\x20\x02\x00\x00":
                    raise SystemExit(f"{self.name} does not let us in: {hello.hex()}")
            stream.settimeout(patience)
            answer = b""
            try:
                stream.sendall(bytes.fromhex(row["hex"]))
                while chunk := stream.recv(4096):
                    answer += chunk
            except TimeoutError:
                return "accepted", answer.hex() or "silence"
            except (ConnectionError, ssl.SSLError):
                pass
        if not answer:
            return "refused", "closed"
        if not row["after_connect"] and len(answer) == 4 and answer[:3] == b"\x20\x02\x00" and answer[3]:
            return "refused", f"CONNACK {answer[3]}"
        return "accepted", answer.hex()


def start_mosquitto(directory, program):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    config = pathlib.Path(directory, "mosquitto.conf")
    config.write_text(f"listener {port} 127.0.0.1\nallow_anonymous true\npersistence false\nmax_packet_size 1048576\nlog_type none\n")
    process = subprocess.Popen([program, "-c", str(config)], stderr=subprocess.DEVNULL)
    for _ in range(200):
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return process, port
        except OSError:
            if process.poll() is not None:
                raise SystemExit(f"mosquitto ended with {process.returncode}")
            time.sleep(0.05)
    process.terminate()
    raise SystemExit("mosquitto does not listen")


def tls_context(arguments):
    if not (arguments.tls or arguments.cafile):
        return None
    context = ssl.create_default_context(cafile=arguments.cafile)
    context.check_hostname = False  # a printer's certificate names its serial, not its address
    if not arguments.cafile:
        context.verify_mode = ssl.CERT_NONE
    return context


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--ours", nargs=2, metavar=("HOST", "PORT"), required=True)
    parser.add_argument("--tls", action="store_true", help="ours speaks TLS; without --cafile unchecked")
    parser.add_argument("--cafile", help="the certificate authority of ours; implies --tls")
    parser.add_argument("--user")
    parser.add_argument("--password")
    arguments = parser.parse_args()
    program = shutil.which("mosquitto") or "/usr/sbin/mosquitto"
    rows = json.loads((HERE / "hostile_packets.json").read_text())
    host, port = arguments.ours
    ours = Broker("ours", (host, int(port)), tls_context(arguments), arguments.user, arguments.password)
    bad = 0
    with tempfile.TemporaryDirectory() as directory:
        process, port = start_mosquitto(directory, program)
        oracle = Broker("mosquitto", ("127.0.0.1", port))
        try:
            for row in rows:
                lenient = "mosquitto" in row
                mine, how = ours.show(row, PATIENCE)
                theirs, how_theirs = oracle.show(row, LENIENT if lenient else PATIENCE)
                good = mine == "refused" and theirs == ("accepted" if lenient else "refused")
                bad += not good
                note = f" (mosquitto {row['mosquitto']})" if lenient else ""
                print(f"{'ok ' if good else 'BAD'} {row['name']}: ours {mine}: {how}; "
                      f"mosquitto {theirs}: {how_theirs}{note}", flush=True)
            if process.poll() is not None:
                raise SystemExit("mosquitto died")
        finally:
            process.terminate()
            process.wait(10)
    if bad:
        sys.exit(f"{bad} of {len(rows)} packets are not treated as the table says")
    print(f"{sum('mosquitto' not in row for row in rows)} packets refused alike")


if __name__ == "__main__":
    main()
