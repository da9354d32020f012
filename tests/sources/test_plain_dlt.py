"""The sources in a plain dlt pipeline with dlt's own defaults: any selection, any order, nothing lost."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import dlt
import duckdb
import pytest
from dlt.extract.exceptions import ResourceExtractionError
from dlt.pipeline.exceptions import PipelineStepFailed

from pipelines.registry import PROVIDERS
from sandbox import Fault, Sandbox
from tests.conftest import comparable, difference


class Plain:
    """A plain pipeline into a DuckDB file, and what is in it."""

    def __init__(self, sandbox: Sandbox, folder: Path) -> None:
        self.sandbox = sandbox
        (self.provider,) = sandbox.providers
        self.file = folder / "plain.duckdb"
        self.pipeline = dlt.pipeline(
            "plain",
            pipelines_dir=str(folder / "dlt"),
            destination=dlt.destinations.duckdb(str(self.file)),
            dataset_name="raw",
        )

    def source(self, **settings: Any) -> Any:
        told = {**self.sandbox.settings(self.provider), **settings}
        if self.provider in ("augno", "sellercloud"):
            told["requests_per_second"] = 1000
        base_url = self.sandbox.base_url(self.provider)
        return PROVIDERS[self.provider].source("shop", base_url=base_url, **told)

    def current(self, resource: str) -> dict[tuple[str, ...], Any]:
        keys = ", ".join(PROVIDERS[self.provider].resource(resource).key)
        with duckdb.connect(str(self.file)) as connection:
            rows = connection.execute(
                f"select {keys}, payload from raw.{resource} where _dlt_valid_to is null"
            ).fetchall()
        found = {row[:-1]: json.loads(row[-1]) for row in rows}
        assert len(found) == len(rows), f"{resource}: a key is current twice"
        return found

    def assert_equals_truth(self, *resources: str) -> None:
        for resource in resources or [one.name for one in PROVIDERS[self.provider].resources]:
            truth = comparable(self.sandbox.truth(self.provider, resource))
            held = comparable(self.current(resource))
            assert held == truth, f"{resource}: {difference(held, truth)}"

    def mark(self, resource: str) -> str | None:
        state = self.pipeline.state["sources"][self.provider]["resources"]
        return state.get(resource, {}).get("asked_through")


Make = Callable[..., Plain]


@pytest.fixture
def plain(tmp_path: Path, impatient: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Make]:
    """dlt's own defaults, whatever Stocktake has set in this process."""
    for name in ("EXTRACT__NEXT_ITEM_MODE", "NORMALIZE__PARQUET_NORMALIZER__ADD_DLT_LOAD_ID"):
        monkeypatch.delenv(name, raising=False)
    served: list[Sandbox] = []

    def make(provider: str) -> Plain:
        served.append(Sandbox(providers=[provider]).start())
        return Plain(served[0], tmp_path)

    yield make
    served[0].stop()


@pytest.mark.parametrize("provider", PROVIDERS)
def test_a_plain_pipeline_loads_all_there_is_and_goes_on(plain: Make, provider: str) -> None:
    loaded = plain(provider)
    settings = {"warehouses": ["all"]} if provider == "sellercloud" else {}
    loaded.pipeline.run(loaded.source(**settings))
    loaded.assert_equals_truth()
    loaded.sandbox.clock.advance(hours=1)
    loaded.sandbox.change(3)
    source = loaded.source(**settings)
    loaded.pipeline.run(source)
    loaded.assert_equals_truth()
    loaded.sandbox.clock.advance(hours=1)
    loaded.sandbox.change(2)
    if provider != "ventmere_s2":
        loaded.sandbox.requests.clear()
    loaded.pipeline.run(source)  # the same object once more
    loaded.assert_equals_truth()


CHILDREN = [
    ("augno", "items", "item_inventory"),
    ("sellercloud", "warehouses", "warehouse_inventory"),
    ("shipstream", "total_levels", "products"),
]


@pytest.mark.parametrize("mode", ["round_robin", "fifo"])
@pytest.mark.parametrize(("provider", "parent", "child"), CHILDREN)
def test_a_child_alone_brings_its_parent(
    plain: Make, provider: str, parent: str, child: str, mode: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EXTRACT__NEXT_ITEM_MODE", mode)
    loaded = plain(provider)
    settings = {"warehouses": ["all"]} if provider == "sellercloud" else {}
    loaded.pipeline.run(loaded.source(**settings).with_resources(child))
    loaded.assert_equals_truth(child)
    assert loaded.mark(child) is not None
    assert loaded.mark(parent) is None, "nothing of the parent was loaded"
    loaded.sandbox.clock.advance(hours=1)
    loaded.sandbox.change(2)
    loaded.pipeline.run(loaded.source(**settings))
    loaded.assert_equals_truth(parent, child)


@pytest.mark.parametrize("mode", ["round_robin", "fifo"])
@pytest.mark.parametrize("provider", ["augno", "sellercloud"])
def test_a_parent_that_fails_is_an_error_of_the_child(
    plain: Make, provider: str, mode: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EXTRACT__NEXT_ITEM_MODE", mode)
    loaded = plain(provider)
    child = {"augno": "item_inventory", "sellercloud": "warehouse_inventory"}[provider]
    settings = {"warehouses": ["all"]} if provider == "sellercloud" else {}
    loaded.sandbox.faults[provider].next(Fault("status", 503), times=99)
    with pytest.raises(PipelineStepFailed) as caught:
        loaded.pipeline.run(loaded.source(**settings).with_resources(child))
    assert isinstance(caught.value.exception, ResourceExtractionError)
    assert "503" in str(caught.value)
    loaded.sandbox.faults[provider].waiting.clear()
    loaded.pipeline.run(loaded.source(**settings).with_resources(child))
    loaded.assert_equals_truth(child)


def test_the_newest_version_is_the_current_one_where_a_read_brings_two(plain: Make) -> None:
    """A scan that starts again after its cursor died reads a changed row twice."""
    loaded = plain("square")
    shop, switches = loaded.sandbox.world.data["square"], loaded.sandbox.switches["square"]
    newest = max(shop.counted_at, key=lambda key: (shop.counted_at[key], key))

    def sell_and_drop_the_cursor(page: int) -> None:
        switches.expire_next_cursors = 1
        switches.after_page = sell_again if page == 1 else None
        shop.set_count(newest[0], newest[1], "4711", newest[2])

    def sell_again(page: int) -> None:
        switches.after_page = None
        switches.expire_next_cursors = 1
        shop.set_count(newest[0], newest[1], "4712", newest[2])

    switches.page_rows, switches.after_page = 100, sell_and_drop_the_cursor
    loaded.pipeline.run(loaded.source())
    assert loaded.current("inventory_counts")[newest]["quantity"] == "4712"
    loaded.assert_equals_truth("inventory_counts")


def test_a_plain_pipeline_sees_deletes_and_returns(plain: Make) -> None:
    loaded = plain("ventmere_s2")
    loaded.pipeline.run(loaded.source())
    loaded.sandbox.remove("ventmere_s2")
    loaded.pipeline.run(loaded.source())
    loaded.assert_equals_truth()
    loaded.sandbox.bring_back("ventmere_s2")
    loaded.pipeline.run(loaded.source())
    loaded.assert_equals_truth()
