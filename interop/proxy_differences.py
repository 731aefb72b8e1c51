"""How our proxy differs from the seeds' on the same requests: the whole list, each with its reason.

A difference that is not listed fails its judge, and so does a listed one that is none any more.
"""

import re


def paths(value, at=""):
    """Every path of keys in a document; items of a list share one."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield f"{at}.{key}".lstrip(".")
            yield from paths(inner, f"{at}.{key}")
    elif isinstance(value, list):
        for inner in value:
            yield from paths(inner, at + "[]")


def leaves(value, at=""):
    """Every value that is no object and no list, by its path."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from leaves(inner, f"{at}.{key}".lstrip("."))
    elif isinstance(value, list):
        for place, inner in enumerate(value):
            yield from leaves(inner, f"{at}[{place}]")
    else:
        yield at, value


#: Cases where the seeds' values are of their own process or of the moment.
OWN = ("health", "start page", "admin", "realtime", "start of")
#: Values that are the upstream's and of the moment.
MOMENT = re.compile(r"(progress|prediction|start_?time|end_?time|updated?|created|time|url|authkey|passwd|ttcode|Signature|costTime|weight)", re.I)


def differences(case, theirs, ours):
    """Aspect to what differs, as text: `theirs -> ours`."""
    found = {}
    if theirs.status != ours.status:
        found["status"] = f"{theirs.status} -> {ours.status}"
    if theirs.kind != ours.kind:
        found["body"] = f"{theirs.kind} -> {ours.kind}"
    if theirs.json is None or ours.json is None:
        return found
    mine, other = set(paths(ours.json)), set(paths(theirs.json))
    if theirs.status < 400 <= ours.status or ours.status < 400 <= theirs.status:
        return found
    if lost := sorted(other - mine):
        found["keys lost"] = " ".join(lost)
    if more := sorted(mine - other):
        found["keys more"] = " ".join(more)
    if theirs.status < 400 and not case.startswith(OWN):
        values = dict(leaves(ours.json))
        other = {k: v for k, v in leaves(theirs.json) if k in values and values[k] != v and not MOMENT.search(k)}
        if other:
            found["values"] = " ".join(sorted({re.sub(r"\[\d+\]", "[]", k) for k in other}))
    if theirs.status >= 400 and theirs.json.get("error") != ours.json.get("error"):
        found["error"] = f"{theirs.json.get('error')} -> {ours.json.get('error')}"
    return found


class Row:
    """One difference: in which modes and cases, which aspect, what it is (a pattern), and why."""

    def __init__(self, modes, names, aspect, value, why):
        self.modes, self.cases, self.aspect, self.value, self.why = modes, names, aspect, value, why

    def covers(self, mode, case, aspect, value=None):
        """Whether this is that difference."""
        return mode in self.modes and aspect == self.aspect and re.fullmatch(self.cases, case) is not None \
            and (value is None or re.fullmatch(self.value, value) is not None)

    def __repr__(self):
        return f"{'/'.join(self.modes)}: {self.cases}: {self.aspect} {self.value}"


BOTH = ("strict", "full")
TABLE = [
    Row(BOTH, "devices, HEAD", "status", "405 -> 200", "HEAD reads; theirs has it refused by its own check for GET, in full mode by its handler"),
    Row(BOTH, "versions|version of one|presets", "values", r".*\bversion\b.*",
        "theirs takes a firmware version for an address: numbers with leading zeros are none"),
    Row(BOTH, "upstream 40[045]|no such route upstream|DELETE", "keys more", "cause upstream_status", "what went wrong, for programs"),
    Row(BOTH, "the scheme in lower case", "status", "401 -> 200", "RFC 9110: the scheme's name is not case-sensitive; theirs takes the word for a part of the token"),
    Row(BOTH, "no route of the proxy|nothing behind /v1/", "body", "html -> json", "a program asks, so it is told in JSON"),
    Row(("strict",), "POST /health", "body", "html -> json", "405 is said in one form everywhere"),
    Row(("full",), "POST /health", "body", "html -> (empty|json)", "no page for browsers"),
    Row(BOTH, "admin, tokens", "keys more", r"(tokens\[\]\.\w+ ?)+", "what each token may do; and custom_token is a fingerprint, not the token"),
    Row(BOTH, "admin without a token|sessions without a token", "status", "200 -> 401", "who uses a proxy is not everybody's affair"),
    Row(BOTH, "start page", "keys more", r"(endpoints\.\w+ ?)+", "there are more pages"),
    Row(BOTH, "realtime without a token|start without a token|start without a printer|start with no JSON", "keys more", "message",
        "every error has a cause and a next step, as theirs has elsewhere"),
    Row(BOTH, "start of somebody else's printer", "status", "200 -> 404",
        "theirs opens a session that waits for ever; a session is for printers that the token may see"),
    Row(("full",), "PATCH", "status", "405 -> 200", "theirs has no branch for it, though full mode is for every method"),
    Row(("full",), "POST", "values", "channel_name rtm stream_key stream_salt", "they open the camera's stream, so they are secrets"),
]


def justified(mode, case, aspect, value):
    """Whether the table has this difference."""
    return any(row.covers(mode, case, aspect, value) for row in TABLE)


def markdown():
    """The table for people."""
    lines = ["| Mode | Request | What differs | Seeds -> ours | Why |", "|---|---|---|---|---|"]
    for row in TABLE:
        cells = (", ".join(row.modes), row.cases.replace("|", ", "), row.aspect, row.value.replace("|", " or "), row.why)
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)
