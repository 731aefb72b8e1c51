#!/usr/bin/env python3
"""Judges `bambu control` against Debian's mosquitto with a scripted printer behind it, which answers in
every shape that printers were seen to answer in, drops, delays, doubles, and changes its certificate.

usage: judge_control.py BAMBU
"""

import json
import pathlib
import sys
import tempfile
import threading

from judge import Judge, run
from mosquitto import Authority, Mosquitto, Responder, fingerprint
from reports import full, version
from world import clean_environment

SERIAL, CODE = "01P00A000000042", "87654321"


def idle():
    """A full report of a P1S that stands idle."""
    report = full()
    report["print"] |= {"gcode_state": "IDLE", "bed_target_temper": 0, "hms": [], "print_error": 0,
                        "ipcam": {"ipcam_dev": "1", "ipcam_record": "enable", "timelapse": "disable"}}
    return report


class Scripted(Responder):
    """A printer that does with a command what its script says."""

    def __init__(self, broker, script, full):
        self.script, self.commands, self.full = script, [], full
        super().__init__(broker, SERIAL, {SERIAL: {"full": full, "version": version("01.07.00.00")}})

    def _answer(self, message):
        request = json.loads(message.payload)
        section, body = next(iter(request.items()))
        if section in ("pushing", "info"):
            super()._answer(message)
        else:
            self.commands.append((section, body))
            self.script(self, section, body)

    def say(self, section, body, **change):
        """An acknowledgement: the request's own fields and some more; None takes one away."""
        fields = dict(body) | {"result": "success", "reason": "success"} | change
        self.report(SERIAL, {section: {k: v for k, v in fields.items() if v is not None}})

    def show(self, whole=False, **fields):
        """The effect, in a delta or in a full report."""
        self.full["print"] |= fields
        shown = self.full if whole else {"print": {"command": "push_status", "msg": 1} | fields}
        self.report(SERIAL, shown)


def bed(printer, whole=False):
    """The bed was set to 60."""
    printer.show(whole, bed_target_temper=60)


def later(seconds, function, *arguments):
    """Calls it after some time."""
    threading.Timer(seconds, function, arguments).start()


# --- scripts: what the printer does with one command -----------------------------------------------

def plain(p, section, body):
    """As most printers do."""
    p.say(section, body)
    bed(p)


def upper_case(p, section, body):
    """As a P2S does."""
    p.say(section, body, result="SUCCESS", reason="SUCCESS", err_code=0, is_from_mqtt=True)
    bed(p, whole=True)


def without_command(p, section, body):
    """As an A1 mini does."""
    p.say(section, body, command=None)
    bed(p)


def without_result(p, section, body):
    """As a P1S with firmware 01.10 does."""
    p.say(section, body, result=None, reason=None)
    bed(p)


def after_the_effect(p, section, body):
    """The effect is in a report before the answer."""
    bed(p)
    p.say(section, body)


def effect_alone(p, section, body):
    """No answer, but it was done."""
    bed(p)


def late(p, section, body):
    """An answer that takes its time."""
    later(4, p.say, section, body)
    later(5, bed, p)


def twice(p, section, body):
    """Everything doubled."""
    for _ in range(2):
        p.say(section, body)
        bed(p)


def among_others(p, section, body):
    """The answer comes between other people's answers and what is no JSON at all."""
    p.say(section, body, sequence_id="1", result="fail", reason="of somebody else")
    p.link.client.publish(f"device/{SERIAL}/report", b"\xff\xfe{not json")
    p.report(SERIAL, {"system": {"command": "ledctrl", "sequence_id": body["sequence_id"], "result": "fail"}})
    p.report(SERIAL, {"mc_print": {"command": "push_info", "param": "[AMS]", "sequence_id": body["sequence_id"]}})
    plain(p, section, body)


def number_zero(p, section, body):
    """As cameras answer."""
    p.say(section, body, result=0, reason=None)
    p.show(ipcam={"ipcam_record": "disable"})


def nothing(_p, _section, _body):
    """Silence."""


def ignored(p, section, body):
    """Accepted, and not done."""
    p.say(section, body)


def status_with_its_number(p, section, body):
    """A report with our number in it is no answer."""
    p.report(SERIAL, {"print": {"command": "push_status", "msg": 1, "sequence_id": body["sequence_id"],
                                "wifi_signal": "-50dBm"}})


def fails(p, section, body):
    """A refusal in free words."""
    p.say(section, body, result="fail", reason="invalid nozzle_diameter")


def unsigned(p, section, body):
    """A refusal because Developer Mode is off."""
    p.say(section, body, result="failed", reason="mqtt message verify failed", err_code=84033543)


def replayed(p, section, body):
    """The same family, another code."""
    p.say(section, body, result="failed", reason="mqtt message verify failed", err_code=84033544)


def complains(p, _section, _body):
    """As a P1 refuses: no answer, a health message."""
    p.show(hms=[{"attr": 0x05000500, "code": 0x00010007}])


def reason_of_success(p, section, body):
    """A failure whose reason reads like a success."""
    p.say(section, body, result="FAIL", reason="success")


def fails_then_succeeds(p, section, body):
    """The first answer counts."""
    p.say(section, body, result="fail", reason="error string")
    p.say(section, body)


#: script, words of the command, exit code, outcome, words that have to be in reason or next
CASES = [
    (plain, ["bed", "60"], 0, "confirmed", ()),
    (upper_case, ["bed", "60"], 0, "confirmed", ()),
    (without_command, ["bed", "60"], 0, "confirmed", ()),
    (without_result, ["bed", "60"], 0, "confirmed", ()),
    (after_the_effect, ["bed", "60"], 0, "confirmed", ()),
    (effect_alone, ["bed", "60"], 0, "confirmed", ()),
    (late, ["bed", "60"], 0, "confirmed", ()),
    (twice, ["bed", "60"], 0, "confirmed", ()),
    (among_others, ["bed", "60"], 0, "confirmed", ()),
    (number_zero, ["record", "off"], 0, "confirmed", ()),
    (ignored, ["gcode", "M400"], 0, "accepted", ()),
    (nothing, ["bed", "60"], 6, "unanswered", ()),
    (nothing, ["gcode", "M400"], 6, "unanswered", ()),
    (ignored, ["bed", "60"], 6, "unconfirmed", ("60",)),
    (status_with_its_number, ["bed", "60"], 6, "unanswered", ()),
    (fails, ["bed", "60"], 3, "rejected", ("invalid nozzle_diameter",)),
    (unsigned, ["bed", "60"], 3, "rejected", ("developer mode",)),
    (replayed, ["bed", "60"], 3, "rejected", ("developer mode",)),
    (complains, ["bed", "60"], 3, "rejected", ("developer mode",)),
    (reason_of_success, ["bed", "60"], 3, "rejected", ()),
    (fails_then_succeeds, ["bed", "60"], 3, "rejected", ()),
]

#: Refused before anything is sent: words, exit code
NEVER_SENT = [
    (["bed", "200"], 2), (["nozzle", "999"], 2), (["chamber", "40"], 2), (["speed", "warp"], 2),
    (["pause"], 3), (["resume"], 3), (["stop"], 3), (["fan", "part", "120"], 2), (["gcode", "M104 S999"], (2, 3)),
]


class Bench:
    """Brokers with one certificate, and our client at them."""

    def __init__(self, binary):
        self.binary, self.authority = binary, Authority()
        self.certificate = self.authority.certificate(SERIAL)

    def broker(self, certificate=None, authority=None):
        """One more mosquitto as that printer."""
        return Mosquitto(authority or self.authority, certificate or self.certificate, [("bblp", CODE)])

    def control(self, broker, words, folder, *more, trusted=True):
        """(exit code, answers, standard error) of one `bambu control --json`."""
        settings = {"BAMBU_CA_FILE": self.authority.ca_file} if trusted else {}
        code, out, err = run(
            [self.binary, "control", SERIAL, *words, "--json", "--host", "127.0.0.1",
             "--mqtt-port", str(broker.port), "--access-code", CODE, *more],
            env=clean_environment(BAMBU_CONFIG_DIR=folder, HOME=folder, **settings))
        return code, [json.loads(line) for line in out.splitlines() if line.startswith(b"{")], err


def answered(judge, case, bench):
    """One script, one command."""
    script, words, wanted, outcome, phrases = case
    what = f"{' '.join(words)}, {script.__doc__.rstrip('.').lower()}"
    with tempfile.TemporaryDirectory() as folder, bench.broker() as broker, \
            Scripted(broker, script, idle()) as printer:
        code, answers, err = bench.control(broker, words, folder, "--wait", "8" if script is late else "3")
        judge.equal(code, wanted, f"{what}: exit code")
        if judge.equal(len(answers), 1, f"{what}: one answer"):
            answer = answers[0]
            judge.equal(answer["outcome"], outcome, f"{what}: {outcome}")
            judge.equal(answer["serial"], SERIAL, f"{what}: of that printer")
            text = f"{answer['reason']} {answer['next']}".lower()
            for phrase in phrases:
                judge.check(phrase in text, f"{what}: says {phrase!r}", text)
            judge.check(wanted == 0 or answer["reason"], f"{what}: says why", answer)
        judge.equal(len(printer.commands), 1, f"{what}: sent once")
        judge.check(CODE not in err + json.dumps(answers), f"{what}: no secret is told")


def never_sent(judge, case, bench):
    """What a P1S cannot do, or not now."""
    words, wanted = case
    what = f"{' '.join(words)} at an idle P1S"
    with tempfile.TemporaryDirectory() as folder, bench.broker() as broker, \
            Scripted(broker, plain, idle()) as printer:
        code, answers, err = bench.control(broker, words, folder)
        judge.check(code == wanted or isinstance(wanted, tuple) and code in wanted, f"{what}: exit code {wanted}",
                    f"{code} {answers} {err[-300:]}")
        judge.equal(printer.commands, [], f"{what}: nothing is sent")
        judge.check(all(a["outcome"] == "refused" and a["reason"] for a in answers), f"{what}: refused, with why",
                    answers)
        judge.check(answers or "error:" in err, f"{what}: and said", err)


def broker_dies(judge, bench):
    """The connection is lost between command and answer: it fails, and nothing is ever repeated."""
    with tempfile.TemporaryDirectory() as folder, bench.broker() as broker:
        def dies(printer, _section, _body):
            printer.died.set()

        with Scripted(broker, dies, idle()) as printer:
            printer.died = threading.Event()
            result = []
            thread = threading.Thread(target=lambda: result.append(
                bench.control(broker, ["bed", "60"], folder, "--wait", "20")))
            thread.start()
            judge.check(printer.died.wait(30), "the command arrives")
            broker.stop()
            broker.start()
            with Scripted(broker, dies, idle()) as again:
                again.died = threading.Event()
                thread.join(60)
                code, answers, _ = result[0] if result else (None, [], "")
                judge.check(code in (5, 6), "a lost connection is no success", f"{code} {answers}")
                judge.equal(len(printer.commands) + len(again.commands), 1, "and nothing is repeated")


def no_answer_from_the_printer(judge, bench):
    """A broker without a printer behind it."""
    with tempfile.TemporaryDirectory() as folder, bench.broker() as broker:
        code, answers, err = bench.control(broker, ["bed", "60"], folder, "--timeout", "5")
        judge.equal(code, 5, "a printer that says nothing is unreachable")
        judge.check("error:" in err and (not answers or answers[0]["outcome"] == "not_sent"),
                    "and that is said", f"{answers} {err[-300:]}")
        code, answers, err = bench.control(broker, ["bed", "60"], folder, "--access-code", "00000000")
        judge.check(code in (2, 4), "a wrong access code has its exit code", f"{code} {err[-300:]}")


def certificate_changes(judge, bench):
    """Pinned at first use, refused when it changed, and then the printer hears nothing."""
    stranger = Authority()
    other = stranger.certificate(SERIAL)
    with tempfile.TemporaryDirectory() as folder:
        def at(certificate, *more):
            authority = stranger if certificate is other else None
            with bench.broker(certificate, authority) as broker, Scripted(broker, plain, idle()) as printer:
                code, answers, err = bench.control(broker, ["bed", "60"], folder, *more, trusted=False)
                logins = len([l for l in broker.lines("New client connected", "u'bblp'")])
                return code, answers, err, len(printer.commands), logins

        code, answers, err, sent, _ = at(bench.certificate)
        judge.check(code == 0 and sent == 1, "an unknown authority: pinned at first use, and obeyed",
                    f"{code} {answers} {err[-300:]}")
        pins = pathlib.Path(folder, "known_printers")
        judge.check(pins.exists() and SERIAL in pins.read_text() and pins.stat().st_mode & 0o77 == 0,
                    "the pin is in known_printers, for the user alone")
        code, answers, err, sent, _ = at(bench.certificate)
        judge.check(code == 0 and sent == 1, "the same certificate again is accepted", f"{code} {err[-300:]}")
        before = pins.read_text()
        code, answers, err, sent, logins = at(other)
        judge.equal((code, sent, logins), (5, 0, 0), "another certificate: refused before the login")
        text = (err + json.dumps(answers)).lower().replace(":", "")
        for certificate in (bench.certificate, other):
            judge.check(fingerprint(certificate[0]) in text, "both fingerprints are named", text[-600:])
        judge.check("known_printers" in text, "and the file with the pin", text[-600:])
        judge.equal(pins.read_text(), before, "which is as it was")
        code, answers, err, sent, _ = at(other, "--insecure")
        judge.check(code == 0 and sent == 1 and "insecure" in err.lower(), "--insecure takes it, and shouts",
                    f"{code} {err[-300:]}")
        judge.equal(pins.read_text(), before, "and pins nothing")


def main():
    judge = Judge("control")
    bench = Bench(sys.argv[1])
    for at in range(0, len(CASES), 8):
        judge.each(answered, CASES[at:at + 8], bench)
    judge.each(never_sent, NEVER_SENT, bench)
    for part in (broker_dies, no_answer_from_the_printer, certificate_changes):
        judge.part(part, judge, bench)
    judge.end()


if __name__ == "__main__":
    main()
