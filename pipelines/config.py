"""What the user configured, read through dlt's own providers and checked before anything is asked.

Values come from environment variables, `.dlt/secrets.toml`, `.dlt/config.toml` and dlt's vaults, in dlt's
order. A key that nobody knows is an error: a misspelt setting must not silently do nothing.
"""

import difflib
import json
import os
import re
import zoneinfo
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import dlt
from dlt.common.configuration.providers.provider import ConfigProvider
from dlt.common.configuration.providers.toml import TomlProviderReadException
from dlt.common.runtime.run_context import switch_context

from pipelines.errors import ConfigurationError
from pipelines.registry import PROVIDERS, Provider
from sources._shared.settings import Resource, Setting

STOCKTAKE_KEYS = {
    "home": "where the working database, releases and logs live; relative to the folder of .dlt",
    "sweep_every": 'how often every resource is read whole, such as "24h"; "0" for every run',
    "overlap": 'how far before its mark a read starts, such as "10m"',
    "sweep_floor": "share of the known rows a sweep must bring before it may retire the rest, 0 to 1",
    "keep_releases": "how many published releases are kept",
    "serve_path": "the published folder's path as BI sees it, where that differs (a container's mount)",
    "accounts_at_once": "how many accounts are read side by side",
}
NOTIFY_KEYS = {
    "webhook": "the address that is told what fails, what grows old and what is well again",
    "form": 'the form of what it is told: "json", or "slack"',
    "stale_after": 'how long a resource may go unread before that is told, such as "6h"',
    "heartbeat": "the address that is asked after every success",
}
DLT_TABLES = {
    "runtime", "extract", "normalize", "load", "data_writer", "destination", "sources", "schema",
    "normalizer", "providers", "pipelines", "run", "workspace",
}  # fmt: skip
"""Tables of config.toml that belong to dlt."""

OUR_TABLES = ("stocktake", "accounts", "notify")

_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


@dataclass(frozen=True)
class Account:
    """One configured account."""

    name: str
    provider: Provider
    settings: Mapping[str, Any] = field(repr=False)
    """Checked values by key, secrets included."""

    @property
    def public_settings(self) -> dict[str, Any]:
        """The settings that are no secrets."""
        return {
            setting.name: self.settings[setting.name]
            for setting in self.provider.settings
            if not setting.secret and setting.name in self.settings
        }

    @property
    def resources(self) -> tuple[Resource, ...]:
        """What this account is asked for: all its provider has, except what it must ask for and does not."""
        return tuple(
            resource
            for resource in self.provider.resources
            if resource.only_if is None or list(self.settings.get(resource.only_if, ["none"])) != ["none"]
        )

    @property
    def secrets(self) -> list[str]:
        """The values that must appear nowhere."""
        return [
            str(self.settings[setting.name])
            for setting in self.provider.settings
            if setting.secret and self.settings.get(setting.name)
        ]


@dataclass(frozen=True)
class Notify:
    """Who is told what becomes of a command, by pipelines/notify.py."""

    webhook: str | None = field(default=None, repr=False)
    form: str = "json"
    stale_after: timedelta | None = None
    heartbeat: str | None = field(default=None, repr=False)

    @property
    def secrets(self) -> list[str]:
        """Whoever knows such an address may write to it."""
        return [address for address in (self.webhook, self.heartbeat) if address]


@dataclass(frozen=True)
class Config:
    """Everything the user configured."""

    folder: Path
    home: Path
    accounts: Mapping[str, Account]
    sweep_every: timedelta = timedelta(hours=24)
    overlap: timedelta = timedelta(minutes=10)
    sweep_floor: float = 0.8
    keep_releases: int = 5
    serve_path: str | None = None
    accounts_at_once: int = 4
    notify: Notify = Notify()

    @property
    def database(self) -> Path:
        """The working database. Nobody but a run opens it."""
        return self.home / "working.duckdb"

    @property
    def published(self) -> Path:
        """The folder BI reads."""
        return self.home / "published"

    def choose(self, accounts: Iterable[str], providers: Iterable[str]) -> list[Account]:
        """The accounts a command is about: those named, those of the named providers, or all.

        Raises:
            ConfigurationError: a name that is not configured.
        """
        names, kinds = list(accounts), list(providers)
        for name in names:
            if name not in self.accounts:
                raise ConfigurationError(f"--account {name}: {_unknown(name, self.accounts, 'accounts')}")
        for kind in kinds:
            if kind not in PROVIDERS:
                raise ConfigurationError(f"--provider {kind}: {_unknown(kind, PROVIDERS, 'providers')}")
        chosen = [
            account
            for account in self.accounts.values()
            if (not names and not kinds) or account.name in names or account.provider.name in kinds
        ]
        if not chosen:
            raise ConfigurationError(
                f"No account is configured{' for ' + ', '.join(kinds) if kinds else ''}. Add one under"
                f" [accounts.<name>] in .dlt/config.toml; .dlt/example.secrets.toml shows how."
            )
        return chosen


def load_config(folder: Path) -> Config:
    """Reads and checks the configuration of a folder that holds a `.dlt/`.

    Raises:
        ConfigurationError: names the account, the key and the places looked in. No request was made.
    """
    folder = folder.resolve()
    if not (folder / ".dlt").is_dir():
        raise ConfigurationError(
            f"{folder}: there is no .dlt folder here. Run stocktake where .dlt/config.toml is, or try"
            " stocktake demo, which needs none."
        )
    _quiet_dlt()
    try:
        switch_context(str(folder))
    except TomlProviderReadException as error:
        raise ConfigurationError(f"{folder / '.dlt'}: a file cannot be read as TOML. {error}") from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(
            f"{folder / '.dlt'}: a file cannot be read ({error}). It must be UTF-8, and this user's to read."
        ) from None
    documents = _documents()
    _check_tables(documents)
    own = _own_settings(documents)
    accounts = {name: _account(name, documents) for name in _account_names(documents)}
    home = folder / own.pop("home", "warehouse")
    return Config(folder=folder, home=home, accounts=accounts, notify=_notify(documents), **own)


def _quiet_dlt() -> None:
    """dlt's own defaults where they do not suit us; whoever sets them in the environment is obeyed."""
    for name, value in {
        "RUNTIME__DLTHUB_TELEMETRY": "false",
        # One resource after the other: a cursor that waits for its turn among others dies.
        "EXTRACT__NEXT_ITEM_MODE": "fifo",
        "NORMALIZE__PARQUET_NORMALIZER__ADD_DLT_LOAD_ID": "true",
        "RUNTIME__LOG_LEVEL": "CRITICAL",
    }.items():
        os.environ.setdefault(name, value)


def _documents() -> list[tuple[str, Mapping[str, Any]]]:
    """The TOML documents dlt reads, the first one deciding, with a name for messages."""
    found = []
    for provider in dlt.config.config_providers:
        document = _document(provider)
        if document:
            found.append((provider.name, document))
    return found


def _document(provider: ConfigProvider) -> Mapping[str, Any]:
    document = getattr(provider, "_config_doc", None)
    return document if isinstance(document, Mapping) else {}


def _check_tables(documents: list[tuple[str, Mapping[str, Any]]]) -> None:
    known = {*OUR_TABLES, *DLT_TABLES}
    for place, document in documents:
        for table in document:
            if table in OUR_TABLES and not isinstance(document[table], Mapping):
                raise ConfigurationError(
                    f"{place}: {table} is a value where a table should be. Write [{table}]."
                )
            if table not in known and difflib.get_close_matches(table, OUR_TABLES, cutoff=0.6):
                raise ConfigurationError(f"{place}: [{table}]: {_unknown(table, known, 'tables')}")


def _own_settings(documents: list[tuple[str, Mapping[str, Any]]]) -> dict[str, Any]:
    _check_keys("stocktake", STOCKTAKE_KEYS, documents, prefix="STOCKTAKE__")
    values: dict[str, Any] = {}
    for key in STOCKTAKE_KEYS:
        value = dlt.config.get(f"stocktake.{key}", Any)
        if value is not None:
            values[key] = _own_value(key, value)
    return values


def _own_value(key: str, value: Any) -> Any:
    where = f"stocktake.{key}"
    try:
        if key in ("sweep_every", "overlap"):
            return _duration(value)
        if key == "sweep_floor":
            share = float(value)
            if 0 <= share <= 1:
                return share
            raise ValueError
        if key in ("keep_releases", "accounts_at_once"):
            number = int(str(value))
            if number >= 1:
                return number
            raise ValueError
        if not isinstance(value, str):
            raise ValueError
    except ValueError:
        raise ConfigurationError(
            f"{where}: {value!r} does not fit. It is {STOCKTAKE_KEYS[key]}. Correct it in .dlt/config.toml."
        ) from None
    return str(value)


def _notify(documents: list[tuple[str, Mapping[str, Any]]]) -> Notify:
    _check_keys("notify", NOTIFY_KEYS, documents, prefix="NOTIFY__")
    found: dict[str, Any] = {key: dlt.config.get(f"notify.{key}", Any) for key in NOTIFY_KEYS}
    values = {key: value for key, value in found.items() if value not in (None, "")}
    for key, value in values.items():
        try:
            values[key] = _notify_value(key, value)
        except ValueError:
            shown = "what is written" if key in ("webhook", "heartbeat") else repr(value)
            raise ConfigurationError(
                f"notify.{key}: {shown} does not fit. It is {NOTIFY_KEYS[key]}."
                " Correct it in .dlt/config.toml or .dlt/secrets.toml."
            ) from None
        if key in ("form", "stale_after") and "webhook" not in values:
            raise ConfigurationError(f"notify.{key} says nothing without notify.webhook: give that one too.")
    return Notify(**values)


def _notify_value(key: str, value: Any) -> Any:
    if key == "stale_after" and _duration(value):
        return _duration(value)
    if key == "form" and value in ("json", "slack"):
        return value
    if key in ("webhook", "heartbeat") and re.fullmatch(r"https?://[^\s/?#@]+[^\s#]*", str(value)):
        return str(value)
    raise ValueError


def _duration(value: Any) -> timedelta:
    match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([smhd]?)", str(value).strip())
    if match is None or (not match[2] and float(match[1]) != 0):
        raise ValueError(value)
    return timedelta(**{_UNITS[match[2] or "s"]: float(match[1])})


def _account_names(documents: list[tuple[str, Mapping[str, Any]]]) -> list[str]:
    names: dict[str, None] = {}
    for place, document in documents:
        tables = document.get("accounts", {})
        for name, table in tables.items():
            if not isinstance(table, Mapping):
                raise ConfigurationError(
                    f"{place}: accounts.{name} is a value where a table should be. Write [accounts.{name}]."
                )
            names[name] = None
    for variable in os.environ:
        if match := re.fullmatch(r"ACCOUNTS__([A-Z][A-Z0-9_]*?)__PROVIDER", variable):
            names[match[1].lower()] = None
    for name in names:
        if not re.fullmatch(r"[a-z][a-z0-9_]*", name) or "__" in name:
            raise ConfigurationError(
                f"accounts.{name}: an account's name has lower-case letters, digits and single underscores"
                " only. Rename it."
            )
    return sorted(names)


def _account(name: str, documents: list[tuple[str, Mapping[str, Any]]]) -> Account:
    kind = dlt.config.get(f"accounts.{name}.provider", str)
    if kind is None:
        raise ConfigurationError(_missing(name, "provider", f"One of {', '.join(PROVIDERS)}."))
    provider = PROVIDERS.get(str(kind))
    if provider is None:
        raise ConfigurationError(f"accounts.{name}.provider: {_unknown(str(kind), PROVIDERS, 'providers')}")
    keys = {"provider": "the provider's name", **{s.name: s.help for s in provider.settings}}
    _check_keys(f"accounts.{name}", keys, documents, prefix=f"ACCOUNTS__{name.upper()}__")
    values: dict[str, Any] = {}
    for setting in provider.settings:
        value: Any = dlt.config.get(f"accounts.{name}.{setting.name}", Any)
        if value is None or value == "":
            value = setting.default
        if value is not None:
            values[setting.name] = _checked(name, setting, value)
    for setting in provider.settings:
        stand_in = setting.instead_of and all(other in values for other in setting.instead_of)
        if setting.required and setting.name not in values and not stand_in:
            raise ConfigurationError(_missing(name, setting.name, setting.help))
    return Account(name, provider, values)


def _checked(account: str, setting: Setting, value: Any) -> Any:
    where = f"accounts.{account}.{setting.name}"
    if setting.kind == "list":
        items = _split(value) if isinstance(value, str) else value
        if isinstance(items, (list, tuple)):
            return [str(item).strip() for item in items if str(item).strip()]
        raise ConfigurationError(f'{where} is a list of texts, such as ["A", "B"]. {setting.help}')
    if setting.kind == "number":
        return _number(where, setting, value)
    if not isinstance(value, str):
        raise ConfigurationError(f"{where} is a text; write it in quotes. {setting.help}")
    value = value.strip()
    if setting.kind == "zone":
        return _zone(where, setting, value)
    if setting.kind == "choice" and value not in setting.choices:
        raise ConfigurationError(f"{where}: {_unknown(value, setting.choices, 'values')}")
    if setting.kind == "url" and not re.fullmatch(r"https?://[^\s/?#@]+(/[^\s?#]*)?", value):
        raise ConfigurationError(
            f"{where}: this is no address. It starts with https:// and holds no user, query or blank."
            f" {setting.help}"
        )
    return value


def _split(text: str) -> Any:
    """A list in one text, as an environment variable has it: with commas, or as JSON."""
    if not text.lstrip().startswith("["):
        return text.split(",")
    try:
        return json.loads(text)
    except ValueError:
        return None


def _number(where: str, setting: Setting, value: Any) -> float:
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = 0.0
    if not 0 < number < float("inf"):
        raise ConfigurationError(f"{where}: {value!r} is no number above 0. {setting.help}")
    return number


def _zone(where: str, setting: Setting, value: str) -> str:
    known = zoneinfo.available_timezones()
    if value not in known:
        close = difflib.get_close_matches(value, known, n=1)
        hint = f" Did you mean {close[0]}?" if close else ""
        raise ConfigurationError(f"{where}: {value!r} is no IANA time zone.{hint} {setting.help}")
    return value


def _check_keys(
    path: str,
    known: Mapping[str, str],
    documents: list[tuple[str, Mapping[str, Any]]],
    *,
    prefix: str,
) -> None:
    for place, document in documents:
        table: Any = document
        for part in path.split("."):
            table = table.get(part, {}) if isinstance(table, Mapping) else {}
        for key in table:
            if key not in known:
                raise ConfigurationError(f"{place}: {path}.{key}: {_unknown(key, known, 'keys')}")
    for variable in os.environ:
        key = variable.removeprefix(prefix).lower()
        if variable.startswith(prefix) and "__" not in key and key not in known:
            raise ConfigurationError(f"environment: {variable}: {_unknown(key, known, 'keys')}")


def _unknown(word: str, known: Iterable[str], kind: str) -> str:
    names = sorted(known)
    close = difflib.get_close_matches(word, names, n=1)
    hint = f"Did you mean {close[0]}?" if close else f"Known {kind}: {', '.join(names) or 'none'}."
    return f"{word!r} is not known. {hint}"


def _missing(account: str, key: str, help_text: str) -> str:
    variable = f"ACCOUNTS__{account.upper()}__{key.upper()}"
    return (
        f"accounts.{account}.{key} is missing. Looked in the environment ({variable}), .dlt/secrets.toml and"
        f" .dlt/config.toml under [accounts.{account}]. {help_text}"
    )
