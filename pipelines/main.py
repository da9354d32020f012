"""Where the command begins: it is prepared for signals and closed pipes before anything long is imported."""

import gc
import os
import sys
from typing import Any, TextIO, cast

from pipelines.stopping import end_on_signals

MADE_BETWEEN_COLLECTIONS = 5_000
"""Objects. With Python's own 700, garbage is looked for some hundred times while dlt is imported, and none
found: a thirtieth of a run in which nothing moved. Ten times more would take a tenth more of memory."""


class PatientStream:
    """A stream whose reader may go away, as `head` does: the work goes on, and the rest is said to nobody."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        """Writes, as long as somebody reads."""
        try:
            return self._stream.write(text)
        except BrokenPipeError:
            self._let_go()
            return len(text)

    def flush(self) -> None:
        """Hands over what was written, as long as somebody reads."""
        try:
            self._stream.flush()
        except BrokenPipeError:
            self._let_go()

    def _let_go(self) -> None:
        os.dup2(os.open(os.devnull, os.O_WRONLY), self._stream.fileno())

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


def main() -> None:
    """The console script's entry."""
    gc.set_threshold(MADE_BETWEEN_COLLECTIONS)
    end_on_signals()
    sys.stdout = cast(TextIO, PatientStream(sys.stdout))
    sys.stderr = cast(TextIO, PatientStream(sys.stderr))
    from pipelines.cli import app

    app()
