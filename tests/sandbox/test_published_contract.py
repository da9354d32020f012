"""Held against what the providers publish: Square's OpenAPI cut and everybody's example answers."""

from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from jsonschema import Draft202012Validator, ValidationError

from sandbox import Sandbox
from tests.sandbox.reading import CHANGES, COUNTS, SEARCH, WHOLE_CATALOG, counts, overview, scan

VERSION = "2025-08-20"
"""The release the published cut is of."""
Errors = Callable[[str, Any], list[ValidationError]]


@pytest.fixture
def errors(published: Callable[[str], Any]) -> Errors:
    document = _nullable_as_json_schema(published("square_inventory.openapi.json"))

    def found(schema: str, value: Any) -> list[ValidationError]:
        root = {"$ref": f"#/components/schemas/{schema}", "components": document["components"]}
        return list(Draft202012Validator(root).iter_errors(value))

    return found


def _nullable_as_json_schema(node: Any) -> Any:
    """OpenAPI 3.0 in the words of JSON Schema; members that are not described are refused."""
    if isinstance(node, list):
        return [_nullable_as_json_schema(item) for item in node]
    if not isinstance(node, dict):
        return node
    node = {name: _nullable_as_json_schema(value) for name, value in node.items()}
    if node.get("type") == "object" and "properties" in node:
        node["additionalProperties"] = False
    if node.pop("nullable", False) is True:
        return {"anyOf": [node, {"type": "null"}]}
    return node


@pytest.fixture
def busy(sandbox: Sandbox, square: httpx.Client) -> httpx.Client:
    """Square after a day, asked in the published version."""
    sandbox.simulate_day()
    sandbox.change(3)
    sandbox.switches["square"].errors_on_success = True
    square.headers["Square-Version"] = VERSION
    return square


@pytest.mark.parametrize(
    "more", [{}, {"updated_after": "2026-01-05T08:00:00.000000Z"}], ids=["first", "next"]
)
@pytest.mark.parametrize(
    ("path", "schema"),
    [(COUNTS, "BatchRetrieveInventoryCounts"), (CHANGES, "BatchRetrieveInventoryChanges")],
    ids=["counts", "changes"],
)
def test_our_requests_and_their_answers_validate(
    busy: httpx.Client, errors: Errors, path: str, schema: str, more: dict[str, str]
) -> None:
    places = [place["id"] for place in busy.get("/v2/locations").json()["locations"]]
    body = {"limit": 2, "location_ids": places, **more}
    answer = busy.post(path, json=body).json()
    assert answer["cursor"]
    for sent in (body, {**body, "cursor": answer["cursor"]}):
        assert errors(f"{schema}Request", sent) == []
        assert errors(f"{schema}Response", busy.post(path, json=sent).json()) == []


def test_the_unknown_state_is_all_that_the_published_counts_lack(busy: httpx.Client, errors: Errors) -> None:
    answer = busy.post(COUNTS, json={"limit": 1000}).json()
    assert "cursor" not in answer
    broken = [
        leaf for error in errors("BatchRetrieveInventoryCountsResponse", answer) for leaf in _leaves(error)
    ]
    assert {error.message.split(" is not")[0] for error in broken if error.validator == "enum"} == {
        "'SOMETHING_NEW'"
    }
    places = {tuple(error.absolute_path)[:2] for error in broken}
    assert [answer["counts"][place]["state"] for _, place in places] == ["SOMETHING_NEW"]


def test_all_changes_and_all_locations_validate(busy: httpx.Client, errors: Errors) -> None:
    changes = {"changes": scan(busy, CHANGES, "changes"), "errors": []}
    assert len(changes["changes"]) > 5
    assert errors("BatchRetrieveInventoryChangesResponse", changes) == []
    assert errors("ListLocationsResponse", busy.get("/v2/locations").json()) == []


def test_refusals_validate(busy: httpx.Client, sandbox: Sandbox, errors: Errors) -> None:
    bodies = (
        {"limit": 0},
        {"cursor": "x"},
        {"updated_after": "then"},
        {"location_ids": "X"},
        {"page": 2},
    )
    for body in bodies:
        refused = busy.post(COUNTS, json=body)
        assert refused.status_code == 400
        assert refused.json()["errors"]
        assert errors("BatchRetrieveInventoryCountsResponse", refused.json()) == []


def test_what_validates_not_is_told(errors: Errors) -> None:
    assert errors("BatchRetrieveInventoryCountsResponse", {"counts": [{"quantity": 1}]})
    assert errors("BatchRetrieveInventoryCountsResponse", {"kounts": []})


def test_every_field_of_squares_examples_occurs(busy: httpx.Client, published: Callable[[str], Any]) -> None:
    answers = {
        "square_inventory_counts.json": busy.post(COUNTS, json={}).json(),
        "square_inventory_changes.json": busy.post(CHANGES, json={}).json(),
        "square_catalog_search.json": {"objects": scan(busy, SEARCH, "objects", **WHOLE_CATALOG)},
        "square_locations.json": busy.get("/v2/locations").json(),
    }
    for name, answer in answers.items():
        assert set(_fields(published(name))) - set(_fields(answer)) == set(), name


def test_the_overview_has_the_fields_of_ventmeres_example(
    s2: httpx.Client, published: Callable[[str], Any]
) -> None:
    assert set(_fields(published("ventmere_s2_inventory_overview.json"))) == set(_fields(overview(s2)))


def test_the_overview_writes_numbers_as_ventmeres_example_does(
    s2: httpx.Client, published: Callable[[str], Any]
) -> None:
    """A whole float stays a float: 1500.0 (ventmere_s2.md §6.3)."""
    example, answer = published("ventmere_s2_inventory_overview.json")["products"][0], overview(s2)
    types = {name: type(value) for name, value in example.items()}
    for product in answer["products"]:
        assert {name: type(value) for name, value in product.items()} == types


def test_every_count_has_the_members_of_the_example(
    busy: httpx.Client, published: Callable[[str], Any]
) -> None:
    (example,) = published("square_inventory_counts.json")["counts"]
    for count in counts(busy):
        assert set(example) == set(count) - {"is_estimated"}


def _leaves(error: ValidationError) -> Iterator[ValidationError]:
    """What is really wrong inside an anyOf: not that the value fails to be null."""
    if not error.context:
        yield error
    for inner in error.context or []:
        if inner.schema != {"type": "null"}:
            yield from _leaves(inner)


def _fields(value: Any, path: str = "") -> Iterator[str]:
    """The path of every member, places in arrays left out."""
    if isinstance(value, list):
        for item in value:
            yield from _fields(item, path)
    elif isinstance(value, dict):
        for name, inner in value.items():
            yield f"{path}.{name}"
            yield from _fields(inner, f"{path}.{name}")
