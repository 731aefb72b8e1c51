#!/usr/bin/env python3
"""Judges our command names of the seeds beside the PyPI package bambu-lab-cloud-api: `bambu-query` prints
at least what theirs prints, and the files of its TokenManager and of `bambu token` are the same.

usage: judge_python_tools.py BAMBU
"""

import json
import re
import sys

from bambulab import BambuClient, TokenManager

from judge import Judge, run
from ours import Ours, json_of
from python_tools import their_query
from world import World

#: What they print around the facts, and no fact itself.
DECORATION = re.compile(r"^[=\s]*$|^Fetching .*\.\.\.$|^Bambu Lab Printer Information Query$")


def squeezed(text):
    """A text without spaces, lower case: how it is laid out is each tool's own affair."""
    return re.sub(r"\s+", "", text).lower()


def facts(lines):
    """What their lines tell of printers, account and projects, word by word; what they could not read
    on the observed wire (`Unknown`, `N/A`) is no fact."""
    for line in lines:
        if re.match(r"Found \d|Print status for", line):
            continue
        _, _, value = line.rpartition(": ")
        value = value.removeprefix("Device:")
        for word in re.split(r"[ ,()]+", value.strip().removesuffix(":")):
            if word and word not in ("Unknown", "N/A", "User", "Profile"):
                yield word


def theirs(world, *arguments, token=None):
    """(exit code, lines) of their tool."""
    code, out, err = run(their_query(world, *arguments, token=token))
    return code, [line.strip() for line in (out.decode() + err).splitlines() if not DECORATION.match(line.strip())]


def json_in(lines):
    """The JSON documents among the lines of their tool, which decorates them."""
    text, found, decoder = "\n".join(lines), [], json.JSONDecoder()
    at = 0
    while (match := re.compile(r"[\[{]").search(text, at)):
        value, at = decoder.raw_decode(text, match.start())
        found.append(value)
    return found


def text(judge, world, ours):
    """Each flag: every fact that theirs prints is in ours; the access code only on demand."""
    serial, code_ = world.printers[0]["serial"], world.printers[0]["access_code"]
    for flags in ([], ["--devices"], ["--status"], ["--profile"], ["--projects"], ["--device", serial],
                  ["--status", "--device", serial], ["--profile", "--projects"]):
        what = " ".join(["bambu-query TOKEN", *flags])
        code, lines = theirs(world, *flags)
        judge.equal(code, 0, f"{what}: theirs works")
        devices = any(line.startswith("Access Code:") for line in lines)
        for more in ([], ["--show-secrets"]):
            mine, out, err = ours(world.account["token"], *flags, *more, called="bambu-query")
            judge.equal(mine, 0, f"{what} {more}: ours works, {err}")
            flat = squeezed(out)
            missing = {fact for fact in facts(lines) if squeezed(fact) not in flat}
            if not more:
                missing -= {p["access_code"] for p in world.printers}
            judge.check(not missing, f"{what} {more}: ours tells as much", f"without {sorted(missing)}: {out[:300]}")
            if devices:
                judge.equal(code_ in out, bool(more), f"{what} {more}: the access code on demand alone")
            judge.check(world.account["token"] not in out + err, f"{what}: no token")
    # Their tool cannot read the list of firmware that the live service sends.
    code, lines = theirs(world, "--firmware", "--device", serial)
    judge.equal((code, "AttributeError" in "".join(lines)), (1, True), "--firmware: theirs breaks on the observed wire")
    mine, out, err = ours(world.account["token"], "--firmware", "--device", serial, called="bambu-query")
    judge.equal((mine, serial in out and "01." in out), (0, True), f"--firmware: ours tells it, {out} {err}")


def leaves(value):
    """Every value in a document that says something."""
    if isinstance(value, dict):
        for key, inner in value.items():
            if key not in ("dev_access_code", "access_code"):
                yield from leaves(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from leaves(inner)
    elif value not in (None, "", "0", "{}", 0, 1):
        yield str(value).strip()


def documents(judge, world, ours):
    """With --json: every value of theirs is in ours, under a name of ours; ours is one document."""
    serial = world.printers[0]["serial"]
    for flags in (["--devices"], ["--profile"], ["--projects"], ["--device", serial]):
        what = " ".join(["bambu-query TOKEN", *flags, "--json"])
        code, lines = theirs(world, *flags, "--json")
        mine, out, err = ours(world.account["token"], *flags, "--json", called="bambu-query")
        judge.equal((code, mine), (0, 0), f"{what}: both work, {err}")
        got = json_of(out)
        if judge.check(got is not None, f"{what}: ours is one JSON document", out[:300]):
            missing = set(leaves(json_in(lines))) - set(leaves(got))
            judge.check(not missing, f"{what}: ours tells as much", f"without {sorted(missing)}: {out[:300]}")
            judge.check(all(p["access_code"] not in out for p in world.printers), f"{what}: no access code", out[:300])


def failures(judge, world, ours):
    """No token, a dead one: both fail; ours with its own exit codes."""
    code, _ = theirs(world, token="nobody")
    mine, _, err = ours("nobody", called="bambu-query")
    judge.equal((code, mine), (1, 4), f"a dead token: {err}")
    code, out, _ = run([sys.executable, "-c", "import sys; sys.argv=['bambu-query']; from cli_tools.query import main; main()"])
    judge.equal(code, 1, "no arguments: theirs tells its usage")
    mine, out, err = ours(called="bambu-query", token=False)
    judge.check(mine in (2, 4) and "error:" in err, "no arguments: ours says what is missing", (mine, err))


def tokens(judge, world, ours):
    """Their class reads our file and we read theirs; nothing but fingerprints is listed."""
    file = ours.home / "proxy_tokens.json"
    real, second = world.account["token"], "AQB" + "second-real-token" * 5
    at = ("--tokens", file)
    code, out, err = ours("token", "add", "-", *at, stdin="my-custom-token\n")
    judge.equal(code, 0, f"token add: {err}")
    judge.check(real not in out + err, "token add: tells no real token", out + err)
    if judge.check(file.exists(), "token add: writes the file"):
        judge.equal(json.loads(file.read_text()), {"my-custom-token": real}, "the file is a flat map")
        judge.equal(oct(file.stat().st_mode & 0o777), "0o600", "readable by its owner alone")
    manager = TokenManager(str(file))
    judge.equal((manager.validate("my-custom-token"), manager.count()), (real, 1), "their class reads ours")
    manager.add_token("second-custom-token", second)
    code, out, err = ours("token", "list", *at)
    judge.equal(code, 0, f"token list: {err}")
    for secret in (real, second, "my-custom-token", "second-custom-token", real[:20], second[:20]):
        judge.check(secret not in out + err, "token list: fingerprints alone", out)
    code, out, err = ours("token", "list", "--json", *at)
    judge.equal((code, len(json_of(out) or [])), (0, 2), f"token list --json: both, {out}")
    for custom, wanted in (("my-custom-token", 0), ("second-custom-token", 0), ("nobody's-token", 1)):
        code, out, err = ours("token", "validate", "-", *at, stdin=custom + "\n")
        judge.equal(code, wanted, f"token validate {custom}: {out}{err}")
        judge.check(real not in out + err, "token validate: tells no real token", out + err)
    code, out, err = ours("token", "remove", "-", *at, stdin="my-custom-token\n")
    judge.equal((code, TokenManager(str(file)).validate("my-custom-token")), (0, None), f"token remove: {err}")
    judge.equal(TokenManager(str(file)).validate("second-custom-token"), second, "the other stays")
    code, out, err = ours("token", "remove", "-", *at, stdin="my-custom-token\n")
    judge.check(code != 0, "token remove of what is not there", (code, out, err))
    code, out, err = ours("token", "add", "--generate", *at)
    made = [custom for custom in TokenManager(str(file)).tokens if custom != "second-custom-token"]
    judge.check(code == 0 and len(made) == 1 and made[0] in out, "token add --generate: shown this once", (code, out, err))
    for junk in ("[]", "{", '{"a":1}'):
        file.write_text(junk)
        code, out, err = ours("token", "list", *at)
        judge.check(code in (1, 2) and "error:" in err, f"a file of {junk}: an error", (code, out, err))
        judge.equal(file.read_text(), junk, f"a file of {junk}: is left alone")


def main():
    judge = Judge("python-tools")
    with World(sys.argv[1], "--printers", "3", "--models", "P1S,X1C,A1", "--seed", "6", "--state", "mixed") as world, \
            Ours.of(sys.argv[1], world, (world.account["token"], world.account["uid"])) as ours:
        BambuClient.BASE_URL = world.ready["api_url"]
        made = BambuClient(world.account["token"]).create_project("cube")
        judge.check("project_id" in made, "their client makes a project", made)
        for part in (text, documents, failures, tokens):
            judge.part(part, judge, world, ours)
    judge.end()


if __name__ == "__main__":
    main()
