"""Runs the embedded servers of a folder until a stop signal, in a separate process that tests can kill.

`python tests/embedded/holding.py FOLDER`; prints the addresses as one line of JSON when they run.
"""

import asyncio
import sys
from pathlib import Path

import logs
from embedded.stack import running
from embedded.stopping import stop_event
from settings import Settings


async def hold(var: Path) -> None:
    with stop_event() as told:
        async with running(var, ui=False) as addresses:
            sys.stdout.write(addresses.model_dump_json() + "\n")
            sys.stdout.flush()
            await told.wait()


logs.configure(Settings())
asyncio.run(hold(Path(sys.argv[1])))
