"""The command ``nircolor``: parse, call, print. Nothing here imports torch or an image library before it is needed."""

from __future__ import annotations

import signal
import sys
from collections.abc import Sequence

INTERRUPTED = 130


def main(args: Sequence[str] | None = None) -> int:
    """Run one command (default: that of ``sys.argv``) and return its exit code. Never raises."""
    try:
        from nircolor.cli.app import run
    except KeyboardInterrupt:  # Ctrl-C in the first tenth of a second
        return INTERRUPTED
    if args is not None:
        return run(list(args))
    code = run(sys.argv[1:])
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # Python is about to end: nothing to clean up, no traceback to show
    return code
