"""The declared fields hold every field that the provider notes list in their section 6."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from records import DATA

from tests.docs_tables import MODELS, parsed

NOTES = Path(__file__).parents[3] / "shared" / "providers"
needs_notes = pytest.mark.skipif(
    not NOTES.is_dir(),
    reason="the provider notes are not part of this repository; they lie in ../shared in CI",
)

TYPES = {"text", "integer", "decimal", "boolean", "instant", "local_time", "json", "struct", "list"}

PROVIDERS = ["sellercloud", "shipstream", "square", "augno", "ventmere_s2"]

SECTIONS = {
    ("sellercloud", "inventory"): ["6.1", "6.2", "6.3", "6.4", "6.5"],
    ("shipstream", "total_levels"): ["6.1"],
    ("shipstream", "products"): ["6.2"],
    ("square", "inventory_counts"): ["6.1"],
    ("square", "locations"): ["6.3"],
    ("square", "catalog_objects"): ["6.4"],
    ("square", "inventory_changes"): ["6.5"],
    ("ventmere_s2", "warehouses"): ["6.2", "6.4", "6.5"],
    ("ventmere_s2", "products"): ["6.3", "6.4", "6.6"],
    ("ventmere_s2", "inventory_items"): ["6.7"],
}
NOT_FIELDS = {
    "periods",  # inside business_hours, which stays JSON
    "begin_time", "include_deleted_objects",  # of the request for catalogue objects
    "errors", "counts", "cursor",  # of the answer around the counts
    "Warehouse",  # the beginning of other names
    "catalog_object_ids", "location_ids", "updated_after", "states", "limit",  # of the request for counts
}  # fmt: skip
SAID_TO_BE_ABSENT = {
    ("square", "locations"): {"updated_at"},
    ("shipstream", "total_levels"): {"warehouse", "none"},
    ("shipstream", "products"): {"status", "is_active", "is_deleted"},  # of merchants
}


def declared_tables(provider: str) -> dict[str, list[dict[str, Any]]]:
    document = parsed(MODELS / "staging" / provider / f"_{provider}__sources.yml")
    return {table["name"]: table["config"]["meta"]["fields"] for table in document["sources"][0]["tables"]}


def flattened(fields: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [found for field in fields for found in (field, *flattened(field.get("fields", [])))]


def documented(provider: str, sections: list[str]) -> set[str]:
    """The names in backticks, of a table in its first column, in prose anywhere; `x_1..3` is three names."""
    note = (NOTES / f"{provider}.md").read_text(encoding="utf-8")
    names: set[str] = set()
    letters = "A-Z" if provider == "sellercloud" else "a-z"
    for section in sections:
        [text] = re.findall(rf"^### {re.escape(section)} .*?\n(.*?)(?=^#|\Z)", note, re.S | re.M)
        for line in text.splitlines():
            said = line.split("|")[1] if line.startswith("|") else line
            for name in re.findall(rf"`([{letters}][A-Za-z0-9_.\[\]]*)\*?`", said):
                base, _, last = name.partition("..")
                numbers = range(1, int(last) + 1) if last else []
                names |= {f"{base[:-1]}{n}" for n in numbers} if last else set(re.split(r"[.\[\]]+", base))
    return names - NOT_FIELDS - {""}


@pytest.mark.parametrize(("provider", "table"), SECTIONS, ids=lambda word: word)
@needs_notes
def test_every_documented_field_is_declared(provider: str, table: str) -> None:
    declared = {field["name"] for field in flattened(declared_tables(provider)[table])}
    expected = documented(provider, SECTIONS[provider, table]) - SAID_TO_BE_ABSENT.get(
        (provider, table), set()
    )

    assert len(expected) > 4
    assert expected - declared == set()


@pytest.mark.parametrize("provider", PROVIDERS)
def test_every_declared_field_has_a_known_type_and_a_description(provider: str) -> None:
    for table, fields in declared_tables(provider).items():
        for field in flattened(fields):
            name, has_parts = f"{table}.{field['name']}", "fields" in field or "of" in field
            assert field["type"] in TYPES, name
            assert field["description"], name
            assert has_parts == (field["type"] in ("struct", "list")), name


@pytest.mark.parametrize(
    ("provider", "table", "file", "where"),
    [
        ("sellercloud", "inventory", "sellercloud_inventory.json", ["Items", 0]),
        ("shipstream", "total_levels", "shipstream_inventory_levels_total.json", ["collection", 0]),
        ("shipstream", "products", "shipstream_inventory_levels_total.json", ["included", "Product", 0]),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_every_member_of_a_published_example_is_declared(
    provider: str, table: str, file: str, where: list[str | int]
) -> None:
    record: Any = json.loads((DATA / file).read_text(encoding="utf-8"))
    for step in where:
        record = record[step]

    assert undeclared(record, declared_tables(provider)[table]) == []


def undeclared(record: dict[str, Any], fields: list[dict[str, Any]], path: str = "") -> list[str]:
    known = {field["name"]: field for field in fields}
    found = [path + name for name in record if name not in known]
    for name, value in record.items():
        parts = known.get(name, {}).get("fields")
        for part in value if isinstance(value, list) else [value]:
            if parts and isinstance(part, dict):
                found += undeclared(part, parts, f"{path}{name}.")
    return found
