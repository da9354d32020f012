"""Every statement of a build, as dbt makes it of the models' text.

dbt takes some twenty seconds of a core to read the models, and several times as long as the statements
themselves to hand them over one by one. So it compiles, and pipelines/transform.py runs: what is compiled is
kept in the home's folder for as long as the text, dbt and DuckDB are the same. A file that is not what
was written is made anew.
"""

import hashlib
import json
import logging
import shutil
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from copy import copy
from graphlib import TopologicalSorter
from importlib.metadata import version
from pathlib import Path
from typing import Any

import duckdb
import msgspec

from pipelines.environment import variable
from pipelines.errors import CommandError
from pipelines.files import write_whole
from pipelines.slices import Relations, Slice, UnknownError, derive

PROJECT = Path(__file__).resolve().parent.parent / "dbt_models"
ENGINES: Mapping[str, Sequence[str]] = {
    "duckdb": ("dbt-core", "dbt-duckdb", "dbt-adapters", "duckdb"),
    "spark": ("dbt-core", "dbt-spark", "dbt-adapters"),
}
"""What decides what is made of the models' text, by the engine that it is made for."""
DISTINCT = {"duckdb": "hash", "spark": "struct"}
"""What makes one value of several, nulls among them, to count the distinct ones."""
STAGING = "staging"
"""The schema whose models have one row out per row in."""
FORMAT = "5"
"""Goes up when a node is written in another way."""

NAMING = ("schema_prefix",)
"""Variables that decide what models are called. All others are values in statements: what dbt read of the
models' text holds for each of them."""
HOOKS_KNOWN = ("note_build", "forget_")
"""Post-hooks that need not be run: a build of ours notes every table and forgets by itself."""


class Node(msgspec.Struct, frozen=True):
    """A model or a test, compiled."""

    name: str
    """As people know it."""
    kind: str
    """table, view, incremental or test."""
    sql: str
    """What a table is made of when it is made whole, or what a test finds: one truth for each of `parts`."""
    parents: tuple[str, ...]
    """What it reads: models by name, raw tables with their schema."""
    after: tuple[str, ...] = ()
    """Tests that have to pass first: all those of what it reads."""
    schema: str = ""
    merge_sql: str = ""
    """The rows that an incremental model adds to what is there."""
    unique_key: str = ""
    rows_of: str = ""
    """The raw table of which it has one row for each row, as staging does."""
    columns: tuple[tuple[str, str], ...] = ()
    """The columns that were promised, with their types, in their order."""
    is_warning: bool = False
    parts: tuple[tuple[str, str], ...] = ()
    """Tests that are one node: each by name, with the statement that has the last word on it."""
    slice: Slice | None = None
    """Of a table that says `merged_by` its key: how to make its rows of some keys."""

    @property
    def is_read_through(self) -> bool:
        """Whether those that read it are told what moves below it: of raw tables that is not known."""
        return self.kind == "view" and not any("." in parent for parent in self.parents)

    @property
    def relation(self) -> str:
        """Its name in SQL."""
        return f'"{self.schema}"."{self.name}"'

    @property
    def tests(self) -> set[str]:
        """The tests it stands for, by dbt's names."""
        return {name for name, _ in self.parts} or {self.name}


def compiled(
    home: Path,
    database: str,
    variables: Mapping[str, Any] | None = None,
    project: Path = PROJECT,
    engine: str = "duckdb",
    compiling: Callable[[], object] = lambda: None,
) -> list[Node]:
    """All nodes in an order in which they can be built, compiled only where they are not yet.

    Args:
        home: what is compiled is kept in its folder `models`.
        database: the file name of the working database, which stands in every statement.
        variables: what the user set for the models.
        project: the models.
        engine: whose SQL it is to be, one of ENGINES.
        compiling: told before that begins: it takes longest of all the first time.

    Raises:
        CommandError: dbt does not understand a model, or a model asks for what a build here does not do.
    """
    file = home / "models" / ("statements.json" if engine == "duckdb" else f"statements_{engine}.json")
    key = statements_key(database, variables, project, engine)
    kept = _kept(file, key)
    if kept is None:
        compiling()
        kept = _in_order(_compile(home, database, variables, project, engine))
        body = msgspec.json.encode(kept)
        file.parent.mkdir(parents=True, exist_ok=True)
        write_whole(file, f"{key} {hashlib.sha256(body).hexdigest()}\n{body.decode()}")
    return kept


def manifest_of(
    home: Path, database: str, variables: Mapping[str, Any] | None = None, project: Path = PROJECT
) -> dict[str, Any]:
    """What dbt's `manifest.json` says of the models, for whoever draws them; kept as statements are.

    Args:
        home: as `compiled` has it, and the others likewise.

    Raises:
        CommandError: dbt does not understand a model.
    """
    file = home / "models" / "manifest.json"
    key = statements_key(database, variables, project)
    with suppress(FileNotFoundError, ValueError):
        head, body = file.read_bytes().split(b"\n", 1)
        if head.decode() == key:
            return dict(json.loads(body))
    with variable("STOCKTAKE_WORKING_DATABASE", str(home / "models" / "stand_in" / database)):
        manifest = _Dbt(home, database, variables or {}, project, "duckdb").manifest.writable_manifest()
    made = json.dumps(manifest.to_dict(omit_none=False), default=str)
    file.parent.mkdir(parents=True, exist_ok=True)
    write_whole(file, f"{key}\n{made}")
    return dict(json.loads(made))


def statements_key(
    database: str,
    variables: Mapping[str, Any] | None = None,
    project: Path = PROJECT,
    engine: str = "duckdb",
) -> str:
    """A fingerprint of all that decides what dbt makes of the text."""
    versions = [FORMAT, *(version(package) for package in ENGINES[engine])]
    digest = hashlib.sha256(json.dumps([versions, database, variables or {}]).encode())
    for path in sorted(project.rglob("*")):
        if path.suffix in {".sql", ".yml", ".csv"} and not path.name.startswith("."):
            digest.update(path.relative_to(project).as_posix().encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()


def _kept(file: Path, key: str) -> list[Node] | None:
    try:
        head, body = file.read_bytes().split(b"\n", 1)
        if head.decode() == f"{key} {hashlib.sha256(body).hexdigest()}":
            return msgspec.json.decode(body, type=list[Node])
    except (FileNotFoundError, ValueError):
        pass  # it was never written, or is no longer what was
    return None


def _compile(
    home: Path, database: str, variables: Mapping[str, Any] | None, project: Path, engine: str
) -> list[Node]:
    stand_in = home / "models" / "stand_in" / database
    stand_in.parent.mkdir(parents=True, exist_ok=True)
    try:
        with variable("STOCKTAKE_WORKING_DATABASE", str(stand_in)):
            dbt = _Dbt(home, database, variables or {}, project, engine)
            return _compile_with(dbt, stand_in if engine == "duckdb" else None)
    finally:
        shutil.rmtree(stand_in.parent)


def _compile_with(dbt: "_Dbt", stand_in: Path | None) -> list[Node]:
    """Compiles the models as they are made whole.

    Args:
        stand_in: a database for the other form of incremental models, which are written otherwise where their
            table is there; None where every build is whole.
    """
    for node in dbt.manifest.nodes.values():
        _refuse_unknown(node)
    wholes = dbt.run("compile", "--full-refresh")
    merges = _merges(wholes, dbt, stand_in) if stand_in else []
    merge_sql = {node.unique_id: str(node.compiled_code) for node in merges}
    slices = _slices(wholes) if stand_in else {}
    prechecks = {node.unique_id: one for node in wholes if (one := _precheck(node, dbt.distinct))}
    return [
        *(
            _node(node, dbt.names, merge_sql.get(node.unique_id, ""), slices.get(node.unique_id))
            for node in wholes
            if node.unique_id not in prechecks
        ),
        *_in_one_scan([node for node in wholes if node.unique_id in prechecks], prechecks, dbt),
    ]


def _merges(wholes: Sequence[Any], dbt: "_Dbt", stand_in: Path) -> list[Any]:
    incremental = [node for node in wholes if node.config.materialized == "incremental"]
    with duckdb.connect(str(stand_in)) as connection:
        for node in incremental:
            connection.execute(f'create schema if not exists "{node.schema}"')
            connection.execute(f'create table "{node.schema}"."{node.name}" as select 1 as stands_there')
    chosen = ["--indirect-selection", "empty", "--select", *(node.name for node in incremental)]
    return dbt.run("compile", *chosen) if incremental else []


def _precheck(node: Any, distinct: str) -> str | None:
    """What is true of all rows together wherever this test finds one, and else hardly ever: cheap to ask
    along with others of the same model. None of a test that is asked by itself.

    Args:
        distinct: makes one value of several, nulls among them.
    """
    metadata, config = getattr(node, "test_metadata", None), node.config
    if metadata is None or metadata.namespace or config.severity.lower() != "error" or config.where:
        return None
    told = metadata.kwargs
    column = told.get("column_name")
    if metadata.name == "not_null":
        return f"count(*) > count({column})"
    if metadata.name == "unique":
        return f"count({column}) > count(distinct {distinct}({column})) filter (where {column} is not null)"
    if metadata.name == "one_row_per" and not told.get("as_compared"):
        columns, nullable = told["columns"], told.get("nullable", ())
        needed = [f"count(*) > count({column})" for column in columns if column not in nullable]
        return " or ".join([f"count(*) > count(distinct {distinct}({', '.join(columns)}))", *needed])
    if metadata.name == "accepted_values" and told.get("quote", True):
        values = ", ".join(f"'{value}'" for value in told["values"])  # as dbt writes them
        return f"count(*) filter (where {column} not in ({values})) > 0"
    return None


def _in_one_scan(tests: Sequence[Any], prechecks: Mapping[str, str], dbt: "_Dbt") -> Iterator[Node]:
    """One node for the tests of each model that one scan of it can answer: each statement has its price."""
    of_model: dict[str, list[Any]] = defaultdict(list)
    for node in tests:
        of_model[node.attached_node].append(node)
    for model, found in of_model.items():
        found.sort(key=lambda node: str(node.name))
        checked = ",\n".join(f"    coalesce({prechecks[node.unique_id]}, false)" for node in found)
        yield Node(
            name=f"tests_of_{dbt.names[model]}",
            kind="test",
            sql=f"select\n{checked}\nfrom {dbt.manifest.nodes[model].relation_name}",
            parents=(dbt.names[model],),
            parts=tuple((node.name, node.compiled_code) for node in found),
        )


def _slices(nodes: Sequence[Any]) -> dict[str, Slice]:
    """How the tables that say `merged_by` are brought up to date."""
    models = {f"{node.schema}.{node.name}": node for node in nodes if node.resource_type == "model"}
    relations = Relations(
        names={written: node.name for written, node in models.items()},
        statements={written: node.compiled_code for written, node in models.items()},
        # What reads raw tables is not read through: what moved in those is not known by rows.
        views={
            written: node.compiled_code
            for written, node in models.items()
            if node.config.materialized == "view" and not node.sources
        },
    )
    found = {}
    for node in models.values():
        if key := node.config.meta.get("merged_by"):
            try:
                found[node.unique_id] = derive(node.compiled_code, key, relations)
            except UnknownError as why:
                raise CommandError(
                    f"The models cannot be built: {node.name} says merged_by {', '.join(key)}, and has {why}."
                    " Write it so that the rows of a key are made of rows of that key, or take merged_by away"
                    " (docs/models.md)."
                ) from None
    return found


def _node(node: Any, names: Mapping[str, str], merge_sql: str, slice_: Slice | None) -> Node:
    kind = _kind(node)
    is_promised = kind != "test" and node.config.contract.enforced
    parents = tuple(sorted(names[parent] for parent in node.depends_on.nodes))
    return Node(
        name=node.name,
        kind=kind,
        sql=node.compiled_code,
        parents=parents,
        schema=node.schema,
        merge_sql=merge_sql,
        unique_key=node.config.unique_key if kind == "incremental" else "",
        rows_of=parents[0] if kind == "incremental" and node.schema == STAGING and len(parents) == 1 else "",
        columns=tuple((one.name, one.data_type) for one in node.columns.values()) if is_promised else (),
        is_warning=kind == "test" and node.config.severity.lower() == "warn",
        slice=slice_,
    )


def _kind(node: Any) -> str:
    return str(node.config.materialized if node.resource_type == "model" else node.resource_type.value)


def _refuse_unknown(node: Any) -> None:
    """Makes sure that what is run here is what dbt would have run.

    Raises:
        CommandError: the model asks for something else.
    """
    config, kind = node.config, _kind(node)
    asked: Mapping[str, bool] = {
        f"materialized: {kind}": kind not in ("table", "view", "incremental", "test", "analysis"),
        "an alias": kind != "test" and bool(config.alias),
        "a limit, fail_calc, warn_if or error_if": kind == "test"
        and (config.limit, config.fail_calc, config.warn_if, config.error_if)
        != (None, "count(*)", "!= 0", "!= 0"),
        "an incremental model without strategy merge and one unique_key": kind == "incremental"
        and (config.incremental_strategy != "merge" or not isinstance(config.unique_key, str)),
        "a pre-hook": bool(getattr(config, "pre_hook", [])),
        "a post-hook": any(
            not any(known in hook.sql for known in HOOKS_KNOWN) for hook in getattr(config, "post_hook", [])
        ),
    }
    for what, is_asked in asked.items():
        if is_asked:
            raise CommandError(
                f"The models cannot be built: {node.name} has {what}, which stocktake build does not know."
                " Write it as the other models are written (docs/models.md)."
            )


def _in_order(nodes: Sequence[Node]) -> list[Node]:
    """Parents first, and the tests of what a model reads before it: what is broken is not built on."""
    by_name = {node.name: node for node in nodes}
    tests = [node for node in nodes if node.kind == "test"]
    above: dict[str, frozenset[str]] = {}
    for name in TopologicalSorter({node.name: node.parents for node in nodes}).static_order():
        parents = by_name[name].parents if name in by_name else ()
        above[name] = frozenset(parents).union(*(above[parent] for parent in parents))
    for node in nodes:
        if node.kind != "test":
            before = [
                test.name
                for test in tests
                if above[node.name].issuperset(test.parents)
                and not set(test.parents).isdisjoint(node.parents)
            ]
            by_name[node.name] = msgspec.structs.replace(node, after=tuple(sorted(before)))
    graph = {node.name: [*node.parents, *node.after] for node in by_name.values()}
    return [by_name[name] for name in TopologicalSorter(graph).static_order() if name in by_name]


class _Dbt:
    """dbt in this process, on the models' text as it was read once."""

    def __init__(
        self, home: Path, database: str, variables: Mapping[str, Any], project: Path, engine: str
    ) -> None:
        self.log = home / "logs" / "dbt.log"
        self.distinct = DISTINCT[engine]
        self._told = [
            "--quiet", "--no-use-colors", "--log-level", "none", "--log-level-file", "info",
            "--project-dir", str(project), "--profiles-dir", str(project),
            "--target-path", str(home / "models"), "--log-path", str(self.log.parent),
            "--vars", json.dumps(variables), "--no-write-json", "--target", engine,
        ]  # fmt: skip
        self.manifest: Any = None
        naming = {name: variables[name] for name in NAMING if name in variables}
        self.manifest = self._read(home / "models", statements_key(database, naming, project, engine))
        self.names: dict[str, str] = {
            **{name: node.name for name, node in self.manifest.nodes.items()},
            **{name: f"{one.schema}.{one.identifier}" for name, one in self.manifest.sources.items()},
        }
        """Models and raw tables as they are called here, by dbt's names."""

    def _read(self, folder: Path, key: str) -> Any:
        """The models as dbt reads them, or as it read the same text before: half of what compiling takes."""
        kept, note = folder / "partial_parse.msgpack", folder / "parsed.key"
        with suppress(FileNotFoundError):
            body = kept.read_bytes()
            if note.read_text(encoding="utf-8") == f"{key} {hashlib.sha256(body).hexdigest()}":
                from dbt.contracts.graph.manifest import Manifest

                manifest: Any = Manifest.from_msgpack(body)
                manifest.build_flat_graph()
                return manifest
        manifest = self._invoke("parse")
        write_whole(note, f"{key} {hashlib.sha256(kept.read_bytes()).hexdigest()}")
        return manifest

    def run(self, *arguments: str) -> list[Any]:
        """The nodes that a command of dbt worked on."""
        results = self._invoke(*arguments).results
        for result in results:
            if str(result.status) == "error":
                said = " ".join(str(result.message or "").split())
                raise CommandError(f"The models cannot be built: {result.node.name}: {said}. See {self.log}.")
        return [copy(result.node) for result in results]  # the next command writes into the same ones

    def _invoke(self, *arguments: str) -> Any:
        from dbt.cli.main import dbtRunner  # seconds to import: only who compiles pays for it

        try:
            outcome = dbtRunner(manifest=self.manifest).invoke([*arguments, *self._told])
        finally:
            for handler in logging.getLogger("file_log").handlers:  # dbt leaves its log file open
                handler.close()
        if outcome.result is None or isinstance(outcome.exception, Exception):
            said = " ".join(str(outcome.exception or "dbt gave no result").split()).rstrip(".")
            raise CommandError(f"The models cannot be built: {said}. See {self.log}.")
        return outcome.result
