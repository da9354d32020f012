"""Spark in this process: Sail, a server of Spark Connect that needs no Java."""

from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import fsspec
import httpx
import pytest

from sandbox import Sandbox

PACKAGES = {"pyspark": "stocktake[spark]", "dbt.adapters.spark": "stocktake[spark]"}


def _missing() -> list[str]:
    return sorted({package for module, package in PACKAGES.items() if not _is_there(module)})


def _is_there(module: str) -> bool:
    try:
        return find_spec(module) is not None
    except ModuleNotFoundError:
        return False


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.parent == Path(__file__).parent:
            item.add_marker(pytest.mark.engines)
            if missing := _missing():
                item.add_marker(
                    pytest.mark.skip(f"pip install {' '.join(missing)}, as make test-engines does")
                )


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    """All five systems."""
    with Sandbox() as served:
        yield served


@pytest.fixture
def spark_address(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Where Spark is; its tables are in a folder of the test's own."""
    spark = pytest.importorskip("pysail.spark", reason="make test-engines brings it")
    (tmp_path / "spark").mkdir()
    monkeypatch.chdir(tmp_path / "spark")
    server = spark.SparkConnectServer()
    server.start()
    host, port = server.listening_address
    yield f"sc://{host}:{port}"
    server.stop()


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A server with a bucket `stock`, which s3fs finds as it finds every other."""
    server = pytest.importorskip("moto.server", reason="make test-engines brings it").ThreadedMotoServer(
        ip_address="127.0.0.1", port=0, verbose=False
    )
    server.start()
    host, port = server.get_host_and_port()
    for name, value in {
        "AWS_ACCESS_KEY_ID": "a-key",
        "AWS_SECRET_ACCESS_KEY": "a-secret",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ENDPOINT_URL": f"http://{host}:{port}",
        "AWS_ALLOW_HTTP": "true",  # Sail asks
    }.items():
        monkeypatch.setenv(name, value)
    httpx.post(f"http://{host}:{port}/moto-api/reset").raise_for_status()  # it keeps all in its process
    fsspec.filesystem("s3").mkdir("stock")
    yield
    fsspec.filesystem("s3").clear_instance_cache()
    server.stop()
