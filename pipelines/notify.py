"""`[notify]`: whoever is not looking is told what fails, what has grown old, and what is well again.

Each thing is told once when it begins and once when it ends; what was told stands in `<home>/notify.json`.
Nothing in here changes what a command does or how it ends: what cannot be sent is one line, and is sent after
the next command.
"""

import json
import socket
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any, TypeVar

import pendulum

from pipelines.config import Config
from pipelines.errors import Exit, LockedError, words_of
from pipelines.files import write_whole
from pipelines.log import Reporter
from pipelines.run import RunResult
from pipelines.view import short_instant

LONGEST_WAIT = 5.0
"""Seconds for each step of a message's way; nothing is tried twice."""
MOST_NAMED = 20
"""Things that one message names; of more it says how many."""
HEADINGS = {"failing": "Failed", "stale": "Old numbers", "recovered": "Well again"}

Things = dict[str, str]
"""What is wrong: a sentence, by a name that stays the same while it is wrong."""

Result = TypeVar("Result")


def watched(config: Config, command: str, reporter: Reporter, work: Callable[[], Result]) -> Result:
    """Does a command's work, and tells what became of it."""
    if not config.notify.secrets:
        return work()
    for secret in config.notify.secrets:
        reporter.redactor.hide(secret)
    own = f"stocktake {command}"
    try:
        result = work()
    except LockedError:
        raise  # another command is at work, and will tell
    except Exception as error:
        _tell(config, reporter, {own: words_of(error)}, set())
        raise
    run = result if isinstance(result, RunResult) else None
    rows = [row for account in run.accounts for row in account.rows] if run else []
    wrong = {_name(row): str(row["error_message"]) for row in rows if row["status"] != "ok"}
    _tell(config, reporter, wrong, {own, *map(_name, rows)} - wrong.keys())
    if config.notify.heartbeat and run and run.exit_code is Exit.DONE and run.release:
        _send(reporter, "heartbeat", "GET", config.notify.heartbeat)
    return result


def _name(row: Mapping[str, Any]) -> str:
    return f"{row['account']}: {row['resource']}"


def _tell(config: Config, reporter: Reporter, wrong: Things, well: set[str]) -> None:
    """Sends what is new, and remembers what has been sent."""
    if not config.notify.webhook:
        return
    told = _told(config)
    failing = {name: words for name, words in told["failing"].items() if name not in well} | wrong
    stale = _stale(config)
    news = {
        "failing": _new(failing, told["failing"]),
        "stale": _new(stale, told["stale"]),
        "recovered": _new(told["failing"], failing) | _new(told["stale"], stale),
    }
    if any(news.values()):
        message = reporter.redactor.clean_all(_message(config, news))
        message["text"] = "\n".join(message["text"])  # to be clean, a line has no end
        body = {"text": _for_slack(message["text"])} if config.notify.form == "slack" else message
        if not _send(reporter, "webhook", "POST", config.notify.webhook, json=body):
            return
    try:
        write_whole(config.home / "notify.json", json.dumps({"failing": failing, "stale": stale}))
    except OSError as error:  # the home is full, or not there: that was told
        reporter.say(f"notify.json could not be written: {words_of(error)}", style="yellow")


def _new(now: Things, before: Things) -> Things:
    return {name: words for name, words in now.items() if name not in before}


def _told(config: Config) -> dict[str, Things]:
    """What was told last, of accounts that are still configured."""
    try:
        told = json.loads((config.home / "notify.json").read_text(encoding="utf-8"))
        return {
            kind: {n: w for n, w in told[kind].items() if _is_ours(config, n)}
            for kind in ("failing", "stale")
        }
    except (OSError, ValueError, LookupError, TypeError, AttributeError):
        return {"failing": {}, "stale": {}}  # then what is wrong is told once more


def _is_ours(config: Config, name: str) -> bool:
    return name.startswith("stocktake ") or name.partition(":")[0] in config.accounts


def _stale(config: Config) -> Things:
    """What has not been read for longer than `stale_after`; status.json knows when each was."""
    if config.notify.stale_after is None:
        return {}
    try:
        rows = json.loads((config.home / "status.json").read_text(encoding="utf-8"))["resources"]
    except (OSError, ValueError, LookupError):
        return {}
    oldest = pendulum.now("UTC") - config.notify.stale_after
    return {
        _name(row): f"last read {short_instant(row['last_success'])}"
        for row in rows
        if row["account"] in config.accounts
        and (row["last_success"] is None or datetime.fromisoformat(row["last_success"]) < oldest)
    }


def _message(config: Config, news: Mapping[str, Things]) -> dict[str, Any]:
    """The message as JSON; `text` says the same in lines of words."""
    where = f"{config.folder.name} on {socket.gethostname()}"
    lines = [f"Stocktake, {where}"]
    for kind, things in news.items():
        lines += [f"{HEADINGS[kind]}: {sentence}" for sentence in _sentences(kind, things)]
    if len(lines) > MOST_NAMED + 1:
        lines[MOST_NAMED + 1 :] = [f"… and {len(lines) - MOST_NAMED - 1} more: stocktake status."]
    event = next(kind for kind, things in news.items() if things)
    return {
        "event": {"failing": "failure", "stale": "staleness", "recovered": "recovery"}[event],
        "project": config.folder.name,
        "host": socket.gethostname(),
        "at": pendulum.now("UTC").isoformat(),
        **{
            kind: [{"name": name, "message": words} for name, words in things.items()]
            for kind, things in news.items()
        },
        "text": lines,
    }


def _sentences(kind: str, things: Things) -> Iterator[str]:
    """One for each thing; what one error stopped, such as all of an account, is one sentence."""
    if kind == "recovered":
        yield from things
        return
    names: dict[str, list[str]] = defaultdict(list)
    for name, words in things.items():
        names[words].append(name)
    for words, stopped in names.items():
        said = [name for name in stopped if words.startswith(name)]
        others = [name for name in stopped if name not in said]
        if said:
            yield f"{words} The same: {', '.join(others)}." if others else words
        else:
            yield from (f"{name}: {words}" for name in others)


def _for_slack(text: str) -> str:
    """Nothing that a provider wrote becomes a link, or calls a channel."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _send(reporter: Reporter, what: str, method: str, url: str, **content: Any) -> bool:
    """Whether it got there; where it did not, says so."""
    import httpx

    from sources._shared.http import USER_AGENT

    try:
        answer = httpx.request(
            method, url, headers={"User-Agent": USER_AGENT}, timeout=LONGEST_WAIT, **content
        )
        trouble = None if answer.is_success else f"the answer was {answer.status_code}"
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        trouble = words_of(error).rstrip(".")
    if trouble is not None:
        reporter.say(
            f"notify.{what} could not be sent: {trouble}. The command's result is unchanged.", style="yellow"
        )
    return trouble is None
