"""Our binary as a user runs it: with a home of its own, pointed at a server."""

import json
import os
import pathlib
import tempfile

from judge import run
from world import clean_environment


class Ours:
    """One user. `session`: token and uid that come from the environment unless `token=False`."""

    def __init__(self, binary, api, ca_file=None, session=None, mqtt=None):
        self.binary, self.folder = str(binary), tempfile.TemporaryDirectory(prefix="bambu-home-")
        self.home = pathlib.Path(self.folder.name)
        self.env = clean_environment(HOME=str(self.home), BAMBU_API_URL=api, BAMBU_CONFIG_DIR=str(self.home))
        self.env |= {"BAMBU_CA_FILE": ca_file} if ca_file else {}
        # Without a broker of its own nobody's is asked, least of all the real one.
        mqtt = mqtt or {"host": "127.0.0.1", "port": 9}
        self.env["BAMBU_MQTT_URL"] = f"mqtts://{mqtt['host']}:{mqtt['port']}"
        self.session = {"BAMBU_TOKEN": session[0], "BAMBU_UID": str(session[1])} if session else {}

    @classmethod
    def of(cls, binary, world, session=None):
        """A user of a simulated world."""
        return cls(binary, world.ready["api_url"], world.ca_file, session, world.ready["mqtt"])

    def __enter__(self):
        return self

    def __exit__(self, *_failure):
        self.folder.cleanup()

    def __call__(self, *arguments, stdin="", token=True, called=None, **settings):
        """(exit code, standard output, standard error); `called`: under that name."""
        env = self.env | (self.session if token else {}) | settings
        binary = self.binary
        if called:
            binary = self.home / called
            if not binary.exists():
                os.symlink(os.path.abspath(self.binary), binary)
        code, out, err = run([str(binary), *map(str, arguments)], stdin.encode(), env=env)
        return code, out.decode(errors="replace"), err


def json_of(text):
    """JSON, None when it is none."""
    try:
        return json.loads(text)
    except ValueError:
        return None
