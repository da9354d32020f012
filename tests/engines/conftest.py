"""A Spark Connect server of this process: Sail, which needs no Java."""

from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

from sandbox import Sandbox

PACKAGES = {
    "pyspark": "stocktake[spark]",
    "dbt.adapters.spark": "stocktake[spark]",
    "pysail": "pysail==0.7.2",
}


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
    from pysail.spark import SparkConnectServer

    (tmp_path / "spark").mkdir()
    monkeypatch.chdir(tmp_path / "spark")
    server = SparkConnectServer()
    server.start()
    host, port = server.listening_address
    yield f"sc://{host}:{port}"
    server.stop()
