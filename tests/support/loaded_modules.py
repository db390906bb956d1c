"""What a fresh worker process says of itself; imports nothing of the package."""

from __future__ import annotations

import os
import sys
from multiprocessing.connection import Connection


def report(pipe: Connection) -> None:
    """Send the parent's process number and the names of the package's loaded modules."""
    pipe.send((os.getppid(), [name for name in sys.modules if name.startswith("seal2real.")]))
