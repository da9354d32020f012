"""Every model and column is described, grain first; every report belongs to a question; dbt docs build."""

import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

import yaml
from working_database import PROJECT, WorkingDatabase

from pipelines.descriptions import described_tables

MODELS = PROJECT / "models"


def described() -> dict[str, dict[str, Any]]:
    """What the YAML files say of each model, by name."""
    entries: dict[str, dict[str, Any]] = {}
    for path in sorted(MODELS.rglob("*.yml")):
        for model in yaml.safe_load(path.read_text(encoding="utf-8")).get("models", []):
            assert model["name"] not in entries, f"{model['name']} is described twice, in {path.name} too"
            entries[model["name"]] = model
    return entries


def test_every_model_says_its_grain_first() -> None:
    models = described()
    files = {path.stem for path in MODELS.rglob("*.sql")}

    assert models.keys() == files
    assert [n for n, model in models.items() if not model["description"].startswith("One row per ")] == []


def test_every_column_that_is_there_is_described(working_database: WorkingDatabase) -> None:
    working_database.build(tests=False)
    working_database.dbt("docs", "generate", "--empty-catalog")
    columns: dict[str, list[str]] = {}
    for table, column in working_database.query(
        "select table_name, column_name from information_schema.columns"
        " where table_schema in ('staging', 'intermediate', 'marts', 'reporting') order by ordinal_position"
    ):
        columns.setdefault(table, []).append(column)
    models = described()
    assert columns.keys() == models.keys()
    silent = []
    for name, model in models.items():
        words = {column["name"]: column.get("description") for column in model["columns"]}
        silent += [f"{name}.{column}" for column in columns[name] if not words.get(column)]
        silent += [f"{name}.{column} is not there" for column in words if column not in columns[name]]
    assert silent == []
    # dbt's documentation site is made of these two, and needs nothing else.
    manifest = json.loads((working_database.folder / "target" / "manifest.json").read_text(encoding="utf-8"))
    assert {f"model.stocktake.{name}" for name in models} <= manifest["nodes"].keys()
    assert (working_database.folder / "target" / "index.html").exists()


def test_what_three_columns_share_is_described_once() -> None:
    said = Counter(
        " ".join(column["description"].split())
        for model in described().values()
        for column in model["columns"]
    )
    blocks = re.findall(r"{% docs (\w+) %}", (MODELS / "_models__docs.md").read_text(encoding="utf-8"))

    assert {name for name in blocks if not said[f"{{{{ doc('{name}') }}}}"]} == set()
    assert [words for words, times in said.items() if times >= 3 and not words.startswith("{{ doc(")] == []
    assert "{{" not in " ".join(
        words for table in described_tables().values() for words in table.columns.values()
    )


def test_every_report_belongs_to_a_question() -> None:
    reports = {path.stem for path in (MODELS / "reporting").rglob("rpt_*.sql")}
    exposures = yaml.safe_load((MODELS / "reporting" / "_exposures.yml").read_text(encoding="utf-8"))
    named = [
        reference.removeprefix("ref('").removesuffix("')")
        for exposure in exposures["exposures"]
        for reference in exposure["depends_on"]
    ]

    assert sorted(named) == sorted(reports)


def test_the_project_is_one_that_dbt_reads_without_a_warning(tmp_path: Path) -> None:
    database = WorkingDatabase(tmp_path)

    database.dbt("parse", "--warn-error", project=PROJECT)
