"""Requests that try to be two, or another one: framing, paths, methods, headers. Bytes, and what they may do.

`MARK` in a target is replaced, so that the upstream's log tells which case a request came from; `SMUGGLED` is
in what no upstream may ever see; `TOKEN` is a good token, `UPSTREAM` the upstream's address.
"""

#: It is refused with 4xx or 5xx, or the connection is closed; nothing reaches the upstream.
REFUSED = "refused"
#: It may be answered as the reading request that it is, or be refused.
HARMLESS = "harmless"

GOOD = "Host: proxy.example\r\nAuthorization: Bearer TOKEN\r\n"
HIDDEN = "POST /v1/iot-service/api/user/SMUGGLED HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer TOKEN\r\nContent-Length: 2\r\n\r\n{}"
START = "/v1/iot-service/api/user/device/realtime/start"


def request(method="GET", target="/v1/MARK", more="", body="", version="HTTP/1.1"):
    """One request, its framing left to `more`."""
    return f"{method} {target} {version}\r\n{GOOD}{more}\r\n{body}"


def chunks(body):
    """A body in one chunk."""
    return f"{len(body):x}\r\n{body}\r\n0\r\n\r\n"


def framing():
    """Bodies of two lengths; what is inside is a whole write."""
    length = f"Content-Length: {len(HIDDEN)}\r\n"
    te = "Transfer-Encoding: chunked\r\n"
    whole = chunks(HIDDEN)
    cases = {
        "CL.TE": (f"Content-Length: {5 + len(HIDDEN)}\r\n{te}", "0\r\n\r\n" + HIDDEN),
        "TE.CL": (f"{te}Content-Length: 4\r\n", whole),
        "CL.TE, the other order": (f"{te}Content-Length: {5 + len(HIDDEN)}\r\n", "0\r\n\r\n" + HIDDEN),
        "a GET with a body": (length, HIDDEN),
        "a GET with a body in chunks": (te, whole),
        "two lengths, short first": (f"Content-Length: 0\r\n{length}", HIDDEN),
        "two lengths, long first": (f"{length}Content-Length: 0\r\n", HIDDEN),
        "a list of lengths": (f"Content-Length: 0, {len(HIDDEN)}\r\n", HIDDEN),
        "a list of one length": (f"Content-Length: {len(HIDDEN)}, {len(HIDDEN)}\r\n", HIDDEN),
        "no number": ("Content-Length: abc\r\n", HIDDEN),
        "a sign": (f"Content-Length: +{len(HIDDEN)}\r\n", HIDDEN),
        "less than nothing": ("Content-Length: -1\r\n", HIDDEN),
        "a length in hex": (f"Content-Length: 0x{len(HIDDEN):x}\r\n", HIDDEN),
        "a length in two words": (f"Content-Length: {len(HIDDEN)} 0\r\n", HIDDEN),
        "a length beyond numbers": ("Content-Length: 18446744073709551617\r\n", HIDDEN),
        "an empty length": ("Content-Length: \r\n", HIDDEN),
        "a space before the colon": (f"Content-Length : {len(HIDDEN)}\r\n", HIDDEN),
        "a tab before the colon": ("Transfer-Encoding\t: chunked\r\n", whole),
        "a chunk size beyond numbers": (te, "fffffffffffffffff\r\n" + HIDDEN),
        "a chunk size with a sign": (te, f"+{len(HIDDEN):x}\r\n{HIDDEN}\r\n0\r\n\r\n"),
        "a chunk that is shorter": (te, f"3\r\n{HIDDEN}\r\n0\r\n\r\n"),
        "a chunk extension with a line end": (te, f"0;a=\n\r\n\r\n{HIDDEN}"),
        "trailers": (f"{te}Trailer: X-HTTP-Method-Override\r\n", "0\r\nX-HTTP-Method-Override: POST\r\n\r\n"),
    }
    for encoding in ("xchunked", "chunked, identity", "identity", "identity, chunked", "chunked, chunked", "gzip, chunked",
                     '"chunked"', "\x0bchunked", "chunked\x0b", "chunked;q=1", "CHUNKED", "chun\tked", "\x00chunked", ",chunked", ""):
        cases[f"an encoding {encoding!r}"] = (f"Transfer-Encoding: {encoding}\r\n{length}", whole)
    cases |= {
        "two encodings": (f"{te}Transfer-Encoding: cow\r\n", whole),
        "two encodings, the other order": (f"Transfer-Encoding: cow\r\n{te}", whole),
        "an encoding in HTTP/1.0": (te, whole),
        "an encoding folded": (f"Transfer-Encoding:\r\n chunked\r\n{length}", whole),
        "a length folded": (f"Content-Length:\r\n {len(HIDDEN)}\r\n", HIDDEN),
        "an encoding after a bare LF": (f"X-One: 1\nTransfer-Encoding: chunked\r\n{length}", whole),
        "an encoding after a bare CR": (f"X-One: 1\rTransfer-Encoding: chunked\r\n{length}", whole),
        "an encoding after NUL": (f"X-One: 1\x00\r\n{te}{length}", whole),
        "an underscore": (f"Content_Length: 0\r\nTransfer_Encoding: chunked\r\n{length}", HIDDEN),
        "an expectation": (f"Expect: 100-continue\r\n{length}", HIDDEN),
    }
    return cases


def paths():
    """Targets that mean something else to whom decodes or normalises them."""
    return [
        "/v1/../v1/MARK", "/v1/x/../MARK", "/v1/./MARK", "/v1/MARK/..", "/v1/MARK/.", "/v1/%2e%2e/MARK", "/v1/%2E%2E/MARK", "/v1/.%2e/MARK",
        "/v1/%2e/MARK", "/v1/MARK/%2e%2e", "/v1/MARK%2f..%2fx", "/v1/MARK%2Fx", "/v1/MARK%5cx", "/v1/MARK%5C..", "/v1/MARK\\x", "/v1\\MARK",
        "/v1//MARK", "//v1/MARK", "/v1/MARK//", "/v1/MARK//x", "/v1/MARK\x7f", "/v1/MARK\x01", "/v1/MARK\x00x",
        "http://proxy.example/v1/MARK", "https://proxy.example/v1/MARK", "HTTP://UPSTREAM/v1/MARK", "http://UPSTREAM/v1/MARK",
        "http:/v1/MARK", "v1/MARK", "*", "UPSTREAM", "/V1/MARK", "/%76%31/MARK", "/v1%2fMARK", "/v1/MARK x", "/v1/MARK\tx", "",
        "/admin/../v1/MARK", "/health/../v1/MARK", "/v1/MARK%2e%2e/x/%2e%2e/", "/v1/%2e%2e%2fMARK", "/v1/MARK\r", "@UPSTREAM/v1/MARK", "/../v1/MARK",
    ]


def odd_paths():
    """Odd and yet one reading request, or refused."""
    # What is behind # is dropped by the HTTP library before anybody sees it, so it is forwarded to nobody.
    return ["/v1/MARK#x", "/v1/MARK?a#x", "/v1/%252e%252e/MARK", "/v1/MARK/..;/x", "/v1/MARK;a=b", "/v1/MARK%00x", "/v1/MARK%0d%0aX-A:%20b", "/v1/MARK?x=%2e%2e%2f", "/v1/MARK?a=//",
            "/v1/MARK\xe4", "/v1/MARK?_method=DELETE", "/v1/MARK?X-HTTP-Method-Override=PUT", "/v1/MARK%", "/v1/MARK%zz", "/v1/MARK?%", "/v1/MARK...",
            "/v1/..MARK", "/v1/MARK%c0%ae%c0%ae/", "/v1/MARK%u002e", "/v1/MARK" + "x" * 6000, "/v1/MARK?" + "y" * 6000]


def corpus():
    """(name, text in Latin-1, what it may do)."""
    cases = []
    for name, (more, body) in framing().items():
        version = "HTTP/1.0" if "HTTP/1.0" in name else "HTTP/1.1"
        for method in ("GET", "HEAD", "POST"):
            cases.append((f"{name}, {method}", request(method, more=more, body=body, version=version),
                          REFUSED if method == "POST" else HARMLESS))
    cases += [(f"path {target!r}", request(target=target), REFUSED) for target in paths()]
    cases += [(f"path {target[:40]!r}", request(target=target), HARMLESS) for target in odd_paths()]
    for method in ("POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND", "MKCOL", "LINK", "QUERY", "PURGE", "BREW", "get", "Get", "head", "post", "pUT",
                   "GET\t", "GETPOST", "G\x00ET", "POST\x00", "\x00GET", "X" * 300, "GET,POST", "CONNECT", ""):
        cases.append((f"method {method[:20]!r}", request(method), REFUSED))
        cases.append((f"method {method[:20]!r} with a body", request(method, more="Content-Length: 2\r\n", body="{}"), REFUSED))
    cases.append(("CONNECT to the upstream", f"CONNECT UPSTREAM HTTP/1.1\r\n{GOOD}\r\n{HIDDEN}", REFUSED))
    for header in ("X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override", "x-http-method-override", "X-HTTP-METHOD-OVERRIDE"):
        for value in ("POST", "delete", "PUT, GET"):
            cases.append((f"{header}: {value}", request(more=f"{header}: {value}\r\n"), REFUSED))
    cases += [(f"{header}", request(more=f"{header}: /v1/iot-service/api/user/SMUGGLED\r\n"), HARMLESS)
              for header in ("X-Original-URL", "X-Rewrite-URL", "X-Forwarded-Prefix", "X-Original-Method", "X-Forwarded-Method", "X-Forwarded-Uri")]
    cases += [
        ("upgrade to websocket", request(more="Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
                                             "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n", body=HIDDEN.replace("POST", "PRI")), HARMLESS),
        ("upgrade to h2c", request(more="Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQCAAAAAAIAAAAA\r\n"), HARMLESS),
        ("HTTP/2 preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + "\x00\x00\x00\x04\x00\x00\x00\x00\x00", REFUSED),
        ("HTTP/0.9", "GET /v1/MARK\r\n", REFUSED),
        ("HTTP/0.9, POST", "POST /v1/MARK\r\n\r\n{}", REFUSED),
        ("version 1.2", request(version="HTTP/1.2"), HARMLESS),
        ("version 9.9", request(version="HTTP/9.9"), REFUSED),
        ("version in lower case", request(version="http/1.1"), REFUSED),
        ("version with spaces", request(version=" HTTP/1.1"), HARMLESS),
        ("no version but a space", "GET /v1/MARK \r\n" + GOOD + "\r\n", REFUSED),
        ("not HTTP", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", REFUSED),
        ("folded header", request(more="X-Long: a\r\n b\r\n"), HARMLESS),
        ("a first header with a space", f"GET /v1/MARK HTTP/1.1\r\n Host: x\r\n{GOOD}\r\n", HARMLESS),
        ("a header without a colon", request(more="garbage\r\n"), REFUSED),
        ("a header without a name", request(more=": x\r\n"), REFUSED),
        ("NUL in a header's name", request(more="X-\x00: x\r\n"), REFUSED),
        ("NUL in a header's value", request(more="X-A: a\x00b\r\n"), REFUSED),
        ("a write behind a bare CR in a header", request(more=f"X-A: a\r\r{HIDDEN[:60]}\r\n"), HARMLESS),
        ("bare LF everywhere", request().replace("\r\n", "\n"), HARMLESS),
        ("bare LF, then a write", request().replace("\r\n", "\n") + HIDDEN.replace("\r\n", "\n"), HARMLESS),
        ("bare CR everywhere", request().replace("\r\n", "\r"), REFUSED),
        ("no host", "GET /v1/MARK HTTP/1.1\r\nAuthorization: Bearer TOKEN\r\n\r\n", HARMLESS),
        ("two hosts", request(more="Host: evil.example\r\n"), HARMLESS),
        ("the upstream as host", request().replace("proxy.example", "UPSTREAM"), HARMLESS),
        ("two tokens", request(more="Authorization: Bearer nobody\r\n"), HARMLESS),
        ("a token with a line end", request().replace("Bearer TOKEN", "Bearer TOKEN\r\n\tX: y"), HARMLESS),
        ("hop-by-hop: Authorization", request(more="Connection: close, Authorization, Host\r\n"), HARMLESS),
        ("hop-by-hop: Content-Length", request(more="Connection: Content-Length\r\nContent-Length: 0\r\n"), HARMLESS),
        ("lines before the request", "\r\n\r\n\r\n" + request(), HARMLESS),
        ("spaces before the request", "  " + request(), HARMLESS),
        ("writes in a row", HIDDEN + HIDDEN + HIDDEN, REFUSED),
        ("a read, then a write", request() + HIDDEN, HARMLESS),
        ("a write, then a read", HIDDEN + request(), HARMLESS),
        ("a read, then a write without a token", request() + HIDDEN.replace("Authorization: Bearer TOKEN\r\n", ""), HARMLESS),
        ("ten reads in a row", request() * 10, HARMLESS),
        ("a HEAD, then a write", request("HEAD") + HIDDEN, HARMLESS),
        ("a refused path, then a write", request(target="/v1//MARK") + HIDDEN, REFUSED),
        ("headers without an end", request(more="".join(f"X-{n}: {'y' * 100}\r\n" for n in range(3000))), REFUSED),
        ("a header of 300 KB", request(more=f"X-A: {'y' * 300_000}\r\n"), REFUSED),
        ("a target of 200 KB", request(target="/v1/MARK" + "a" * 200_000), REFUSED),
    ]
    body = '{"device_id":"SMUGGLED"}'
    size = f"Content-Length: {len(body)}\r\nContent-Type: application/json\r\n"
    for target in (START, START + "/", START + "/../../bind", START + "/..", START + "%2f..%2f..%2fbind", START + "?x=/../bind", START + ";x", START + "/x",
                   START.replace("start", "start%00"), START.replace("start", "Start"), START.replace("/realtime", "//realtime"), START.upper(),
                   START.replace("start", "%73tart"), START + "#", START + "%20", START.replace("/start", "/stream"), START.replace("/start", "")):
        for method in ("POST", "PUT", "DELETE", "post"):
            cases.append((f"start: {method} {target[-30:]!r}", request(method, target, size, body), REFUSED))
    cases += [(f"start, {name}", request("POST", START, more, data), REFUSED) for name, more, data in (
        ("CL.TE", f"Transfer-Encoding: chunked\r\nContent-Length: {5 + len(HIDDEN)}\r\n", "0\r\n\r\n" + HIDDEN),
        ("two lengths", f"Content-Length: 2\r\nContent-Length: {2 + len(HIDDEN)}\r\n", "{}" + HIDDEN),
        ("an override", size + "X-HTTP-Method-Override: PATCH\r\n", body),
        ("a body without an end", "Content-Length: 4000000000000\r\n", "{" * 3_000_000),
        ("a list", "Content-Length: 2\r\n", "[]"), ("a path as a serial", "Content-Length: 31\r\n", '{"device_id":"../../user/bind"}'),
    )]
    return cases
