"""The demo shows what the README says it shows."""

import re
import sys
from pathlib import Path

import duckdb
import pytest
from typer.testing import CliRunner

from pipelines.cli import app
from tests.conftest import STOCKTAKE

ROOT = Path(__file__).resolve().parent.parent.parent


def shape(line: str) -> str:
    """A line without what differs from day to day."""
    line = re.sub(r"\b(Mon|Tue|Wed|Thu|Fri|Sat|Sun) \d\d \w{3}\b", "DAY", line)
    return re.sub(r"\d+", "0", " ".join(line.split()).strip("─ "))


@pytest.mark.slow
def test_the_demo_prints_what_the_readme_shows_and_lives_ten_days(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", [STOCKTAKE, "demo"])
    done = CliRunner().invoke(app, ["demo"])
    assert done.exit_code == 0, done.stderr
    assert "clock is" not in done.stderr
    said = done.stdout.replace(STOCKTAKE, ".venv/bin/stocktake")
    assert not [line for line in said.splitlines() if len(line) > 80]
    shown = re.findall(r"<!-- demo -->\n```\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)[0]
    printed = {re.sub(r"0-[0-9a-f]+\.$", "RELEASE", shape(line)) for line in said.splitlines()}
    wanted = {re.sub(r"0-[0-9a-f]+\.$", "RELEASE", shape(line)) for line in shown.splitlines() if line != "…"}
    assert not {line for line in wanted - printed if not line.startswith("st-0-f")}
    published = tmp_path / "demo" / "warehouse" / "published"
    with duckdb.connect(str(published / "reporting.duckdb"), read_only=True) as connection:
        days = connection.execute("select count(distinct date_day) from fct_inventory_daily").fetchall()
        moved = connection.execute(
            "select product_key from fct_inventory_daily"
            " group by product_key having count(distinct quantity_on_hand) > 1"
        ).fetchall()
    assert days == [(11,)]
    assert len(moved) > 100
    assert (tmp_path / "demo" / "stocktake-report.html").stat().st_size > 10_000
