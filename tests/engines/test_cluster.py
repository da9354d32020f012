"""A real Spark, a master and two workers: the same tables, whoever is killed.

`make test-spark-cluster` runs it: the programs are those of PyPI's pyspark, and need Java 17.
"""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from sandbox import Sandbox
from tests.conftest import STOCKTAKE
from tests.engines.company import Company, at, company_in
from tests.pipelines.conftest import Die, die_in  # noqa: F401

SPARK_HOME = os.environ.get("STOCKTAKE_SPARK_HOME", "")
PATIENCE = 120
"""Seconds in which a program has to be there."""

pytestmark = pytest.mark.skipif(
    not (SPARK_HOME and shutil.which("java")), reason="make test-spark-cluster brings Spark; it needs Java 17"
)


@dataclass
class Cluster:
    """Where its Connect server is, and the workers' processes."""

    address: str
    workers: list[subprocess.Popen[bytes]]


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    folder = tmp_path / "cluster"
    folder.mkdir()
    master, connect = _free_port(), _free_port()
    daemon = "org.apache.spark.deploy"
    spark_class, submit = (f"{SPARK_HOME}/bin/{name}" for name in ("spark-class", "spark-submit"))
    with ExitStack() as running:
        at_master = ["--host", "127.0.0.1", "--port", str(master), "--webui-port", "0"]
        running.enter_context(
            _program(folder, "master", [spark_class, f"{daemon}.master.Master", *at_master])
        )
        _wait_for(master)
        work = ["--host", "127.0.0.1", "--webui-port", "0", "--cores", "1", "--memory", "2g"]
        worker = [spark_class, f"{daemon}.worker.Worker", *work, f"spark://127.0.0.1:{master}"]
        workers = [running.enter_context(_program(folder, f"worker{n}", worker)) for n in (1, 2)]
        settings = {
            "spark.connect.grpc.binding.address": "127.0.0.1",
            "spark.connect.grpc.binding.port": connect,
            "spark.executor.memory": "1500m",
            "spark.sql.shuffle.partitions": 2,
            "spark.sql.warehouse.dir": folder / "tables",
            "spark.ui.enabled": "false",
        }
        server = [submit, "--class", "org.apache.spark.sql.connect.service.SparkConnectServer"]
        server += ["--master", f"spark://127.0.0.1:{master}", "--driver-memory", "4g"]
        server += [word for name, value in settings.items() for word in ("--conf", f"{name}={value}")]
        running.enter_context(_program(folder, "connect", [*server, "spark-internal"]))
        _wait_for(connect)
        yield Cluster(f"sc://127.0.0.1:{connect}", workers)


@pytest.fixture
def company(tmp_path: Path, sandbox: Sandbox, cluster: Cluster) -> Company:
    return company_in(tmp_path, sandbox, cluster.address, "parquet")


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
    with _killed_while_it_works(cluster.workers[0], company.folder / "cluster" / "tables" / "marts.db"):
        company.build()
    assert company.differences() == {}, "of what one home had shipped before it died, and of one worker"

    at(dying, "ship")
    company.build()
    assert company.differences() == {}


@contextmanager
def _killed_while_it_works(worker: subprocess.Popen[bytes], tables: Path) -> Iterator[None]:
    """Kills the worker and its executor when the next table is written there."""
    killer = subprocess.Popen(
        [sys.executable, "-c", KILLER, str(tables), str(os.getpgid(worker.pid)), str(PATIENCE * 10)]
    )
    yield
    assert killer.wait() == 0
    assert worker.wait() == -signal.SIGKILL


KILLER = """
import os, signal, sys, time
folder, group, patience = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
began = time.time()
while not any(one.stat().st_mtime > began for one in os.scandir(folder)):
    if time.time() > began + patience:
        sys.exit("no table was written")
    time.sleep(0.1)
os.killpg(group, signal.SIGKILL)
"""


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
