"""One release, built once however many workers there are, and the dashboard over it on a real socket."""

import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
import uvicorn
from filelock import FileLock

from dashboard.pages.shelf import shelf
from dashboard.reader import Published, Reading
from dashboard.server import Dashboard, configured
from tests.dashboard import releases

Serve = Callable[[Path], httpx.Client]


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The published folder of the release; to be read, never changed."""
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if os.environ.get("PYTEST_XDIST_WORKER") else base) / "dashboard_release"
    with FileLock(f"{folder}.lock"):
        if not (folder / "done").exists():
            folder.mkdir()
            (folder / "done").write_text(str(releases.build(folder)))
    return Path((folder / "done").read_text())


@pytest.fixture
def published(built: Path, tmp_path: Path) -> Path:
    """The same, to be changed."""
    return releases.copied(built, tmp_path / "published")


@contextmanager
def served(dashboard: Dashboard) -> Iterator[httpx.Client]:
    """A dashboard, in a thread of its own."""
    server = uvicorn.Server(configured(dashboard, "127.0.0.1", 0))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        assert thread.is_alive()
        time.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60) as client:
        yield client
    server.should_exit = True
    thread.join()


@pytest.fixture(scope="module")
def pages(built: Path) -> Iterator[httpx.Client]:
    """The dashboard over the release."""
    with served(Dashboard(built)) as client:
        yield client


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Serves folders of a test's own."""
    opened = []

    def start(folder: Path) -> httpx.Client:
        opened.append(served(Dashboard(folder)))
        return opened[-1].__enter__()

    yield start
    for one in opened:
        one.__exit__(None, None, None)


@pytest.fixture(scope="module")
def reading(built: Path) -> Iterator[Reading]:
    """The release, to be asked."""
    with Published(built, shelf).reading() as found:
        yield found


@pytest.fixture(scope="module")
def item(reading: Reading) -> str:
    """The key of one that most systems have."""
    question = "select item_key from rpt_stock_consolidated order by system_count desc, item_key limit 1"
    return str(reading.row(question)["item_key"])


@pytest.fixture
def project(published: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project folder over the release, and the present one."""
    (tmp_path / ".dlt").mkdir()
    (tmp_path / ".dlt" / "config.toml").write_text('[stocktake]\nhome = "."\n', encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path
