"""What a command says while it works: lines for people, one JSON object per line for machines.

Both go to standard error; standard output is for the result.
"""

import json
import logging
import sys
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any, Literal

from rich.console import Console
from rich.status import Status
from rich.text import Text

from sources._shared.redaction import Redactor

LogFormat = Literal["human", "json"]

STEPS = {
    "drain": "finishing what an earlier run left",
    "extract": "asking",
    "normalize": "packing",
    "load": "loading",
    "ship": "shipping what changed into the lake",
    "build": "building and testing the models",
    "publish": "publishing",
}

account_at_work: ContextVar[str | None] = ContextVar("account_at_work", default=None)
"""Whose work this thread does: libraries log without knowing."""


class Reporter:
    """Says what happens. Thread-safe: accounts are read side by side."""

    def __init__(self, log_format: LogFormat = "human", redactor: Redactor | None = None) -> None:
        self.log_format = log_format
        self.redactor = redactor or Redactor()
        self.console = Console(stderr=True, highlight=False, soft_wrap=True)
        self._status: Status | None = None
        self._run_id: str | None = None
        self._said: set[str] = set()

    def start(self, run_id: str, command: str) -> None:
        """A command begins its work."""
        self._run_id = run_id
        self._emit("started", {"command": command})

    def step(self, step: str, account: str | None = None) -> None:
        """A step of the run begins; `step` is one of STEPS."""
        self._emit("step", {"step": step, "account": account})
        self._show(f"{account + ': ' if account else ''}{STEPS[step]}")

    def log(self, level: str, message: str) -> None:
        """What a library has to say. What it is busy with is seen on a terminal only, and passes."""
        account = account_at_work.get()
        self._emit("log", {"level": level, "account": account, "message": message})
        words = f"{account + ': ' if account else ''}{message}"
        if level == "info":
            self._show(self.redactor.clean(words))
        else:
            self.say(f"  {words}", style="yellow")

    def _show(self, words: str) -> None:
        """Says it in the line that moves, where there is a terminal for it."""
        if self.log_format == "human" and self.console.is_terminal:
            if self._status is None:
                self._status = self.console.status(words)
                self._status.start()
            else:
                self._status.update(words)

    def resource(self, row: dict[str, Any]) -> None:
        """One resource has been read and loaded, or could not be."""
        self._emit("resource", row)
        if self.log_format == "json":
            return
        if row["status"] != "ok" and row["error_message"] not in self._said:
            self._said.add(row["error_message"])  # one error stops all of an account's resources
            self.say(row["error_message"], style="red" if row["status"] == "failed" else "yellow")

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
            self.console.print(Text(self.redactor.clean(words), style=style))

    def pause(self) -> None:
        """Takes the moving line away."""
        if self._status is not None:
            self._status.stop()
            self._status = None

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
