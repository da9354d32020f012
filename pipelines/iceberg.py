"""The lake's tables in Iceberg: what manifests name, for engines that read a catalogue.

The Parquet files of a shipment are taken into the tables as they are, none is written twice. What an account
has in a table is switched in one commit, and other accounts' rows stay. A commit that comes second, after
another home's, is made again.
"""

import random
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import TYPE_CHECKING

from pipelines.errors import CommandError, ConfigurationError, words_of
from pipelines.iceberg_settings import Iceberg

if TYPE_CHECKING:
    import pyarrow
    from pyiceberg.catalog import Catalog
    from pyiceberg.table import Table

TRIES = 20
"""How often a commit is made anew that came second: as many homes may ship into one table at once."""
TRIES_OF_OTHERS = 3
"""The same of what else went wrong: two that make one table meet in whatever words the catalogue has."""


class IcebergTables:
    """The tables of a catalogue. Nothing is imported or opened before the first is asked for."""

    def __init__(self, settings: Iceberg, keep: timedelta) -> None:
        """Opens nothing yet.

        Args:
            keep: how long a snapshot stays, and the files that it alone names.
        """
        self._settings, self._keep = settings, keep
        self._opened: Catalog | None = None

    def switch(self, name: str, account: str, address: str | None) -> None:
        """Makes a file all that an account has in a table.

        Args:
            name: the table with its schema.
            address: of a Parquet file whose every row is the account's; None for no rows.

        Raises:
            ConfigurationError: the extra is not installed.
            CommandError: the catalogue did not take it.
        """
        with _told(self._settings.name):
            from pyiceberg.exceptions import CommitFailedException

            for tried in count(1):
                try:
                    self._switch(name, account, address)
                    return
                except Exception as error:
                    if tried == (TRIES if isinstance(error, CommitFailedException) else TRIES_OF_OTHERS):
                        raise
                    time.sleep(random.uniform(0, 0.5))  # noqa: S311 - so that homes do not meet again

    def _switch(self, name: str, account: str, address: str | None) -> None:
        import pyarrow.parquet
        from pyiceberg.expressions import EqualTo
        from pyiceberg.io.pyarrow import PyArrowFileIO

        catalogue = self._catalogue()
        schema = None
        if address is not None:
            with PyArrowFileIO(dict(self._settings.properties)).new_input(address).open() as file:
                found = pyarrow.parquet.read_schema(file)
            schema = pyarrow.schema([one.with_nullable(True) for one in found])
        table = _table(catalogue, name, schema)
        if table is None:
            return
        its = EqualTo("account", account)
        with table.transaction() as transaction:
            if next(iter(table.scan(its).plan_files()), None) is not None:
                transaction.delete(its)
            if schema is not None:
                if not set(schema.names) <= set(table.schema().column_names):
                    with transaction.update_schema() as update:
                        update.union_by_name(schema)
                transaction.add_files([address], check_duplicate_files=False)
        expired = datetime.now(UTC) - self._keep
        if table.snapshots()[0].timestamp_ms < expired.timestamp() * 1000:
            table.maintenance.expire_snapshots().older_than(expired).commit()

    def _catalogue(self) -> "Catalog":
        from pyiceberg.catalog import load_catalog

        if self._opened is None:
            self._opened = load_catalog(self._settings.name, **self._settings.properties)
        return self._opened


def _table(catalogue: "Catalog", name: str, schema: "pyarrow.Schema | None") -> "Table | None":
    """The table, made where it is not there and has a schema; a partition for every account."""
    from pyiceberg.exceptions import NoSuchTableError

    try:
        return catalogue.load_table(name)
    except NoSuchTableError:
        if schema is None:
            return None
    catalogue.create_namespace_if_not_exists(name.partition(".")[0])
    with catalogue.create_table_transaction(name, schema) as made, made.update_spec() as parts:
        parts.add_identity("account")
    return catalogue.load_table(name)


@contextmanager
def _told(name: str) -> Iterator[None]:
    """Says in one sentence what the catalogue did not do, whose clients have errors of many kinds."""
    try:
        yield
    except ImportError as error:
        raise ConfigurationError(
            f'stocktake.lake_format is "iceberg", and {error.name} is not installed. Run'
            " pip install 'stocktake[iceberg]'."
        ) from None
    except Exception as error:
        raise CommandError(
            f"The Iceberg catalogue {name}: {words_of(error).rstrip('.')}. What was shipped stands, and its"
            " tables follow with the next stocktake ship; check [iceberg] in .dlt/config.toml."
        ) from None
