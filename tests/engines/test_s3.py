"""A lake in a bucket of S3, by s3fs over HTTP: what a folder promises holds there too."""

from pathlib import Path
from typing import Any

import duckdb
import fsspec
import pytest

from pipelines.errors import CommandError, ConfigurationError
from pipelines.ship import Lake, shipped_files
from sandbox import Sandbox
from tests.conftest import Project
from tests.engines.company import at
from tests.pipelines.conftest import deaths
from tests.pipelines.test_ship import LOCATIONS, Home

LAKE = "s3://stock/lake"
COUNTS = "raw_square.inventory_counts"


pytestmark = pytest.mark.usefixtures("s3")


def in_bucket(table: str) -> list[Any]:
    """What is read there by the manifests."""
    with duckdb.connect() as connection:
        connection.register_filesystem(fsspec.filesystem("s3"))
        files = shipped_files(Lake(LAKE))[table]
        return connection.execute("select * from read_parquet(?) order by all", [files]).fetchall()


def test_a_bucket_of_s3_is_a_lake(tmp_path: Path) -> None:
    home = Home(tmp_path / "one", LAKE, "east", "west")
    assert home.ship().written
    assert home.ship().written == {}
    home.put("east", "1", name="Dock 2")
    assert home.ship().written == {f"{LOCATIONS} of east": 2}
    assert in_bucket(LOCATIONS) == home.rows()
    with pytest.raises(ConfigurationError, match="west: another home ships this account"):
        Home(tmp_path / "two", LAKE, "west").ship()


def test_an_account_is_seen_by_a_process_that_looked_before_it_came(tmp_path: Path) -> None:
    home = Home(tmp_path / "one", LAKE, "east")
    home.ship()
    assert len(shipped_files(Lake(LAKE))[LOCATIONS]) == 1
    another = fsspec.filesystem("s3", skip_instance_cache=True)  # as another process has it
    another.copy("stock/lake/manifests/east.json", "stock/lake/manifests/west.json")
    assert len(shipped_files(Lake(LAKE))[LOCATIONS]) == 2


def test_a_bucket_that_is_not_there_is_told_and_not_made(tmp_path: Path) -> None:
    home = Home(tmp_path / "one", "s3://stok/lake", "east")
    with pytest.raises(CommandError, match=r"s3://stok/lake: .*bucket does not exist.* What was shipped"):
        home.ship()
    assert fsspec.filesystem("s3").ls("") == ["stock"]


def test_an_error_of_its_package_is_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = Home(tmp_path / "one", LAKE, "east")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    fsspec.filesystem("s3").clear_instance_cache()
    with pytest.raises(CommandError, match=f"{LAKE}: Unable to locate credentials. What was shipped"):
        home.ship()


@pytest.mark.providers("square")
def test_a_ship_that_is_killed_leaves_what_was_there(project: Project, sandbox: Sandbox) -> None:
    project.configure(lake=LAKE)
    at(project, "load")
    at(project, "ship")
    before = in_bucket(COUNTS)
    sandbox.change(15)
    at(project, "load")
    with deaths() as die:
        die(project.folder, "pipelines.ship:Lake.switch", "before", "ship")
    assert in_bucket(COUNTS) == before
    at(project, "ship")
    assert in_bucket(COUNTS) == project.query(f"select * from {COUNTS} order by all") != before
