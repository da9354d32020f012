"""dbt's documentation of the models: a column that is only handed on has the words of what it comes from.

A staging or intermediate model describes the columns whose meaning is its own. Any other column is a declared
field of the provider, or means what the docs block of its name says, or comes from a model that has it, or is
that of a mart that it goes to: the first of these that says one thing.

`python -m tests.docs_site …` is `dbt docs generate --static …`, of the warehouse that the environment names.
"""

import os
import re
import sys
from collections.abc import Iterable, Mapping
from typing import Any

import duckdb
from dbt.artifacts.resources import ColumnInfo
from dbt.cli.main import dbtRunner
from dbt.contracts.graph.manifest import Manifest


def columns_of(warehouse: duckdb.DuckDBPyConnection) -> dict[str, list[str]]:
    """The columns of each model that was built."""
    found = warehouse.execute(
        "select table_name, list(column_name order by ordinal_position) from information_schema.columns"
        " where table_schema in ('staging', 'intermediate', 'marts', 'reporting') group by all"
    )
    return dict(found.fetchall())


def describe_what_is_handed_on(manifest: Manifest, columns: Mapping[str, list[str]]) -> None:
    """Gives each column that has no words those of what it comes from, as far as there is one such."""
    for key in list(manifest.nodes):
        if key.startswith("model."):
            for column in columns.get(manifest.nodes[key].name, ()):
                _describe(manifest, columns, key, column)


def _describe(manifest: Manifest, columns: Mapping[str, list[str]], key: str, column: str) -> str:
    """What a column of a model means, which is noted in the manifest."""
    node: Any = manifest.nodes[key]
    noted = node.columns.setdefault(column, ColumnInfo(name=column))
    if not noted.description:
        read = node.depends_on.nodes
        marts = [one for one in manifest.nodes.values() if key in one.depends_on.nodes and _is_mart(one)]
        block = manifest.docs.get(f"doc.stocktake.{column}")
        parents = [one for one in read if one.startswith("model.")]
        ways = (
            {words for source in read if (words := _field(manifest, source, node.raw_code, column))},
            {block.block_contents} if block else set(),
            {
                _describe(manifest, columns, parent, column)
                for parent in parents
                if column in columns.get(manifest.nodes[parent].name, ())
            },
            {mart.columns[column].description for mart in marts if column in mart.columns},
        )
        noted.description = next((said.pop() for said in ways if len(said) == 1), "")
    return str(noted.description)


def _is_mart(node: Any) -> bool:
    return node.resource_type == "model" and node.name.startswith(("dim_", "fct_", "bridge_"))


def _field(manifest: Manifest, source: str, sql: str, column: str) -> str | None:
    """What a staging model's declared field means, if it is all that a column is made of."""
    if source not in manifest.sources:
        return None
    line = re.search(rf"^ *(.*\brecord\..*) as {column},?$", sql, re.MULTILINE)
    paths = set(re.findall(r"\brecord\.([\w.]+)", line[1])) if line else set()
    described = dict(_fields(manifest.sources[source].config.meta.get("fields", ())))
    return described.get(paths.pop()) if len(paths) == 1 else None


def _fields(declared: Iterable[Mapping[str, Any]], above: str = "") -> Iterable[tuple[str, str]]:
    for field in declared:
        yield above + field["name"], field["description"]
        yield from _fields(field.get("fields", ()), f"{above}{field['name']}.")


def main(arguments: list[str]) -> bool:
    """Writes the site; says whether it could."""
    read = dbtRunner().invoke(["parse", *arguments])
    if not read.success:
        return False
    with duckdb.connect(os.environ["STOCKTAKE_WORKING_DATABASE"], read_only=True) as warehouse:
        columns = columns_of(warehouse)
    describe_what_is_handed_on(read.result, columns)
    return dbtRunner(manifest=read.result).invoke(["docs", "generate", "--static", *arguments]).success


if __name__ == "__main__":
    sys.exit(0 if main(sys.argv[1:]) else 1)
