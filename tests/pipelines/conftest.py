"""Commands that die where a test wants them to, or that build nothing; releases, and who reads them."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any

import duckdb
import pendulum
import pytest

from pipelines.config import load_config
from pipelines.publish import publish
from pipelines.release import Release
from tests.conftest import Project

DYING = """
import importlib, json, os, signal, sys, threading
import dlt.destinations.impl.duckdb.duck, dlt.load.load, dlt.normalize, pipelines.cli, sources.square

def come_to(place, when):
    module, _, path = place.partition(":")
    *owners, name = path.split(".")
    owner = importlib.import_module(module)
    for step in owners:
        owner = getattr(owner, step)
    was = getattr(owner, name)
    def die(*args, **kwargs):
        if when not in ("before", "after"):
            threading.Timer(when, os.kill, (os.getpid(), signal.SIGKILL)).start()
        if when != "before":
            was(*args, **kwargs)
        if when in ("before", "after"):
            os.kill(os.getpid(), signal.SIGKILL)
    setattr(owner, name, die)

for line in sys.stdin:
    folder, place, when, *arguments = json.loads(line)
    process = os.fork()
    if process == 0:
        os.chdir(folder)
        come_to(place, when)
        sys.argv = ["stocktake", *arguments]
        pipelines.cli.main()
    print(os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]), flush=True)
"""
"""Runs commands that kill themselves as soon as they come to a function, have left it for the first time, or
so many seconds after they came to it. Forked from one process that has imported everything: that costs each
of them two seconds."""

Die = Callable[..., None]


@pytest.fixture
def configured(tmp_path: Path) -> Callable[[str], Any]:
    """The configuration that a text of config.toml is."""

    def load(text: str) -> Any:
        (tmp_path / ".dlt").mkdir(exist_ok=True)
        (tmp_path / ".dlt" / "config.toml").write_text(text, encoding="utf-8")
        return load_config(tmp_path)

    return load


@pytest.fixture(scope="session")
def die_in() -> Iterator[Die]:
    with deaths() as die:
        yield die


@contextmanager
def deaths() -> Iterator[Die]:
    """What dies sees the environment of this moment."""
    with subprocess.Popen(
        [sys.executable, "-c", DYING], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:

        def die(folder: Path, place: str, when: str | float, *command: str) -> None:
            assert process.stdin is not None
            assert process.stdout is not None
            process.stdin.write(json.dumps([str(folder), place, when, *command]) + "\n")
            process.stdin.flush()
            assert int(process.stdout.readline()) == -signal.SIGKILL, f"it was to die in {place}"

        yield die
        process.stdin.close()  # type: ignore[union-attr]


NOW = pendulum.datetime(2026, 1, 5, 8)
RUNS = count(100)


def publish_now(warehouse: duckdb.DuckDBPyConnection, published: Path, **options: Any) -> Release:
    """Publishes what stands in the warehouse's marts and reports."""
    options = {"run_id": f"run-{next(RUNS)}", "now": NOW, "keep": 3} | options
    return publish(warehouse, published, **options)


@pytest.fixture
def published(tmp_path: Path) -> Path:
    return tmp_path / "it's published"  # a quote in a path must not end an SQL text


READER = """
import duckdb, json, sys
connection = duckdb.connect(sys.argv[1], read_only=True)
for query in sys.stdin:
    rows = connection.execute(query).fetchall()
    print(json.dumps([[str(cell) for cell in row] for row in rows]), flush=True)
"""


class Reader:
    """A BI tool: another process that opens the file once and keeps it open."""

    def __init__(self, file: Path, driver: Path | None = None) -> None:
        path = {"PYTHONPATH": str(driver)} if driver else {}
        self.process = subprocess.Popen(
            [sys.executable, "-c", READER, str(file)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=os.environ | path,
        )

    def ask(self, query: str) -> Any:
        self.process.stdin.write(query + "\n")  # type: ignore[union-attr]
        self.process.stdin.flush()  # type: ignore[union-attr]
        return json.loads(self.process.stdout.readline())  # type: ignore[union-attr]

    def __enter__(self) -> "Reader":
        return self

    def __exit__(self, *_: object) -> None:
        self.process.communicate()


class Built:
    """What a build says of itself."""

    depth, models, tests, warnings = "changes", 0, 0, ()


@pytest.fixture
def without_models(monkeypatch: pytest.MonkeyPatch) -> None:
    """A build that builds nothing: what a command reads, and what `status` tells of it, needs no models."""
    monkeypatch.setattr("pipelines.run.build", lambda *_: Built)
    monkeypatch.setattr("pipelines.run.find_unread", lambda *_: [])


def leave_a_table(project: Project) -> None:
    """What a build leaves, in a blink: a table, and that it passed."""
    with duckdb.connect(str(project.home / "working.duckdb")) as connection:
        connection.execute("create schema if not exists marts")
        connection.execute("create or replace table marts.dim_things as select 1 as thing")
        connection.execute("create or replace table raw_stocktake.build_state as select true as has_passed")
