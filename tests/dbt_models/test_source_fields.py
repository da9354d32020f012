"""What staging says of the looks of a payload, and which of it fails a build."""

import json
from typing import Any

import pytest
from working_database import WorkingDatabase

from tests.docs_tables import MODELS, parsed

HALVES = {
    "half": (r"\ud83d", "\ufffd"),
    "pair": (r"x\uD83D\ude00y", "x\U0001f600y"),
    "wrong way round": (r"\ude00\ud83d", "\ufffd\ufffd"),
    "half before a pair": (r"\ud83d\ud83d\ude00", "\ufffd\U0001f600"),
    "an escaped backslash": (r"\\ud83d", r"\ud83d"),
    "a backslash and a half": (r"\\\ud83d", "\\\ufffd"),
    "two escaped backslashes": (r"\\\\ud83d\ud83d\ude00", "\\\\ud83d\U0001f600"),
}
"""Names as JSON writes them, and as they are to be read."""
DAY_2 = "2026-01-06T08:00:00Z"


def sources() -> dict[tuple[str, str], dict[str, Any]]:
    """What is said of every raw table of records."""
    return {
        (document["name"], table["name"]): table["config"]["meta"]
        for file in sorted(MODELS.glob("staging/*/_*__sources.yml"))
        for document in parsed(file)["sources"]
        for table in document["tables"]
        if "config" in table and "fields" in table["config"].get("meta", {})
    }


def paths(fields: list[dict[str, Any]], prefix: str = "") -> list[str]:
    found = []
    for field in fields:
        path = prefix + field["name"]
        found.append(path)
        if "fields" in field:
            found += paths(field["fields"], path + ("[]." if field["type"] == "list" else "."))
    return found


@pytest.fixture(scope="module")
def built(working_database: WorkingDatabase) -> WorkingDatabase:
    """An S2 level, a Sellercloud kit with columns, and Square items, as declared and otherwise."""
    working_database.put(
        "ventmere_s2.inventory_items",
        {"warehouseId": "W", "level": {"productId": "plain", "available": 5, "incoming": 0, "reserved": -1}},
        {
            "warehouseId": "W",
            "level": {"productId": "odd", "available": "5", "incoming": None, "onLoan": 1, "a, b": {}},
            "level.available": 9,
        },
        {"warehouseId": "W", "level": {"productId": "bare"}, "z": [{"deep": 1}], "a": 1},
        account="s2",
    )
    working_database.put(
        "sellercloud.inventory",
        {
            "ID": "KIT",
            "ChildProducts": [
                {"ChildProductId": "A", "PerKitQty": 2},
                {"ChildProductId": "B", "PerKitQty": "two", "Grade": "A"},
                {"ChildProductId": "C", "PerKitQty": "three", "Grade": "B"},
            ],
            "CustomColumns": [{"Value": {"free": "form"}, "DataSourceContainer": [{"Key": "k", "Odd": 1}]}],
            "PhysicalQty": 3,
        },
        {"ID": "EMPTY", "ChildProducts": [], "CustomColumns": None, "PhysicalQty": "many", "IsKit": False},
        {"ID": "WRONG", "ChildProducts": {"ChildProductId": "A"}, "CustomColumns": ["text"]},
        account="cloud",
    )  # fmt: skip
    working_database.put(
        "square.locations", {"id": "L", "created_at": "long ago", "business_hours": {"x": 1}}, account="shop"
    )
    for key, (written, _) in HALVES.items():
        working_database.put("square.locations", f'{{"id": "{key}", "name": "{written}"}}', account="shop")
    working_database.build("rpt_schema_drift", tests=False)
    return working_database


def letters(built: WorkingDatabase, provider: str, table: str, key: str, value: str) -> dict[str, str]:
    """The letters of a row by path, those that are absent left out."""
    [(kinds,)] = built.query(
        f"select field_kinds from staging.stg_{provider}__{table} where {key} = ?", value
    )
    names = [
        name
        for (name,) in built.query(
            "select field_path from intermediate.int_source_fields_declared"
            " where provider = ? and resource = ? order by position",
            provider, table,
        )
    ]  # fmt: skip
    assert len(kinds) == len(names)
    return {name: kind for name, kind in zip(names, kinds, strict=True) if kind != "-"}


def unknown(built: WorkingDatabase, model: str, key: str) -> dict[str, str | None]:
    return dict(built.query(f"select {key}, unknown_fields from staging.{model}"))


def test_every_raw_table_of_records_is_watched_with_every_field(built: WorkingDatabase) -> None:
    declared = {
        (provider, table): set(paths(meta["fields"])) for (provider, table), meta in sources().items()
    }
    watched: dict[tuple[str, str], set[str]] = {}
    for provider, resource, path in built.query(
        "select provider, resource, field_path from marts.dim_source_fields where is_declared"
    ):
        watched.setdefault((provider, resource), set()).add(path)

    assert watched == declared


def test_measures_are_declared_fields_that_can_be_cast(built: WorkingDatabase) -> None:
    types = {
        (provider, resource, path): kind
        for provider, resource, path, kind in built.query(
            "select provider, resource, field_path, declared_type from marts.dim_source_fields"
        )
    }
    feeding = [
        (provider, table, path)
        for (provider, table), meta in sources().items()
        for paths in meta.get("measures", {}).values()
        for path in paths
    ]

    assert len(feeding) > 30
    assert {types[field] for field in feeding} <= {"decimal", "boolean", "integer"}


def test_each_kind_has_its_letter(built: WorkingDatabase) -> None:
    assert letters(built, "ventmere_s2", "inventory_items", "product_id", "plain") == {
        "warehouseId": "t",
        "level": "o",
        "level.productId": "t",
        "level.available": "n",
        "level.incoming": "n",
        "level.reserved": "n",
    }
    assert letters(built, "ventmere_s2", "inventory_items", "product_id", "odd") == {
        "warehouseId": "t",
        "level": "o",
        "level.productId": "t",
        "level.available": "t",
        "level.incoming": "0",
    }
    assert letters(built, "sellercloud", "inventory", "product_id", "EMPTY") == {
        "ID": "t",
        "ChildProducts": "a",
        "CustomColumns": "0",
        "PhysicalQty": "t",
        "IsKit": "b",
    }


def test_a_field_in_a_list_is_there_when_any_element_has_it(built: WorkingDatabase) -> None:
    kit = letters(built, "sellercloud", "inventory", "product_id", "KIT")

    assert {path: kind for path, kind in kit.items() if "[]" in path} == {
        "ChildProducts[].ChildProductId": "+",
        "ChildProducts[].PerKitQty": "+",
        "CustomColumns[].Value": "+",
        "CustomColumns[].DataSourceContainer": "+",
        "CustomColumns[].DataSourceContainer[].Key": "+",
    }


def test_unknown_fields_are_named_wherever_they_are(built: WorkingDatabase) -> None:
    assert unknown(built, "stg_ventmere_s2__inventory_items", "product_id") == {
        "plain": None,
        "odd": "level.a,b, level.available, level.onLoan",
        "bare": "a, z",
    }
    assert unknown(built, "stg_sellercloud__inventory", "product_id") == {
        "KIT": "ChildProducts[].Grade, CustomColumns[].DataSourceContainer[].Odd",
        "EMPTY": None,
        "WRONG": None,
    }
    assert unknown(built, "stg_square__locations", "location_id") == dict.fromkeys(["L", *HALVES]), (
        "json is not looked into"
    )


def test_half_a_surrogate_pair_is_a_replacement_character_and_nothing_else_changes(
    built: WorkingDatabase,
) -> None:
    names = dict(
        built.query("select location_id, name from staging.stg_square__locations where location_id <> 'L'")
    )

    assert names == {key: read for key, (_, read) in HALVES.items()}


def test_what_cannot_be_used_is_named_with_its_account_record_field_and_text(
    built: WorkingDatabase,
) -> None:
    lost = built.query(
        "select account, resource, record_key, field_path, said, uncast_count, feeds_measure"
        " from reporting.rpt_schema_drift where drift = 'uncast' order by 2, 3, 4"
    )

    assert lost == [
        ("cloud", "inventory", "EMPTY", "PhysicalQty", "many", 1, True),
        ("cloud", "inventory", "KIT", "ChildProducts[].PerKitQty", "three", 2, False),
        ("cloud", "inventory", "WRONG", "ChildProducts", '{"ChildProductId":"A"}', 1, False),
        ("cloud", "inventory", "WRONG", "CustomColumns", "", 1, False),
        ("shop", "locations", "L", "created_at", "long ago", 1, False),
    ]


def test_an_attribute_that_does_not_fit_is_a_warning(built: WorkingDatabase) -> None:
    warnings = built.build("rpt_schema_drift").warnings

    [warned] = [words for words in warnings if words.startswith("assert_no_attribute_lost_in_a_cast: ")]
    assert "4 rows" in warned


def test_a_field_that_no_current_version_has_disappeared(built: WorkingDatabase) -> None:
    level = {"warehouseId": "W", "level": {"productId": "odd", "available": 5}}
    built.put("ventmere_s2.inventory_items", json.dumps(level), account="s2", at=DAY_2)
    built.build("rpt_schema_drift", tests=False)

    found = built.query(
        "select field_path, drift, version_count, current_count, strftime(first_seen_at, '%d'),"
        " strftime(last_seen_at, '%d'), kinds_seen from reporting.rpt_schema_drift"
        " where resource = 'inventory_items' and drift <> 'never_seen' order by 1, 2"
    )
    assert found == [
        ("a", "undeclared", 1, 1, "05", "05", None),
        ("level.a,b", "disappeared", 1, 0, "05", "05", None),
        ("level.a,b", "undeclared", 1, 0, "05", "05", None),
        ("level.available", "changed_type", 3, 2, "05", "06", "number, text"),
        ("level.onLoan", "disappeared", 1, 0, "05", "05", None),
        ("level.onLoan", "undeclared", 1, 0, "05", "05", None),
        ("z", "undeclared", 1, 1, "05", "05", None),
    ]
