"""A build on Spark as far as it is judged here: its settings, and what is said where it cannot be."""

import builtins
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pipelines.errors import CommandError, ConfigurationError
from pipelines.spark_session import connected, words_of_spark
from pipelines.spark_settings import Spark

LAKE = '[stocktake]\nlake = "lake"\nengine = "spark"\n'
CONF = f"{LAKE}[spark]\nremote = 'local'\n[spark.conf]\n"


def test_without_the_engine_nothing_is_built_elsewhere(configured) -> None:
    assert configured("[stocktake]\n").spark is None
    assert configured('[stocktake]\nengine = "duckdb"\n').spark is None


def test_a_home_that_builds_needs_no_account(configured) -> None:
    config = configured(f'{LAKE}mirrors = [["shop", "cloud"]]\n[spark]\nremote = "sc://spark:15002"\n')

    assert config.spark == Spark("sc://spark:15002", "parquet", "")
    assert config.model_vars["mirrors"] == [["shop", "cloud"]]


def test_a_token_is_secret_and_the_host_is_not(configured) -> None:
    address = "sc://spark:443/;use_ssl=true;token=a-secret-4711"
    config = configured(f'{LAKE}[spark]\nremote = "{address}"\n')

    assert config.secrets == ["a-secret-4711"]
    assert config.spark.host == "sc://spark:443"
    assert "a-secret-4711" not in repr(config)


@pytest.mark.parametrize(
    "remote", ["spark://a:7077", "spark://a:7077,b:7077", "local", "local[4]", "local[*]"]
)
def test_a_master_is_an_address_too(configured, remote: str) -> None:
    spark = configured(f'{LAKE}[spark]\nremote = "{remote}"\n').spark

    assert (spark.is_connect, spark.host) == (False, remote)


def test_settings_of_sparks_own_may_stand_in_both_files(configured, tmp_path: Path) -> None:
    (tmp_path / ".dlt").mkdir()
    (tmp_path / ".dlt" / "secrets.toml").write_text(
        '[spark.conf]\n"spark.hadoop.fs.s3a.secret.key" = "a-secret-4711"\n', encoding="utf-8"
    )
    config = configured(
        f'{CONF}"spark.sql.defaultCatalog" = "ice"\n"spark.executor.cores" = 2\n"spark.a" = true'
    )

    assert config.spark.conf == {
        "spark.sql.defaultCatalog": "ice",
        "spark.executor.cores": "2",
        "spark.a": "true",
        "spark.hadoop.fs.s3a.secret.key": "a-secret-4711",
    }
    assert config.secrets == ["a-secret-4711"]
    assert "a-secret-4711" not in repr(config)


@pytest.mark.parametrize(
    ("remote", "extra"), [("sc://127.0.0.1:1", "spark"), ("spark://127.0.0.1:1", "spark-classic")]
)
def test_without_the_packages_it_says_what_to_install(
    remote: str, extra: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    imported = builtins.__import__

    def without_pyspark(name: str, *rest: Any) -> Any:
        if name.startswith("pyspark"):
            raise ImportError(name)
        return imported(name, *rest)

    monkeypatch.setattr(builtins, "__import__", without_pyspark)

    with (
        pytest.raises(ConfigurationError, match=rf"pip install 'stocktake\[{extra}\]'"),
        connected(Spark(remote), tmp_path / "spark.log"),
    ):
        pass


@pytest.fixture
def nobody() -> Iterator[str]:
    """A host and port where nobody answers."""
    with socket.socket() as unheard:
        unheard.bind(("127.0.0.1", 0))
        yield f"127.0.0.1:{unheard.getsockname()[1]}"


def test_where_nobody_answers_it_says_so_at_once(nobody: str, tmp_path: Path) -> None:
    pytest.importorskip("pyspark", reason="stocktake[spark] is not installed")
    asked = Spark(f"sc://{nobody}/;token=a-secret-4711")

    with pytest.raises(CommandError) as error, connected(asked, tmp_path / "spark.log"):
        pass

    assert f"Spark does not answer at sc://{nobody}: " in str(error.value)
    assert "a-secret-4711" not in str(error.value)


def test_where_no_master_answers_java_is_not_begun(nobody: str, tmp_path: Path) -> None:
    pytest.importorskip("py4j", reason="stocktake[spark-classic] is not installed")

    with pytest.raises(CommandError) as error, connected(Spark(f"spark://{nobody}"), tmp_path / "spark.log"):
        pass

    assert f"Spark does not answer at spark://{nobody}: " in str(error.value)
    assert not (tmp_path / "spark.log").exists()


def test_a_spark_that_forgets_its_tables_is_refused(tmp_path: Path) -> None:
    pytest.importorskip("py4j", reason="stocktake[spark-classic] is not installed")
    alone = {"spark.driver.bindAddress": "127.0.0.1", "spark.ui.enabled": "false"}

    with (
        pytest.raises(
            CommandError, match=r"Spark would forget the tables .* Set \"spark.sql.defaultCatalog\""
        ),
        connected(Spark("local[1]", conf=alone), tmp_path / "spark.log"),
    ):
        pass


class SparkSaysError(Exception):
    """An error as Spark's Python has it: what it says, and what Java says it was caused by."""

    def __init__(self, words: str, cause: Exception | None = None) -> None:
        super().__init__(words)
        self.cause = cause


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (OSError(111, "Connection refused"), "[Errno 111] Connection refused"),
        (
            SparkSaysError("[PATH] no such path.\n\nJVM stacktrace:\norg.apache.A\n\tat org.apache.B"),
            "[PATH] no such path",
        ),
        (
            SparkSaysError("An error. : org.apache.A: why\n\tat org.apache.B(B.scala:7)\nCaused by: C: that"),
            "An error. : org.apache.A: why Caused by: C: that",
        ),
        (
            SparkSaysError("Error while doing it:", SparkSaysError("two is no number.")),
            "Error while doing it: two is no number",
        ),
        (SparkSaysError("twice", SparkSaysError("twice")), "twice"),
    ],
    ids=["the system's", "of a server", "of a driver", "with its cause", "a cause that says the same"],
)
def test_what_spark_says_is_told_with_its_cause_and_without_the_places_in_java(
    error: Exception, words: str
) -> None:
    assert words_of_spark(error) == words
