"""`stocktake reset`: forgets marks, rows and lines of the log, so that the next run is a first run."""

import shutil
from collections.abc import Sequence

import duckdb
from dlt.pipeline.exceptions import PipelineStepFailed

from pipelines.accounts import Account
from pipelines.config import Config
from pipelines.errors import CommandError, ConfigurationError, cause_of, words_of
from pipelines.load import drain, pipeline_of, prepare_dlt, source_of
from pipelines.lock import run_lock
from pipelines.log import Reporter
from pipelines.pending import journals_folder, pipelines_folder, spool_folder
from pipelines.registry import PROVIDERS
from pipelines.run import new_run_id, noted
from pipelines.sync_log import UNREADABLE
from pipelines.warehouse import open_warehouse, raw_table
from sources._shared.resource import forgetting_resource
from sources._shared.settings import Resource


def reset_account(
    config: Config, name: str, only: str | None, reporter: Reporter, *, is_sure: bool
) -> dict[str, int]:
    """Forgets an account that is configured, or that only the warehouse still has.

    Args:
        only: the one resource to forget; None for all of them.
        is_sure: whether it is to be done. Otherwise a sentence says what it would forget.

    Returns:
        How many versions were dropped, per resource.

    Raises:
        ConfigurationError: there is no such account or resource, or nobody was sure. Nothing was changed.
    """
    account = _account(config, name)
    known = {one.name: one for one in account.provider.resources}
    if only is not None and only not in known:
        raise ConfigurationError(f"--resource {only}: {name} has {', '.join(known)}.")
    resources = [known[only]] if only else list(known.values())
    if not is_sure:
        raise ConfigurationError(
            f"This forgets all rows and history of {name}: {', '.join(known if only is None else [only])}."
            " Add --yes to do it."
        )
    forgotten = account.name if only is None and config.accounts.get(name) != account else None
    with noted(config, "reset", new_run_id(), reporter, forgetting=forgotten) as (connection, notes):
        dropped = _forget(config, account, resources, connection, reporter)
        if forgotten is not None:
            _forget_name(config, account, connection)
        notes.loaded(connection)
        notes.ended("done")
    return dropped


def _account(config: Config, name: str) -> Account:
    """The account as the warehouse knows it, whose rows these are; or as it is configured."""
    provider = None
    if config.database.exists():
        with (
            run_lock(config.home, "reset"),
            open_warehouse(config.database, config.memory_limit) as connection,
        ):
            provider = _provider_in(connection, name)
    configured = config.accounts.get(name)
    if provider is None or (configured is not None and configured.provider.name == provider):
        (chosen,) = config.choose([name], ())
        return chosen
    if provider not in PROVIDERS:
        raise ConfigurationError(
            f"--account {name}: its rows are from {provider}, unknown to this Stocktake."
        )
    return Account(name, PROVIDERS[provider], {})


def _provider_in(connection: duckdb.DuckDBPyConnection, name: str) -> str | None:
    try:
        row = connection.execute(
            "select provider from raw_stocktake.accounts where account = ?", [name]
        ).fetchone()
    except duckdb.CatalogException:
        return None  # nothing was ever loaded
    return row[0] if row else None


def _forget(
    config: Config,
    account: Account,
    resources: Sequence[Resource],
    connection: duckdb.DuckDBPyConnection,
    reporter: Reporter,
) -> dict[str, int]:
    """Forgets the marks first and the rows after: killed in between, it has only made the next run longer."""
    prepare_dlt(config, connection)
    pipeline = pipeline_of(config, account)
    forgetting = [forgetting_resource(resource) for resource in resources]
    try:
        drain(pipeline, account, connection, spool_folder(config) / account.name, reporter)
        pipeline.extract(source_of(account.provider.name, forgetting))
        pipeline.normalize()
        pipeline.load()
    except PipelineStepFailed as error:
        raise CommandError(f"{account.name}: cannot be forgotten. {words_of(cause_of(error))}") from None
    shutil.rmtree(journals_folder(config) / account.name, ignore_errors=True)
    return {resource.name: _drop(connection, account, resource) for resource in resources}


def _drop(connection: duckdb.DuckDBPyConnection, account: Account, resource: Resource) -> int:
    row = connection.execute(
        f"delete from {raw_table(account.provider, resource)} where account = ?", [account.name]
    ).fetchone()
    connection.execute(
        "delete from raw_stocktake.sync_log where account = ? and resource = ?", [account.name, resource.name]
    )
    connection.execute(
        f"delete from {UNREADABLE} where account = ? and resource = ?", [account.name, resource.name]
    )
    return int(row[0]) if row else 0


def _forget_name(config: Config, account: Account, connection: duckdb.DuckDBPyConnection) -> None:
    """Forgets that there ever was an account of that name."""
    connection.execute("delete from raw_stocktake.accounts where account = ?", [account.name])
    for folder in (pipelines_folder(config), spool_folder(config)):
        shutil.rmtree(folder / account.name, ignore_errors=True)
