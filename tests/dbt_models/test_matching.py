"""The user's file of matches, as a user writes it: read as text, believed before any code, and checked."""

import csv

import pytest
from working_database import WorkingDatabase

from pipelines.errors import CommandError
from pipelines.matches import Match, write_matches


def product(product_id: str, sku: str) -> dict[str, str]:
    return {"id": product_id, "sku": sku, "name": product_id}


@pytest.fixture(scope="module")
def built(working_database: WorkingDatabase) -> WorkingDatabase:
    working_database.describe_account("s2", "ventmere_s2")
    working_database.describe_account("mill", "augno")
    working_database.put("ventmere_s2.products", product("007", "tea"), product("1e3", "cup"), account="s2")
    working_database.put("augno.items", product("7", "tea"), product("true", "pot"), account="mill")
    return working_database


def build(built: WorkingDatabase, rows: str) -> list[str]:
    """Builds the items with this file, and gives what its tests warn of."""
    write_matches(built.connection, [Match(*line) for line in csv.reader(rows.splitlines())])
    warnings = built.build("bridge_item_products", "dim_products").warnings
    return [words for words in warnings if words.startswith("assert_every_matched_product_is_known: ")]


def items(built: WorkingDatabase) -> list[set[str]]:
    """The products of each item."""
    found = built.query(
        "select list(product_id) from marts.bridge_item_products group by item_key order by min(product_id)"
    )
    return [set(products) for (products,) in found]


def test_values_are_text_and_an_unknown_product_is_a_warning(built: WorkingDatabase) -> None:
    warnings = build(built, 'ventmere_s2,s2,007,\nventmere_s2,s2,1e3,"a, b"\naugno,mill,true,"a, b"\n')

    assert items(built) == [{"007"}, {"1e3", "true"}, {"7"}]
    assert warnings == []

    warnings = build(built, "ventmere_s2,s2,7,\n")

    assert items(built) == [{"007", "7"}, {"1e3"}, {"true"}]
    assert len(warnings) == 1


def test_a_product_that_is_named_twice_stops_the_build(built: WorkingDatabase) -> None:
    with pytest.raises(CommandError, match="one_row_per"):
        build(built, "augno,mill,7,a\naugno,mill, 7 ,b\n")

    assert items(built) == [{"007", "7"}, {"1e3"}, {"true"}], "as the build before left them"


def test_what_nobody_sees_in_the_file_does_not_count(built: WorkingDatabase) -> None:
    rows = 'ventmere_s2\u00a0,\ufeffs2,007\u200b,"tea\u20111"\naugno,"mill\t",7,"\u3000tea-1\u00ad"\n'

    warnings = build(built, rows)

    assert items(built) == [{"007", "7"}, {"1e3"}, {"true"}]
    assert warnings == []

    with pytest.raises(CommandError, match="one_row_per"):
        build(built, "augno,mill,7,a\naugno,mill\u200b,7\u00a0,b\n")
