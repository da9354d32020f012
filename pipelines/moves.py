"""What moved in a build, by key, and the tables that are brought up to date for the keys that moved.

A row counts as moved if it is gone, or was not there. What is kept of it is only what some model asks for
(pipelines/slices.py): the keys under which its rows can come out otherwise.
"""

from ast import literal_eval
from collections.abc import Iterable, Sequence, Set

import duckdb

from pipelines.fingerprint import count_and_sum, row_hash
from pipelines.slices import Lookup, Moved, Slice, slice_name
from pipelines.statements import Node

MOST = 0.2
"""The share of a table's keys up to which it is cheaper to replace their rows than to make it whole."""
FEW = 10_000
"""Rows. A table of fewer is made whole sooner than it is found out what moved."""


class Moves:
    """What moved so far."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, nodes: Sequence[Node]) -> None:
        self._run = connection.execute
        self._relations = {node.name: node.relation for node in nodes if node.kind != "test"}
        large = (
            "select schema_name, table_name from duckdb_tables()"
            " where database_name = current_database() and estimated_size >= ?"
        )
        self._large = set(self._run(large, [FEW]).fetchall())
        asked = [
            one for node in nodes if node.slice and self._is_large(node) for one in node.slice.all_moved()
        ]
        self._asked = {one: f"moved_{number}" for number, one in enumerate(dict.fromkeys(asked))}
        self._known: set[Moved] = set()

    def note(self, relation: str, rows: str) -> None:
        """Notes rows of a relation that are gone or new.

        Args:
            rows: a query for them.
        """
        for one in self._asked_of(relation):
            values = ", ".join(f"{by} as value_{number}" for number, by in enumerate(one.by))
            query = f"select distinct {values} from (\n{rows}\n)"
            is_first = one not in self._known
            self._run(f"create temp table {self._asked[one]} as {query}" if is_first else
                      f"insert into {self._asked[one]} {query}")  # fmt: skip
            self._known.add(one)

    def keep(self, node: Node) -> bool:
        """Remembers a table that is about to be made whole, if anyone asks what moves in it."""
        asked = self._asked_of(node.name)
        if asked:
            self._run(f"create or replace temp table rows_before as {self._hashed(node, asked)}")
        return bool(asked)

    def compare(self, node: Node) -> str:
        """Notes what moved in a table since it was kept; returns what its rows add up to."""
        asked = self._asked_of(node.name)
        self._run(f"create or replace temp table rows_after as {self._hashed(node, asked)}")
        for number, one in enumerate(asked):
            values = ", ".join(f"by_{number}_{place} as value_{place}" for place in range(len(one.by)))
            only = "where row_hash not in (select row_hash from"
            self._run(
                f"create temp table {self._asked[one]} as select {values} from rows_before {only} rows_after)"
                f" union select {values} from rows_after {only} rows_before)"
            )
            self._known.add(one)
        found = self._run("select count(*), coalesce(sum(row_hash), 0) from rows_after").fetchall()[0]
        self._run("drop table rows_before")
        self._run("drop table rows_after")
        return str(found)

    def merge(self, node: Node, how: Slice, changed: Set[str], content: str) -> str | None:
        """Makes a table's rows again for the keys that moved.

        Args:
            how: its rows of some keys are made.
            changed: the relations it reads that are not what they were when it was made.
            content: what its rows add up to, as `compare` says it.

        Returns:
            What its rows add up to now; None if the table has to be made whole, and was not touched.
        """
        if not self._is_large(node):
            return None
        needed = {one for one in how.all_moved() if one.relation in changed}
        if not needed <= self._known or not changed.isdisjoint(how.whole):
            return None
        if not needed:
            return content
        if not self._find_keys(node, how, needed):
            return None
        key = _listed(how.key)
        is_wanted = f"({key}) in (select {key} from slice_keys)"
        for one in how.sliced:
            by = f"({', '.join(one.by)}) in (select {key} from slice_keys)"
            self._run(
                f'create or replace temp view "{slice_name(one.relation)}" as'
                f" select * from {self._relations[one.relation]} where {by}"
            )
        names = _listed(name for name, _ in node.columns) or "*"
        self._run(
            f"create or replace temp table slice_made as"
            f" select {names} from (\n{how.sql}\n) where {is_wanted}"
        )
        self._run(
            f"create or replace temp table slice_stood as select * from {node.relation} where {is_wanted}"
        )
        self._run(
            "create or replace temp table slice_moved as"
            " (from slice_made except all from slice_stood) union all"
            " (from slice_stood except all from slice_made)"
        )
        if not self._count("slice_moved"):
            return content
        is_of_moved = f"({key}) in (select {key} from slice_moved)"
        self.note(node.name, "from slice_moved")
        self._run(f"delete from {node.relation} where {is_of_moved}")
        self._run(f"insert into {node.relation} by name from slice_made where {is_of_moved}")
        gone, come = (
            self._sum(f"from {table} as made where {is_of_moved}") for table in ("slice_stood", "slice_made")
        )
        before = literal_eval(content)
        return str(tuple(old - less + more for old, less, more in zip(before, gone, come, strict=True)))

    def forget(self) -> None:
        """Drops all that was kept of this build."""
        names = (
            "from (select view_name as name, 'view' from duckdb_views() where temporary and not internal"
            " union all select table_name, 'table' from duckdb_tables() where temporary)"
            r" where regexp_full_match(name, 'moved_\d+|slice_.*|looked_up')"
        )
        for name, kind in self._run(names).fetchall():
            self._run(f'drop {kind} temp."{name}"')

    def _find_keys(self, node: Node, how: Slice, needed: Set[Moved]) -> bool:
        """Finds the keys that moved; says whether their rows are to be replaced."""
        self._find(how, needed, "slice_found")
        names = [f'value_{number} as "{name}"' for number, name in enumerate(how.key)]
        self._run(
            f"create or replace temp table slice_keys as select distinct {', '.join(names)} from slice_found"
        )
        has_null = " or ".join(f'"{name}" is null' for name in how.key)
        # A null is equal to nothing, so its rows would not be found.
        if self._count(f"slice_keys where {has_null}"):
            return False
        distinct = f"approx_count_distinct(({_listed(how.key)}))"
        keys = self._run(f"select {distinct} from {node.relation}").fetchall()[0][0]
        return bool(self._count("slice_keys") <= MOST * keys)

    def _find(self, how: Slice | Lookup, needed: Set[Moved], found: str) -> None:
        """Makes a table of the values that moved."""
        self._run(f"drop table if exists temp.{found}")
        queries = [f"from {self._asked[one]}" for one in how.moved if one in needed]
        for number, lookup in enumerate(how.lookups):
            if not needed.isdisjoint(lookup.all_moved()):
                inner = f"{found}_{number}"
                self._find(lookup, needed, inner)
                self._run(f"create or replace temp view looked_up as from {inner}")
                self._run(f"create or replace temp table {inner} as {lookup.keys}")
                queries.append(f"from {inner}")
        self._run(f"create or replace temp table {found} as {' union all '.join(queries)}")

    def _is_large(self, node: Node) -> bool:
        return (node.schema, node.name) in self._large

    def _asked_of(self, relation: str) -> list[Moved]:
        return [one for one in self._asked if one.relation == relation]

    def _hashed(self, node: Node, asked: Iterable[Moved]) -> str:
        values = [f"{row_hash('made')} as row_hash"]
        for number, one in enumerate(asked):
            values += [f"{by} as by_{number}_{place}" for place, by in enumerate(one.by)]
        return f"select {', '.join(values)} from {node.relation} as made"

    def _sum(self, rows: str) -> tuple[int, int]:
        """What rows add up to; their relation is called `made`."""
        count, sum_ = self._run(f"select {count_and_sum('made')} {rows}").fetchall()[0]
        return int(count), int(sum_)

    def _count(self, rows: str) -> int:
        return int(self._run(f"select count(*) from {rows}").fetchall()[0][0])


def _listed(names: Iterable[str]) -> str:
    return ", ".join(f'"{name}"' for name in names)
