"""`stocktake reset`: forgets marks and rows, so that the next run is a first run."""

import shutil
from collections.abc import Sequence

import duckdb

from pipelines.config import Account, Config
from pipelines.ledger import UNREADABLE
from pipelines.load import drain, journals_folder, pipeline_of, source_of, spool_folder
from pipelines.log import Reporter
from pipelines.warehouse import raw_table
from sources._shared.resource import forgetting_resource
from sources._shared.settings import Resource


def reset(
    config: Config,
    account: Account,
    resources: Sequence[Resource],
    connection: duckdb.DuckDBPyConnection,
    reporter: Reporter,
) -> dict[str, int]:
    """Forgets the marks first and the rows after: killed in between, it has only made the next run longer.

    Returns:
        How many versions were dropped, per resource.
    """
    pipeline = pipeline_of(config, account)
    drain(pipeline, account, connection, spool_folder(config) / account.name, reporter)
    forgetting = [forgetting_resource(resource) for resource in resources]
    pipeline.extract(source_of(account.provider.name, forgetting))
    pipeline.normalize()
    pipeline.load()
    shutil.rmtree(journals_folder(config) / account.name, ignore_errors=True)
    return {resource.name: _drop(connection, account, resource) for resource in resources}


def _drop(connection: duckdb.DuckDBPyConnection, account: Account, resource: Resource) -> int:
    row = connection.execute(
        f"delete from {raw_table(account.provider, resource)} where account = ?", [account.name]
    ).fetchone()
    connection.execute(
        f"delete from {UNREADABLE} where account = ? and resource = ?", [account.name, resource.name]
    )
    return int(row[0]) if row else 0
