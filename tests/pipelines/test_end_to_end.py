"""One run of all five providers, from the first request to the published file: the fast loop's only build."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from pipelines.registry import PROVIDERS
from tests.conftest import Project, lived

ROOT = Path(__file__).resolve().parent.parent.parent
STOCK = {
    "sellercloud": "inventory",
    "shipstream": "total_levels",
    "square": "inventory_counts",
    "augno": "item_inventory",
    "ventmere_s2": "inventory_items",
}


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """A project after its first run."""
    with lived(tmp_path_factory.mktemp("end_to_end"), "run", providers=tuple(PROVIDERS)) as project:
        yield project


@pytest.mark.parametrize("provider", PROVIDERS)
def test_what_a_provider_has_is_loaded_built_and_published(finished: Project, provider: str) -> None:
    truth = finished.sandbox.truth(provider, STOCK[provider])
    assert len(finished.current(provider, STOCK[provider])) == len(truth)
    with duckdb.connect(str(finished.published / "reporting.duckdb"), read_only=True) as reporting:
        [(positions,)] = reporting.execute(
            "select count(*) from fct_inventory_positions where provider = ?", [provider]
        ).fetchall()
        [(reports,)] = reporting.execute(
            "select count(*) from rpt_freshness where provider = ?", [provider]
        ).fetchall()
    place = 1 if provider in ("shipstream", "ventmere_s2") else 0
    assert positions == len({key[place] for key in truth})
    assert reports > 0


def test_everything_raw_is_the_truth(finished: Project) -> None:
    finished.assert_equals_truth()


def test_every_account_is_healthy_and_says_how_old_its_numbers_are(finished: Project) -> None:
    found = json.loads(finished.stocktake("doctor", "--log-format", "json", exits=None).stdout)
    told = json.loads(finished.stocktake("status", "--json").stdout)
    assert set(PROVIDERS) <= {one["account"] for one in found["findings"]}
    assert "error" not in {one["level"] for one in found["findings"] if one["account"]}
    assert told["release"]["tables"] > 10


@pytest.mark.parametrize("file", ["reporting.duckdb", "stocktake.duckdb"])
def test_every_table_and_column_that_is_published_explains_itself(finished: Project, file: str) -> None:
    with duckdb.connect(str(finished.published / file), read_only=True) as published:
        objects = "select view_name, comment from duckdb_views() where not internal"
        objects += " union all select table_name, comment from duckdb_tables()"
        tables = dict(published.execute(objects).fetchall())
        columns = published.execute(
            "select table_name, column_name, comment from duckdb_columns() where not internal"
        ).fetchall()
    assert tables["dim_products"].startswith("One row per provider, account and product")
    assert not [table for table, comment in tables.items() if not comment]
    assert len(columns) > 600
    assert not [(table, column) for table, column, comment in columns if not comment]


PAGES = [*(ROOT / "docs" / "bi").glob("*.md"), ROOT / "docs" / "tables.md"]
QUERIES = [
    pytest.param(query, id=f"{page.name}-{number}")
    for page in PAGES
    for number, query in enumerate(
        re.findall(r"```sql\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)
    )
]


@pytest.mark.parametrize("query", QUERIES)
def test_every_query_in_the_docs_of_the_tables_runs(finished: Project, query: str) -> None:
    with duckdb.connect(str(finished.published / "reporting.duckdb"), read_only=True) as published:
        for statement in published.extract_statements(query):
            published.execute(statement).fetchall()


PROGRAMS = [
    pytest.param(program, id=f"{page.name}-{number}")
    for page in PAGES
    for number, program in enumerate(
        re.findall(r"```python\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)
    )
]


@pytest.mark.parametrize("program", PROGRAMS)
@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of pandas about DuckDB's use of it
def test_every_program_in_the_docs_of_bi_tools_runs(
    finished: Project, program: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for package in re.findall(r"^(?:import|from) (\w+)", program, re.MULTILINE):
        pytest.importorskip(package)
    monkeypatch.chdir(finished.folder)
    exec(compile(program, "program", "exec"), {})  # noqa: S102 - what the docs have people run
