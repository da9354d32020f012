"""A real Spark, a master and two workers: the same tables, whoever is killed.

`make test-spark-cluster` runs it twice: on Spark 4.3 by its Connect server, and on Spark 3.5, whose driver is
our process, with Iceberg. The programs are those of PyPI's pyspark, and need Java 17.
"""

import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from pipelines.errors import CommandError
from pipelines.spark import show_raw_tables
from pipelines.spark_session import connected
from pipelines.spark_settings import Spark
from sandbox import Sandbox
from tests.conftest import STOCKTAKE
from tests.engines.company import Company, at, company_in
from tests.pipelines.conftest import Die, die_in  # noqa: F401

SPARK_HOME = os.environ.get("STOCKTAKE_SPARK_HOME", "")
PATIENCE = 120
"""Seconds in which a program has to be there."""

pytestmark = [
    pytest.mark.skipif(
        not (SPARK_HOME and shutil.which("java")),
        reason="make test-spark-cluster brings Spark; it needs Java 17",
    ),
    pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning"),  # Spark's, one a collect
]


@dataclass
class Cluster:
    """What a home says in [spark] to build there, and the workers' processes."""

    spark: Mapping[str, Any]
    workers: list[subprocess.Popen[bytes]]


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    folder = tmp_path / "cluster"
    folder.mkdir()
    master = _free_port()
    daemon = "org.apache.spark.deploy"
    spark_class = f"{SPARK_HOME}/bin/spark-class"
    with ExitStack() as running:
        at_master = ["--host", "127.0.0.1", "--port", str(master), "--webui-port", "0"]
        running.enter_context(
            _program(folder, "master", [spark_class, f"{daemon}.master.Master", *at_master])
        )
        _wait_for(master)
        work = ["--host", "127.0.0.1", "--webui-port", "0", "--cores", "1", "--memory", "2g"]
        worker = [spark_class, f"{daemon}.worker.Worker", *work, f"spark://127.0.0.1:{master}"]
        workers = [running.enter_context(_program(folder, f"worker{n}", worker)) for n in (1, 2)]
        has_connect = any(Path(SPARK_HOME, "jars").glob("spark-connect_*.jar"))
        asked = _connect if has_connect else _driver_with_iceberg
        yield Cluster(asked(running, folder, f"spark://127.0.0.1:{master}"), workers)


SETTINGS = {
    "spark.executor.memory": "1500m",
    "spark.sql.shuffle.partitions": "2",
    "spark.ui.enabled": "false",
}


def _connect(running: ExitStack, folder: Path, master: str) -> dict[str, Any]:
    """A server of Spark Connect."""
    port = _free_port()
    settings = {
        **SETTINGS,
        "spark.connect.grpc.binding.address": "127.0.0.1",
        "spark.connect.grpc.binding.port": port,
        "spark.sql.warehouse.dir": folder / "tables",
    }
    server = [
        f"{SPARK_HOME}/bin/spark-submit",
        "--class",
        "org.apache.spark.sql.connect.service.SparkConnectServer",
    ]
    server += ["--master", master, "--driver-memory", "4g"]
    server += [word for name, value in settings.items() for word in ("--conf", f"{name}={value}")]
    running.enter_context(_program(folder, "connect", [*server, "spark-internal"]))
    _wait_for(port)
    return {"remote": f"sc://127.0.0.1:{port}"}


def _driver_with_iceberg(running: ExitStack, folder: Path, master: str) -> dict[str, Any]:
    """No server: the home that builds is the driver."""
    from snowpark_connect_deps_iceberg import get_jar_path

    catalogue = "org.apache.iceberg.spark.SparkCatalog"
    conf = {
        **SETTINGS,
        "spark.driver.host": "127.0.0.1",
        "spark.driver.memory": "4g",
        "spark.jars": str(get_jar_path("iceberg-spark-runtime-3.5_2.12-1.10.2.jar")),
        "spark.sql.defaultCatalog": "ice",
        "spark.sql.catalog.ice": catalogue,
        "spark.sql.catalog.ice.type": "hadoop",
        "spark.sql.catalog.ice.warehouse": str(folder / "tables"),
    }
    return {"remote": master, "table_format": "iceberg", "conf": conf}


@pytest.fixture
def company(tmp_path: Path, sandbox: Sandbox, cluster: Cluster) -> Company:
    return company_in(tmp_path, sandbox, cluster.spark)


def test_whoever_is_killed_the_tables_are_those_of_duckdb(
    company: Company,
    sandbox: Sandbox,
    cluster: Cluster,
    die_in: Die,  # noqa: F811
) -> None:
    for home in company.homes:
        at(home, "load", "--sweep")
    ships = [
        subprocess.Popen([STOCKTAKE, "-C", str(home.folder), "ship"], stderr=subprocess.DEVNULL)
        for home in company.homes
    ]
    assert [one.wait() for one in ships] == [0, 0, 0], "they ship at once"
    company.build()
    assert company.differences() == {}

    sandbox.clock.advance(hours=26)
    sandbox.change(15)
    for provider in sandbox.providers:
        sandbox.remove(provider)
    for home in company.homes:
        at(home, "load", "--sweep")
    dying, *others = company.homes
    die_in(dying.folder, "pipelines.ship:Lake.switch", "before", "ship")
    for home in others:
        at(home, "ship")
    with _killed_while_it_works(cluster.workers[0], company.folder / "cluster" / "tables"):
        company.build()
    assert company.differences() == {}, "of what one home had shipped before it died, and of one worker"

    at(dying, "ship")
    company.build()
    assert company.differences() == {}


def test_what_spark_does_not_do_is_one_sentence(cluster: Cluster, tmp_path: Path) -> None:
    asked = Spark(**cluster.spark)
    wrong = replace(asked, conf={**asked.conf, "spark.sql.shuffle.partitions": "two"})
    with (
        pytest.raises(CommandError, match=r"spark\.sql\.shuffle\.partitions.*two") as refused,
        connected(wrong, tmp_path / "spark.log"),
    ):
        pass
    assert "does not answer" not in str(refused.value)

    columns = {"raw_square.locations": {"payload": "string"}}
    with (
        pytest.raises(CommandError, match=r"Spark cannot read raw_square\.locations in the lake: .*nowhere"),
        connected(asked, tmp_path / "spark.log") as session,
    ):
        show_raw_tables(session, {"raw_square.locations": [str(tmp_path / "nowhere.parquet")]}, columns)

    with (
        pytest.raises(CommandError, match=r"does not do what it is asked: .*nowhere"),
        connected(asked, tmp_path / "spark.log") as session,
    ):
        session.sql("select 1 from nowhere").collect()


@contextmanager
def _killed_while_it_works(worker: subprocess.Popen[bytes], tables: Path) -> Iterator[None]:
    """Kills the worker and its executor when the next table of the marts is written."""
    began = time.time()

    def kill() -> None:
        while not _is_newer(tables.glob("marts*/**"), began):
            assert time.time() < began + PATIENCE * 10, "no table was written"
            time.sleep(0.1)
        os.killpg(worker.pid, signal.SIGKILL)

    with ThreadPoolExecutor(1) as pool:
        killing = pool.submit(kill)
        yield
        killing.result()
    assert worker.wait() == -signal.SIGKILL


def _is_newer(paths: Iterator[Path], moment: float) -> bool:
    with suppress(FileNotFoundError):  # Spark removes what it is done with
        return any(path.stat().st_mtime > moment for path in paths)
    return False


@contextmanager
def _program(folder: Path, name: str, words: Sequence[str]) -> Iterator[subprocess.Popen[bytes]]:
    """A program with a group of its own, which ends with all that it began."""
    with (folder / f"{name}.log").open("wb") as log:
        process = subprocess.Popen(
            words,
            cwd=folder,
            stdout=log,
            stderr=log,
            start_new_session=True,
            env={**os.environ, "SPARK_HOME": SPARK_HOME, "SPARK_LOCAL_IP": "127.0.0.1"},
        )
        try:
            yield process
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGTERM)
                process.wait()


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])


def _wait_for(port: int) -> None:
    until = time.monotonic() + PATIENCE
    while True:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
        except OSError:
            if time.monotonic() > until:
                raise
            time.sleep(0.3)
        else:
            return
