"""Debian's nginx as an object store: files put over TLS, every request logged, some refused."""

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
}


class Nginx:
    """A store at `https://localhost:PORT`; beside it, over TLS, what listens at `behind`.

    `/or-cloud-upload-prod/` takes files. `/octet/` and `/text/` take them with the documented
    Content-Type only, `/never/` takes none: it refuses like S3, as soon as the headers are there.
    """

    def __init__(self, behind=None, authority=None):
        self.directory = tempfile.TemporaryDirectory(prefix="bambu-nginx-")
        self.authority = authority or Authority()
        self.port, self.plain_port = free_port(), free_port()
        root = pathlib.Path(self.directory.name)
        self.files, self.log = root / "files", root / "access.log"
        for folder in ("files", "body", "proxy", "fastcgi", "uwsgi", "scgi"):
            (root / folder).mkdir()
        leaf, key = self.authority.certificate("localhost", "DNS:localhost,IP:127.0.0.1")
        fields = ",".join(f'"{name}":"{value}"' for name, value in LOGGED.items())
        typed = "".join(
            f'location /{where}/ {{ if ($http_content_type != "{wanted}") {{ return 403 "{MISMATCH}"; }}'
            f" dav_methods PUT; create_full_put_path on; }}\n"
            for where, wanted in (("octet", "application/octet-stream"), ("text", "text/plain"),
                                  ("never", "nothing at all")))
        proxy = f"location /v1/ {{ proxy_pass http://127.0.0.1:{behind}; }}\n" if behind else ""
        config = root / "nginx.conf"
        config.write_text(
            f"{'user root;' if os.geteuid() == 0 else ''}\n"
            f"worker_processes 1; daemon off; pid {root}/pid; error_log {root}/error.log;\n"
            "events { worker_connections 256; }\n"
            "http {\n"
            f"log_format judge escape=json '{{{fields}}}'; access_log {self.log} judge;\n"
            f"client_body_temp_path {root}/body; proxy_temp_path {root}/proxy;\n"
            f"fastcgi_temp_path {root}/fastcgi; uwsgi_temp_path {root}/uwsgi; scgi_temp_path {root}/scgi;\n"
            "default_type application/xml; client_max_body_size 0; proxy_http_version 1.1;\n"
            "gzip on; gzip_proxied any; gzip_types application/json; gzip_min_length 1;\n"
            "server {\n"
            f"listen 127.0.0.1:{self.port} ssl; listen 127.0.0.1:{self.plain_port};\n"
            f"ssl_certificate {leaf}; ssl_certificate_key {key};\n"
            f"root {self.files};\n"
            "location /or-cloud-upload-prod/ { dav_methods PUT; create_full_put_path on; }\n"
            f"{typed}{proxy}}}\n}}\n")
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

    def url(self, path, tls=True):
        """Where a path of this server is."""
        return f"https://localhost:{self.port}/{path}" if tls else \
            f"http://localhost:{self.plain_port}/{path}"

    def requests(self):
        """Every request so far, as logged."""
        text = self.log.read_text() if self.log.exists() else ""
        return [json.loads(line) for line in text.splitlines()]

    def stored(self, path):
        """The bytes of a file that was put, None when there is none."""
        file = self.files / path
        return file.read_bytes() if file.is_file() else None
