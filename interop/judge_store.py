#!/usr/bin/env python3
"""Judges the simulated object store with botocore, curl and requests: whatever botocore signs for the
store's key is taken, and one byte of it changed is refused with S3's own words.

usage: judge_store.py BAMBU
"""

import hashlib
import os
import pathlib
import subprocess
import sys
import tempfile
import time
import urllib.parse
import xml.etree.ElementTree

import requests
from botocore.auth import HmacV1QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from judge import Judge
from world import World

#: What S3 says to a signature, a key, an expiry, a digest and a bucket that do not fit.
MISMATCH, EXPIRED, NO_KEY = "SignatureDoesNotMatch", "AccessDenied", "InvalidAccessKeyId"


class Until(HmacV1QueryAuth):
    """botocore's own signer, told the second of the end instead of the time that is left."""

    def __init__(self, credentials, end):
        super().__init__(credentials)
        self.end = int(end)

    def _get_date(self):
        return str(self.end)


class Store:
    """The store of a world and its key."""

    def __init__(self, world):
        store = world.ready["store"]
        self.url, self.bucket = store["url"].rstrip("/"), store["bucket"]
        self.credentials = Credentials(store["access_key_id"], store["secret_access_key"])
        self.session = requests.Session()

    def signed(self, method, key, end=None, **headers):
        """A URL that botocore signed for a key of the bucket."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        request = AWSRequest(method=method, url=f"{self.url}/{self.bucket}/{key}", headers=named)
        Until(self.credentials, end or time.time() + 300).add_auth(request)
        return request.url

    def put(self, url, data=b"bytes", **headers):
        """What a PUT is answered, with these headers alone."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.session.put(url, data=data, headers=named, timeout=30)


def said(answer):
    """The code in an answer of S3, "" when it is none."""
    try:
        root = xml.etree.ElementTree.fromstring(answer.content)
    except xml.etree.ElementTree.ParseError:
        return ""
    return (root.findtext("Code") or "") if root.tag == "Error" and root.findtext("Message") else ""


def refused(judge, answer, status, code, what):
    """Refused with S3's status and XML."""
    judge.equal((answer.status_code, said(answer)), (status, code), what)


def taken(judge, world):
    """What botocore signed is stored and comes back."""
    store = Store(world)
    for key, data in (("users/1/filename/17/model.3mf", os.urandom(300_000)), ("plain", b"x"),
                      ("users/1/filename/17/spaces%20and%20%C3%BCmlaut%2B.3mf", b"named"), ("empty", b"")):
        put = store.put(store.signed("PUT", key), data)
        if judge.check(put.status_code in (200, 201, 204), f"PUT {key}", (put.status_code, put.text[:300])):
            md5 = hashlib.md5(data).hexdigest()
            judge.equal(put.headers.get("ETag", "").strip('"'), md5, f"PUT {key}: its ETag is the MD5")
            got = store.session.get(store.signed("GET", key), timeout=30)
            judge.equal((got.status_code, got.content == data), (200, True), f"GET {key}: the same bytes")
    again = store.put(store.signed("PUT", "plain"), b"second")
    judge.equal(again.status_code, 200, "a key is written twice")
    judge.equal(store.session.get(store.signed("GET", "plain"), timeout=30).content, b"second", "the last one stays")
    typed = store.signed("PUT", "typed", Content_Type="application/octet-stream")
    judge.equal(store.put(typed, Content_Type="application/octet-stream").status_code, 200, "the type that was signed")
    refused(judge, store.put(typed), 403, MISMATCH, "without the type that was signed")
    digest = "1B2M2Y8AsgTpgAmY7PhCfg=="
    with_md5 = store.signed("PUT", "digest", Content_MD5=digest)
    judge.equal(store.put(with_md5, b"", Content_MD5=digest).status_code, 200, "the digest that was signed")
    refused(judge, store.put(with_md5, b"other", Content_MD5=digest), 400, "BadDigest", "other bytes than the digest's")
    for method in ("GET", "HEAD"):
        answer = store.session.request(method, store.signed(method, "never/written"), timeout=30)
        judge.equal(answer.status_code, 404, f"{method} of what is not there")
    judge.equal(said(store.session.get(store.signed("GET", "never/written"), timeout=30)), "NoSuchKey", "in S3's words")


def one_byte(judge, world):
    """Every single byte of a URL counts."""
    store = Store(world)
    url = store.signed("PUT", "users/1/filename/17/model.3mf")
    start = url.index(store.bucket)
    signature = urllib.parse.parse_qs(urllib.parse.urlsplit(url).query)["Signature"][0]
    wrong, at = [], start
    while at < len(url):
        # An escape is one byte of what was signed; names of parameters are judged below.
        width = 3 if url[at] == "%" else 1
        old = urllib.parse.unquote(url[at:at + width])
        new = "A" if old != "A" else "B"
        changed = url[:at] + new + url[at + width:]
        if old not in "?&=" and not (old == "/" and at < start + len(store.bucket) + 1):
            answer = store.put(changed)
            if not (400 <= answer.status_code < 500 and said(answer)):
                wrong.append((at, changed[at - 10:at + 10], answer.status_code, answer.text[:200]))
        at += width
    judge.check(not wrong, "one byte changed anywhere is refused", wrong[:5])
    judge.check(len(signature) == 28, "the signature is an HMAC-SHA1")
    last = url.rindex("=", 0, -5) + 1
    flipped = urllib.parse.quote(signature[:-2] + ("A" if signature[-2] != "A" else "B") + "=", safe="")
    refused(judge, store.put(url.replace(urllib.parse.quote(signature, safe=""), flipped)), 403, MISMATCH,
            f"the signature's last byte (at {last})")
    refused(judge, store.put(url.replace("model.3mf", "model.3mg")), 403, MISMATCH, "another key")
    refused(judge, store.put(url.replace("PUT", "GET") + "0"), 403, MISMATCH, "a byte more")
    refused(judge, store.session.get(url, timeout=30), 403, MISMATCH, "a GET with a PUT's signature")
    refused(judge, store.session.delete(url, timeout=30), 403, MISMATCH, "a DELETE with a PUT's signature")
    refused(judge, store.put(url, Content_Type="application/octet-stream"), 403, MISMATCH, "a type that was not signed")
    refused(judge, store.put(url, Content_Type="text/plain"), 403, MISMATCH, "another type")
    refused(judge, store.put(url, Content_MD5="1B2M2Y8AsgTpgAmY7PhCfg=="), 403, MISMATCH, "a digest that was not signed")
    refused(judge, store.put(url, x_amz_acl="public-read"), 403, MISMATCH, "an x-amz header that was not signed")
    refused(judge, store.put(store.signed("PUT", "late", time.time() - 5)), 403, EXPIRED, "an expired one")
    other = Credentials("AKIANOBODYSKEYHERE00", store.credentials.secret_key)
    store.credentials, mine = other, store.credentials
    refused(judge, store.put(store.signed("PUT", "key")), 403, NO_KEY, "a key of nobody")
    store.credentials = Credentials(mine.access_key, "not the secret")
    refused(judge, store.put(store.signed("PUT", "key")), 403, MISMATCH, "another secret")
    store.credentials = mine
    bare = store.put(f"{store.url}/{store.bucket}/key")
    judge.equal((bare.status_code, said(bare)), (403, "AccessDenied"), "no signature at all")
    for name in ("AWSAccessKeyId", "Expires", "Signature"):
        parts = urllib.parse.urlsplit(url)
        left = [(k, v) for k, v in urllib.parse.parse_qsl(parts.query) if k != name]
        answer = store.put(parts._replace(query=urllib.parse.urlencode(left)).geturl())
        judge.check(answer.status_code in (400, 403) and said(answer), f"without {name}", (answer.status_code, answer.text[:200]))


def issued(judge, world):
    """The addresses that the API gives out are what botocore would sign, with an empty Content-Type."""
    store = Store(world)
    answer = requests.get(f"{world.ready['api_url']}/v1/iot-service/api/user/upload",
                          params={"filename": "my cube.3mf", "size": 5},
                          headers={"Authorization": f"Bearer {world.account['token']}"}, timeout=30)
    urls = {entry["type"]: entry for entry in answer.json().get("urls", [])}
    judge.equal(sorted(urls), ["filename", "size"], "user/upload gives two addresses")
    for kind, entry in urls.items():
        parts = urllib.parse.urlsplit(entry["url"])
        query = urllib.parse.parse_qs(parts.query)
        judge.equal(sorted(query), ["AWSAccessKeyId", "Expires", "Signature"], f"{kind}: signature V2")
        judge.check(f"/users/{world.account['uid']}/{kind}/" in parts.path, f"{kind}: its path", parts.path)
        key = parts.path.removeprefix(f"/{store.bucket}/")
        mine = urllib.parse.urlsplit(store.signed("PUT", key, int(query["Expires"][0])))
        judge.equal(query["Signature"], urllib.parse.parse_qs(mine.query)["Signature"], f"{kind}: botocore signs the same")
        body = b"bytes" if kind == "filename" else b"5"
        judge.equal(store.put(entry["url"], body).status_code, 200, f"{kind}: takes it")
        refused(judge, store.put(entry["url"], body, Content_Type="text/plain"), 403, MISMATCH, f"{kind}: with a type")
        got = store.session.get(store.signed("GET", key), timeout=30)
        judge.equal(got.content, body, f"{kind}: stores it")


def curl(judge, world):
    """curl's PUT, with its Expect and without its Content-Type; cut short; too long."""
    store = Store(world)
    with tempfile.TemporaryDirectory() as folder:
        file = pathlib.Path(folder, "model.3mf")
        file.write_bytes(os.urandom(3 << 20))
        for http in ("--http1.1", "--http1.0"):
            url = store.signed("PUT", f"curl{http}.3mf")
            done = subprocess.run(["curl", "-sS", http, "-T", file, "-w", "%{http_code}", url],
                                  capture_output=True, timeout=60, check=False)
            judge.equal(done.stdout[-3:], b"200", f"curl {http} puts a file")
            got = store.session.get(store.signed("GET", f"curl{http}.3mf"), timeout=30)
            judge.check(got.content == file.read_bytes(), f"curl {http}: byte for byte")
        chunked = subprocess.run(
            ["curl", "-sS", "-T", "-", "-w", "%{http_code}", store.signed("PUT", "chunked")],
            input=b"no length", capture_output=True, timeout=60, check=False).stdout
        judge.check(chunked.endswith((b"411", b"501")), "a PUT without a length is refused", chunked[-400:])
        typed = subprocess.run(
            ["curl", "-sS", "--data-binary", f"@{file}", "-X", "PUT", "-w", "%{http_code}",
             store.signed("PUT", "data")], capture_output=True, timeout=60, check=False).stdout
        judge.check(typed.endswith(b"403") and MISMATCH.encode() in typed, "curl -d brings a type: refused", typed[-400:])
    python = store.put(store.signed("PUT", "requests"), b"from requests")
    judge.equal(python.status_code, 200, "requests puts bytes")


def main():
    judge = Judge("store")
    with World(sys.argv[1], "--printers", "1", "--seed", "8") as world:
        for part in (taken, one_byte, issued, curl):
            judge.part(part, judge, world)
    judge.end()


if __name__ == "__main__":
    main()
