import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from sandbox import Sandbox
from tests.sandbox.reading import TRUSTED, connected

EXAMPLES = Path(__file__).resolve().parents[3] / "shared" / "examples"


@pytest.fixture
def sandbox(request: pytest.FixtureRequest) -> Iterator[Sandbox]:
    """Square and S2, or the provider that the test's module is about."""
    only = getattr(request.module, "PROVIDER", None)
    with Sandbox(providers=(only,) if only else ("square", "ventmere_s2")) as running:
        yield running


@pytest.fixture
def switches(request: pytest.FixtureRequest, sandbox: Sandbox) -> Any:
    return sandbox.switches[request.module.PROVIDER]


@pytest.fixture
def data(request: pytest.FixtureRequest, sandbox: Sandbox) -> Any:
    return sandbox.world.data[request.module.PROVIDER]


@pytest.fixture
def client(request: pytest.FixtureRequest, sandbox: Sandbox) -> Iterator[httpx.Client]:
    with connected(sandbox, request.module.PROVIDER) as client:
        yield client


@pytest.fixture
def square(sandbox: Sandbox) -> Iterator[httpx.Client]:
    with connected(sandbox, "square") as client:
        yield client


@pytest.fixture
def s2(sandbox: Sandbox) -> Iterator[httpx.Client]:
    with connected(sandbox, "ventmere_s2") as client:
        yield client


@pytest.fixture
def control(sandbox: Sandbox) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=f"{sandbox.url}/_sandbox", verify=TRUSTED) as client:
        yield client


@pytest.fixture
def published() -> Callable[[str], Any]:
    """Reads a file of the providers' published examples, of which the project keeps no copy."""
    if not EXAMPLES.is_dir():
        pytest.skip(f"the providers' published examples are not at {EXAMPLES}")
    return lambda name: json.loads((EXAMPLES / name).read_text(encoding="utf-8"))
