"""A small client on paho-mqtt for the judges: what it receives is kept, what it sends is counted."""

import itertools
import json
import ssl
import threading
import warnings

import paho.mqtt.client as mqtt

from judge import PATIENCE, wait_for

warnings.filterwarnings("ignore", category=DeprecationWarning)


class NamedContext(ssl.SSLContext):
    """A context that checks the certificate for a name of our choice: the serial number."""

    name = None

    def wrap_socket(self, sock, *arguments, **named):
        named["server_hostname"] = self.name or named.get("server_hostname")
        return super().wrap_socket(sock, *arguments, **named)


def context(ca_file, name=None):
    """Certificate and name are checked; printers have their serial as common name, no SAN."""
    made = NamedContext(ssl.PROTOCOL_TLS_CLIENT)
    made.name = name
    made.hostname_checks_common_name = True
    if ca_file:
        made.load_verify_locations(ca_file)
    return made


class Link:
    """One MQTT 3.1.1 session over TLS with paho."""

    sequence = itertools.count(20000)

    def __init__(self, host, port, username, password, ca_file, name=None, client_id=""):
        # The first version of the callbacks hands out the numbers as they are on the wire.
        self.client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION1, client_id, protocol=mqtt.MQTTv311)
        self.client.tls_set_context(context(ca_file, name))
        if username is not None:
            self.client.username_pw_set(username, password)
        self.client.on_connect = lambda _c, _u, _f, code: self._connected(code)
        self.client.on_subscribe = lambda _c, _u, mid, codes: self._granted(mid, codes)
        self.client.on_message = lambda _c, _u, message: self.messages.append(
            (message.topic, json.loads(message.payload))
        )
        self.client.on_disconnect = lambda _c, _u, code: self._gone(code)
        self.messages, self.grants = [], {}
        self.connack, self.disconnected = None, False
        self.lock = threading.Lock()
        self.client.reconnect_delay_set(60, 60)
        # Raises what TLS raises.
        self.client.connect(host, port, keepalive=30)
        self.client.loop_start()
        wait_for(lambda: self.connack is not None or self.disconnected)

    def __enter__(self):
        return self

    def __exit__(self, *_failure):
        self.close()

    def _connected(self, code):
        self.connack = code

    def _gone(self, _code):
        self.disconnected = True

    def _granted(self, mid, codes):
        with self.lock:
            self.grants[mid] = list(codes)

    def close(self):
        """DISCONNECT and end of the thread."""
        self.client.disconnect()
        self.client.loop_stop()

    def subscribe(self, topic):
        """The granted QoS of the SUBACK, 128 for a refusal, None when the broker hung up."""
        result, mid = self.client.subscribe(topic)
        if result != mqtt.MQTT_ERR_SUCCESS:
            return None
        codes = wait_for(lambda: self.grants.get(mid) or self.disconnected)
        return codes[0] if isinstance(codes, list) else None

    def send(self, serial, section, command, qos=0, **fields):
        """Publishes a request and returns its sequence id."""
        number = str(next(self.sequence))
        payload = {section: {"command": command, "sequence_id": number} | fields}
        self.client.publish(f"device/{serial}/request", json.dumps(payload), qos=qos)
        return number

    def seen(self, condition, start=0, seconds=PATIENCE):
        """The first payload from `start` on for which the condition holds, or None."""
        def look():
            for _, payload in self.messages[start:]:
                try:
                    if condition(payload):
                        return payload
                except (KeyError, TypeError):
                    continue
            return None

        return wait_for(look, seconds)

    def ask(self, serial, section, command, qos=0, **fields):
        """Sends a request and waits for the acknowledgement with its sequence id."""
        number = self.send(serial, section, command, qos, **fields)
        answer = self.seen(
            lambda p: p[section]["sequence_id"] == number and p[section].get("command") == command
        )
        return answer[section] if answer else None

    def full(self, serial, condition=lambda _: True, seconds=PATIENCE):
        """The `print` object of a full report asked for now; asks again until the condition holds."""
        def once():
            start = len(self.messages)
            self.send(serial, "pushing", "pushall")
            found = self.seen(
                lambda p: p["print"]["command"] == "push_status" and p["print"].get("msg", 0) == 0
                and "gcode_state" in p["print"], start, 10)
            return found["print"] if found and condition(found["print"]) else None

        return wait_for(once, seconds, pause=0.5)


def cloud(world, uid=None, token=None, ca_file=None):
    """A session at the cloud broker."""
    mqtt = world.ready["mqtt"]
    return Link(
        mqtt["host"], mqtt["port"],
        f"u_{world.account['uid']}" if uid is None else uid,
        world.account["token"] if token is None else token,
        ca_file or world.ca_file,
    )


def lan(world, printer, code=None, name=None, user="bblp", ca_file=None, client_id=""):
    """A session at a printer."""
    return Link(
        printer["host"], printer["mqtt_port"], user, code or printer["access_code"],
        ca_file or world.ca_file, name or printer["serial"], client_id,
    )
