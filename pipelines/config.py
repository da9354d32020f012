"""What the user configured, read through dlt's own providers and checked before anything is asked.

Values come from environment variables, `.dlt/secrets.toml`, `.dlt/config.toml` and dlt's vaults, in dlt's
order. A key that nobody knows is an error: a misspelt setting must not silently do nothing.
"""

import difflib
import json
import os
import re
import sys
import tempfile
import tomllib
import zoneinfo
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from pipelines.errors import ConfigurationError, words_of
from pipelines.matches import Match, read_matches
from pipelines.registry import PROVIDERS, Provider
from sources._shared.options import ReadOptions
from sources._shared.settings import Resource, Setting

STOCKTAKE_KEYS = {
    "home": "where the working database, releases and logs live; relative to the folder of .dlt",
    "sweep_every": 'how often every resource is read whole, such as "24h"; "0" for every run',
    "overlap": 'how far before its mark a read starts, such as "10m"',
    "memory_limit": 'how much memory DuckDB may take, such as "4GB"; then it goes to the disk',
    "sweep_floor": "the share of the known rows a sweep must bring before it may retire the rest, 0 to 1",
    "keep_releases": "how many published releases are kept",
    "serve_path": "the published folder's path as BI sees it, where that differs (a container's mount)",
    "accounts_at_once": "how many accounts are read side by side",
    "lake": "the folder or bucket that stocktake ship puts raw versions into, for one build over many homes",
    "ship": "whether every run ships too: true or false",
    "engine": 'what builds the models: "duckdb", or "spark" for all that homes have shipped into the lake',
    "timezone": 'the IANA time zone at whose midnight a business day ends, such as "America/New_York"',
    "mirrors": 'groups of accounts that tell of the same stock, to be compared, such as [["shop", "cloud"]]',
    "tolerance": 'how far such accounts may be apart and agree: units, such as "2", or a share, such as "5%"',
    "keep_log": 'how long the sync log keeps every line, such as "90d"',
    "csv": "true to write the reports as CSV after every publish too",
    "item_matches": "the CSV that says which products are one item; relative to the folder of .dlt",
    "velocity_days": "the days of sales behind the days of cover: 15, 30, 60, 90, 180 or 365",
    "reconciliation_max_age": 'how old numbers may be that are compared over systems, such as "24h"',
    "kit_depth": "how deep kits in kits are followed, 1 to 30",
    "category_depth": "how deep categories in categories are followed, 1 to 30",
    "custom_field_columns": (
        "a list of tables, each with field, column and value (text, number, boolean or instant),"
        " and no two with one column"
    ),
}
MODEL_VARS = (
    "velocity_days",
    "reconciliation_max_age_hours",
    "kit_depth",
    "category_depth",
    "custom_field_columns",
    "timezone",
    "mirrors",
    "tolerance",
)
NOTIFY_KEYS = {
    "webhook": "the URL that gets a message when something fails, grows old or recovers",
    "form": 'the form of the message: "json", or "slack"',
    "stale_after": 'how old the last read of a resource may be before a message is sent, such as "6h"',
    "heartbeat": "the URL that is requested after every success",
}
SPARK_KEYS = {
    "remote": 'the address of Spark Connect, such as "sc://spark.example.org:15002"',
    "table_format": 'the format of the tables that a build makes there: "parquet", "delta" or "iceberg"',
    "schema_prefix": 'what the names of their schemas begin with, such as "stock_"',
}
TABLE_FORMATS = ("parquet", "delta", "iceberg")
DLT_TABLES = {
    "runtime", "extract", "normalize", "load", "data_writer", "destination", "sources", "schema",
    "normalizer", "providers", "pipelines", "run", "workspace",
}  # fmt: skip
"""Tables of config.toml that belong to dlt."""

WHOLE_NUMBERS: Mapping[str, Container[int]] = {
    "keep_releases": range(1, sys.maxsize),
    "accounts_at_once": range(1, sys.maxsize),
    "velocity_days": (15, 30, 60, 90, 180, 365),
    "kit_depth": range(1, 31),
    "category_depth": range(1, 31),
}
FIELD_KINDS = ("text", "number", "boolean", "instant")

FILES = ("secrets.toml", "config.toml")
"""In the order in which they decide."""
DLT_ASKS = ("airflow", "streamlit", "dlthub", "dlt_plus")
"""Packages that dlt asks for values too, where they are installed."""
UNUSABLE = "'%?*[\\"
"""What dlt (the first three) or DuckDB (which sees patterns in the others) misreads in a folder's name."""
OUR_TABLES = ("stocktake", "accounts", "notify", "spark")

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
            if resource.only_if is None or list(self.settings.get(resource.only_if) or ["none"]) != ["none"]
        )

    @property
    def secrets(self) -> list[str]:
        """The values that must appear nowhere."""
        if not self.settings:
            return []  # the provider need not be asked which they are, and that takes a second
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
class Spark:
    """Where models are built if not here, by pipelines/spark.py."""

    remote: str = field(default="", repr=False)
    """The address of Spark Connect, with a token where it needs one."""
    table_format: str = "parquet"
    schema_prefix: str = ""

    @property
    def host(self) -> str:
        """The address without what is secret in it."""
        return self.remote.partition("/;")[0]

    @property
    def secrets(self) -> list[str]:
        """What may be said nowhere."""
        return [found[1]] if (found := re.search(r";token=([^;]+)", self.remote)) else []


@dataclass(frozen=True)
class Config:
    """Everything the user configured."""

    folder: Path
    home: Path
    accounts: Mapping[str, Account]
    sweep_every: timedelta = timedelta(hours=24)
    overlap: timedelta = timedelta(minutes=10)
    memory_limit: str | None = None
    sweep_floor: float = 0.8
    keep_releases: int = 5
    serve_path: str | None = None
    accounts_at_once: int = 4
    keep_log: timedelta = timedelta(days=90)
    lake: str | None = None
    """The address of shared storage; None where nothing is shipped."""
    ship: bool = False
    spark: Spark | None = None
    """What builds the models, where DuckDB does not."""
    csv: bool = False
    model_vars: Mapping[str, Any] = field(default_factory=dict)
    """dbt's vars, of which the models have defaults."""
    item_matches: Sequence[Match] = ()
    """What the user says of products that codes do not match."""
    problems: Sequence[str] = ()
    """What is wrong with accounts, where that does not stop the command."""
    notify: Notify = Notify()

    @property
    def secrets(self) -> list[str]:
        """What accounts and engine are reached with, and must appear nowhere."""
        of_accounts = [secret for account in self.accounts.values() for secret in account.secrets]
        return [*of_accounts, *(self.spark.secrets if self.spark else ())]

    @property
    def database(self) -> Path:
        """The working database. Nobody but a run opens it."""
        return self.home / "working.duckdb"

    @property
    def published(self) -> Path:
        """The folder BI reads."""
        return self.home / "published"

    @property
    def timezone(self) -> str:
        """The zone at whose midnight a business day ends."""
        return str(self.model_vars.get("timezone", "UTC"))

    def read_options(
        self,
        *,
        sweep: bool = False,
        confirm_drop: bool = False,
        backfill: tuple[datetime, datetime] | None = None,
    ) -> ReadOptions:
        """How accounts are read: as it is configured, and as a command asks for."""
        return ReadOptions(sweep, confirm_drop, backfill, self.overlap, self.sweep_every, self.sweep_floor)

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
                f"No account is configured{' for ' + ', '.join(kinds) if kinds else ''}. Add one with"
                " stocktake init, or under [accounts.<name>] in .dlt/config.toml."
            )
        return chosen


def project_folder(start: Path) -> Path | None:
    """The nearest folder that holds a `.dlt/`: `start`, or one above it; None where there is none.

    The user's own `~/.dlt` is dlt's global folder, and counts for a command in that very folder only.

    Raises:
        ConfigurationError: the one above belongs to somebody else, who would say where our secrets are sent.
    """
    start = start.resolve()
    if (start / ".dlt").is_dir():
        return start
    found = next((one for one in start.parents if (one / ".dlt").is_dir() and one != Path.home()), None)
    if found is not None and (found / ".dlt").stat().st_uid not in (os.getuid(), 0):
        raise ConfigurationError(
            f"{found / '.dlt'} belongs to another user. If it is meant, name its folder: stocktake -C {found}"
        )
    return found


def load_config(start: Path, *, lenient: bool = False) -> Config:
    """Reads and checks the configuration of the project that `start` lies in.

    Args:
        lenient: accounts are not looked into, and one without a provider is told in the result.

    Raises:
        ConfigurationError: names each account, key and the places looked in. No request was made.
    """
    folder = project_folder(start)
    if folder is None:
        raise ConfigurationError(
            f"{start.resolve()}: there is no .dlt folder here or above. Name the project's folder with -C,"
            " make one with stocktake init, or try stocktake demo, which needs none."
        )
    texts = _texts(folder)
    values = _values_without_dlt(folder, texts) or _values_by_dlt(folder)
    _check_tables(values.documents)
    own = _own_settings(values)
    home = _home(folder, own.pop("home", "warehouse"))
    if "lake" in own and "://" not in own["lake"]:
        own["lake"] = str(folder / Path(own["lake"]).expanduser())
    if own.get("ship") and "lake" not in own:
        raise ConfigurationError("stocktake.ship has no effect without stocktake.lake: set that too.")
    accounts: dict[str, Account] = {}
    problems: list[str] = []
    for name in _account_names(values.documents):
        account, wrong = _account(name, values, unchecked=lenient)
        problems += wrong
        if account is not None:
            accounts[name] = account
    spark = _spark(values, own)
    if spark is None:  # else the accounts are those of other homes
        problems += _strangers(own.get("mirrors") or [], accounts)
    if problems and not lenient:
        raise ConfigurationError("\n".join(problems))
    matches = own.pop("item_matches", None)
    return Config(
        folder=folder,
        home=home,
        accounts=accounts,
        notify=_notify(values),
        spark=spark,
        problems=problems,
        model_vars={key: own.pop(key) for key in MODEL_VARS if key in own},
        item_matches=() if lenient else read_matches(folder, matches),
        **own,
    )


def _home(folder: Path, written: str) -> Path:
    home = folder / os.path.expanduser(written)  # noqa: PTH111 - of Path it raises where there is no such user
    try:
        os.fsencode(home)
        str(home).encode(sys.getfilesystemencoding())
    except UnicodeEncodeError:
        raise ConfigurationError(
            f"{str(home)!a}: this session's encoding cannot represent the folder's name. Unset"
            " PYTHONUTF8=0, or set LC_ALL to a UTF-8 locale such as C.UTF-8."
        ) from None
    wrong = sorted({character for character in UNUSABLE if character in str(home)})
    if written.startswith("~") and home == folder / written:
        raise ConfigurationError(f"stocktake.home: {written}: there is no such user. Write the whole path.")
    if wrong:
        raise ConfigurationError(
            f"{home}: with {' and '.join(wrong)} in its name, dlt or DuckDB would misread it. Set"
            " stocktake.home in .dlt/config.toml to a folder without, such as ~/stock."
        )
    return home


@dataclass(frozen=True)
class _Values:
    """What is configured, wherever it stands."""

    documents: Sequence[tuple[str, Mapping[str, Any]]]
    """The TOML documents, the first one deciding, with a name for messages."""
    get: Callable[[str], Any]
    """The value of a key, by its path; None where it is nowhere."""


def _values_by_dlt(folder: Path) -> _Values:
    import dlt

    let_dlt_read(folder)
    found = [(one.name, getattr(one, "_config_doc", None)) for one in dlt.config.config_providers]
    documents = [(name, document) for name, document in found if document and isinstance(document, Mapping)]
    return _Values(documents, lambda path: dlt.config.get(path, Any))


def _values_without_dlt(folder: Path, texts: Mapping[str, str]) -> _Values | None:
    """The same, half a second sooner; None where something else than our two files may have a say."""
    if any(name.startswith(("DLT_", "PROVIDERS__")) for name in os.environ) or any(map(find_spec, DLT_ASKS)):
        return None
    home = Path.home()
    elsewhere = (
        home / ".dlt",
        Path("/var/dlt"),
        Path(os.environ.get("XDG_DATA_HOME", home)) / "dlt",
        Path(tempfile.gettempdir()) / "dlt",
    )
    if any((place / name).exists() for place in elsewhere for name in FILES):
        return None
    try:
        documents = [(name, tomllib.loads(text)) for name, text in texts.items()]
    except tomllib.TOMLDecodeError:
        return None  # dlt has the last word on what is TOML
    if any("providers" in document for _, document in documents) or (folder / ".dlt" / ".workspace").exists():
        return None

    def get(path: str) -> Any:
        in_environment = os.environ.get(path.upper().replace(".", "__"))
        if in_environment is not None:
            return in_environment
        for _, document in documents:
            found: Any = document
            for part in path.split("."):
                found = found.get(part) if isinstance(found, Mapping) else None
            if found is not None:
                return found
        return None

    return _Values(documents, get)


def _texts(folder: Path) -> dict[str, str]:
    """What our files say, of those that are there."""
    texts = {}
    for name in FILES:
        path = folder / ".dlt" / name
        try:
            texts[name] = path.read_text(encoding="utf-8")
        except FileNotFoundError:
            continue
        except OSError as error:
            raise ConfigurationError(words_of(error)) from None
        except UnicodeDecodeError:
            raise ConfigurationError(f"{path} is not UTF-8 text. Save it as UTF-8.") from None
    return texts


def let_dlt_read(folder: Path) -> None:
    """Makes dlt work by the settings of this project.

    Raises:
        ConfigurationError: it cannot read them.
    """
    from dlt.common.configuration.providers.toml import TomlProviderReadException
    from dlt.common.runtime.run_context import switch_context

    quiet_dlt()
    try:
        switch_context(str(folder))
    except TomlProviderReadException as error:
        raise ConfigurationError(f"{folder / '.dlt'}: a file cannot be read as TOML. {error}") from None
    except OSError as error:
        raise ConfigurationError(f"{folder / '.dlt'}: {words_of(error)}") from None


def quiet_dlt() -> None:
    """dlt's own defaults where they do not suit us; whoever sets them in the environment is obeyed."""
    for name, value in {
        "RUNTIME__DLTHUB_TELEMETRY": "false",
        # One resource after the other: a cursor that waits for its turn among others dies.
        "EXTRACT__NEXT_ITEM_MODE": "fifo",
        "NORMALIZE__PARQUET_NORMALIZER__ADD_DLT_LOAD_ID": "true",
        "RUNTIME__LOG_LEVEL": "CRITICAL",
    }.items():
        os.environ.setdefault(name, value)


def _check_tables(documents: Sequence[tuple[str, Mapping[str, Any]]]) -> None:
    known = {*OUR_TABLES, *DLT_TABLES}
    for place, document in documents:
        for table in document:
            if table in OUR_TABLES and not isinstance(document[table], Mapping):
                raise ConfigurationError(
                    f"{place}: {table} is a value where a table should be. Write [{table}]."
                )
            if table not in known and difflib.get_close_matches(table, OUR_TABLES, cutoff=0.6):
                raise ConfigurationError(f"{place}: [{table}]: {_unknown(table, known, 'tables')}")


def _own_settings(values: _Values) -> dict[str, Any]:
    if wrong := _unknown_keys("stocktake", STOCKTAKE_KEYS, values.documents, prefix="STOCKTAKE__"):
        raise ConfigurationError("\n".join(wrong))
    found = {key: values.get(f"stocktake.{key}") for key in STOCKTAKE_KEYS}
    own = {key: _own_value(key, value) for key, value in found.items() if value is not None}
    if "reconciliation_max_age" in own:
        own["reconciliation_max_age_hours"] = own.pop("reconciliation_max_age").total_seconds() / 3600
    return own


def _own_value(key: str, value: Any) -> Any:
    where = f"stocktake.{key}"
    try:
        if key in ("sweep_every", "overlap", "keep_log", "reconciliation_max_age"):
            return duration(value)
        if key in WHOLE_NUMBERS:
            number = int(str(value))
            if number in WHOLE_NUMBERS[key]:
                return number
            raise ValueError
        if key == "custom_field_columns":
            return _custom_field_columns(json.loads(value) if isinstance(value, str) else value)
        if key == "memory_limit" and not re.fullmatch(r"[1-9]\d*\s*[MGT]i?B", str(value)):
            raise ValueError
        if key == "sweep_floor":
            share = float(value)
            if 0 <= share <= 1:
                return share
            raise ValueError
        if key in ("ship", "csv"):
            return {"true": True, "false": False}[str(value).lower()]
        if key == "timezone" and value not in zoneinfo.available_timezones():
            raise ValueError
        if key == "engine" and value not in ("duckdb", "spark"):
            raise ValueError
        if key == "mirrors":
            return _groups(value)
        if key == "tolerance" and re.fullmatch(r"\d{1,9}(\.\d{1,4})?%?", str(value)):
            return str(value)
        if key == "tolerance" or not isinstance(value, str):
            raise ValueError
    except (AttributeError, KeyError, TypeError, ValueError):
        raise ConfigurationError(
            f"{where}: {value!r} is not valid. It is {STOCKTAKE_KEYS[key]}. Correct it in .dlt/config.toml."
        ) from None
    return str(value)


def _custom_field_columns(value: Any) -> list[dict[str, str]]:
    columns = [{str(name): str(text) for name, text in one.items()} for one in value]
    for one in columns:
        is_column = re.fullmatch(r"[A-Za-z_]\w*", one.get("column", ""), re.ASCII)
        if one.keys() != {"field", "column", "value"} or not is_column or one["value"] not in FIELD_KINDS:
            raise ValueError
    if len({one["column"].lower() for one in columns}) < len(columns):
        raise ValueError
    return columns


def _groups(value: Any) -> list[list[str]]:
    """Groups of at least two names, each name in one of them: a list of lists, or the same as JSON."""
    groups = json.loads(value) if isinstance(value, str) else value
    if not isinstance(groups, (list, tuple)) or not all(isinstance(one, (list, tuple)) for one in groups):
        raise ValueError
    names = [name for group in groups for name in group]
    if any(len(group) < 2 for group in groups) or len(set(map(str, names))) < len(names):
        raise ValueError
    return [[str(name) for name in group] for group in groups]


def _strangers(groups: Iterable[Iterable[str]], accounts: Mapping[str, Account]) -> list[str]:
    """What is wrong with groups of accounts whose names are not configured."""
    return [
        f"stocktake.mirrors: {_unknown(name, accounts, 'accounts')}"
        for group in groups
        for name in group
        if name not in accounts
    ]


def _spark(settings: _Values, own: dict[str, Any]) -> Spark | None:
    if wrong := _unknown_keys("spark", SPARK_KEYS, settings.documents, prefix="SPARK__"):
        raise ConfigurationError("\n".join(wrong))
    found = {key: settings.get(f"spark.{key}") for key in SPARK_KEYS}
    values = {key: str(value) for key, value in found.items() if value not in (None, "")}
    if own.pop("engine", "duckdb") == "duckdb":
        if values:
            raise ConfigurationError(
                f'spark.{next(iter(values))} has no effect without stocktake.engine = "spark": set that too.'
            )
        return None
    valid = {
        "remote": r"sc://[^\s/:]+:\d+(/;\S*)?",
        "table_format": "|".join(TABLE_FORMATS),
        "schema_prefix": r"[a-z][a-z0-9_]*",
    }
    for key, value in values.items():
        if not re.fullmatch(valid[key], value):
            shown = "what is written" if key == "remote" else repr(value)
            raise ConfigurationError(
                f"spark.{key}: {shown} is not valid. It is {SPARK_KEYS[key]}."
                " Correct it in .dlt/config.toml or .dlt/secrets.toml."
            )
    if "remote" not in values:
        raise ConfigurationError(
            f'stocktake.engine is "spark", and spark.remote is not set. It is {SPARK_KEYS["remote"]}.'
        )
    if "lake" not in own:
        raise ConfigurationError(
            'stocktake.engine is "spark", and stocktake.lake is not set: a build on Spark reads what homes'
            " have shipped there."
        )
    return Spark(**values)


def _notify(settings: _Values) -> Notify:
    if wrong := _unknown_keys("notify", NOTIFY_KEYS, settings.documents, prefix="NOTIFY__"):
        raise ConfigurationError("\n".join(wrong))
    found: dict[str, Any] = {key: settings.get(f"notify.{key}") for key in NOTIFY_KEYS}
    values = {key: value for key, value in found.items() if value not in (None, "")}
    for key, value in values.items():
        try:
            values[key] = _notify_value(key, value)
        except ValueError:
            shown = "what is written" if key in ("webhook", "heartbeat") else repr(value)
            raise ConfigurationError(
                f"notify.{key}: {shown} is not valid. It is {NOTIFY_KEYS[key]}."
                " Correct it in .dlt/config.toml or .dlt/secrets.toml."
            ) from None
        if key in ("form", "stale_after") and "webhook" not in values:
            raise ConfigurationError(f"notify.{key} has no effect without notify.webhook: set that too.")
    return Notify(**values)


def _notify_value(key: str, value: Any) -> Any:
    if key == "stale_after" and duration(value):
        return duration(value)
    if key == "form" and value in ("json", "slack"):
        return value
    if key in ("webhook", "heartbeat") and re.fullmatch(r"https?://[^\s/?#@]+[^\s#]*", str(value)):
        return str(value)
    raise ValueError


def duration(value: Any) -> timedelta:
    """A length of time as people write it, such as 90s, 10m, 24h, 7d.

    Raises:
        ValueError: it is none.
    """
    match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([smhd]?)", str(value).strip())
    if match is None or (not match[2] and float(match[1]) != 0):
        raise ValueError(value)
    return timedelta(**{_UNITS[match[2] or "s"]: float(match[1])})


def _account_names(documents: Sequence[tuple[str, Mapping[str, Any]]]) -> list[str]:
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
        check_name(name)
    return sorted(names)


def check_name(account: str) -> str:
    """The name, if an account may have it.

    Raises:
        ConfigurationError: it may not.
    """
    if not re.fullmatch(r"[a-z][a-z0-9_]*", account) or "__" in account:
        raise ConfigurationError(
            f"accounts.{account}: an account's name begins with a letter, and has lower-case letters, digits"
            " and single underscores only. Rename it."
        )
    return account


def _account(name: str, values: _Values, *, unchecked: bool) -> tuple[Account | None, list[str]]:
    """An account, as far as it can be known, and everything that is wrong with it."""
    kind = values.get(f"accounts.{name}.provider")
    if kind is None:
        return None, [_no_provider(name, values.documents)]
    provider = PROVIDERS.get(str(kind))
    if provider is None:
        return None, [f"accounts.{name}.provider: {_unknown(str(kind), PROVIDERS, 'providers')}"]
    if unchecked:
        return Account(name, provider, {}), []
    keys = {"provider": "the provider's name", **{s.name: s.help for s in provider.settings}}
    wrong = _unknown_keys(f"accounts.{name}", keys, values.documents, prefix=f"ACCOUNTS__{name.upper()}__")
    settings: dict[str, Any] = {}
    for setting in provider.settings:
        value: Any = values.get(f"accounts.{name}.{setting.name}")
        if value is None or value == "":
            value = setting.default
        try:
            if value is not None:
                settings[setting.name] = checked(name, setting, value)
        except ConfigurationError as error:
            wrong.append(str(error))
            settings[setting.name] = None
    for setting in provider.settings:
        stand_in = setting.instead_of and all(other in settings for other in setting.instead_of)
        if setting.required and setting.name not in settings and not stand_in:
            wrong.append(_missing(name, setting.name, setting.help))
    return Account(name, provider, settings), wrong


def _no_provider(name: str, documents: Sequence[tuple[str, Mapping[str, Any]]]) -> str:
    """What to say of an account that has settings and no provider: often its two tables differ in name."""
    places = {place: list(document.get("accounts", {})) for place, document in documents}
    having = [place for place, names in places.items() if name in names]
    others = sorted({other for names in places.values() for other in names if name not in names})
    if having != ["secrets.toml"]:
        return _missing(name, "provider", f"One of {', '.join(PROVIDERS)}.")
    close = difflib.get_close_matches(name, others, n=1)
    there = f"config.toml has {', '.join(others)}" if others else "config.toml has no account"
    hint = f"call it {close[0]} in secrets.toml if that is meant, or " if close else ""
    return (
        f"accounts.{name}: secrets.toml has it, and {there}. Either {hint}add [accounts.{name}] with its"
        f" provider to config.toml (one of {', '.join(PROVIDERS)}), or take it out of secrets.toml."
    )


def checked(account: str, setting: Setting, value: Any) -> Any:
    """A setting's value as the provider gets it.

    Raises:
        ConfigurationError: it is none.
    """
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
            f"{where}: this is not a valid URL. It starts with https:// and has no user, query or space."
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
        raise ConfigurationError(f"{where}: {value!r} is not a number above 0. {setting.help}")
    return number


def _zone(where: str, setting: Setting, value: str) -> str:
    known = zoneinfo.available_timezones()
    if value not in known:
        close = difflib.get_close_matches(value, known, n=1)
        hint = f" Did you mean {close[0]}?" if close else ""
        raise ConfigurationError(f"{where}: {value!r} is not an IANA time zone.{hint} {setting.help}")
    return value


def _unknown_keys(
    path: str,
    known: Mapping[str, str],
    documents: Sequence[tuple[str, Mapping[str, Any]]],
    *,
    prefix: str,
) -> list[str]:
    wrong = []
    for place, document in documents:
        table: Any = document
        for part in path.split("."):
            table = table.get(part, {}) if isinstance(table, Mapping) else {}
        wrong += [
            f"{place}: {path}.{key}: {_unknown(key, known, 'keys')}" for key in table if key not in known
        ]
    for variable in os.environ:
        key = variable.removeprefix(prefix).lower()
        if variable.startswith(prefix) and "__" not in key and key not in known:
            wrong.append(f"environment: {variable}: {_unknown(key, known, 'keys')}")
    return wrong


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
