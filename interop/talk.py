"""One printer and what it answers to each request."""

#: Seconds until an effect has to be seen. Speed is not judged, but a machine that idles has to end.
EFFECT = 20


class Talk:
    """One printer and what it answers."""

    def __init__(self, judge, link, printer):
        self.judge, self.link, self.serial, self.model = judge, link, printer["serial"], printer["model"]

    def full(self, condition=lambda _: True):
        """A full report, asked for until the condition holds."""
        return self.link.full(self.serial, condition, EFFECT)

    def answer(self, section, body):
        """What is answered to a request, None for silence. Requests are answered in order: once
        `get_version` behind it is answered, nothing more is to come."""
        start = len(self.link.messages)
        fields = {k: v for k, v in body.items() if k != "command"}
        number = self.link.send(self.serial, section, body["command"], **fields)
        if section == "info":
            found = self.link.seen(lambda p: p[section]["sequence_id"] == number, start)
            return found and found[section]
        behind = self.link.send(self.serial, "info", "get_version")
        self.link.seen(lambda p: p["info"]["sequence_id"] == behind, start)
        for _, payload in list(self.link.messages[start:]):
            if isinstance(payload.get(section), dict) and payload[section].get("sequence_id") == number \
                    and payload[section].get("command", body["command"]) == body["command"]:
                return payload[section]
        return None

    def check(self, holds, what, detail=""):
        """One check of this printer."""
        return self.judge.check(holds, f"{self.model}: {what}", detail)


def said_yes(ack):
    """Accepted: `result` is a word in any case, the number 0, or left out."""
    return ack is not None and str(ack.get("result", "success")).lower() in ("success", "0")


def said_no(ack):
    """Refused, or not even answered."""
    return ack is None or str(ack.get("result")).lower() in ("fail", "failed")
