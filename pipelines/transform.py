"""The models, built: what dbt compiled, run on the open connection, as far as anything changed.

A model is made again only if its statement or the rows of what it reads are others than when it was made; the
same holds for a test. What rows a table holds is known by a hash of them, so a model that comes out as it was
changes nothing for those that read it. A build is one transaction: its tables and what is noted of them stand
together or not at all.
"""

import hashlib
import uuid
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import duckdb

from pipelines.config import Config
from pipelines.errors import CommandError, TestsFailedError
from pipelines.files import write_whole
from pipelines.fingerprint import count_and_sum
from pipelines.moves import Moves
from pipelines.statements import PROJECT, Node, compiled
from pipelines.view import plain
from pipelines.warehouse import BROKEN, raw_contents, settings_signature

__all__ = ["PROJECT", "Build", "build", "build_nodes", "has_passed"]

KINDS = {"BASE TABLE": ("table", "incremental"), "VIEW": ("view",)}


Told = Callable[[int, int, str], None]


def unheard(number: int, count: int, name: str) -> None:
    """Where nobody wants to be told."""


@dataclass
class Build:
    """What a build did."""

    warnings: list[str] = field(default_factory=list)
    """Of all tests that only warn, run now or before: each begins with the test's name and a colon."""
    made: set[str] = field(default_factory=set)
    """The models that were made again."""
    merged: set[str] = field(default_factory=set)
    """Those of them of which only the keys that moved were made."""
    tested: set[str] = field(default_factory=set)
    """The tests that were run; the others had passed on the same rows."""

    @property
    def models(self) -> int:
        """How many models were made again."""
        return len(self.made)

    @property
    def tests(self) -> int:
        """How many tests were run."""
        return len(self.tested)


@dataclass(frozen=True)
class Made:
    """What is noted of a node."""

    code: str
    """A fingerprint of its statements and of those of all that it reads."""
    made_from: str
    """The same, and of the rows it was made from."""
    content: str
    """A fingerprint of its rows; of a test, what it warned of."""
    note: str
    """The comment on its table, by which the table is known to be the one that was made."""


def build(
    connection: duckdb.DuckDBPyConnection,
    config: Config,
    told: Told = unheard,
    compiling: Callable[[], object] = lambda: None,
) -> Build:
    """Builds and tests the models, as far as anything changed.

    Args:
        told: told before every model its number, how many there are, and its name.
        compiling: told before models are compiled, where they are not yet.

    Raises:
        TestsFailedError: the data broke a promise the models make; nothing may be published.
        CommandError: a model could not be built.
    """
    nodes = compiled(config.home, config.database.name, config.model_vars, compiling=compiling)
    return build_nodes(connection, nodes, config.home / "logs" / "failed.sql", told)


def build_nodes(
    connection: duckdb.DuckDBPyConnection, nodes: Sequence[Node], failed_sql: Path, told: Told = unheard
) -> Build:
    """The same with these nodes, parents before children.

    Args:
        failed_sql: where a statement is written that failed.
    """
    models = [node.name for node in nodes if node.kind != "test"]
    _make_state(connection)
    building = _Building(connection, nodes, failed_sql)
    with one_build(connection):
        for node in nodes:
            if node.kind != "test":
                told(models.index(node.name) + 1, len(models), node.name)
            building.bring_up_to_date(node)
        building.finish(nodes)
    return building.result


@contextmanager
def one_build(connection: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """What a build changes, as one transaction: it has passed, or it has not been."""
    _make_state(connection)
    connection.execute("delete from raw_stocktake.build_state")
    connection.execute("begin")
    try:
        yield
        connection.execute("insert into raw_stocktake.build_state (has_passed) values (true)")
        connection.execute("commit")
    except BaseException:
        with suppress(duckdb.Error):  # after a fatal one there is nothing to roll back
            connection.execute("rollback")
        raise


def has_passed(connection: duckdb.DuckDBPyConnection) -> bool:
    """Whether the models stand as a build left them that passed all its tests."""
    _make_state(connection)
    row = connection.execute("select has_passed from raw_stocktake.build_state").fetchone()
    return row is not None and bool(row[0])


def _make_state(connection: duckdb.DuckDBPyConnection) -> None:
    connection.execute("create table if not exists raw_stocktake.build_state (has_passed boolean)")
    connection.execute(
        "create table if not exists raw_stocktake.built"
        " (node varchar, code varchar, made_from varchar, content varchar, note varchar)"
    )


class _Building:
    """A build under way: what is known of each node, and what was done."""

    def __init__(
        self, connection: duckdb.DuckDBPyConnection, nodes: Sequence[Node], failed_sql: Path
    ) -> None:
        self.result = Build()
        self._connection = connection
        self._failed_sql = failed_sql
        self._note = f"build {uuid.uuid4()}"
        rows = connection.execute(
            "select node, code, made_from, content, note from raw_stocktake.built"
        ).fetchall()
        self._before = {row[0]: Made(*row[1:]) for row in rows}
        self._standing = self._look()
        self._now: dict[str, Made] = {
            table: Made("", "", content, "") for table, content in raw_contents(connection).items()
        }
        # What a setting means, it means for all of the past.
        accounts = self._now["raw_stocktake.accounts"]
        self._now["raw_stocktake.accounts"] = Made(settings_signature(connection), "", accounts.content, "")
        self._failed: list[str] = []
        self._broken: set[str] = set()
        self._nodes = {node.name: node for node in nodes}
        self._moves = Moves(connection, nodes)

    def bring_up_to_date(self, node: Node) -> None:
        """Makes a model again, or runs a test, if it could come out in another way."""
        if not self._broken.isdisjoint({*node.parents, *node.after}):
            self._broken.add(node.name)
            return
        parents = [self._now[parent] for parent in node.parents]
        # An engine may write the same hash of a row in another way.
        code = _digest(
            duckdb.__version__,
            node.kind,
            node.sql,
            node.merge_sql,
            node.columns,
            node.parts,
            *(p.code for p in parents),
        )
        made_from = _digest(code, *(parent.content for parent in parents))
        before = self._before.get(node.name)
        if before and not self._stands(node, before):
            before = None
        if before and before.made_from == made_from:
            self._now[node.name] = before
            if node.kind == "test" and before.content:
                self.result.warnings.append(before.content)
        elif node.kind == "test":
            self._run_test(node, code, made_from)
        elif before and before.code == code and node.kind == "view":  # it stands, and shows what is there
            self._now[node.name] = Made(code, made_from, made_from, before.note)
        else:
            same_code = before if before and before.code == code else None
            self._now[node.name] = self._make(node, before, same_code, code, made_from)
            self.result.made.add(node.name)

    def finish(self, nodes: Sequence[Node]) -> None:
        """Notes what was built, and drops what no model makes any more, so that it is not published for ever.

        Raises:
            TestsFailedError: a test failed.
        """
        if self._failed:
            raise self._tests_failed()
        self._moves.forget()
        relations = {(node.schema, node.name) for node in nodes if node.kind != "test"}
        schemas = {schema for schema, _ in relations}
        for (schema, name), (kind, _) in self._look().items():
            if schema in schemas and (schema, name) not in relations:
                self._connection.execute(f'drop {_word(kind)} "{schema}"."{name}"')
        changed = {node.name for node in nodes if self._now[node.name] != self._before.get(node.name)}
        gone = self._before.keys() - {node.name for node in nodes}
        self._connection.execute(
            "delete from raw_stocktake.built where list_contains(?::varchar[], node)",
            [sorted(changed | gone)],
        )
        rows = [
            (name, made.code, made.made_from, made.content, made.note)
            for name in sorted(changed)
            for made in [self._now[name]]
        ]
        if rows:
            marks = ", ".join("(?, ?, ?, ?, ?)" for _ in rows)
            self._connection.execute(
                f"insert into raw_stocktake.built values {marks}", [value for row in rows for value in row]
            )

    def _tests_failed(self) -> TestsFailedError:
        return TestsFailedError(
            f"Loaded, but {len(self._failed)} of {self.result.tests} tests failed and nothing was published:"
            f" {self._failed[0]}. The last release stands; the test's statement is in {self._failed_sql}.",
            self._failed,
        )

    def _look(self) -> dict[tuple[str, str], tuple[str, str | None]]:
        """Every table and view that stands in the database: what it is, and the comment on it."""
        rows = self._connection.execute(
            "select schema_name, table_name, 'BASE TABLE', comment from duckdb_tables()"
            " where database_name = current_database() and not temporary union all"
            " select schema_name, view_name, 'VIEW', comment from duckdb_views()"
            " where database_name = current_database() and not internal and not temporary"
        ).fetchall()
        return {(schema, name): (kind, comment) for schema, name, kind, comment in rows}

    def _stands(self, node: Node, made: Made) -> bool:
        return node.kind == "test" or self._standing.get((node.schema, node.name), ("", None))[1] == made.note

    def _make(
        self, node: Node, before: Made | None, same_code: Made | None, code: str, made_from: str
    ) -> Made:
        try:
            content = self._merged(node, same_code, made_from) if same_code else None
            is_merged = content is not None
            if content is None:
                content = self._made_whole(node, same_code, made_from)
        except duckdb.Error as error:
            if isinstance(error, BROKEN):
                raise
            write_whole(self._failed_sql, node.sql)
            said = " ".join(str(error).split())
            raise CommandError(
                f"The models cannot be built: {node.name}: {said}. Its statement is in {self._failed_sql}."
            ) from None
        # Publishing knows by the note that it need not read the table again.
        note = before.note if before and before.content == content and before.code == code else self._note
        if not is_merged or note == self._note:
            self._connection.execute(f"comment on {_word(node.kind)} {node.relation} is '{note}'")
        return Made(code, made_from, content, note)

    def _merged(self, node: Node, made: Made, made_from: str) -> str | None:
        """Replaces what moved; returns what is noted of the content, or None if it has to be made whole."""
        if node.kind == "incremental":
            return made_from if self._merge(node) else made.content
        if node.slice is None or not self._is_made_of_what_was(node, made):
            return None
        changed = self._changed(node.slice.relations)
        content = self._moves.merge(node, node.slice, changed, made.content)
        if content is not None:
            self.result.merged.add(node.name)
        return content

    def _made_whole(self, node: Node, same_code: Made | None, made_from: str) -> str:
        is_kept = same_code is not None and node.kind == "table" and self._moves.keep(node)
        self._make_whole(node, is_new=same_code is None)
        if is_kept:
            return self._moves.compare(node)
        # Of a table it is worth asking whether it came out as it was: of a view it costs more than it saves.
        return self._content(node) if node.kind == "table" else made_from

    def _is_made_of_what_was(self, node: Node, made: Made | None) -> bool:
        """Whether a model was made of its parents as they were when this build began: a build of some models
        leaves others behind.
        """
        if made is None or not self._before.keys() >= set(node.parents):
            return False
        views = [self._nodes[name] for name in node.parents if self._nodes[name].is_read_through]
        contents = (self._before[parent].content for parent in node.parents)
        return made.made_from == _digest(made.code, *contents) and all(
            self._is_made_of_what_was(view, self._before.get(view.name)) for view in views
        )

    def _changed(self, relations: Iterable[str]) -> set[str]:
        return {
            one
            for one in relations
            if one not in self._before or self._now[one].content != self._before[one].content
        }

    def _make_whole(self, node: Node, *, is_new: bool) -> None:
        self._connection.execute(f'create schema if not exists "{node.schema}"')
        kind = self._standing.get((node.schema, node.name), ("", None))[0]
        if kind and node.kind not in KINDS[kind]:
            self._connection.execute(f"drop {_word(kind)} {node.relation}")
        if node.columns and is_new:
            self._keep_promise(node)
        names = ", ".join(f'"{name}"' for name, _ in node.columns)
        query = f"select {names} from (\n{node.sql}\n)" if names else node.sql
        word = "view" if node.kind == "view" else "table"
        self._connection.execute(f"create or replace {word} {node.relation} as (\n{query}\n)")

    def _keep_promise(self, node: Node) -> None:
        """Makes sure that the statement gives the columns of its YAML: only its text can change that."""
        nulls = ", ".join(f'null::{type_} as "{name}"' for name, type_ in node.columns)
        promised = self._types(f"select {nulls}")
        found = self._types(node.sql)
        wrong = sorted(name for name in promised | found if promised.get(name) != found.get(name))
        if wrong:
            raise CommandError(
                f"The models cannot be built: {node.name}.{wrong[0]} is {found.get(wrong[0], 'not there')},"
                f" and {promised.get(wrong[0], 'not there')} in its YAML."
            )

    def _types(self, query: str) -> dict[str, str]:
        rows = self._connection.execute(f"describe (\n{query}\n)").fetchall()
        return {name: type_ for name, type_, *_ in rows}

    def _merge(self, node: Node) -> bool:
        """Brings an incremental model's table up to date; says whether a row changed."""
        run, key = self._connection.execute, f'"{node.unique_key}"'
        run(f"create or replace temp table arrived as (\n{node.merge_sql}\n)")
        arrived = self._count("from arrived")
        if arrived:
            stood = f"from {node.relation} where {key} in (select {key} from arrived)"
            self._moves.note(node.name, f"from arrived union all by name {stood}")
            run(f"delete from {node.relation} where {key} in (select {key} from arrived)")
            run(f"insert into {node.relation} by name from arrived")
        run("drop table arrived")
        # All that there is to hold is held now: more rows than that are rows that are no longer.
        held = node.rows_of or f"(\n{node.sql}\n)"  # to plan the statement costs more than to count
        gone = self._count(f"from {node.relation}") - self._count(f"from {held}")
        if gone:
            is_gone = f"{key} not in (select {key} from (\n{node.sql}\n))"
            self._moves.note(node.name, f"from {node.relation} where {is_gone}")
            run(f"delete from {node.relation} where {is_gone}")
        return bool(arrived or gone)

    def _content(self, node: Node) -> str:
        query = f"select {count_and_sum('made')} from {node.relation} as made"
        return str(self._connection.execute(query).fetchone())

    def _count(self, query: str) -> int:
        return int(self._connection.execute(f"select count(*) {query}").fetchall()[0][0])

    def _run_test(self, node: Node, code: str, made_from: str) -> None:
        self.result.tested |= node.tests
        asked = self._suspected(node) if node.parts else [(node.name, node.sql)]
        found = {words: sql for name, sql in asked if (words := self._found(name, sql))}
        if found and node.is_warning:
            self.result.warnings += found
        elif found:
            if not self._failed:
                write_whole(self._failed_sql, next(iter(found.values())))
            self._failed += found
            self._broken.add(node.name)
        self._now[node.name] = Made(code, made_from, "".join(found), "")

    def _suspected(self, node: Node) -> list[tuple[str, str]]:
        """The tests of a node that may have found something."""
        prechecks = self._ask(node.name, node.sql).fetchall()[0]
        return [part for part, is_suspected in zip(node.parts, prechecks, strict=True) if is_suspected]

    def _found(self, name: str, sql: str) -> str:
        """What a test found, with the first row of it; empty where it passed."""
        cursor = self._ask(name, f"select count(*) over (), * from (\n{sql}\n) limit 1")
        row = cursor.fetchone()
        if row is None:
            return ""
        columns = [column[0] for column in cursor.description or ()]
        example = ", ".join(
            f"{column} {plain(value)[:60]}" for column, value in zip(columns[1:], row[1:], strict=True)
        )
        return f"{name}: {row[0]} {'row' if row[0] == 1 else 'rows'}, such as {example}"

    def _ask(self, name: str, sql: str) -> duckdb.DuckDBPyConnection:
        try:
            return self._connection.execute(sql)
        except duckdb.Error as error:
            if isinstance(error, BROKEN):
                raise
            write_whole(self._failed_sql, sql)
            self._failed.append(f"{name}: {' '.join(str(error).split())}")
            raise self._tests_failed() from None


def _digest(*parts: object) -> str:
    return hashlib.sha256(repr(parts).encode()).hexdigest()


def _word(kind: str) -> str:
    return "view" if kind.lower() == "view" else "table"
