"""What [iceberg] may say, and what is said of it where it cannot be meant."""

from pathlib import Path

from pipelines.doctor import diagnose

LAKE = '[stocktake]\nlake = "lake"\nlake_format = "iceberg"\n'
BUCKET = LAKE.replace('"lake"', '"s3://stock/lake"')


def test_a_lake_is_files_alone_unless_it_is_said(configured) -> None:
    assert configured('[stocktake]\nlake = "lake"\n').iceberg is None
    assert configured('[stocktake]\nlake = "lake"\nlake_format = "parquet"\n').iceberg is None


def test_a_folder_brings_a_catalogue_of_its_own(configured, tmp_path: Path) -> None:
    iceberg = configured(LAKE).iceberg
    lake = tmp_path / "lake"

    assert iceberg.name == "stocktake"
    assert iceberg.properties == {
        "type": "sql",
        "uri": f"sqlite:///{lake}/iceberg.db",
        "warehouse": f"file://{lake}/iceberg",
    }


def test_another_catalogue_may_be_named(configured) -> None:
    config = configured(
        f'{BUCKET}[iceberg]\nname = "ice"\nuri = "postgresql://stock:pass-4711@db/ice"\n"s3.secret-access-key"'
        ' = "a-secret-4711"\n'
    )

    assert config.iceberg.name == "ice"
    assert config.iceberg.properties["warehouse"] == "s3://stock/lake/iceberg"
    assert sorted(config.secrets) == ["a-secret-4711", "pass-4711"]
    assert "4711" not in repr(config)


def test_doctor_looks_for_its_package(configured) -> None:
    def told(text: str) -> list[str]:
        return [one.message for one in diagnose(configured(text), []).around if "pyiceberg" in one.message]

    assert told('[stocktake]\nlake = "lake"\n') == []
    assert len(told(LAKE)) == 1
