"""The command lines of the PyPI package bambu-lab-cloud-api, pointed at a simulated cloud.

Its base URL is a class attribute and nothing else sets it: that one line comes before its entry point.
"""

import sys

ENTRY = """
import sys
from bambulab import BambuClient
BambuClient.BASE_URL = sys.argv.pop(1)
from cli_tools.{module} import main
sys.argv[0] = "bambu-{module}"
main()
"""


def their_query(world, *arguments, token=None):
    """The command that runs their `bambu-query` for the world's account."""
    return [sys.executable, "-c", ENTRY.format(module="query"), world.ready["api_url"],
            token or world.account["token"], *arguments]
