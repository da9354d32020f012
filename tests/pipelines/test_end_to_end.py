"""One run of all five providers, from the first request to the published file: the fast loop's only build."""

import json
from collections.abc import Iterator

import duckdb
import pytest

from pipelines.registry import PROVIDERS
from sandbox import Sandbox
from tests.conftest import Project

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
    with pytest.MonkeyPatch.context() as patch, Sandbox() as sandbox:
        project = Project(tmp_path_factory.mktemp("end_to_end"), sandbox)
        patch.chdir(project.folder)
        project.configure()
        project.stocktake("run")
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
