"""What the user configured, all of it, checked before anything is asked.

setting_files.py reads it; own_settings.py, accounts.py, notify_settings.py and spark_settings.py each check a
table. A key that nobody knows is an error: a misspelt setting must not silently do nothing.
"""

import difflib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from pipelines.accounts import Account, account_names, read_account
from pipelines.errors import ConfigurationError, unknown
from pipelines.iceberg_settings import Iceberg, iceberg_settings
from pipelines.matches import Match, read_matches
from pipelines.notify_settings import Notify, notify_settings
from pipelines.own_settings import home_folder, own_settings
from pipelines.registry import PROVIDERS
from pipelines.setting_files import Documents, project_folder, values_of
from pipelines.spark_settings import Spark, spark_settings
from sources._shared.options import ReadOptions

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
OUR_TABLES = ("stocktake", "accounts", "notify", "spark", "iceberg")
DLT_TABLES = {
    "runtime", "extract", "normalize", "load", "data_writer", "destination", "sources", "schema",
    "normalizer", "providers", "pipelines", "run", "workspace",
}  # fmt: skip
"""Tables of config.toml that belong to dlt."""


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
    iceberg: Iceberg | None = None
    """The catalogue of the lake's Iceberg tables, where it has such."""
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
    notify: Notify = field(default_factory=Notify)

    @property
    def secrets(self) -> list[str]:
        """What accounts, engine and catalogue are reached with, and must appear nowhere."""
        of_accounts = [secret for account in self.accounts.values() for secret in account.secrets]
        others = [secret for one in (self.spark, self.iceberg) if one for secret in one.secrets]
        return [*of_accounts, *others]

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
                raise ConfigurationError(f"--account {name}: {unknown(name, self.accounts, 'accounts')}")
        for kind in kinds:
            if kind not in PROVIDERS:
                raise ConfigurationError(f"--provider {kind}: {unknown(kind, PROVIDERS, 'providers')}")
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
    values = values_of(folder)
    _check_tables(values.documents)
    own = own_settings(values)
    home = home_folder(folder, own.pop("home", "warehouse"))
    if "lake" in own and "://" not in own["lake"]:
        own["lake"] = str(folder / Path(own["lake"]).expanduser())
    if own.get("ship") and "lake" not in own:
        raise ConfigurationError("stocktake.ship has no effect without stocktake.lake: set that too.")
    accounts: dict[str, Account] = {}
    problems: list[str] = []
    for name in account_names(values.documents):
        account, wrong = read_account(name, values, unchecked=lenient)
        problems += wrong
        if account is not None:
            accounts[name] = account
    spark = spark_settings(values, own)
    if spark is None:  # else the accounts are those of other homes
        problems += _strangers(own.get("mirrors") or [], accounts)
    if problems and not lenient:
        raise ConfigurationError("\n".join(problems))
    matches = own.pop("item_matches", None)
    return Config(
        folder=folder,
        home=home,
        accounts=accounts,
        notify=notify_settings(values),
        spark=spark,
        iceberg=iceberg_settings(values, own),
        problems=problems,
        model_vars={key: own.pop(key) for key in MODEL_VARS if key in own},
        item_matches=() if lenient else read_matches(folder, matches),
        **own,
    )


def _check_tables(documents: Documents) -> None:
    known = {*OUR_TABLES, *DLT_TABLES}
    for place, document in documents:
        for table in document:
            if table in OUR_TABLES and not isinstance(document[table], Mapping):
                raise ConfigurationError(
                    f"{place}: {table} is a value where a table should be. Write [{table}]."
                )
            if table not in known and difflib.get_close_matches(table, OUR_TABLES, cutoff=0.6):
                raise ConfigurationError(f"{place}: [{table}]: {unknown(table, known, 'tables')}")


def _strangers(groups: Iterable[Iterable[str]], accounts: Mapping[str, Account]) -> list[str]:
    """What is wrong with groups of accounts whose names are not configured."""
    return [
        f"stocktake.mirrors: {unknown(name, accounts, 'accounts')}"
        for group in groups
        for name in group
        if name not in accounts
    ]
