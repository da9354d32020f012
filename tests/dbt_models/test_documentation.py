"""Every model and column is described, grain first; every report belongs to a question; dbt docs build."""

import json
import re
from collections import Counter

import pytest
from working_database import PROJECT, WorkingDatabase

from pipelines.descriptions import described_tables
from tests import docs_site
from tests.docs_tables import models, parsed

MODELS = PROJECT / "models"


def said(model: str) -> dict[str, str]:
    """The columns that a model's YAML describes."""
    columns = models()[model].get("columns", [])
    return {
        column["name"]: " ".join(column["description"].split())
        for column in columns
        if "description" in column
    }


def test_every_model_says_its_grain_first() -> None:
    described = models()

    assert described.keys() == {path.stem for path in MODELS.rglob("*.sql")}
    assert [n for n, model in described.items() if not model["description"].startswith("One row per ")] == []


def test_every_column_has_words_and_one_of_a_published_table_its_own(
    working_database: WorkingDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    working_database.build(tests=False)
    columns = docs_site.columns_of(working_database.connection)
    working_database.close()
    monkeypatch.setenv("STOCKTAKE_WORKING_DATABASE", str(working_database.path))
    target = str(working_database.folder / "target")
    where = ["--project-dir", str(PROJECT), "--profiles-dir", str(PROJECT), "--target-path", target]
    # dbt reads the whole project for it, without a warning.
    assert docs_site.main([*where, "--log-path", target, "--log-level-file", "none", "--warn-error"])

    assert columns.keys() == models().keys()
    nodes = json.loads((working_database.folder / "target" / "manifest.json").read_text(encoding="utf-8"))[
        "nodes"
    ]
    faults = []
    handed_on: set[str] = set()
    for model, there in columns.items():
        silent = set(there) - said(model).keys()
        shown = nodes[f"model.stocktake.{model}"]["columns"]
        faults += [f"{model}.{column} is not there" for column in said(model).keys() - set(there)]
        faults += [f"{model}.{column} has no words" for column in there if not shown[column]["description"]]
        if model.startswith(("stg_", "int_")):
            handed_on |= silent
        else:
            faults += [f"{model}.{column} has no words of its own" for column in silent]
    assert faults == []
    blocks = re.findall(r"{% docs (\w+) %}", (MODELS / "_models__docs.md").read_text(encoding="utf-8"))
    used = {words for model in models() for words in said(model).values()}
    assert [b for b in blocks if b not in handed_on and f"{{{{ doc('{b}') }}}}" not in used] == []
    assert (working_database.folder / "target" / "static_index.html").exists()


def test_what_three_columns_share_is_described_once() -> None:
    times = Counter(words for model in models() for words in said(model).values())

    assert [words for words, n in times.items() if n >= 3 and not words.startswith("{{ doc(")] == []
    assert "{{" not in " ".join(
        words for table in described_tables().values() for words in table.columns.values()
    )


def test_every_report_belongs_to_a_question() -> None:
    reports = {path.stem for path in (MODELS / "reporting").rglob("rpt_*.sql")}
    named = [
        reference.removeprefix("ref('").removesuffix("')")
        for exposure in parsed(MODELS / "reporting" / "_exposures.yml")["exposures"]
        for reference in exposure["depends_on"]
    ]

    assert sorted(named) == sorted(reports)
