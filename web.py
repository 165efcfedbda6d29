"""The web server: `python web.py`, or `meguri web`. The package `web/` holds it; this file only starts it."""

import os
import sys

from web.serving import run

if __name__ == "__main__":
    code = run()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)  # on a regular exit, threads of the SDK can abort the interpreter (sdk-python #300)
