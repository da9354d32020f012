"""`stocktake doctor`: what stands in the way of the next run, and what to do about it.

It only reads: one cheap call for each thing an account is asked for, and a look at what lies around them. The
working database is opened only while nobody else can want it.
"""

import os
import shutil
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

import duckdb
from filelock import FileLock, Timeout
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from rich.console import Console
from rich.table import Table
from rich.text import Text

from pipelines.accounts import Account
from pipelines.config import Config
from pipelines.errors import CommandError, Exit
from pipelines.lock import holder_of, is_locked
from pipelines.pending import pending_packages
from pipelines.release import current_release
from pipelines.spark_settings import Spark
from pipelines.view import prose
from pipelines.warehouse import cannot_open, refuse_newer
from sources._shared.checks import Finding, Level, ok
from sources._shared.redaction import Redactor

LEAST_FREE = 1024**3
"""Bytes. A first load of a large account and its build need about as much."""
ENGINES = ("dlt", "duckdb", "dbt-core", "dbt-duckdb")
"""What the results depend on most: other versions of these than ours are untried."""
STYLES: dict[Level, str] = {"ok": "green", "warning": "yellow", "error": "red"}
HERE = "(this machine)"


@dataclass(frozen=True)
class Diagnosis:
    """What was found, around the accounts and in each."""

    around: Sequence[Finding]
    accounts: dict[str, Sequence[Finding]]
    then: str = ""
    """What to do next, in words."""

    @property
    def exit_code(self) -> Exit:
        """Failed where anything has to be mended before a run can do its work."""
        return Exit.FAILED if any(one.level == "error" for _, one in self._all()) else Exit.DONE

    def as_dict(self) -> dict[str, Any]:
        """The findings for machines; those around the accounts have no account."""
        return {
            "findings": [
                {"account": account, "check": one.check, "level": one.level, "message": one.message}
                for account, one in self._all()
            ]
        }

    def print(self, console: Console, redactor: Redactor) -> None:
        """The findings for people: how many of each, then a line for each."""
        groups = {HERE: self.around, **self.accounts} if self.around else self.accounts
        table = Table(box=None, pad_edge=False, header_style="bold")
        table.add_column("account")
        for level in STYLES:
            table.add_column(level, justify="right")
        for account, findings in groups.items():
            counts = [sum(one.level == level for one in findings) for level in STYLES]
            cells = (_count(n, style) for n, style in zip(counts, STYLES.values(), strict=True))
            table.add_row(account, *cells)
        console.print(table)
        for account, findings in groups.items():
            for one in findings:
                words = Text(f"{one.level:<8}", style=STYLES[one.level])
                words.append(redactor.clean(f"{account}: {one.check}: {one.message}"), style="default")
                prose(console, words)
        if self.then:
            prose(console, self.then)

    def _all(self) -> Iterator[tuple[str | None, Finding]]:
        yield from ((None, finding) for finding in self.around)
        for account, findings in self.accounts.items():
            yield from ((account, finding) for finding in findings)


def diagnose(config: Config, accounts: Sequence[Account]) -> Diagnosis:
    """Looks around, and asks the accounts side by side. One account's trouble never hides another's."""
    around = list(_around(config, accounts))
    workers = max(1, min(config.accounts_at_once, len(accounts)))
    with ThreadPoolExecutor(workers, thread_name_prefix="account") as pool:
        found = pool.map(_examine, accounts)
        return Diagnosis(around, {account.name: one for account, one in zip(accounts, found, strict=True)})


def ask_account(account: Account) -> Diagnosis:
    """Asks one account, whatever lies around it."""
    return Diagnosis((), {account.name: _examine(account)})


def _count(number: int, style: str) -> Text:
    return Text(str(number), style=style if number else "dim")


def _examine(account: Account) -> list[Finding]:
    found: list[Finding] = []
    try:
        found += account.provider.checks(**account.settings)
    except Exception as error:
        words = Redactor(*account.secrets).clean(f"{type(error).__name__}: {error}")
        message = f"The checks broke off: {words}. This is likely a fault in Stocktake: please report it."
        found.append(Finding("checks", "error", message))
    return found


def _around(config: Config, accounts: Sequence[Account]) -> Iterator[Finding]:
    count = len(config.accounts)
    yield ok("configuration", f"Is complete; {count} account{'s' if count != 1 else ''}.")
    yield from _versions()
    if config.iceberg is not None:
        yield from _versions(extra="iceberg")
    if config.spark is not None:
        yield from _spark(config.spark, config.home / "logs" / "spark.log")
    home = _home(config.home)
    yield home
    if home.level == "error":
        return
    yield _disk(config.home)
    yield _lock(config.home)
    yield _database(config)
    yield from _pending(config, accounts)
    yield _release(config)


def _home(home: Path) -> Finding:
    place = _nearest(home)
    if not place.is_dir():
        return Finding(
            "home", "error", f"{place} is not a folder. Set stocktake.home to one, or move that file away."
        )
    if not os.access(place, os.W_OK | os.X_OK):
        message = f"{place} cannot be written to. Give this user the right to, or set stocktake.home."
        return Finding("home", "error", message)
    return ok("home", f"{home} can be written to." if place == home else f"{home} will be made.")


def _disk(home: Path) -> Finding:
    free = shutil.disk_usage(_nearest(home)).free
    words = f"{free / LEAST_FREE:.1f} GiB are free for {home}."
    if free < LEAST_FREE:
        return Finding("disk", "warning", f"Only {words} A run may fill them: make room, or move home.")
    return ok("disk", words)


def _lock(home: Path) -> Finding:
    holder = holder_of(home)
    if is_locked(home):
        return ok("lock", f"A run is at work: {_words(holder)}.")
    if holder is not None:
        return ok("lock", f"The last run died: {_words(holder)}. The next run finishes its work.")
    return ok("lock", "Free.")


def _words(holder: dict[str, Any] | None) -> str:
    facts = holder or {}
    return (
        f"stocktake {facts.get('command', '?')}, process {facts.get('pid', '?')} on {facts.get('host', '?')},"
        f" since {facts.get('since', '?')}"
    )


def _spark(spark: Spark, log: Path) -> Iterator[Finding]:
    """Whether its packages are there, and it answers."""
    packages = list(_versions(extra=spark.extra))
    yield from packages
    if all(one.level == "ok" for one in packages):
        from pipelines.spark_session import connected

        try:
            with connected(spark, log) as session:
                yield ok("spark", f"{spark.host} answers, version {session.version}.")
        except CommandError as error:
            yield Finding("spark", "error", str(error))


def _versions(extra: str | None = None) -> Iterator[Finding]:
    """Whether what is installed is what we were tried with.

    Args:
        extra: look at all packages of this one, instead of at the engines of every installation.
    """
    wanted = {} if extra else {"Python": SpecifierSet(metadata.metadata("stocktake")["Requires-Python"])}
    for requirement in map(Requirement, metadata.requires("stocktake") or ()):
        if requirement.marker is None:
            is_asked = extra is None and requirement.name in ENGINES
        else:
            is_asked = extra is not None and requirement.marker.evaluate({"extra": extra})
        if is_asked:
            wanted[requirement.name] = requirement.specifier
    for name, versions in wanted.items():
        try:
            installed = "{}.{}.{}".format(*sys.version_info) if name == "Python" else metadata.version(name)
        except metadata.PackageNotFoundError:
            yield Finding("versions", "error", f"{name} is not installed. Install {name}{versions}.")
            continue
        if versions.contains(installed, prereleases=True):
            yield ok("versions", f"{name} {installed} is within {versions}.")
        else:
            message = f"{name} {installed} is outside {versions}, the range Stocktake is made for."
            yield Finding("versions", "error", f"{message} Install a version within it.")


def _database(config: Config) -> Finding:
    """Whether the working file opens. With the lock held for as long, so that it stands in no run's way."""
    path = config.database
    if not path.exists():
        if config.spark and not config.accounts:
            return ok("database", "Nothing has been built yet. Run stocktake build.")
        return ok("database", "Nothing has been loaded yet. Run stocktake run.")
    lock = FileLock(config.home / "run.lock")
    try:
        with lock.acquire(timeout=0), duckdb.connect(str(path), read_only=True) as connection:
            refuse_newer(path, connection)
            return ok("database", f"{path} opens.")
    except Timeout:
        return ok("database", f"{path} is in use by a run, so it was not checked.")
    except CommandError as error:
        return Finding("database", "error", str(error))
    except OSError as error:
        return Finding("database", "error", f"{path} cannot be locked: {error}. Check who may write there.")
    except duckdb.Error as error:
        return Finding("database", "error", cannot_open(path, error))


def _pending(config: Config, accounts: Sequence[Account]) -> Iterator[Finding]:
    waiting = {account.name: pending_packages(config, account.name) for account in accounts}
    for name, count in waiting.items():
        if count:
            are = f"{count} load packages wait" if count > 1 else "1 load package waits"
            yield ok("pending", f"{name}: {are}; the next run loads what is there first.")
    if not any(waiting.values()):
        yield ok("pending", "No load package waits.")


def _release(config: Config) -> Finding:
    try:
        release = current_release(config.published)
    except CommandError as error:
        return Finding("release", "error", str(error))
    if release is None:
        return ok("release", "Nothing is published yet.")
    missing = [table for table in release.tables if not release.file(table).is_file()]
    missing += [] if release.has_parts() else list(release.parts)
    if missing:
        message = f"{release.name} lacks files: {', '.join(missing)}. Run stocktake publish."
        return Finding("release", "error", message)
    return ok("release", f"BI reads {release.name}, {len(release.columns)} tables.")


def _nearest(path: Path) -> Path:
    """The path, or the nearest folder above it that is there."""
    return next(place for place in (path, *path.parents) if place.exists())
