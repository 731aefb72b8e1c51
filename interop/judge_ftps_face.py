#!/usr/bin/env python3
"""Judges the storage of simulated printers with programs that other people wrote: curl, lftp, ftplib with
session reuse, and the FTP classes of bambulabs_api, bambu-printer-manager and bambu-lab-cloud-api, the latter
three on the printers' real ports and none of them changed.

usage: judge_ftps_face.py BAMBU

A printer that demands its control session on data connections has to refuse who does not resume it; a package
that speaks no implicit TLS has to fail, as it does at a real printer.
"""

import ftplib
import hashlib
import io
import os
import pathlib
import socket
import ssl
import sys
import tempfile
import time

import bambulabs_api
from bambulab.local_api import LocalAPIError, LocalFTPClient
from bpm.bambuconfig import BambuConfig
from bpm.bambuprinter import BambuPrinter
from bpm.ftpsclient.ftpsclient import IoTFTPSClient

from judge import Judge, run
from paho_link import Link
from sliced import sliced
from world import World, loopback_addresses

#: Models whose server wants the control connection's TLS session on data connections.
STRICT = ("P1S", "X1C", "P2S", "H2D")


def url(printer, path=""):
    """Where curl looks."""
    return f"ftps://{printer['host']}:{printer['ftps_port']}/{path}"


def curl(printer, *arguments, code=None, insecure=True):
    """curl's exit code and output; the certificate names no address, which curl cannot know."""
    user = f"bblp:{code or printer['access_code']}"
    command = ["curl", "-sS", "--max-time", "40", "-u", user, *(["-k"] if insecure else []), *arguments]
    return run(command)


def curl_at(judge, printer, folder):
    """Put, get, list, rename by quote, wrong code."""
    name = f"curl at a {printer['model']}"
    data = os.urandom(300_000)
    file = folder / f"{printer['serial']}.bin"
    file.write_bytes(data)
    code, _, error = curl(printer, "-T", str(file), url(printer, "cache/a%20b%20%C3%BC.bin"))
    judge.equal(code, 0, f"{name}: put ({error.strip()})")
    code, out, error = curl(printer, url(printer, "cache/a%20b%20%C3%BC.bin"))
    judge.check(code == 0 and out == data, f"{name}: get gives the same bytes", f"{code} {len(out)} {error}")
    code, out, _ = curl(printer, url(printer, "cache/"))
    lines = out.decode().splitlines()
    judge.check(code == 0 and any(line.endswith(" a b ü.bin") and " 300000 " in line for line in lines),
                f"{name}: list", lines)
    code, _, _ = curl(printer, "-l", url(printer))
    judge.equal(code, 0, f"{name}: names")
    code, _, _ = curl(printer, "--disable-epsv", "-o", os.devnull, url(printer, "cube.gcode.3mf"))
    judge.equal(code, 0, f"{name}: by PASV")
    code, _, _ = curl(printer, url(printer, "none.3mf"))
    judge.equal(code, 78, f"{name}: a file that is not there")
    code, _, _ = curl(printer, url(printer), code="wrong")
    judge.equal(code, 67, f"{name}: a wrong code")
    code, _, _ = curl(printer, "-T", str(file), url(printer, "none/x.bin"))
    judge.check(code in (9, 25), f"{name}: no folder", code)
    code, _, _ = curl(printer, "--no-sessionid", "-o", os.devnull, url(printer, "cube.gcode.3mf"))
    judge.equal(code == 0, printer["model"] not in STRICT, f"{name}: without session reuse (exit {code})")


def lftp_at(judge, printer, folder):
    """put, get, mv, rm, mkdir, rmdir in one session."""
    name = f"lftp at a {printer['model']}"
    here = pathlib.Path(tempfile.mkdtemp(dir=folder))
    (here / "cube one.3mf").write_bytes(b"cube" * 20_000)
    script = f"""
set ssl:verify-certificate no
set net:timeout 20
set net:max-retries 1
set cmd:fail-exit yes
set ftp:ssl-protect-data yes
set ftp:prefer-epsv yes
lcd "{here}"
mkdir folder
cd folder
put "cube one.3mf"
mv "cube one.3mf" two.3mf
cls -1
get two.3mf
cd /
rm folder/two.3mf
rmdir folder
cls -1
"""
    target = f"ftps://{printer['host']}:{printer['ftps_port']}"
    command = ["lftp", "-c", f'open -u "bblp,{printer["access_code"]}" {target}\n{script}']
    code, out, error = run(command)
    names = out.decode().split()
    judge.check(code == 0 and "two.3mf" in names and "cube.gcode.3mf" in names and names.count("folder/") == 0,
                f"{name}: a session", f"{code} {out!r} {error}")
    judge.check((here / "two.3mf").exists() and (here / "two.3mf").read_bytes() == b"cube" * 20_000,
                f"{name}: what was put comes back")


class Implicit(ftplib.FTP_TLS):
    """ftplib with TLS from the first byte, and with or without the control session on data connections."""

    def __init__(self, printer, ca_file, reuse):
        context = ssl.create_default_context(cafile=ca_file)
        # ftplib hands over the host only; the name in the certificate is the serial number.
        context.check_hostname = False
        super().__init__(context=context, timeout=30)
        self.reuse, self.welcomed = reuse, None
        self.connect(printer["host"], printer["ftps_port"])
        self.login("bblp", printer["access_code"])
        self.prot_p()

    def connect(self, host="", port=0, timeout=-999, source_address=None):
        self.host, self.port = host, port
        raw = socket.create_connection((host, port), 30)
        self.af = raw.family
        self.sock = self.context.wrap_socket(raw, server_hostname=host)
        self.file = self.sock.makefile("r", encoding=self.encoding)
        self.welcome = self.getresp()
        return self.welcome

    def ntransfercmd(self, cmd, rest=None):
        conn, size = ftplib.FTP.ntransfercmd(self, cmd, rest)
        session = self.sock.session if self.reuse else None
        return self.context.wrap_socket(conn, server_hostname=self.host, session=session), size


def code_of(call, *arguments):
    """The code with which a server refuses a call."""
    try:
        return f"no refusal: {call(*arguments)}"
    except ftplib.Error as error:
        return str(error)[:3]


def ftplib_at(judge, printer, world):
    """Python's own client, with the session of the control connection."""
    name = f"ftplib at a {printer['model']}"
    ftp = Implicit(printer, world.ca_file, reuse=True)
    judge.equal(ftp.sock.version(), "TLSv1.2", f"{name}: TLS")
    judge.equal(ftp.sendcmd("SYST"), "215 UNIX Type: L8", f"{name}: SYST")
    data = os.urandom(200_000)
    for number in range(4):
        judge.equal(ftp.storbinary(f"STOR /model/part {number}.3mf", io.BytesIO(data))[:3], "226", f"{name}: STOR")
    back = io.BytesIO()
    judge.equal(ftp.retrbinary("RETR /model/part 3.3mf", back.write)[:3], "226", f"{name}: RETR")
    judge.equal(hashlib.md5(back.getvalue()).digest(), hashlib.md5(data).digest(), f"{name}: the same bytes")
    judge.equal(ftp.size("/model/part 3.3mf"), 200_000, f"{name}: SIZE")
    judge.equal(len(ftp.sendcmd("MDTM /model/part 3.3mf")), 18, f"{name}: MDTM")
    ftp.cwd("/model")
    judge.equal(ftp.pwd(), "/model", f"{name}: PWD")
    ftp.rename("part 3.3mf", "../moved.3mf")
    ftp.cwd("..")
    lines = []
    ftp.dir(lines.append)
    judge.check(any(line.endswith(" moved.3mf") for line in lines), f"{name}: LIST", lines)
    judge.check(any(line.startswith("d") and line.endswith(" cache") for line in lines), f"{name}: /cache", lines)
    ftp.delete("moved.3mf")
    ftp.mkd("/new folder")
    judge.equal(code_of(ftp.mkd, "/new folder"), "550", f"{name}: a second MKD")
    ftp.rmd("/new folder")
    names = ftp.nlst("/model")
    prefix = "/model/" if printer["model"] == "X1C" else ""
    judge.equal(sorted(names), [f"{prefix}part {n}.3mf" for n in range(3)], f"{name}: NLST")
    for command, code in (("REST 5", "502"), ("FEAT", "502"), ("APPE x", "502"), ("MLSD", "500"),
                          ("PORT 127,0,0,1,9,9", "550"), ("SIZE none", "550"), ("RETR none", "425"),
                          ("CWD none", "550"), ("DELE /cache", "550"), ("RNTO x", "503"), ("RMD /timelapse", "550")):
        judge.equal(code_of(ftp.sendcmd, command), code, f"{name}: {command}")
    judge.equal(code_of(ftp.retrbinary, "RETR none", back.write), "550", f"{name}: a file that is not there")
    judge.equal(code_of(ftp.storbinary, "STOR a:b.3mf", io.BytesIO(data)), "553", f"{name}: a name that cannot be")
    judge.equal(code_of(ftp.cwd, "../../../etc"), "550", f"{name}: there is nothing above the root")
    judge.equal(ftp.quit()[:3], "221", f"{name}: QUIT")
    other = Implicit(printer, world.ca_file, reuse=False)
    refused = code_of(other.retrbinary, "RETR cube.gcode.3mf", io.BytesIO().write)
    strict = printer["model"] in STRICT
    judge.check((refused == "522") == strict, f"{name}: another session is refused where it has to be", refused)
    other.close()


def faults_at(judge, printer, world):
    """What goes wrong on purpose, as ftplib sees it."""
    name = f"faults of a {printer['model']}"

    def fresh():
        return Implicit(printer, world.ca_file, reuse=True)

    def switched(fault, check):
        world.switch(printer, f"faults/{fault}")
        try:
            check()
        finally:
            world.switch(printer, f"faults/{fault}", "DELETE")

    data = os.urandom(200_000)

    def false_426():
        ftp = fresh()
        judge.equal(code_of(ftp.storbinary, "STOR f426.bin", io.BytesIO(data)), "426", f"{name}: 426")
        judge.equal(ftp.size("f426.bin"), len(data), f"{name}: and the file is whole")
        ftp.close()

    def full():
        ftp = fresh()
        judge.equal(code_of(ftp.storbinary, "STOR full.bin", io.BytesIO(data)), "552", f"{name}: 552")
        ftp.close()

    def absent():
        ftp = fresh()
        lines = []
        ftp.dir(lines.append)
        judge.equal(lines, [], f"{name}: without a card the root is empty")
        for what in ("CWD /timelapse", "SIZE /cube.gcode.3mf", "MKD /x"):
            judge.equal(code_of(ftp.sendcmd, what), "550", f"{name}: without a card {what}")
        judge.equal(code_of(ftp.storbinary, "STOR verify_job", io.BytesIO(b"x")), "550", f"{name}: no 150 for STOR")
        ftp.close()

    def late():
        ftp = fresh()
        began = time.monotonic()
        judge.equal(ftp.storbinary("STOR late.bin", io.BytesIO(data))[:3], "226", f"{name}: late 226")
        judge.check(time.monotonic() - began > 3, f"{name}: it is late")
        ftp.close()

    def cut():
        ftp = fresh()
        try:
            ftp.storbinary("STOR cut.bin", io.BytesIO(data * 20))
            judge.check(False, f"{name}: the connections of a file break")
        except (OSError, EOFError):
            judge.check(True, f"{name}: the connections of a file break")
        ftp = fresh()
        judge.check(0 < ftp.size("cut.bin") < len(data) * 20, f"{name}: a part of it stays", ftp.size("cut.bin"))
        ftp.close()

    for fault, check in (("false-426", false_426), ("storage-full", full), ("no-storage", absent),
                         ("late-226", late), ("cut-file", cut)):
        switched(fault, check)
    world.switch(printer, "faults/wrong-code")
    judge.equal(code_of(fresh), "530", f"{name}: wrong-code")
    world.switch(printer, "faults/wrong-code", "DELETE")


def prints(judge, printer, world):
    """What is uploaded is what prints: its layers, its time; what is not there does not."""
    name = f"a file on a {printer['model']}"
    ftp = Implicit(printer, world.ca_file, reuse=True)
    ftp.storbinary("STOR /uploaded.gcode.3mf", io.BytesIO(sliced(plates=(2,), layers=321)))
    ftp.storbinary("STOR /broken.gcode.3mf", io.BytesIO(b"PK\x03\x04 and no more"))
    ftp.close()
    with Link(printer["host"], printer["mqtt_port"], "bblp", printer["access_code"], world.ca_file,
              printer["serial"]) as link:
        link.subscribe("#")

        def start(file, plate):
            link.send(printer["serial"], "print", "project_file", param=f"Metadata/plate_{plate}.gcode",
                      url=f"ftp:///{file}", file="", subtask_name=f"{file} {plate}", task_id="0", subtask_id="0",
                      project_id="0", profile_id="0", use_ams=False, bed_leveling=False)

        start("uploaded.gcode.3mf", 2)
        full = link.full(printer["serial"], lambda p: p["subtask_name"] == "uploaded.gcode.3mf 2"
                         and p["total_layer_num"] == 321 and p["gcode_state"] in ("RUNNING", "FINISH"))
        judge.check(full, f"{name}: it prints with its own layers")
        # Ten minutes are over soon at this speed.
        ended = link.full(printer["serial"], lambda p: p["gcode_state"] == "FINISH")
        judge.check(ended and ended["layer_num"] == 321, f"{name}: to the end", ended and ended["layer_num"])
        for file, plate in (("broken.gcode.3mf", 1), ("uploaded.gcode.3mf", 1), ("none.gcode.3mf", 1)):
            start(file, plate)
            failed = link.full(printer["serial"], lambda p, what=f"{file} {plate}": p["subtask_name"] == what
                               and p["print_error"] == 0x05004003)
            judge.check(failed, f"{name}: {file} plate {plate} ends with 0500-4003")


def bambulabs_api_at(judge, printer, folder):
    """The FTP class of bambulabs_api, unchanged. It closes data connections without a goodbye, which a P2S answers
    with 426: then the package says nothing, and the file is there whole."""
    name = f"bambulabs_api at a {printer['model']}"
    client = bambulabs_api.PrinterFTPClient(printer["host"], printer["access_code"]) if hasattr(
        bambulabs_api, "PrinterFTPClient") else bambulabs_api.ftp_client.PrinterFTPClient(
        printer["host"], printer["access_code"])
    data = os.urandom(150_000)
    said = client.upload_file(io.BytesIO(data), "cache/by bambulabs.3mf")
    strict = printer["model"] == "P2S"
    judge.check(said is None if strict else str(said).startswith("226"), f"{name}: upload_file", said)
    _, lines = client.list_cache_dir()
    judge.check(any(" 150000 " in line and line.endswith(" by bambulabs.3mf") for line in lines),
                f"{name}: list_cache_dir", lines)
    judge.check(client.download_file("cache/by bambulabs.3mf").getvalue() == data, f"{name}: download_file")
    judge.check(str(client.delete_file("cache/by bambulabs.3mf")).startswith("250"), f"{name}: delete_file")


def bpm_at(judge, printer, folder):
    """The FTP class of bambu-printer-manager, unchanged."""
    name = f"bambu-printer-manager at a {printer['model']}"
    client = IoTFTPSClient(printer["host"], 990, "bblp", printer["access_code"], ssl_implicit=True)
    file, back = folder / f"bpm-{printer['serial']}", folder / f"bpm-{printer['serial']}.back"
    file.write_bytes(os.urandom(120_000))
    client.mkdir("/jobs")
    said = code_of(client.upload_file, str(file), "/jobs/part one.3mf")
    judge.check(said.startswith("no refusal: 226"), f"{name}: upload_file", said)
    judge.check(client.fexists("/jobs/part one.3mf"), f"{name}: fexists")
    entries = {entry.name: entry for entry in client.list_files_ex("/jobs")}
    judge.check(entries["part one.3mf"].size == 120_000 and not entries["part one.3mf"].is_dir,
                f"{name}: list_files_ex", entries)
    client.move_file("/jobs/part one.3mf", "/moved.3mf")
    client.download_file("/moved.3mf", str(back))
    judge.equal(back.read_bytes(), file.read_bytes(), f"{name}: download_file")
    client.delete_file("/moved.3mf")
    client.delete_folder("/jobs")
    judge.check(not client.fexists("/moved.3mf"), f"{name}: delete_file")
    client.disconnect()


def bpm_printer(judge, printer, cache):
    """Its printer class: all files on the card, as a tree."""
    name = f"bambu-printer-manager's card of a {printer['model']}"
    peer = BambuPrinter(BambuConfig(printer["host"], printer["access_code"], printer["serial"], bpm_cache_path=cache))
    contents = peer.get_sdcard_contents()
    names = {entry["name"] for entry in contents["children"]}
    judge.check({"cache", "timelapse", "cube.gcode.3mf"} <= names, f"{name}: get_sdcard_contents", names)


def cloud_api_at(judge, printer, folder):
    """bambu-lab-cloud-api's class dials port 21 and speaks no implicit TLS: nobody is there, as at a printer. Pointed at
    990 it waits for a greeting that comes only after TLS, and the printer for TLS that never comes."""
    name = f"bambu-lab-cloud-api at a {printer['model']}"
    for use_tls in (False, True):
        client = LocalFTPClient(printer["host"], printer["access_code"], use_tls=use_tls)
        try:
            client.connect()
            judge.check(False, f"{name}: it cannot connect (use_tls={use_tls})")
        except LocalAPIError as error:
            judge.check("refused" in str(error), f"{name}: it cannot connect (use_tls={use_tls})", error)


def main():
    judge = Judge("ftps face")
    with tempfile.TemporaryDirectory(prefix="bambu-ftps-") as folder:
        folder = pathlib.Path(folder)
        with World(sys.argv[1], "--printers", "5", "--models", "P1S,X1C,A1 mini,P2S,H2D", "--seed", "31", "--speed", "300",
                   "--lan-addresses", loopback_addresses()) as world:
            for printer in world.printers:
                judge.equal(printer["ftps_port"], 990, f"{printer['model']} is on its real port")
            for part, more in ((curl_at, folder), (lftp_at, folder), (ftplib_at, world), (bambulabs_api_at, folder),
                               (bpm_at, folder), (bpm_printer, folder / "cache"), (prints, world)):
                judge.each(part, world.printers, more)
            judge.each(faults_at, [world.printer("A1 mini"), world.printer("X1C")], world)
            judge.each(cloud_api_at, world.printers[:1], folder)
        stored = folder / "storage"
        with World(sys.argv[1], "--printers", "1", "--models", "A1 mini", "--storage", stored) as world:
            judge.part(lftp_at, judge, world.printers[0], folder)
            judge.part(curl_at, judge, world.printers[0], folder)
            real = stored / world.printers[0]["serial"] / "cache" / "a b ü.bin"
            judge.check(real.exists() and real.stat().st_size == 300_000, "a real directory holds what was put", real)
    judge.end()


if __name__ == "__main__":
    main()
