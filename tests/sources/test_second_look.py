"""The second look: questions that every server takes, and what becomes of those that are refused."""

from collections.abc import Iterator, Sequence

import pytest

from sandbox import Fault, Sandbox
from sources._shared.errors import CursorExpiredError, NotFoundError, RequestError, SourceError
from sources._shared.records import Page, Record
from sources._shared.second_look import look_again
from tests.sources.conftest import client_of, read

NAMES = [f"SKU-{number:02}" for number in range(40)]


def looked(
    refuse: dict[int, SourceError], names: Sequence[str] = NAMES, at_once: int = 16, longest: int = 99
) -> tuple[list[str], list[int]]:
    """What was found, and how many names each question had. Questions of a size and above are refused."""
    sizes: list[int] = []

    def ask(batch: Sequence[str]) -> Iterator[Page]:
        sizes.append(len(batch))
        for size, error in refuse.items():
            if len(batch) >= size:
                raise error
        yield Page([Record((name,), None, b"{}") for name in batch])

    pages = list(look_again(names, ask, at_once=at_once, fits=lambda batch: len(batch) <= longest))
    return [record.keys[0] for page in pages for record in page.records], sizes


def test_all_names_are_asked_for_so_many_at_once() -> None:
    assert looked({}) == (NAMES, [16, 16, 8])


def test_questions_are_no_longer_than_fits() -> None:
    assert looked({}, longest=15) == (NAMES, [15, 15, 10])


@pytest.mark.parametrize("status", [400, 404, 413, 414])
def test_a_refused_question_is_asked_in_halves(status: int) -> None:
    found, sizes = looked({5: RequestError("refused", status=status)})
    assert found == NAMES
    assert sizes[:4] == [16, 8, 4, 4]


def test_a_single_name_that_is_refused_is_not_found() -> None:
    assert looked({1: NotFoundError("none", status=404)}, NAMES[:2]) == ([], [2, 1, 1])


@pytest.mark.parametrize(
    "error",
    [RequestError("no", status=401), RequestError("no", status=409), CursorExpiredError("", status=400)],
)
def test_other_refusals_are_errors(error: SourceError) -> None:
    with pytest.raises(type(error)):
        looked({1: error})


LONG = frozenset({(f"A-{'long-' * 9}{number:04}&=/",) for number in range(120)})


def test_many_long_skus_are_asked_for_in_short_questions(five: Sandbox) -> None:
    five.requests.clear()
    client = client_of(five, "sellercloud")
    records = {record.keys for page in read(client, "inventory", held=LONG) for record in page.records}
    asked = [one for one in five.requests if "model.inventoryID" in one.query]
    names = [name for one in asked for name in one.query["model.inventoryID"].split(",")]
    assert sorted(names) == sorted(key for (key,) in LONG), "each once"
    assert all(client.api.fits(one.path.removeprefix("/rest/api"), dict(one.params)) for one in asked)
    assert records == set(five.truth("sellercloud", "inventory"))


@pytest.mark.parametrize(
    ("provider", "status"), [("sellercloud", 414), ("sellercloud", 404), ("square", 413)]
)
def test_a_server_that_takes_less_is_asked_for_less(five: Sandbox, provider: str, status: int) -> None:
    resource = {"sellercloud": "inventory", "square": "inventory_counts"}[provider]
    truth = five.truth(provider, resource)
    gone = frozenset(
        {("GONE-1", "x", "y")[: len(next(iter(truth)))], ("GONE-2", "x", "y")[: len(next(iter(truth)))]}
    )
    client = client_of(five, provider)
    five.requests.clear()
    read(client, resource)
    usual = sum(1 for asked in five.requests if not asked.path.endswith("/token"))
    five.faults[provider].next(None, usual)
    five.faults[provider].next(Fault("status", status))
    records = {record.keys for page in read(client, resource, held=gone) for record in page.records}
    assert records == set(truth)
    assert five.faults[provider].waiting == [], "the refusal was met"
