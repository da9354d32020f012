"""Copies of what pages ask often, made in DuckDB's own form beside the pages, while those answer.

Parquet gives a column of some hundred thousand rows or none of it; a copy gives the fifty rows of a page.
Nobody waits for one: until it is there, the same question is asked of the published files.
"""

import logging
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from threading import Event, Lock, Thread, current_thread, get_native_id

import duckdb

from pipelines.release import Release, quoted, text

logger = logging.getLogger(__name__)

MEMORY = "110MB"
"""What making them may take, in a database of its own: pages keep theirs."""
GIVING_WAY = 10
"""How far below pages it stands where a core is wanted by both."""


class Copies(Thread):
    """Makes them one after another, and has a release's database read each as soon as it is whole."""

    def __init__(
        self,
        questions: Mapping[str, str],
        release: Release,
        place: Path,
        database: duckdb.DuckDBPyConnection,
        lock: Lock,
    ) -> None:
        super().__init__(name="copies", daemon=True)
        self.place = place
        self._questions, self._release = questions, release
        self._database, self._lock = database, lock
        self._stopping = Event()
        self._maker: duckdb.DuckDBPyConnection | None = None

    def run(self) -> None:
        """Every copy, or as many as can be made."""
        if sys.platform == "linux":  # elsewhere a thread cannot be told to give way
            os.setpriority(os.PRIO_PROCESS, get_native_id(), GIVING_WAY)
        try:
            for name, question in self._questions.items():
                self._copy(name, question)
        except duckdb.Error as error:
            if not self._stopping.is_set():
                logger.warning(
                    "Copies of %s that make pages faster cannot be made in %s: %s Pages stay right but slow.",
                    self._release.name,
                    self.place,
                    str(error).splitlines()[0],
                )

    def begin(self) -> None:
        """Begins, unless it has: once the first page is there."""
        if self.ident is None and self._questions:
            self.start()

    def stop(self) -> None:
        """Ends what is being made; what is whole may be read until the database closes."""
        self._stopping.set()
        if self._maker is not None:
            self._maker.interrupt()
        if (
            self.is_alive() and current_thread() is not self
        ):  # what is let go of may be collected in any thread
            self.join()

    def _copy(self, name: str, question: str) -> None:
        file = self.place / f"{name}.duckdb"
        spill = {"temp_directory": str(self.place / "copying")}
        with duckdb.connect(str(file), config={"threads": 1, "memory_limit": MEMORY, **spill}) as maker:
            self._maker = maker
            for setting in (
                "TimeZone = 'UTC'",
                "enable_progress_bar = false",
                "preserve_insertion_order = false",
            ):
                maker.execute(f"set {setting}")
            for table, select in self._release.selects.items():
                maker.execute(f"create temp view {quoted(table)} as {select}")
            if self._stopping.is_set():
                return
            maker.execute(f"create table main.{name} as {question}")
        self._maker = None
        with self._lock:
            cursor = self._database.cursor()
            cursor.execute(f"attach {text(file)} as {name}_copy (read_only)")
            cursor.execute(f"create or replace view {name} as from {name}_copy.main.{name}")
