"""What a sweep needs beyond a read: retiring the rows of an account that has nothing left.

The floor and the schedule are judged while reading (sources/_shared/mark.py and resource.py); which rows a
sweep repaired is counted by the ledger.
"""

import duckdb

from pipelines.config import Account
from pipelines.ledger import Entry
from pipelines.warehouse import raw_table


def retire_emptied(connection: duckdb.DuckDBPyConnection, account: Account, entries: list[Entry]) -> None:
    """Retires what is left of resources whose sweep rightly came home empty.

    dlt's scd2 retires within the merge keys it is given rows for; a sweep without a single row names none.
    """
    for entry in entries:
        outcome = entry.outcome
        came = outcome.rows_distinct + outcome.rows_unreadable
        if outcome.mode == "sweep" and outcome.is_complete and came == 0:
            resource = account.provider.resource(outcome.resource)
            connection.execute(
                f"update {raw_table(account.provider, resource)}"
                " set _dlt_valid_to = greatest(now(), _dlt_valid_from)"
                " where account = ? and _dlt_valid_to is null",
                [account.name],
            )
