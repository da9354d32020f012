"""Three homes ship, and a build on Spark publishes what one DuckDB home that holds all accounts would."""

from pathlib import Path

import pytest

from sandbox import Sandbox
from tests.engines.company import Company, company_in


@pytest.fixture
def company(tmp_path: Path, sandbox: Sandbox, spark_address: str) -> Company:
    return company_in(tmp_path, sandbox, {"remote": spark_address})


def test_tables_of_spark_are_those_of_duckdb_after_every_round(company: Company, sandbox: Sandbox) -> None:
    company.round()
    assert company.differences() == {}

    sandbox.clock.advance(hours=26)
    sandbox.change(15)
    gone = {provider: sandbox.remove(provider) for provider in sandbox.providers}
    company.round()
    assert company.differences() == {}

    sandbox.clock.advance(hours=26)
    for provider in gone:
        sandbox.bring_back(provider)
    sandbox.change(5)
    company.round()
    assert company.differences() == {}

    sandbox.clock.advance(hours=26)
    sandbox.simulate_day()
    company.round()
    assert company.differences() == {}


def test_so_are_tables_of_other_formats(tmp_path: Path, sandbox: Sandbox, spark_address: str) -> None:
    spark = {"remote": spark_address, "table_format": "delta"}
    company = company_in(tmp_path, sandbox, spark, lake_format="iceberg")
    company.round()
    assert company.differences() == {}


@pytest.mark.usefixtures("s3")
def test_so_are_tables_of_a_lake_in_s3(tmp_path: Path, sandbox: Sandbox, spark_address: str) -> None:
    company = company_in(tmp_path, sandbox, {"remote": spark_address}, lake="s3://stock/lake")
    company.round()
    assert company.differences() == {}
