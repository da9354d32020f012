import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from sandbox import Sandbox

EXAMPLES = Path(__file__).resolve().parents[3] / "shared" / "examples"


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    """Square and S2: the other rooms have tests of their own beside these."""
    with Sandbox(providers=("square", "ventmere_s2")) as running:
        yield running


@pytest.fixture
def square(sandbox: Sandbox) -> Iterator[httpx.Client]:
    headers = {"Authorization": f"Bearer {sandbox.settings('square')['access_token']}"}
    with httpx.Client(base_url=sandbox.base_url("square"), headers=headers) as client:
        yield client


@pytest.fixture
def s2(sandbox: Sandbox) -> Iterator[httpx.Client]:
    headers = {"Authorization": f"Bearer {sandbox.settings('ventmere_s2')['access_token']}"}
    with httpx.Client(base_url=sandbox.base_url("ventmere_s2"), headers=headers) as client:
        yield client


@pytest.fixture
def control(sandbox: Sandbox) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=f"{sandbox.url}/_sandbox") as client:
        yield client


@pytest.fixture
def published() -> Callable[[str], Any]:
    """Reads a file of the providers' published examples, of which the project keeps no copy."""
    if not EXAMPLES.is_dir():
        pytest.skip(f"the providers' published examples are not at {EXAMPLES}")
    return lambda name: json.loads((EXAMPLES / name).read_text(encoding="utf-8"))
