#!/usr/bin/env python3
"""Judges `bambu login`, `bambu-login` and `bambu logout` with every account of the ready file: what is
saved and who reads it, what the cloud says of the token, exit codes, and that no secret is told.

usage: judge_login.py BAMBU
"""

import itertools
import json
import sys
import time

import requests
from bambulab import BambuAuthenticator

from judge import Judge
from ours import Ours
from world import World

NO_LOGIN = 4
PREFERENCE = "/v1/design-user-service/my/preference"


def alive(world, token):
    """Whether the cloud takes a token: the status, and its code of refusal."""
    answer = requests.get(world.ready["api_url"] + PREFERENCE, timeout=30,
                          headers={"Authorization": f"Bearer {token}"})
    return answer.status_code, (answer.json() or {}).get("code")


def accounts(world):
    """Every account of the ready file, by how it signs in."""
    return {a["sign_in"]: a for a in [world.account, *world.ready["accounts"]]}


def secrets(account, *more):
    """What no output may hold."""
    kept = [account["password"], account["token"], account.get("email_code"), account.get("totp_code"),
            account.get("sms_code"), *more]
    return [secret for secret in kept if secret]


def ways(account):
    """(what, arguments, standard input) of each way into an account."""
    mail, password = account["email"], account["password"] + "\n"
    if account["sign_in"] == "password":
        return [("password on standard input", ["--username", mail, "--password", "-"], password)]
    if account["sign_in"] == "sms_code":
        phone, china = account["phone"], ["--region", "china"]
        return [("telephone, code piped", [*china, "--phone", phone], account["email_code"] + "\n"),
                ("telephone, password", [*china, "--username", phone, "--password", "-"],
                 password + account["email_code"] + "\n")]
    if account["sign_in"] == "authenticator":
        return [("authenticator, --code", ["--username", mail, "--password", "-", "--code", account["totp_code"]], password),
                ("authenticator, piped", ["--username", mail, "--password", "-"], password + account["totp_code"] + "\n")]
    return [("password, --code", ["--username", mail, "--password", "-", "--code", account["email_code"]], password),
            ("password, code piped", ["--username", mail, "--password", "-"], password + account["email_code"] + "\n"),
            ("e-mail, --code", ["--email", mail, "--code", account["email_code"]], ""),
            ("e-mail, code piped", ["--email", mail], account["email_code"] + "\n")]


def saved(judge, world, account, file, what, region="global", given=False):
    """The session file: private, with what was promised, read by the package; its token works."""
    if not judge.check(file.exists(), f"{what}: the session is saved"):
        return None
    judge.equal(oct(file.stat().st_mode & 0o777), "0o600", f"{what}: readable by its owner alone")
    content = json.loads(file.read_text())
    judge.equal((content.get("region"), str(content.get("uid"))), (region, account["uid"]), f"{what}: region and uid")
    token = content.get("token")
    judge.check(isinstance(token, str) and len(token) > 40, f"{what}: the token", list(content))
    # Of a token that somebody gives, nobody knows the end.
    judge.check(given or "expires_at" in content, f"{what}: its end", list(content))
    judge.equal(alive(world, token), (200, None), f"{what}: the cloud takes it")
    theirs = BambuAuthenticator(region=region, token_file=str(file))
    theirs.base_url = world.ready["api_url"]
    judge.equal(theirs.load_token(), token, f"{what}: the package reads it")
    judge.check(theirs.verify_token(token), f"{what}: the package verifies it")
    judge.equal(theirs.get_or_create_token(), token, f"{what}: the package goes on with it")
    return token


def send_code(world, account):
    """Has a code sent, as an earlier call of the user would."""
    url = world.ready["api_url"] + "/v1/user-service/user/sendemail/code"
    requests.post(url, json={"email": account["email"], "type": "codeLogin"}, timeout=30).raise_for_status()


def enters(judge, world, ours):
    """Each account by each way; then out again."""
    number = itertools.count()
    for kind, account in accounts(world).items():
        for what, arguments, stdin in ways(account):
            # Beside the session file it is noted how often it was made anew: each login has its own.
            file = ours.home / f"session-{next(number)}"
            if what == "e-mail, --code":
                send_code(world, account)
            code, out, err = ours("login", *arguments, "--token-file", file, stdin=stdin)
            judge.equal(code, 0, f"{kind}, {what}: {err}")
            region = "china" if kind == "sms_code" else "global"
            token = saved(judge, world, account, file, f"{kind}, {what}", region)
            for secret in secrets(account, token):
                judge.check(secret not in out + err, f"{kind}, {what}: no secret is told", out + err)
            code, out, err = ours("login", "--verify", "--token-file", file)
            judge.equal(code, 0, f"{kind}, {what}: --verify, {err}")
            code, out, err = ours("logout", "--token-file", file)
            judge.equal((code, file.exists()), (0, False), f"{kind}, {what}: logout, {err}")
            if token:
                judge.equal(alive(world, token), (401, 4), f"{kind}, {what}: the token is dead")
                judge.check(token not in out + err, f"{kind}, {what}: logout tells no token")
            code, out, err = ours("query", "--devices", "--token-file", file)
            judge.equal(code, NO_LOGIN, f"{kind}, {what}: logged out, {err}")


def by_their_name(judge, world, ours):
    """`bambu-login` with the seeds' arguments: prompts answered through a pipe, their words, their file."""
    for kind, account in accounts(world).items():
        if kind == "sms_code":
            continue
        file = ours.home / f"theirs-{kind}"
        code_ = account.get("totp_code") if kind == "authenticator" else account["email_code"]
        stdin = "" if kind == "password" else f"{code_}\n"
        arguments = ["--username", account["email"], "--password", account["password"], "--token-file", file]
        code, out, err = ours(*arguments, "--test", called="bambu-login", stdin=stdin)
        judge.equal(code, 0, f"bambu-login, {kind}: {err}")
        token = saved(judge, world, account, file, f"bambu-login, {kind}")
        for words in ("Login successful", f"{file}", "Devices:"):
            judge.check(words in out, f"bambu-login, {kind}: prints {words}", out)
        judge.check(account["password"] not in out + err and (not token or token not in out + err),
                    f"bambu-login, {kind}: no secret", out + err)
        code, out, err = ours("--token-file", file, "--verify-only", called="bambu-login")
        judge.equal((code, "valid" in out), (0, True), f"bambu-login --verify-only, {kind}: {out}{err}")
        # A saved session that lives is used: no code is wanted then.
        code, out, err = ours(*arguments, called="bambu-login")
        judge.equal(code, 0, f"bambu-login again, {kind}: {err}")
        if file.exists():
            judge.equal(json.loads(file.read_text()).get("token"), token, f"bambu-login again, {kind}: the same token")
        for force in ("--force", "--force-new"):
            code, out, err = ours(*arguments, force, called="bambu-login", stdin=stdin)
            judge.equal(code, 0, f"bambu-login {force}, {kind}: {err}")
        if file.exists():
            judge.check(json.loads(file.read_text()).get("token") != token, f"bambu-login --force-new, {kind}: another token")
        file.write_text(json.dumps({"region": "global", "token": "nobody's"}))
        code, out, err = ours("--token-file", file, "--verify-only", called="bambu-login")
        judge.check(code in (1, NO_LOGIN), f"bambu-login --verify-only of a dead token: {code}", out + err)


def refusals(judge, world, ours):
    """Wrong password, wrong code, expired code, nobody's account: exit code 4, told apart, nothing saved."""
    by = accounts(world)
    mail, plain, totp = by["email_code"], by["password"], by["authenticator"]
    file, told = ours.home / "refused", {}
    send_code(world, mail)
    code, _, err = ours("login", "--email", mail["email"], "--code", mail["email_code"], "--token-file", file)
    judge.equal(code, 0, f"a code, the first time: {err}")
    cases = [
        ("a wrong password", ["--username", plain["email"], "--password", "-"], "wrong\n", "password"),
        ("an account of nobody", ["--username", "nobody@example.com", "--password", "-"], "wrong\n", ""),
        ("a wrong e-mail code", ["--email", plain["email"], "--code", "999999"], "", "code"),
        ("a code that was used", ["--email", mail["email"], "--code", mail["email_code"]], "", "too old"),
        ("a wrong authenticator code", ["--username", totp["email"], "--password", "-", "--code", "000000"],
         totp["password"] + "\n", "code"),
        ("no code at all", ["--email", mail["email"]], "", "code"),
        ("no password at all", ["--username", plain["email"], "--password", "-"], "", "password"),
    ]
    for number, (what, arguments, stdin, word) in enumerate(cases):
        file = ours.home / f"refused-{number}"
        code, out, err = ours("login", *arguments, "--token-file", file, stdin=stdin)
        wanted = (2, NO_LOGIN) if what.startswith("no ") else (NO_LOGIN,)
        judge.check(code in wanted, f"{what}: exit code {wanted}", (code, err))
        judge.check("error:" in err and "next:" in err and word in err, f"{what}: says so", err)
        judge.check(not file.exists(), f"{what}: nothing is saved")
        for secret in secrets(mail) + secrets(plain) + secrets(totp):
            judge.check(secret not in out + err, f"{what}: no secret", out + err)
        told[what] = err
    # Whose account it is not, the cloud does not tell apart from a wrong password.
    del told["an account of nobody"]
    judge.equal(len(set(told.values())), len(told), f"each refusal has its own words: {told}")
    file.write_text(json.dumps({"region": "global", "token": "AQAnobody"}))
    code, _, err = ours("login", "--verify", "--token-file", file)
    judge.equal((code, file.exists()), (NO_LOGIN, True), f"--verify of a dead token: {err}")
    code, _, err = ours("logout", "--token-file", ours.home / "nothing")
    judge.check(code in (0, NO_LOGIN), "logout without a session", (code, err))


def files_of_others(judge, world, ours):
    """Sessions that the package or a person wrote are read; a token comes on standard input."""
    token = world.account["token"]
    file = ours.home / "other"
    theirs = BambuAuthenticator(token_file=str(file))
    theirs.save_token(token)
    code, _, err = ours("query", "--devices", "--token-file", file)
    judge.equal(code, 0, f"the package's file is read: {err}")
    theirs = BambuAuthenticator(token_file=str(ours.home / ".bambu_token"))
    theirs.save_token(token)
    code, _, err = ours("query", "--devices")
    judge.equal(code, 0, f"~/.bambu_token is read: {err}")
    file.write_text(token + "\n")
    code, _, err = ours("query", "--devices", "--token-file", file)
    judge.equal(code, 0, f"a bare token is read: {err}")
    code, _, err = ours("query", "--devices", "--token", "-", stdin=token + "\n", BAMBU_TOKEN_FILE=str(ours.home / "no"))
    judge.equal(code, 0, f"a token on standard input: {err}")
    code, _, err = ours("login", "--token", "-", "--token-file", ours.home / "given", stdin=token + "\n")
    judge.equal(code, 0, f"login with an existing token: {err}")
    if judge.check((ours.home / "given").exists(), "login with an existing token: is saved"):
        saved(judge, world, world.account, ours.home / "given", "login with an existing token", given=True)
    for junk in ("", "{", '{"region":"global"}', "[]", "\x00\x01"):
        file.write_text(junk)
        code, _, err = ours("query", "--devices", "--token-file", file)
        judge.check(code in (1, 2, NO_LOGIN) and "error:" in err, f"a session file of {junk!r}: an error", (code, err))


def no_storm(judge, world, ours):
    """Many at once and many in a row make few logins."""
    account = accounts(world)["password"]
    file = ours.home / "storm"
    arguments = ["login", "--username", account["email"], "--password", "-", "--token-file", file]
    del ours.env["BAMBU_RATE_LIMITS"]
    begun, codes = time.monotonic(), []
    while len(codes) < 8 and time.monotonic() - begun < 30:
        codes.append(ours(*arguments, stdin=account["password"] + "\n")[0])
    judge.equal(codes[0], 0, "the first of many logins")
    judge.check(set(codes) <= {0, 3, 5}, "the others are served from the saved session, or told to wait", codes)


def main():
    judge = Judge("login")
    with World(sys.argv[1], "--printers", "1", "--seed", "4") as world, \
            Ours.of(sys.argv[1], world) as ours:
        judge.check({"email_code", "password", "authenticator"} <= accounts(world).keys(), "the ready file's accounts",
                    list(accounts(world)))
        ours.env["BAMBU_RATE_LIMITS"] = "off"
        for part in (enters, by_their_name, refusals, files_of_others, no_storm):
            judge.part(part, judge, world, ours)
    judge.end()


if __name__ == "__main__":
    main()
