"""Debian's nginx, every request logged: as an object store over TLS, and as what stands behind a proxy."""

import json
import os
import pathlib
import socket
import tempfile

from judge import wait_for
from mosquitto import Authority
from world import Process, free_port

#: What S3 answers when the Content-Type was not the one that was signed.
MISMATCH = ("<?xml version=\\\"1.0\\\" encoding=\\\"UTF-8\\\"?>\\n<Error><Code>SignatureDoesNotMatch</Code>"
            "<Message>The request signature we calculated does not match the signature you provided."
            "</Message></Error>")
LOGGED = {
    "connection": "$connection", "method": "$request_method", "uri": "$request_uri", "status": "$status",
    "protocol": "$server_protocol", "content_length": "$http_content_length",
    "content_type": "$http_content_type", "authorization": "$http_authorization",
    "expect": "$http_expect", "transfer_encoding": "$http_transfer_encoding",
    "user_agent": "$http_user_agent", "cookie": "$http_cookie", "sent": "$bytes_sent",
    "client_name": "$http_x_bbl_client_name", "client_type": "$http_x_bbl_client_type",
    "host": "$http_host", "upgrade": "$http_upgrade", "connection_number": "$connection_requests",
    "override": "$http_x_http_method_override$http_x_http_method$http_x_method_override$http_x_original_url$http_x_rewrite_url",
}


class Logged:
    """One nginx from a configuration of its own; `port` is where it listens first."""

    def __init__(self):
        self.directory = tempfile.TemporaryDirectory(prefix="bambu-nginx-")
        self.root = pathlib.Path(self.directory.name)
        self.log, self.port = self.root / "access.log", free_port()

    def _start(self, http, workers=1, connections=256):
        """Starts it with these lines inside `http`."""
        root, config = self.root, self.root / "nginx.conf"
        for folder in ("body", "proxy", "fastcgi", "uwsgi", "scgi"):
            (root / folder).mkdir()
        fields = ",".join(f'"{name}":"{value}"' for name, value in LOGGED.items())
        config.write_text(
            f"{'user root;' if os.geteuid() == 0 else ''}\n"
            f"worker_processes {workers}; daemon off; pid {root}/pid; error_log {root}/error.log;\n"
            f"events {{ worker_connections {connections}; }}\n"
            "http {\n"
            f"log_format judge escape=json '{{{fields}}}'; access_log {self.log} judge;\n"
            f"client_body_temp_path {root}/body; proxy_temp_path {root}/proxy;\n"
            f"fastcgi_temp_path {root}/fastcgi; uwsgi_temp_path {root}/uwsgi; scgi_temp_path {root}/scgi;\n"
            f"client_max_body_size 0; proxy_http_version 1.1;\n{http}}}\n")
        self.process = Process(["nginx", "-p", root, "-e", root / "error.log", "-c", config])
        if not wait_for(lambda: self._listens() or not self.process.running()) \
                or not self.process.running():
            self.process.show()
            raise RuntimeError("nginx did not start: " + (root / "error.log").read_text()[-500:])

    def __enter__(self):
        return self

    def __exit__(self, *_failure):
        self.process.stop()
        self.process.directory.cleanup()
        self.directory.cleanup()

    def _listens(self):
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    @property
    def pid(self):
        """The process id of its master."""
        return self.process.child.pid

    def requests(self):
        """Every request so far, as logged."""
        text = self.log.read_text() if self.log.exists() else ""
        return [json.loads(line) for line in text.splitlines()]


class Nginx(Logged):
    """A store at `https://localhost:PORT`; beside it, over TLS, what listens at `behind`.

    `/or-cloud-upload-prod/` takes files. `/octet/` and `/text/` take them with the documented
    Content-Type only, `/never/` takes none: it refuses like S3, as soon as the headers are there.
    """

    def __init__(self, behind=None, authority=None):
        super().__init__()
        self.authority, self.plain_port = authority or Authority(), free_port()
        self.files = self.root / "files"
        self.files.mkdir()
        leaf, key = self.authority.certificate("localhost", "DNS:localhost,IP:127.0.0.1")
        typed = "".join(
            f'location /{where}/ {{ if ($http_content_type != "{wanted}") {{ return 403 "{MISMATCH}"; }}'
            f" dav_methods PUT; create_full_put_path on; }}\n"
            for where, wanted in (("octet", "application/octet-stream"), ("text", "text/plain"),
                                  ("never", "nothing at all")))
        proxy = f"location /v1/ {{ proxy_pass http://127.0.0.1:{behind}; }}\n" if behind else ""
        self._start(
            "default_type application/xml;\n"
            "gzip on; gzip_proxied any; gzip_types application/json; gzip_min_length 1;\n"
            "server {\n"
            f"listen 127.0.0.1:{self.port} ssl; listen 127.0.0.1:{self.plain_port};\n"
            f"ssl_certificate {leaf}; ssl_certificate_key {key};\n"
            f"root {self.files};\n"
            "location /or-cloud-upload-prod/ { dav_methods PUT; create_full_put_path on; }\n"
            f"{typed}{proxy}}}\n")

    def url(self, path, tls=True):
        """Where a path of this server is."""
        return f"https://localhost:{self.port}/{path}" if tls else \
            f"http://localhost:{self.plain_port}/{path}"

    def stored(self, path):
        """The bytes of a file that was put, None when there is none."""
        file = self.files / path
        return file.read_bytes() if file.is_file() else None


class Upstream(Logged):
    """What stands behind a proxy, over plain HTTP: any `/v1/` is answered with `ANSWER`.

    Below it, files that `file()` made: `/v1/whole/` with their length, `/v1/chunked/` in chunks, `/v1/slow/`
    at 64 KiB a second, `/v1/gzip/` compressed whoever asks. `more` is for the server block.
    """

    ANSWER = '{"message":"success","devices":[]}'

    def __init__(self, more=""):
        super().__init__()
        self.files, self.url = self.root / "files", f"http://127.0.0.1:{self.port}"
        self.files.mkdir()
        self._start(
            "default_type application/json; merge_slashes off; large_client_header_buffers 4 64k;\n"
            f"server {{\nlisten 127.0.0.1:{self.port};\n{more}\n"
            f"location /v1/ {{ return 200 '{self.ANSWER}'; }}\n"
            f"location /v1/whole/ {{ alias {self.files}/; }}\n"
            # A filter that may change the length: so it is sent in chunks.
            f"location /v1/chunked/ {{ alias {self.files}/; sub_filter_types *; sub_filter_once off;"
            " sub_filter 'not in any file of ours' ''; }\n"
            f"location /v1/slow/ {{ alias {self.files}/; limit_rate 64k; }}\n"
            f"location /v1/gzip/ {{ alias {self.files}/; gzip on; gzip_types *; gzip_min_length 1; }}\n"
            "location / { return 404 'not here'; }\n}\n")

    def file(self, name, data):
        """Puts a file there."""
        (self.files / name).write_bytes(data)

    def writes(self):
        """Every request that is no reading one, or that nginx could not read."""
        return [r for r in self.requests() if r["method"] not in ("GET", "HEAD") or r["status"] == "400"]
