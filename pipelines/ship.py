"""`stocktake ship`: this home's raw versions on shared storage, where one build reads those of many homes.

A lake is a folder, or a bucket that fsspec knows, with three kinds of files:

    owners/<account>.json                                          the home that may write the account
    manifests/<account>.json                                       which files are the account's
    <dataset>/<table>/account=<account>/<stamp>-<state>.parquet    all of one account's rows of one table

A Parquet file is written whole under a name that nobody reads yet. The manifest names it, and is switched
last and in one step: whoever reads manifests finds each account in one state, whoever is killed meanwhile.
Where there are Iceberg tables too (pipelines/iceberg.py), they follow the manifest, one after the other.
What did not change keeps its file. One that was replaced stays for KEEP, for builds that began before.
"""

import json
import tempfile
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path, PurePosixPath
from typing import Any

import duckdb
import fsspec
import pendulum
from fsspec.implementations.local import LocalFileSystem
from rich.console import Console

from pipelines.config import Config
from pipelines.errors import CommandError, ConfigurationError, words_of
from pipelines.files import write_whole
from pipelines.fingerprint import sum_of_rows
from pipelines.iceberg import IcebergTables
from pipelines.registry import PROVIDERS
from pipelines.warehouse import OWN_TABLES, raw_table
from sources._shared.redaction import Redactor

FORMAT = 1
"""Goes up when a manifest says what older versions would misread."""
KEEP = timedelta(days=1)
"""How long a file stays after it was replaced, or was written and never named."""
STAMP = "%Y%m%dT%H%M%S%f"
BUCKETS = frozenset({"s3", "s3a", "gs", "gcs", "az", "abfs", "abfss", "oss", "memory"})
"""Storages without folders: asked for one, some would make a bucket of a name that was misspelt."""


@contextmanager
def _as_an_os_error() -> Iterator[None]:
    """Makes an OSError of what a storage's package raises instead of one, such as botocore's errors."""
    try:
        yield
    except (OSError, ValueError):
        raise
    except Exception as error:
        raise OSError(words_of(error)) from error


@dataclass(frozen=True)
class Shipment:
    """What a command put into the lake."""

    lake: str
    accounts: int
    tables: int
    """Tables of accounts, changed or not."""
    written: Mapping[str, int]
    """Rows of what was written, by `<table> of <account>`."""

    def as_dict(self) -> dict[str, Any]:
        """The result for machines."""
        return {"lake": self.lake, "accounts": self.accounts, "tables": self.tables, "written": self.written}

    def print(self, console: Console, redactor: Redactor) -> None:
        """The result for people."""
        console.print(
            f"{self.lake}: {len(self.written)} of {self.tables} tables had changed and were written;"
            f" {self.accounts} accounts are there as they are here."
        )


class Lake:
    """Shared storage, by paths relative to its root."""

    def __init__(self, address: str) -> None:
        """Opens nothing yet.

        Raises:
            ConfigurationError: fsspec knows no such storage, or its package is not installed.
        """
        self.address = address
        try:
            self._files, self._root = fsspec.core.url_to_fs(address)
        except (ImportError, ValueError) as error:
            raise ConfigurationError(
                f"stocktake.lake: {address} cannot be reached: {words_of(error).rstrip('.')}. Name a folder,"
                " or an address of fsspec's whose package is installed (s3fs for s3://, gcsfs for gs://)."
            ) from None

    @_as_an_os_error()
    def read(self, path: str) -> dict[str, Any] | None:
        """A JSON file; None where there is none, and an empty one where nobody can read it."""
        try:
            found = json.loads(self._files.cat_file(self._at(path)))
        except FileNotFoundError:
            return None
        except ValueError:
            return {}
        return found if isinstance(found, dict) else {}

    @_as_an_os_error()
    def create(self, path: str, document: Mapping[str, Any]) -> bool:
        """Writes a JSON file that must not be there yet; whether it was not."""
        self._make_parent(path)
        try:
            with self._files.open(self._at(path), "xb") as file:
                file.write(_text(document))
        except FileExistsError:
            return False
        return True

    @_as_an_os_error()
    def switch(self, path: str, document: Mapping[str, Any]) -> None:
        """Writes a JSON file in one step: an object of a bucket appears whole, a file is moved into place."""
        self._make_parent(path)
        if not isinstance(self._files, LocalFileSystem):
            self._files.pipe_file(self._at(path), _text(document))
            return
        beside = f"{path}.{uuid.uuid4().hex}"
        self._files.pipe_file(self._at(beside), _text(document))
        self._files.mv(self._at(beside), self._at(path))

    @_as_an_os_error()
    def put(self, file: Path, path: str) -> None:
        """Copies a file of this machine."""
        self._make_parent(path)
        self._files.put_file(str(file), self._at(path))

    @_as_an_os_error()
    def remove(self, path: str) -> None:
        """Removes a file, if it is there."""
        try:
            self._files.rm_file(self._at(path))
        except FileNotFoundError:
            return

    @_as_an_os_error()
    def names(self, folder: str) -> list[str]:
        """The names of the files in a folder, as they are now: some storages remember what they listed."""
        self._files.invalidate_cache()
        try:
            found = self._files.ls(self._at(folder), detail=False)
        except FileNotFoundError:
            return []
        return sorted(PurePosixPath(one).name for one in found)

    def path_of(self, path: str) -> str:
        """The whole address of a file, as engines read it."""
        return str(self._files.unstrip_protocol(self._at(path)))

    def _at(self, path: str) -> str:
        return f"{self._root}/{path}"

    def _make_parent(self, path: str) -> None:
        protocol = self._files.protocol
        if BUCKETS.isdisjoint((protocol,) if isinstance(protocol, str) else protocol):
            self._files.makedirs(str(PurePosixPath(self._at(path)).parent), exist_ok=True)


def ship(connection: duckdb.DuckDBPyConnection, config: Config, *, take_over: bool = False) -> Shipment:
    """Puts what changed of every account in the warehouse into the lake.

    Args:
        take_over: write accounts that another home has shipped, too: it is gone, and this one goes on.

    Raises:
        ConfigurationError: no lake is configured, or another home ships one of the accounts. That account is
            left as it is; those before it in the order of names are shipped.
        CommandError: the storage did not take it. What was shipped before stands.
    """
    if config.lake is None:
        raise ConfigurationError(
            "stocktake.lake is not set. Name a folder or bucket that all homes reach in .dlt/config.toml,"
            ' such as lake = "s3://stock/lake".'
        )
    lake, home = Lake(config.lake), _home_id(config.home)
    iceberg = IcebergTables(config.iceberg, KEEP) if config.iceberg else None
    known = dict(
        connection.execute("select account, provider from raw_stocktake.accounts order by account").fetchall()
    )
    written: dict[str, int] = {}
    tables = 0
    with _told(lake), tempfile.TemporaryDirectory(dir=config.home) as folder:
        fingerprints = _fingerprints(connection, "iceberg" if iceberg else "")
        for account, provider in known.items():
            _claim(lake, account, home, take_over=take_over)
            wanted = [*_tables_of(provider), *OWN_TABLES]
            tables += len(wanted)
            states = {table: fingerprints.get((table, account), "") for table in wanted}
            for table, rows in _ship_account(connection, lake, account, provider, states, Path(folder)):
                written[f"{table} of {account}"] = rows
            _follow(lake, account, iceberg)
        for account in _forgotten(lake, home, known):
            dict(_ship_account(connection, lake, account, "", {}, Path(folder)))
            _follow(lake, account, iceberg)
            _clean(lake, account, pendulum.now("UTC"))
    return Shipment(lake.address, len(known), tables, written)


def shipped_files(lake: Lake) -> dict[str, list[str]]:
    """The files of every table, of all accounts of all homes, as their manifests name them now.

    Raises:
        CommandError: a manifest cannot be read, or a newer Stocktake wrote it.
    """
    found: dict[str, list[str]] = {}
    with _told(lake):
        for name in lake.names("manifests"):
            if not name.endswith(".json"):
                continue  # one that is being written
            for table, entry in _manifest(lake, name.removesuffix(".json"))["tables"].items():
                if entry["file"] is not None:
                    found.setdefault(table, []).append(lake.path_of(entry["file"]))
    return found


def _ship_account(
    connection: duckdb.DuckDBPyConnection,
    lake: Lake,
    account: str,
    provider: str,
    states: Mapping[str, str],
    folder: Path,
) -> Iterator[tuple[str, int]]:
    """Writes the account's tables that changed, switches its manifest, and names what was written."""
    before = _manifest(lake, account)
    now = pendulum.now("UTC")
    entries: dict[str, dict[str, Any]] = {}
    for table, state in states.items():
        known = before["tables"].get(table)
        if known is not None and known["fingerprint"] == state:
            entries[table] = known
            continue
        path = None
        rows = 0
        if state:
            path = f"{table.replace('.', '/')}/account={account}/{now.strftime(STAMP)}-{state[:12]}.parquet"
            file = folder / f"{table}.parquet"
            texts = [f"{name}::varchar as {name}" for name in _json_columns(connection, table)]
            columns = f"* replace ({', '.join(texts)})" if texts else "*"
            selected = connection.sql(f"select {columns} from {table} where account = ?", params=[account])
            selected.write_parquet(str(file), compression="zstd")
            rows = _rows(connection, file)
            lake.put(file, path)
        entries[table] = {"file": path, "rows": rows, "fingerprint": state}
        yield table, rows
    named = {entry["file"] for entry in entries.values()}
    gone = {entry["file"] for entry in before["tables"].values()} - named - {None}
    if entries != before["tables"]:
        lake.switch(
            f"manifests/{account}.json",
            {
                "format": FORMAT,
                "account": account,
                "provider": provider,
                "shipped_at": now.isoformat(),
                "tables": entries,
                "replaced": {**before["replaced"], **dict.fromkeys(sorted(gone), now.isoformat())},
                "in_iceberg": before["in_iceberg"],
            },
        )
        _clean(lake, account, now)


def _follow(lake: Lake, account: str, iceberg: IcebergTables | None) -> None:
    """Makes the account's rows in Iceberg tables what its manifest names, and notes that they are.

    A table whose note did not come to be is switched once more: that changes nothing.
    """
    if iceberg is None:
        return
    manifest = _manifest(lake, account)
    wanted = {table: entry["file"] for table, entry in manifest["tables"].items() if entry["file"]}
    if wanted == manifest["in_iceberg"]:
        return
    for table in sorted({*wanted, *manifest["in_iceberg"]}):
        file = wanted.get(table)
        if file != manifest["in_iceberg"].get(table):
            iceberg.switch(table, account, lake.path_of(file) if file else None)
    lake.switch(f"manifests/{account}.json", {**manifest, "in_iceberg": wanted})


def _clean(lake: Lake, account: str, now: datetime) -> None:
    """Removes files that no manifest has named for KEEP: replaced ones, and those of a ship that died."""
    manifest = _manifest(lake, account)
    named = {entry["file"] for entry in manifest["tables"].values()} | {*manifest["in_iceberg"].values()}
    replaced = {file: datetime.fromisoformat(at) for file, at in manifest["replaced"].items()}
    left = {file: at for file, at in replaced.items() if now - at < KEEP}
    for table in {PurePosixPath(file).parts[:2] for file in (*named, *replaced) if file}:
        parent = f"{'/'.join(table)}/account={account}"
        for name in lake.names(parent):
            file = f"{parent}/{name}"
            if file not in named and file not in left and now - _stamp(name, now) >= KEEP:
                lake.remove(file)
    if left != replaced:
        kept = {file: at.isoformat() for file, at in left.items()}
        lake.switch(f"manifests/{account}.json", {**manifest, "replaced": kept})


def _stamp(name: str, now: datetime) -> datetime:
    """When a file of ours was written; of another's, now: it is not ours to remove."""
    try:
        return pendulum.instance(datetime.strptime(name.partition("-")[0], STAMP), "UTC")
    except ValueError:
        return now


def _manifest(lake: Lake, account: str) -> dict[str, Any]:
    found = lake.read(f"manifests/{account}.json")
    if found is None:
        return {"tables": {}, "replaced": {}, "in_iceberg": {}}
    if found.get("format") != FORMAT:
        raise CommandError(
            f"{lake.path_of(f'manifests/{account}.json')} is of format {found.get('format', 'unknown')}, and"
            f" this Stocktake knows {FORMAT}. Install the version that wrote it, or move the file away and"
            " ship the account anew from its home."
        )
    return {"in_iceberg": {}, **found}


def _claim(lake: Lake, account: str, home: str, *, take_over: bool) -> None:
    """Makes sure that nobody else writes the account."""
    path = f"owners/{account}.json"
    ours = {"home": home, "since": pendulum.now("UTC").isoformat()}
    if lake.create(path, ours):
        return
    owner = lake.read(path) or {}
    if owner.get("home") == home:
        return
    if not take_over:
        raise ConfigurationError(
            f"{account}: another home ships this account into {lake.address} since"
            f" {owner.get('since', 'an unknown time')}, and two would overwrite each other. Give the account"
            " another name here, or, if that home is gone for good, run stocktake ship --take-over."
        )
    lake.switch(path, ours)


def _forgotten(lake: Lake, home: str, known: Mapping[str, str]) -> list[str]:
    """The accounts that this home shipped and has forgotten since."""
    names = [name.removesuffix(".json") for name in lake.names("owners")]
    return [
        name
        for name in names
        if name not in known and (lake.read(f"owners/{name}.json") or {}).get("home") == home
    ]


def _tables_of(provider: str) -> Sequence[str]:
    return [raw_table(PROVIDERS[provider], one) for one in PROVIDERS[provider].resources]


def _json_columns(connection: duckdb.DuckDBPyConnection, table: str) -> list[str]:
    """Columns that are written as texts: Iceberg knows no JSON."""
    described = connection.execute(f"describe {table}").fetchall()
    return [name for name, type_, *_ in described if type_ == "JSON"]


def _fingerprints(connection: duckdb.DuckDBPyConnection, lake_format: str) -> dict[tuple[str, str], str]:
    """What every account's rows of every table add up to: another sum, another content.

    A payload is told by its row_hash. After another DuckDB was installed, everything is shipped once more.
    """
    found: dict[tuple[str, str], str] = {}
    for table in [*(one for provider in PROVIDERS for one in _tables_of(provider)), *OWN_TABLES]:
        columns = [name for name, *_ in connection.execute(f"describe {table}").fetchall()]
        told = [name for name in columns if name != "payload" or "row_hash" not in columns]
        sums = connection.execute(
            f"select account, md5(concat_ws(' ', ?, count(*), {sum_of_rows(', '.join(told))}))"
            f" from {table} group by account",
            [" ".join(columns) + lake_format],
        )
        found |= {(table, account): state for account, state in sums.fetchall()}
    return found


def _rows(connection: duckdb.DuckDBPyConnection, file: Path) -> int:
    (counted,) = connection.execute("select num_rows from parquet_file_metadata(?)", [str(file)]).fetchall()
    return int(counted[0])


def _home_id(home: Path) -> str:
    """A name for this home that no other has."""
    note = home / "home.id"
    if not note.exists():
        write_whole(note, uuid.uuid4().hex)
    return note.read_text(encoding="utf-8")


def _text(document: Mapping[str, Any]) -> bytes:
    return json.dumps(document, indent=1, ensure_ascii=False).encode()


@contextmanager
def _told(lake: Lake) -> Iterator[None]:
    """Says in one sentence what the storage did not do."""
    try:
        yield
    except OSError as error:
        raise CommandError(
            f"{lake.address}: {words_of(error).rstrip('.')}. What was shipped before stands; check the lake's"
            " address and rights, and run stocktake ship again."
        ) from None
