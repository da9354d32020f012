"""What a command says while it works: lines for people, one JSON object per line for machines.

Both go to standard error; standard output is for the result.
"""

import json
import logging
import sys
import threading
import time
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal

from rich.console import Console, Group
from rich.live import Live
from rich.text import Text

from pipelines.view import counted, prose
from sources._shared.redaction import Redactor

if TYPE_CHECKING:
    from pipelines.transform import Build

LogFormat = Literal["human", "json"]

STEPS = {
    "drain": "finishing what an earlier run left",
    "extract": "asking",
    "normalize": "normalizing",
    "load": "loading",
    "ship": "shipping what changed into the lake",
    "compile": "compiling the models, once until a setting changes",
    "build": "building and testing the models",
    "publish": "publishing",
}

account_at_work: ContextVar[str | None] = ContextVar("account_at_work", default=None)
"""Whose work this thread does: libraries log without knowing."""


@dataclass
class Work:
    """What somebody is at: an account, or the command itself."""

    step: str
    begun: float
    """By a clock that only runs forward, as `now` below."""
    resource: str = ""
    pages: int = 0
    rows: int = 0
    waits: str = ""
    """For what, since the last page came."""

    def words(self, now: float) -> str:
        """What it is, how far, and how fast or what it waits for: for a terminal's line."""
        seconds = max(now - self.begun, 0.001)
        what = f"{self.step} {self.resource}".strip()
        if not self.pages:
            return f"{what}, {self.waits or f'{seconds:.0f} s'}"
        far = f"{counted(self.pages, 'page')}, {counted(self.rows, 'row')}"
        return f"{what}: {far}, {self.waits or f'{self.rows / seconds:.0f} rows/s'}"


class Reporter:
    """Says what happens. Thread-safe: accounts are read side by side."""

    def __init__(self, log_format: LogFormat = "human", redactor: Redactor | None = None) -> None:
        self.log_format = log_format
        self.redactor = redactor or Redactor()
        self.console = Console(stderr=True, highlight=False, soft_wrap=True)
        self._live: Live | None = None
        self._work: dict[str, Work] = {}
        self._changing = threading.RLock()
        self._run_id: str | None = None
        self._said: set[str] = set()

    def start(self, run_id: str, command: str) -> None:
        """A command begins its work."""
        self._run_id = run_id
        self._emit("started", {"command": command})

    def step(self, step: str, account: str | None = None) -> None:
        """A step of the run begins; `step` is one of STEPS."""
        self._emit("step", {"step": step, "account": account})
        self._work.pop("", None)
        self._show(account or "", Work(STEPS[step], time.monotonic()))
        if not self._is_seen:
            self.say(f"{account + ': ' if account else ''}{STEPS[step]}")

    def at(self, words: str) -> None:
        """What is done where there are no steps: seen on a terminal only."""
        self._show("", Work(words, time.monotonic()))

    def page(self, account: str, resource: str, pages: int, rows: int) -> None:
        """Another page of a resource came: so many by now, with so many rows."""
        work = self._work.get(account)
        begun = work.begun if work and work.resource == resource else time.monotonic()
        self._show(account, Work(STEPS["extract"], begun, resource, pages, rows))

    def model(self, number: int, count: int, name: str) -> None:
        """A model is about to be built."""
        begun = self._work[""].begun if "" in self._work else time.monotonic()
        self._show("", Work(f"model {number} of {count}: {name}", begun))

    def log(self, level: str, message: str) -> None:
        """What a library has to say. What it waits for is seen on a terminal only, and passes."""
        account = account_at_work.get()
        self._emit("log", {"level": level, "account": account, "message": message})
        if level != "info":
            self.say(f"  {account + ': ' if account else ''}{message}", style="yellow")
        elif work := self._work.get(account or ""):
            work.waits = self.redactor.clean(message)

    @property
    def _is_seen(self) -> bool:
        """Whether lines may move: on a terminal."""
        return self.log_format == "human" and self.console.is_terminal

    def _show(self, who: str, work: Work) -> None:
        """Has it in the lines that move, where there is a terminal for them."""
        with self._changing:
            self._work[who] = work
            if self._live is None and self._is_seen:
                self._live = Live(
                    console=self.console, get_renderable=self._lines, refresh_per_second=4, transient=True
                )
                self._live.start()

    def _lines(self) -> Group:
        """A line for each that is at work, cut where the screen ends."""
        now = time.monotonic()
        with self._changing:
            lines = [
                f"{who + ': ' if who else ''}{one.words(now)}" for who, one in sorted(self._work.items())
            ]
        return Group(*(Text(line, no_wrap=True, overflow="ellipsis") for line in lines))

    def resource(self, row: dict[str, Any]) -> None:
        """One resource has been read and loaded, or could not be."""
        self._emit("resource", row)
        self._work.pop(row["account"], None)
        if self.log_format == "json":
            return
        if row["status"] != "ok" and row["error_message"] not in self._said:
            self._said.add(row["error_message"])  # one error stops all of an account's resources
            self.say(row["error_message"], style="red" if row["status"] == "failed" else "yellow")

    def built(self, build: "Build") -> None:
        """The models stand and have passed their tests: people read of it when the command is over."""

    def unread(self, words: str, facts: dict[str, Any]) -> None:
        """Something the provider says cannot be used."""
        self._emit("unread", {**facts, "message": words})
        self.say(words, style="yellow")

    def finish(self, exit_code: int, **facts: Any) -> None:
        """The command's work is over."""
        self.pause()
        self._emit("finished", {"exit_code": exit_code, **facts})

    def fail(self, message: str) -> None:
        """The command cannot go on."""
        self.pause()
        self._emit("error", {"message": message})
        for line in message.splitlines():
            self.say(line, style="red")

    def say(self, words: str, style: str = "") -> None:
        """One line for people."""
        if self.log_format == "human":
            prose(self.console, Text(self.redactor.clean(words), style=style))

    def pause(self) -> None:
        """Takes the moving lines away."""
        with self._changing:
            live, self._live = self._live, None
            self._work.clear()
        if live is not None:
            live.stop()

    def _emit(self, event: str, facts: dict[str, Any]) -> None:
        if self.log_format != "json":
            return
        line = {"at": datetime.now(UTC).isoformat(), "event": event, "run_id": self._run_id, **facts}
        line = {name: value for name, value in line.items() if value is not None}
        text = json.dumps(self.redactor.clean_all(line), default=str, ensure_ascii=False)
        sys.stderr.write(f"{text}\n")
        sys.stderr.flush()


class ReporterHandler(logging.Handler):
    """Hands the log records of the sources to the reporter."""

    def __init__(self, reporter: Reporter) -> None:
        super().__init__(logging.INFO)
        self._reporter = reporter

    def emit(self, record: logging.LogRecord) -> None:
        """One log record as a line."""
        self._reporter.log(record.levelname.lower(), record.getMessage())


def route_logs(reporter: Reporter) -> None:
    """Sends what our libraries log through the reporter, and nothing anywhere else."""
    logger = logging.getLogger("sources")
    logger.handlers = [ReporterHandler(reporter)]
    logger.setLevel(logging.INFO)
    logger.propagate = False
    logging.raiseExceptions = False  # a full disk would print a traceback for every line of dbt's log
