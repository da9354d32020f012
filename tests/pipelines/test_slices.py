"""What of a statement's rows can come out otherwise: statements, and what is derived of each."""

import pytest

from pipelines.slices import Moved, Relations, UnknownError, derive

VIEW = "select account, product_id, sum(quantity) as quantity from marts.counts group by account, product_id"
RELATIONS = Relations(
    views={"marts.sums": VIEW},
    names={f"marts.{name}": name for name in ("counts", "products", "units", "days", "sums")},
    statements={
        "marts.counts": "select 1 as account, 2 as product_id, 3 as location_id, 4 as quantity, 5 as unit_id",
        "marts.products": "select 1 as account, 2 as product_id, 3 as unit_id",
        "marts.units": "select 1 as unit_id, 2 as name",
        "marts.days": "select 1 as day",
        "marts.sums": VIEW,
    },
)
COUNTS = Moved("counts", ("account", "product_id"))
PRODUCTS = Moved("products", ("account", "product_id"))
JOINED = "on counts.account = products.account and counts.product_id = products.product_id"

SLICED = {
    "a filter": ("select * from marts.counts where quantity > 0", {COUNTS}),
    "other names": (
        "with kept as (select account, item as product_id from (select account, product_id as item"
        " from marts.counts)) select * from kept",
        {COUNTS},
    ),
    "groups of the key": (
        "select account, product_id, sum(quantity) from marts.counts group by product_id, account",
        {COUNTS},
    ),
    "finer groups": (
        "select account, product_id, max(quantity) from marts.counts"
        " group by product_id, location_id, account",
        {COUNTS},
    ),
    "a window within the key": (
        "select *, row_number() over (partition by product_id, account order by quantity) as place"
        " from marts.counts",
        {COUNTS},
    ),
    "a named window": (
        "select *, lag(quantity) over by_product as before from marts.counts"
        " window by_product as (partition by account, product_id order by quantity)",
        {COUNTS},
    ),
    "distinct": ("select distinct account, product_id from marts.counts", {COUNTS}),
    "a join by the key": (
        f"select counts.* from marts.counts as counts inner join marts.products as products {JOINED}",
        {COUNTS, PRODUCTS},
    ),
    "what may be missing": (
        f"select counts.*, products.unit_id as unit from marts.counts as counts"
        f" left join marts.products as products {JOINED}",
        {COUNTS, PRODUCTS},
    ),
    "a union by place": (
        "select account, product_id from marts.counts union all"
        " select account as shop, product_id as thing from marts.products",
        {COUNTS, PRODUCTS},
    ),
    "a view": ("select * from marts.sums where quantity > 0", {COUNTS}),
    "an expression": (
        "select account, case when unit_id = 'x' then product_id else 'y' || product_id end as product_id"
        " from marts.counts",
        {
            Moved(
                "counts",
                (
                    "account",
                    "CASE  WHEN ((unit_id = 'x')) THEN (product_id) ELSE ('y' || product_id) END",
                ),
            )
        },
    ),
}


@pytest.mark.parametrize(("sql", "moved"), SLICED.values(), ids=SLICED)
def test_rows_of_a_key_are_enough(sql: str, moved: set[Moved]) -> None:
    found = derive(sql, ["account", "product_id"], RELATIONS)

    assert set(found.moved) == set(found.sliced) == moved
    assert (found.lookups, found.whole) == ((), ())


def test_slices_stand_in_the_place_of_relations_and_views_are_written_out() -> None:
    sql = 'select account, product_id from "working"."marts"."sums"'
    quoted = VIEW.replace("marts.counts", '"working"."marts"."counts"')
    views = Relations({"marts.sums": quoted}, RELATIONS.names, RELATIONS.statements)

    found = derive(sql, ["account", "product_id"], views)

    sliced = quoted.replace('"working"."marts"."counts"', '"slice_of_counts"')
    assert found.sql == f"select account, product_id from (\n{sliced}\n)"


REFUSED = {
    "a total": "select account, product_id, sum(quantity) over () as all_of_it from marts.counts",
    "a window of the account": (
        "select account, product_id, rank() over (partition by account order by quantity) from marts.counts"
    ),
    "coarser groups": "select account, max(product_id) as product_id from marts.counts group by account",
    "another row's key": (
        "select account, lag(product_id) over (partition by account, product_id order by quantity) as"
        " product_id from marts.counts"
    ),
    "a limit": "select * from marts.counts limit 10",
    "a subquery": "select * from marts.counts where quantity > (select avg(quantity) from marts.counts)",
    "a key that may be missing": (
        "select days.day, products.account, products.product_id from marts.days as days"
        " left join marts.products as products on days.day = products.unit_id"
    ),
    "a full join": (
        f"select counts.* from marts.counts as counts full join marts.products as products {JOINED}"
    ),
    "a difference": "select account, product_id from marts.counts except select 1, 2 from marts.products",
    "elements of a list": "select account, unnest(product_id) as product_id from marts.counts",
    "a table nobody knows": "select * from other.things",
}


@pytest.mark.parametrize("sql", REFUSED.values(), ids=REFUSED)
def test_what_mixes_keys_is_refused(sql: str) -> None:
    with pytest.raises(UnknownError):
        derive(sql, ["account", "product_id"], RELATIONS)


def test_what_is_joined_by_something_else_moves_the_keys_it_belongs_to() -> None:
    sql = (
        "with products as (select * from marts.products), named as (select products.account,"
        " products.product_id, units.name from products left join marts.units as units"
        " on products.unit_id = units.unit_id) select * from named"
    )

    found = derive(sql, ["account", "product_id"], RELATIONS)

    [lookup] = found.lookups
    assert found.moved == (PRODUCTS,)
    assert lookup.moved == (Moved("units", ("unit_id",)),)
    assert lookup.keys.endswith(
        'select account as value_0, product_id as value_1 from "products" where (unit_id) in'
        " (select value_0 from looked_up)"
    )
    assert found.whole == ()


def test_what_is_joined_by_nothing_may_not_move() -> None:
    sql = "select counts.*, days.day from marts.counts as counts cross join marts.days as days"

    found = derive(sql, ["account", "product_id"], RELATIONS)

    assert (found.moved, found.whole) == ((COUNTS,), ("days",))


def test_an_equality_that_holds_only_where_a_row_is_there_proves_nothing() -> None:
    """counts.location_id = counts.unit_id only where a product was found: units are not of the key then."""
    sql = (
        "select counts.account, counts.location_id as product_id from marts.counts as counts"
        " left join marts.products as products"
        " on counts.account = products.account and counts.location_id = counts.unit_id"
        " inner join marts.units as units on counts.unit_id = units.unit_id"
    )

    found = derive(sql, ["product_id"], RELATIONS)

    assert [one.by for one in found.moved if one.relation == "units"] == []


def test_a_relation_that_is_read_twice_is_sliced_only_if_both_readings_have_the_key() -> None:
    sql = (
        "with averages as (select account, avg(quantity) as average from marts.counts group by account)"
        " select counts.account, counts.product_id, averages.average from marts.counts as counts"
        " inner join averages on counts.account = averages.account"
    )

    found = derive(sql, ["account", "product_id"], RELATIONS)

    assert found.sliced == ()
    assert [one.moved for one in found.lookups] == [(Moved("counts", ("account",)),)]
