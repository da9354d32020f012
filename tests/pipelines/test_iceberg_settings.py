"""What [iceberg] may say, and what is said of it where it cannot be meant."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pipelines.config import load_config
from pipelines.doctor import diagnose
from pipelines.errors import ConfigurationError

LAKE = '[stocktake]\nlake = "lake"\nlake_format = "iceberg"\n'
BUCKET = LAKE.replace('"lake"', '"s3://stock/lake"')


@pytest.fixture
def configured(tmp_path: Path) -> Callable[[str], Any]:
    def load(text: str) -> Any:
        (tmp_path / ".dlt").mkdir(exist_ok=True)
        (tmp_path / ".dlt" / "config.toml").write_text(text, encoding="utf-8")
        return load_config(tmp_path)

    return load


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


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[stocktake]\nlake = "lake"\nlake_format = "hudi"\n', "stocktake.lake_format: 'hudi' is not valid"),
        ('[stocktake]\nlake_format = "iceberg"\n', "lake_format has no effect without stocktake.lake"),
        ('[iceberg]\ntype = "rest"\n', "[iceberg] has no effect without stocktake.lake_format"),
        (BUCKET, "[iceberg] names no catalogue that all homes reach. Set its type"),
        (
            f"{LAKE}[iceberg]\ns3.region = 'x'\n",
            "iceberg: s3 is more than one value. Write each whole name in",
        ),
        (f'iceberg = "rest"\n{LAKE}', "iceberg is a value where a table should be. Write [iceberg]"),
    ],
    ids=[
        "a format",
        "no lake",
        "no format",
        "a bucket without a catalogue",
        "a name without quotes",
        "a value",
    ],
)
def test_what_cannot_be_meant_is_one_sentence(configured, text: str, said: str) -> None:
    with pytest.raises(ConfigurationError) as error:
        configured(text)

    assert said in str(error.value)


def test_doctor_looks_for_its_package(configured) -> None:
    def told(text: str) -> list[str]:
        return [one.message for one in diagnose(configured(text), []).around if "pyiceberg" in one.message]

    assert told('[stocktake]\nlake = "lake"\n') == []
    assert len(told(LAKE)) == 1
