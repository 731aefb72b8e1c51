#!/usr/bin/env python3
"""Judges simulated printers with the control calls of three packages from PyPI, on the printers' real
ports: bambulabs_api, bambu-printer-manager and bambu-lab-cloud-api, none of them changed.

usage: judge_peers.py BAMBU

What a call does has to show in the status that the package itself keeps. Where a package says
something that no printer understands, the printer has to fail it as a real one does.
"""

import logging
import os
import pathlib
import ssl
import sys
import tempfile

import bambulabs_api
import paho.mqtt.client as mqtt
from bambulab import MQTTClient
from bpm.bambuconfig import BambuConfig
from bpm.bambuprinter import BambuPrinter
from bpm.bambutools import PrintOption, ServiceState, SpeedLevel

from frames import BED_MAX
from judge import Judge, wait_for
from paho_link import Link, context
from world import World, loopback_addresses


def watcher(world, printer):
    """A paho session at the printer that hears everything."""
    link = Link(printer["host"], printer["mqtt_port"], "bblp", printer["access_code"],
                world.ca_file, printer["serial"])
    link.subscribe("#")
    return link


class Heard:
    """What a printer answers while a package speaks."""

    def __init__(self, link):
        self.link, self.start = link, len(link.messages)

    def ack(self, section, command, seconds=15):
        """The acknowledgement of a command, however it is spelled."""
        found = self.link.seen(
            lambda p: section in p and (p[section].get("command") == command
                                        or "command" not in p[section] and "result" in p[section]),
            self.start, seconds)
        return found[section] if found else None

    def all(self, section, *commands):
        """Acknowledgements of one section since then."""
        return [p[section] for _, p in self.link.messages[self.start:]
                if section in p and p[section].get("command") in commands]


def worked(ack):
    """Whether an acknowledgement says success, or says nothing at all (some firmware)."""
    return ack is not None and str(ack.get("result", "success")).lower() == "success"


def refused(ack):
    """Whether an acknowledgement says no."""
    return ack is not None and str(ack.get("result", "")).lower() in ("fail", "failed")


# --- bambulabs_api ---------------------------------------------------------------------------------

def bambulabs_api_controls(judge, printer, world):
    """Each control call of the package, at a printer inside a job."""
    name = f"bambulabs_api at a {printer['model']}"
    peer = bambulabs_api.Printer(printer["host"], printer["access_code"], printer["serial"])
    peer.mqtt_start()
    try:
        with watcher(world, printer) as link:
            if not judge.check(wait_for(lambda: peer.get_state() == bambulabs_api.GcodeState.RUNNING
                                        if peer.mqtt_client_ready() else False), f"{name}: it prints"):
                return
            # A wait form, since the package believes that newer firmware ignores M104 and M140.
            judge.check(wait_for(lambda: peer.mqtt_client.firmware_version()), f"{name}: firmware is read")
            job(judge, name, peer)
            heat_and_fans(judge, name, peer, printer, link)
            light(judge, name, peer, link)
            oddities(judge, name, peer, link)
            judge.check(peer.stop_print() and wait_for(
                lambda: peer.get_state() == bambulabs_api.GcodeState.FAILED), f"{name}: stop ends the job")
            judge.equal(peer.print_error_code(), 0x0300400C, f"{name}: as cancelled")
    finally:
        peer.mqtt_stop()


def job(judge, name, peer):
    """Pause, resume and speed."""
    states = bambulabs_api.GcodeState
    for call, state in ((peer.pause_print, states.PAUSE), (peer.resume_print, states.RUNNING)):
        judge.check(call() and wait_for(lambda state=state: peer.get_state() == state),
                    f"{name}: {call.__name__}", peer.get_state())
    for level, percent in ((1, 50), (3, 124), (4, 166), (2, 100)):
        # Printer.set_print_speed asserts 0 to 3, where a printer counts 1 to 4.
        judge.check(peer.mqtt_client.set_print_speed_lvl(level) and wait_for(
            lambda percent=percent: peer.get_print_speed() == percent), f"{name}: speed {level}",
            peer.get_print_speed())
    peer.set_print_speed(0)
    peer.set_print_speed(3)
    judge.check(wait_for(lambda: peer.get_print_speed() == 124), f"{name}: no speed 0", peer.get_print_speed())


def heat_and_fans(judge, name, peer, printer, link):
    """Targets and fans by G-code."""
    client, cool = peer.mqtt_client, printer["model"].startswith("A1")
    for value in (215, 231):
        peer.set_nozzle_temperature(value)
        if printer["model"] == "H2D":
            # The package reads the flat field, which does not follow the right nozzle of an H2D.
            judge.check(link.full(printer["serial"], lambda p, value=value: any(
                e["temp"] >> 16 == value for e in p["device"]["extruder"]["info"])), f"{name}: nozzle {value}")
            continue
        judge.check(wait_for(lambda value=value: client.get_nozzle_temperature_target() == value),
                    f"{name}: nozzle {value}", client.get_nozzle_temperature_target())
    for value in (55, 64):
        judge.check(peer.set_bed_temperature(value) and wait_for(
            lambda value=value: client.get_bed_temperature_target() == value),
            f"{name}: bed {value}", client.get_bed_temperature_target())
    judge.check(peer.gcode("M140 S45") and wait_for(
        lambda: client.get_bed_temperature_target() == 45), f"{name}: a line of G-code")
    fans = [("part", peer.set_part_fan_speed, client.get_part_fan_speed)]
    if not cool:
        fans += [("auxiliary", peer.set_aux_fan_speed, client.get_aux_fan_speed),
                 ("chamber", peer.set_chamber_fan_speed, client.get_chamber_fan_speed)]
    for fan, turn, speed in fans:
        # The package reads fan_gear, which is what the fan does now; it settles a little below.
        for drive in (255, 128):
            judge.check(turn(drive) and wait_for(
                lambda drive=drive, speed=speed: abs(speed() - drive) <= 13),
                f"{name}: {fan} fan {drive}", speed())


def light(judge, name, peer, link):
    """Its light calls carry no command: no printer knows what is meant."""
    before = peer.get_light_state()
    heard = Heard(link)
    judge.check(peer.turn_light_on() and peer.turn_light_off(), f"{name}: the light calls are published")
    judge.check(peer.gcode("M400") and heard.ack("print", "gcode_line"), f"{name}: what follows is answered")
    judge.equal(heard.all("system", "ledctrl", None), [], f"{name}: a ledctrl without its command is not")
    judge.equal(peer.get_light_state(), before, f"{name}: and the light stays")


def oddities(judge, name, peer, link):
    """What the package sends otherwise than a printer wants it."""
    heard = Heard(link)
    peer.set_auto_step_recovery(True)  # gcode_line without a line
    judge.check(refused(heard.ack("print", "gcode_line")), f"{name}: a gcode_line without param is refused",
                heard.ack("print", "gcode_line", 1))
    heard = Heard(link)
    peer.start_print("cube.gcode.3mf", 1)
    ack = heard.ack("print", "project_file")
    judge.check(refused(ack), f"{name}: a second start is refused", ack)


# --- bambu-printer-manager -------------------------------------------------------------------------

def bpm_session(printer, cache):
    """A started session of the package, with its cache in a folder of ours."""
    config = BambuConfig(printer["host"], printer["access_code"], printer["serial"], bpm_cache_path=cache)
    peer = BambuPrinter(config)
    peer.start_session()
    return peer


def bpm_controls(judge, printer, world, cache):
    """Each control call of the package, at an idle printer."""
    name = f"bambu-printer-manager at a {printer['model']}"
    peer = bpm_session(printer, cache)
    try:
        with watcher(world, printer) as link:
            if not judge.check(wait_for(lambda: peer.config.firmware_version
                                        and peer.printer_state.gcode_state == "IDLE"),
                               f"{name}: firmware and state are read", repr(peer.internalException)):
                return
            bpm_heat(judge, name, peer, printer)
            bpm_light_and_speed(judge, name, peer, printer, link)
            bpm_fans(judge, name, peer, printer, link)
            if printer["model"] == "H2D":
                bpm_dual(judge, name, peer)
            bpm_options(judge, name, peer, printer, link)
            judge.check(peer.service_state == ServiceState.CONNECTED, f"{name}: it is connected to the end",
                        repr(peer.internalException))
    finally:
        peer.quit()


def bpm_heat(judge, name, peer, printer):
    """Nozzle and bed by G-code, as the package does on every model."""
    for value in (210, 60, 0):
        peer.set_nozzle_temp_target(value)
        judge.check(wait_for(lambda value=value: peer.printer_state.active_nozzle_temp_target == value),
                    f"{name}: nozzle {value}", peer.printer_state.active_nozzle_temp_target)
    for value in (60, 0):
        peer.set_bed_temp_target(value)
        judge.check(wait_for(lambda value=value: peer.printer_state.climate.bed_temp_target == value),
                    f"{name}: bed {value}", peer.printer_state.climate.bed_temp_target)
    # Nothing checks the range in the package; the printer does.
    peer.set_bed_temp_target(50)
    wait_for(lambda: peer.printer_state.climate.bed_temp_target == 50)
    peer.set_bed_temp_target(150)
    peer.set_nozzle_temp_target(111)
    wait_for(lambda: peer.printer_state.active_nozzle_temp_target == 111)
    judge.check(0 < peer.printer_state.climate.bed_temp_target <= BED_MAX.get(printer["model"], 120),
                f"{name}: a bed of 150 C is not heated", peer.printer_state.climate.bed_temp_target)


def bpm_light_and_speed(judge, name, peer, printer, link):
    """Lights: the package tells every machine about three nodes."""
    for value in (False, True):
        heard = Heard(link)
        peer.light_state = value
        judge.check(wait_for(lambda value=value: peer.light_state == value), f"{name}: light {value}")
        acks = wait_for(lambda heard=heard: len(heard.all("system", "ledctrl")) == 3
                        and heard.all("system", "ledctrl")) or []
        known = {a.get("led_node"): worked(a) for a in acks}
        judge.equal(known, {"chamber_light": True, "chamber_light2": printer["model"] == "H2D",
                            "column_light": False}, f"{name}: lights that are there are switched")
    for level in (SpeedLevel.SPORT, SpeedLevel.LUDICROUS, SpeedLevel.STANDARD):
        peer.speed_level = level
        judge.check(wait_for(lambda level=level: peer.speed_level == level), f"{name}: speed {level}",
                    peer.speed_level)


def bpm_fans(judge, name, peer, printer, link):
    """Fans in percent, sent as a decimal fraction in the G-code; read from the printer's own number."""
    climate = lambda: peer.printer_state.climate
    if printer["model"] == "X1C":
        # The package looks for fans in an air duct wherever a chamber is measured; an X1C has none.
        peer.set_part_cooling_fan_speed_target_percent(100)
        judge.check(link.full(printer["serial"], lambda p: int(p["cooling_fan_speed"]) >= 14)
                    and climate().part_cooling_fan_speed_percent == 0, f"{name}: a part fan it cannot see")
        return
    peer.set_part_cooling_fan_speed_target_percent(100)
    judge.check(wait_for(lambda: climate().part_cooling_fan_speed_percent >= 90), f"{name}: part fan 100",
                climate().part_cooling_fan_speed_percent)
    peer.set_part_cooling_fan_speed_target_percent(0)
    judge.check(wait_for(lambda: climate().part_cooling_fan_speed_percent == 0), f"{name}: part fan 0",
                climate().part_cooling_fan_speed_percent)
    if not printer["model"].startswith("A1"):
        peer.set_exhaust_fan_speed_target_percent(100)
        judge.check(wait_for(lambda: climate().exhaust_fan_speed_percent >= 90), f"{name}: exhaust fan 100",
                    climate().exhaust_fan_speed_percent)


def bpm_dual(judge, name, peer):
    """A machine with two extruders and a heated chamber."""
    peer.set_nozzle_temp_target(150, 1)
    judge.check(wait_for(lambda: any(e.id == 1 and e.temp_target == 150
                                     for e in peer.printer_state.extruders)), f"{name}: the left nozzle",
                [(e.id, e.temp_target) for e in peer.printer_state.extruders])
    peer.set_chamber_temp_target(50)
    judge.check(wait_for(lambda: peer.printer_state.climate.chamber_temp_target == 50
                         and peer.printer_state.climate.airduct_mode == 1),
                f"{name}: the chamber heats", peer.printer_state.climate)
    peer.set_chamber_temp_target(0)
    judge.check(wait_for(lambda: peer.printer_state.climate.airduct_mode == 0),
                f"{name}: and cools", peer.printer_state.climate.airduct_mode)


def bpm_options(judge, name, peer, printer, link):
    """Options in home_flag, and one set of detectors."""
    bits = {PrintOption.AUTO_RECOVERY: 4}
    for option, bit in bits.items():
        for value in (True, False, True):
            heard = Heard(link)
            peer.set_print_option(option, value)
            judge.check(worked(heard.ack("print", "print_option")), f"{name}: {option.name} {value}",
                        heard.ack("print", "print_option", 1))
            full = link.full(printer["serial"], lambda p, bit=bit, value=value:
                             bool(p["home_flag"] >> bit & 1) == value)
            judge.check(full, f"{name}: {option.name} {value} is in home_flag")
    heard = Heard(link)
    peer.set_buildplate_marker_detector(False)
    ack = heard.ack("xcam", "xcam_control_set")
    there = "buildplate_marker_detector" in link.full(printer["serial"]).get("xcam", {})
    judge.check(worked(ack) if there else refused(ack), f"{name}: a detector is switched where there is one", ack)


def bpm_and_a_running_job(judge, world, printer, cache):
    """At the first report of a running job the package lists the files of the card over FTPS."""
    name = f"bambu-printer-manager at a printing {printer['model']}"
    peer = bpm_session(printer, cache)
    try:
        judge.check(wait_for(lambda: peer.service_state == ServiceState.QUIT
                             or peer.printer_state.gcode_state == "RUNNING"),
                    f"{name}: it follows the job", peer.service_state)
        judge.check(peer.internalException is None, f"{name}: to the end", repr(peer.internalException))
        with watcher(world, printer) as link:
            judge.check(link.full(printer["serial"]), f"{name}: the printer goes on")
    finally:
        peer.quit()


# --- bambu-lab-cloud-api ---------------------------------------------------------------------------

class AtPrinter(MQTTClient):
    """The package's client, pointed at a printer instead of the cloud: its user is always u_<name>."""

    code = None

    def _on_connect(self, client, userdata, flags, rc, properties=None):
        self.code = rc
        super()._on_connect(client, userdata, flags, rc, properties)


def cloud_api_at_a_printer(judge, world, printer):
    """The package speaks to the cloud only: a printer knows neither its user nor, by name, its address."""
    name = f"bambu-lab-cloud-api at a {printer['model']}"
    peer = AtPrinter("bblp", printer["access_code"], printer["serial"])
    peer.BROKER, peer.PORT = printer["host"], printer["mqtt_port"]
    try:
        peer.connect()
        judge.check(False, f"{name}: no certificate names an address")
    except ssl.SSLCertVerificationError:
        judge.check(True, f"{name}: no certificate names an address")
    # With a context that checks the serial instead, it gets as far as its login.
    client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2)
    codes = []
    client.on_connect = lambda _c, _u, _f, code, _p: codes.append(code)
    client.username_pw_set("u_bblp", printer["access_code"])
    client.tls_set_context(context(world.ca_file, printer["serial"]))
    client.connect(printer["host"], printer["mqtt_port"])
    client.loop_start()
    wait_for(lambda: codes)
    client.disconnect()
    client.loop_stop()
    judge.check(codes and codes[0].is_failure and "authori" in str(codes[0]).lower(),
                f"{name}: u_bblp is not let in", codes)


def cloud_api_controls(judge, world, printer):
    """Its calls over the simulated cloud, watched at the printer's own port."""
    name = f"bambu-lab-cloud-api, {printer['model']} over the cloud"
    MQTTClient.BROKER, MQTTClient.PORT = world.ready["mqtt"]["host"], world.ready["mqtt"]["port"]
    seen = {}

    def merged(_device, data):
        if data.get("print", {}).get("command") == "push_status":
            seen.update(data["print"])

    peer = MQTTClient(world.account["uid"], world.account["token"], printer["serial"], merged)
    peer.connect()
    try:
        with watcher(world, printer) as link:
            judge.check(wait_for(lambda: peer.connected), f"{name}: connected")
            peer.request_full_status()
            judge.check(wait_for(lambda: seen.get("gcode_state") == "RUNNING"), f"{name}: it prints")
            for call, state in ((peer.pause_print, "PAUSE"), (peer.resume_print, "RUNNING")):
                call()
                judge.check(wait_for(lambda state=state: seen.get("gcode_state") == state),
                            f"{name}: {call.__name__}", seen.get("gcode_state"))
            # Fields as its documentation has them, which no printer knows.
            before = link.full(printer["serial"])
            for call, command, value in ((peer.set_nozzle_temp, "set_nozzle_temp", 222),
                                         (peer.set_bed_temp, "set_bed_temp", 66),
                                         (peer.set_chamber_temp, "set_chamber_temp", 44),
                                         (peer.set_fan_speed, "set_fan_speed", 77),
                                         (peer.set_airduct_fan, "set_airduct", 77),
                                         (peer.set_chamber_fan, "set_ctt", 77)):
                heard = Heard(link)
                call(value)
                ack = heard.ack("print", command)
                judge.check(refused(ack), f"{name}: {call.__name__} is refused", ack)
            after = link.full(printer["serial"])
            for key in ("nozzle_target_temper", "bed_target_temper"):
                judge.equal(after[key], before[key], f"{name}: {key} is as before")
            peer.stop_print()
            judge.check(wait_for(lambda: seen.get("gcode_state") == "FAILED"), f"{name}: stop_print",
                        seen.get("gcode_state"))
            judge.check(peer.get_last_data(), f"{name}: get_last_data")
    finally:
        peer.disconnect()


def main():
    judge = Judge("peers")
    binary = sys.argv[1]
    logging.disable(logging.CRITICAL)
    with tempfile.TemporaryDirectory(prefix="bambu-bpm-") as cache:
        cache = pathlib.Path(cache)
        with World(binary, "--printers", "4", "--models", "P1S,X1C,H2D,A1 mini", "--seed", "21",
                   "--lan-addresses", loopback_addresses()) as idle:
            for printer in idle.printers:
                judge.equal(printer["mqtt_port"], 8883, f"{printer['model']} is on its real port")
            judge.each(bpm_controls, idle.printers, idle, cache)
        with World(binary, "--printers", "6", "--models", "P1S,X1C,H2D,A1 mini,X1C,P1S", "--seed", "22",
                   "--state", "printing", "--lan-addresses", loopback_addresses()) as busy:
            os.environ["SSL_CERT_FILE"] = busy.ca_file
            printers = busy.printers
            judge.each(bambulabs_api_controls, printers[:4], busy)
            judge.part(cloud_api_at_a_printer, judge, busy, printers[4])
            judge.part(cloud_api_controls, judge, busy, printers[4])
            judge.part(bpm_and_a_running_job, judge, busy, printers[5], cache)
    judge.end()


if __name__ == "__main__":
    main()
