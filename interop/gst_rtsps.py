"""gst-rtsp-server as a printer's camera: TLS, /streaming/live/1, one user. Run by the system's own Python, for gi.

usage: gst_rtsps.py CERTIFICATE KEY PORT basic|digest CODE PIPELINE     prints its port and serves until it is killed
"""

import sys

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstRtsp", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import Gio, GLib, Gst, GstRtsp, GstRtspServer  # noqa: E402

PATH, USER, ROLE = "/streaming/live/1", "bblp", "viewer"


def serve(certificate, key, port, method, code, pipeline):
    """Serves the pipeline anew to everybody who logs in."""
    Gst.init(None)
    server = GstRtspServer.RTSPServer()
    server.set_address("127.0.0.1")
    server.set_service(port)
    auth = GstRtspServer.RTSPAuth()
    auth.set_tls_certificate(Gio.TlsCertificate.new_from_files(certificate, key))
    token = GstRtspServer.RTSPToken()
    token.set_string("media.factory.role", ROLE)
    auth.set_supported_methods(getattr(GstRtsp.RTSPAuthMethod, method.upper()))
    if method == "basic":
        auth.add_basic(GstRtspServer.RTSPAuth.make_basic(USER, code), token)
    else:
        auth.add_digest(USER, code, token)
    server.set_auth(auth)
    factory = GstRtspServer.RTSPMediaFactory()
    factory.set_launch(pipeline)
    permissions = GstRtspServer.RTSPPermissions()
    for permission in ("media.factory.access", "media.factory.construct"):
        permissions.add_permission_for_role(ROLE, permission, True)
    factory.set_permissions(permissions)
    server.get_mount_points().add_factory(PATH, factory)
    server.attach(None)
    print(server.get_bound_port(), flush=True)
    GLib.MainLoop().run()


if __name__ == "__main__":
    serve(*sys.argv[1:])
