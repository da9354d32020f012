"""The command in a process that can be killed.

Processes are forked from one that has imported everything and done nothing: a new interpreter would take
longer to start than most loads take.
"""

import multiprocessing
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from io import TextIOWrapper
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerProcess
from pathlib import Path

from pipelines.main import main
from pipelines.registry import PROVIDERS
from sources._shared import http

WAIT = 0.01
"""Seconds between two tries of a request, at most."""
CONTEXT = multiprocessing.get_context("forkserver")
CONTEXT.set_forkserver_preload(
    [
        "pipelines.cli",
        *(f"sources.{provider}" for provider in PROVIDERS),
        "dlt.destinations.impl.duckdb.duck",
        "dlt.sources.helpers.requests",
        "pyarrow.parquet",
    ]
)


@contextmanager
def running(folder: Path, *words: str) -> Iterator[tuple[TextIOWrapper, ForkServerProcess]]:
    """Runs the command in a project's folder; gives what it says on stderr, line by line, and its process."""
    ours, theirs = CONTEXT.Pipe(duplex=False)
    process = CONTEXT.Process(target=_command, args=(folder, theirs, words))
    process.start()
    theirs.close()
    with ours, os.fdopen(os.dup(ours.fileno()), encoding="utf-8") as said:
        yield said, process
    process.join()


def _command(folder: Path, stderr: Connection, words: tuple[str, ...]) -> None:
    os.chdir(folder)
    os.dup2(stderr.fileno(), 2)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    stderr.close()
    http.LONGEST_WAIT = WAIT
    sys.argv = ["stocktake", *words]
    main()
