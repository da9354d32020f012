"""docs/adding_a_provider.md is true: done as it says in a copy of the checkout, it loads a sixth provider."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

ROOT = Path(__file__).resolve().parent.parent
PAGE = (ROOT / "docs" / "adding_a_provider.md").read_text(encoding="utf-8")
ROOMS = ("sources", "pipelines", "dagster_stocktake", "dashboard", "sandbox", "dbt_models", "tests")
NEW_FILE = re.compile(r"^### `(\S+)`\n\n```\w+\n(.*?)^```$", re.MULTILINE | re.DOTALL)
NEW_LINES = re.compile(
    r"^In `(\S+)`, after `([^`]+)`(?: and `([^`]+)`)?:\n\n```\w+\n(.*?)^```$", re.MULTILINE | re.DOTALL
)

STORY = """
import json
from pathlib import Path
from typer.testing import CliRunner
from pipelines.cli import app
from sandbox import Sandbox

def stocktake(*arguments):
    done = CliRunner().invoke(app, arguments)
    assert done.exit_code == 0, f"{done.stderr[-3000:]} {done.exception!r}"

with Sandbox(providers=["dockyard"]) as sandbox:
    Path(".dlt").mkdir()
    lines = ["[accounts.yard]", 'provider = "dockyard"', f'base_url = "{sandbox.base_url("dockyard")}"']
    lines += [f'{key} = "{value}"' for key, value in sandbox.settings("dockyard").items()]
    Path(".dlt/config.toml").write_text("\\n".join(lines))
    stocktake("load")
    sandbox.clock.advance(hours=1)
    changed = sandbox.change(2)["dockyard"]
    sandbox.requests.clear()
    stocktake("load")
    asked = [(request.query, request.rows) for request in sandbox.requests]
    sandbox.simulate_day()
    stocktake("sweep")
    stocktake("doctor")
    truth = [[*key, row["quantity"]] for key, row in sorted(sandbox.truth("dockyard", "stock").items())]
    Path("told.json").write_text(json.dumps({"asked": asked, "changed": changed, "truth": truth}))
"""


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The checkout with the page's blocks done to it."""
    folder = tmp_path_factory.mktemp("checkout")
    shutil.copy(ROOT / "pyproject.toml", folder)
    for room in ROOMS:
        ignored = shutil.ignore_patterns("__pycache__", "target", "logs")
        shutil.copytree(ROOT / room, folder / room, ignore=ignored)
    for path, text in NEW_FILE.findall(PAGE):
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text, encoding="utf-8")
    for path, anchor, second, text in NEW_LINES.findall(PAGE):
        lines = (folder / path).read_text(encoding="utf-8").splitlines(keepends=True)
        stripped = [line.strip() for line in lines]
        place = stripped.index(anchor)
        if second:
            place = stripped.index(second, place)
        lines.insert(place + 1, text)
        (folder / path).write_text("".join(lines), encoding="utf-8")
    return folder


def test_the_page_names_every_file_of_a_room() -> None:
    named = {Path(path).name for path, _ in NEW_FILE.findall(PAGE) if path.startswith("sources/")}
    there = {path.name for path in (ROOT / "sources" / "square").glob("*.py")}
    assert named == there


def test_a_provider_added_as_the_page_says_is_loaded_and_reported(copy: Path, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", STORY],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(copy)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    told = json.loads((tmp_path / "told.json").read_text(encoding="utf-8"))
    ((query, rows),) = told["asked"]
    assert query["changed_since"] == "2026-01-05T07:50:00.000Z"
    assert rows == len(told["changed"]) == 2
    with duckdb.connect(str(tmp_path / "warehouse/published/reporting.duckdb"), read_only=True) as reporting:
        reported = reporting.execute(
            "select location_id, product_id, cast(quantity_on_hand as bigint) from rpt_stock_on_hand"
            " where provider = 'dockyard' order by all"
        ).fetchall()
        positions = reporting.execute("select count(*) from fct_inventory_positions").fetchone()
    assert [list(row) for row in reported] == told["truth"]
    assert positions == (len(told["truth"]),)


def test_the_added_provider_keeps_the_rules_of_the_house(copy: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "tests/test_rooms.py", "-p", "no:cacheprovider"],
        cwd=copy,
        env={**os.environ, "PYTHONPATH": str(copy)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-3000:]
