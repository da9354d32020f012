"""The report: one file that asks nobody, and says what the pages say."""

import json
import re
from html import unescape

import duckdb
import pytest
from typer.testing import CliRunner

from dashboard import views
from dashboard.listings import answer
from dashboard.pages.low import REORDER
from dashboard.pages.today import TILES
from dashboard.report import SECTIONS, html_of, write_report
from pipelines.cli import app
from pipelines.errors import CommandError, ConfigurationError
from tests.dashboard import releases
from tests.dashboard.looking import Look

ROWS = 25


@pytest.fixture(scope="module")
def report(reading, item):
    return html_of(reading, {}, [item], ROWS)[0]


def sections(text):
    """Each table by the heading before it."""
    parts = re.split(r"<h2[^>]*>([^<]+)</h2>", text)
    return {head: Look(part) for head, part in zip(parts[1::2], parts[2::2], strict=True)}


def test_it_asks_nobody_and_leads_nowhere(report):
    seen = Look(report)
    assert not {tag for tag, _ in seen.tags} & {"script", "img", "iframe", "link", "form", "object"}
    assert not [name for _, said in seen.tags for name in said if name == "src" or name.startswith("on")]
    assert not re.search(r"url\(|@import|https?://", report)
    assert seen.links
    assert all(link.startswith("#") for link in seen.links)
    anchors = {said.get("id") for _, said in seen.tags}
    assert {link[1:] for link in seen.links} <= anchors
    policies = [said["content"] for tag, said in seen.tags if tag == "meta" and "http-equiv" in said]
    assert policies == ["default-src 'none'; style-src 'unsafe-inline'"]


def test_a_name_that_is_markup_is_text(report):
    assert "&lt;img src=x onerror=alert(1)&gt;" in report
    assert "<img" not in report


def test_it_says_what_today_says(report, pages):
    page, file = pages.get("/").text, report
    tiles = r"<strong>(?:✓ )?([^<]+)</strong>\s*<em>"
    assert re.findall(tiles, page) == re.findall(tiles, file) != []
    here, there = sections(page), sections(file)
    for head in ("Out, and selling", "Runs out next", "Furthest apart", "Newly out", "Back in stock"):
        for one, two in zip(here[head].tables, there[head].tables, strict=True):
            assert len(one) > 1
            assert two[: len(one)] == one
    assert here["Systems"].tables == there["Systems"].tables


@pytest.mark.parametrize(
    ("head", "address"),
    [
        ("At or below reorder point", "/low"),
        ("Promised twice", "/low?tab=promised"),
        ("Kits", "/kits"),
        ("What was asked", "/freshness"),
        ("Last runs", "/freshness?tab=runs"),
    ],
)
def test_its_tables_are_those_of_the_pages(report, pages, head, address):
    one, two = Look(pages.get(address).text).tables[0], sections(report)[head].tables[0]
    assert two[1:] == one[1 : ROWS + 1]


def test_its_day_counts_and_charts_are_those_of_the_pages(report, pages, reading):
    here, there = sections(pages.get("/").text), sections(report)
    assert there["Since the day before"].tables == here["Since the day before"].tables != []
    charts = set(re.findall(r"<svg[^>]*chart.*?</svg>", report, re.DOTALL))
    drawn = re.findall(r"<h3>(.*?)</h3>", there["Day by day"].text, re.DOTALL)
    shown = set()
    for row in reading.rows("select item_key, sku from rpt_stock_consolidated where sku is not null"):
        if any(row["sku"] in unescape(head) for head in drawn):
            page = pages.get(f"/item/{row['item_key']}").text
            shown |= charts & set(re.findall(r"<svg[^>]*chart.*?</svg>", page, re.DOTALL))
    assert charts
    assert shown == charts


def test_these_are_all_its_tables():
    assert {listing.table for _, _, listing, _ in SECTIONS} == {
        "rpt_low_stock",
        "rpt_oversell_risk",
        "rpt_kit_buildable",
        "rpt_freshness",
        "rpt_sync_proof",
    }


def test_what_is_left_out_is_counted(reading):
    text = html_of(reading, {}, [], 3)[0]
    total = answer(reading, REORDER, {}).total
    assert f"and {total - 3} more: stocktake report --rows" in text


def test_it_draws_the_worst_items_and_those_that_were_asked_for(report):
    assert sections(report)["Day by day"].text.count('class="chart"') >= 2 * 2
    assert report.count("<h3>") >= 3


@pytest.mark.parametrize(
    "changes", [releases.EMPTY, releases.ONE_DAY, releases.FAILED], ids=["empty", "day", "failed"]
)
def test_it_is_written_whatever_the_release_holds(published, tmp_path, changes):
    releases.altered(published, changes)
    made = write_report(published, tmp_path / "report.html")
    assert made.file.stat().st_size == made.size > 10_000
    assert not list(tmp_path.glob(".making*"))


def test_only_one_account(published, tmp_path):
    made = write_report(published, tmp_path / "report.html", account="sellercloud")
    text = made.file.read_text(encoding="utf-8")
    assert "Only account sellercloud" in text
    assert "ventmere_s2" not in Look(sections(text)["Systems"].text).said


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"account": "nobody"}, "--account nobody: the release"),
        ({"provider": "nobody"}, "--provider nobody: the release"),
        ({"items": ["no such sku"]}, "--item no such sku: no product"),
        ({"rows": 0}, "--rows 0"),
    ],
)
def test_what_the_release_does_not_know_is_said(published, tmp_path, wrong, words):
    with pytest.raises(ConfigurationError, match=re.escape(words)):
        write_report(published, tmp_path / "report.html", **wrong)
    assert not list(tmp_path.glob("*.html"))


def test_a_release_of_another_version_is_said(published, tmp_path):
    releases.altered(published, {})
    for file in published.resolve().glob("current/rpt_oversell_risk.parquet"):
        file.unlink()
        with duckdb.connect() as bench:
            bench.execute(f"copy (select 1 as product_key) to '{file}' (format parquet)")
    with pytest.raises(CommandError, match="another version of Stocktake"):
        write_report(published, tmp_path / "report.html")


def test_no_folder_and_no_release_are_said(published, tmp_path):
    with pytest.raises(CommandError, match="there is no folder"):
        write_report(published, tmp_path / "nowhere" / "report.html")
    with pytest.raises(CommandError, match="stocktake run"):
        write_report(tmp_path, tmp_path / "report.html")


def test_the_command_says_where_it_is_and_what_it_counts(project):
    told = CliRunner().invoke(app, ["report", "--rows", "5"])
    assert told.exit_code == 0, told.stderr
    assert re.search(r"stocktake-report.html: \d+ KB, of release", told.stdout)
    facts = json.loads(CliRunner().invoke(app, ["report", "--log-format", "json"]).stdout)
    assert facts["counts"].keys() == {tile.title for tile in TILES}
    assert facts["bytes"] == (project / "stocktake-report.html").stat().st_size


def test_a_few_rows_are_what_today_shows():
    assert views.FEW < ROWS
