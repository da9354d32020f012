"""A build on Spark as far as it is judged here: its settings, and what is said where it cannot be."""

import builtins
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pipelines.config import load_config
from pipelines.errors import CommandError, ConfigurationError
from pipelines.spark import connected
from pipelines.spark_settings import Spark

LAKE = '[stocktake]\nlake = "lake"\nengine = "spark"\n'


@pytest.fixture
def configured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Any]:
    def load(text: str) -> Any:
        (tmp_path / ".dlt").mkdir(exist_ok=True)
        (tmp_path / ".dlt" / "config.toml").write_text(text, encoding="utf-8")
        return load_config(tmp_path)

    return load


def test_without_the_engine_nothing_is_built_elsewhere(configured) -> None:
    assert configured("[stocktake]\n").spark is None
    assert configured('[stocktake]\nengine = "duckdb"\n').spark is None


def test_a_home_that_builds_needs_no_account(configured) -> None:
    config = configured(f'{LAKE}mirrors = [["shop", "cloud"]]\n[spark]\nremote = "sc://spark:15002"\n')

    assert config.spark == Spark("sc://spark:15002", "parquet", "")
    assert config.model_vars["mirrors"] == [["shop", "cloud"]]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[stocktake]\nengine = "trino"\n', "stocktake.engine: 'trino' is not valid"),
        (LAKE, "spark.remote is not set"),
        ('[stocktake]\nengine = "spark"\n[spark]\nremote = "sc://a:1"\n', "stocktake.lake is not set"),
        ('[spark]\nremote = "sc://a:1"\n', "spark.remote has no effect without stocktake.engine"),
        (f'{LAKE}[spark]\nremote = "spark://a:7077"\n', "spark.remote: what is written is not valid"),
        (f'{LAKE}[spark]\nremote = "sc://a"\n', "spark.remote: what is written is not valid"),
        (f'{LAKE}[spark]\nremote = "sc://a:1"\ntable_format = "csv"\n', "spark.table_format: 'csv'"),
        (f'{LAKE}[spark]\nremote = "sc://a:1"\nschema_prefix = "a-"\n', "spark.schema_prefix: 'a-'"),
        (f'{LAKE}[spark]\nremot = "sc://a:1"\n', "spark.remot: 'remot' is not known. Did you mean remote?"),
    ],
    ids=[
        "an engine",
        "no address",
        "no lake",
        "no engine",
        "another protocol",
        "no port",
        "a format",
        "a prefix",
        "a key",
    ],
)
def test_what_cannot_be_meant_is_one_sentence(configured, text: str, said: str) -> None:
    with pytest.raises(ConfigurationError) as error:
        configured(text)

    assert said in str(error.value)


def test_a_token_is_secret_and_the_host_is_not(configured) -> None:
    address = "sc://spark:443/;use_ssl=true;token=a-secret-4711"
    config = configured(f'{LAKE}[spark]\nremote = "{address}"\n')

    assert config.secrets == ["a-secret-4711"]
    assert config.spark.host == "sc://spark:443"
    assert "a-secret-4711" not in repr(config)


def test_without_the_packages_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    imported = builtins.__import__

    def without_pyspark(name: str, *rest: Any) -> Any:
        if name.startswith("pyspark"):
            raise ImportError(name)
        return imported(name, *rest)

    monkeypatch.setattr(builtins, "__import__", without_pyspark)

    with (
        pytest.raises(ConfigurationError, match=r"pip install 'stocktake\[spark\]'"),
        connected(Spark("sc://127.0.0.1:1")),
    ):
        pass


def test_where_nobody_answers_it_says_so_at_once() -> None:
    pytest.importorskip("pyspark", reason="stocktake[spark] is not installed")
    with socket.socket() as unheard:
        unheard.bind(("127.0.0.1", 0))
        address = f"sc://127.0.0.1:{unheard.getsockname()[1]}"

        with pytest.raises(CommandError) as error, connected(Spark(f"{address}/;token=a-secret-4711")):
            pass

    assert f"Spark does not answer at {address}: " in str(error.value)
    assert "a-secret-4711" not in str(error.value)
