"""What the pages say: every number is its report's, every link keeps what was chosen, no name is markup."""

import csv
import io
import re
from collections import Counter
from datetime import date, datetime
from decimal import Decimal
from html import unescape
from urllib.parse import quote

import duckdb
import pytest

from dashboard import views
from dashboard.listings import answer
from dashboard.pages import pages as all_pages
from dashboard.pages.cover import COVER
from dashboard.pages.disagreements import APART
from dashboard.pages.kits import KITS
from dashboard.pages.shelf import shelf
from dashboard.pages.today import COUNTS, TILES
from dashboard.pages.value import PLACES_WORTH
from dashboard.reader import Published
from dashboard.words import day as day_of
from dashboard.words import days, duration, exact, moment, number, unit
from pipelines.descriptions import described_tables
from tests.dashboard import releases
from tests.dashboard.looking import ADDRESSES, TABS, Look, amount


def look(pages, address, status=200):
    answered = pages.get(address)
    assert answered.status_code == status, f"{address}: {Look(answered.text).said[:300]}"
    return Look(answered.text)


def rows_of_csv(pages, address):
    answered = pages.get(address)
    assert answered.status_code == 200
    assert answered.text.startswith("\ufeff")
    return list(csv.DictReader(io.StringIO(answered.text[1:])))


def dicts(cursor):
    names = [column[0] for column in cursor.description]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


FOLDED = [
    ("/stock", "items"),
    ("/value", "places"),
    ("/kits", "kits"),
    ("/kits", "parts"),
    ("/disagreements", "items"),
]
"""Tabs whose rows are made of several rows of their table; tests of their own hold them."""


def tab_of(reading, path, name):
    page = next(one for one in all_pages(reading.release) if one.path == path)
    return next(one for one in page.tabs if one.name == name)


def test_these_are_all_tabs_there_are(reading):
    there = [(page.path, tab.name) for page in all_pages(reading.release) for tab in page.tabs]
    assert there == TABS


# Every page answers


@pytest.mark.parametrize("address", ADDRESSES)
def test_every_page_answers(pages, address):
    seen = look(pages, address)
    assert seen.tables or "Nothing" in seen.said or "No " in seen.said
    assert "None" not in re.split(r"\W+", seen.said.replace("None of", ""))


@pytest.mark.parametrize("kind", ["empty", "one day", "failed"])
def test_every_page_answers_whatever_the_release_holds(published, serve, kind):
    changes = {"empty": releases.EMPTY, "one day": releases.ONE_DAY, "failed": releases.FAILED}[kind]
    releases.altered(published, changes)
    client = serve(published)
    for address in ADDRESSES:
        look(client, address)
    if kind == "one day":
        seen = look(client, "/")
        assert "what was before is not known" in seen.said
        assert "new on the last day" not in seen.said


def test_where_nothing_is_published_every_page_says_what_to_do(tmp_path, serve):
    client = serve(tmp_path)
    for address in ["/", "/stock", "/item/abc", "/low.csv", "/today.csv"]:
        assert "stocktake run" in look(client, address, 503).said


def test_a_release_that_lacks_what_a_page_asks_says_what_to_do(published, serve):
    name = releases.altered(published, {})
    file = published / "releases" / name / "rpt_low_stock.parquet"
    file.unlink()
    with duckdb.connect() as bench:
        bench.execute(f"copy (select 1 as low_stock_key) to '{file}' (format parquet)")
    client = serve(published)
    assert "stocktake build" in look(client, "/low", 503).said
    look(client, "/cover")


def test_a_failed_read_and_an_account_nobody_asks_stand_above_the_numbers(published, serve):
    releases.altered(published, releases.FAILED)
    client = serve(published)
    for address in ("/", "/stock?tab=products"):
        assert "▲ as of" in look(client, address).said
    said = look(client, "/").said
    assert "square: inventory counts failed; known through" in said
    assert "ventmere_s2: has stock and is configured no more" in said


def test_all_is_well_only_where_every_resource_answered(pages):
    assert "✓ All 17 resources answered" in look(pages, "/").said


# Numbers


NUMBERS = ("number", "out", "bar", "days", "day", "moment", "duration", "sum", "money", "share")


def shown_as(kind, value, year):
    """How a value is to be read in a cell of a kind, digits left out or not."""
    if kind == "duration":
        return {duration(value)} if value is None else {str(value)}
    if kind == "day":
        return {day_of(value)}
    if kind == "moment":
        return {moment(value, year)}
    if kind == "days" and value is not None:
        return {exact(value), days(value)}
    return {number(value), exact(value)}


@pytest.mark.parametrize(("path", "name"), TABS)
def test_every_number_of_a_page_is_the_reports(pages, reading, built, path, name):
    """Cells are what the CSV has, that is what reporting.duckdb answers, and that is the report's row."""
    tab = tab_of(reading, path, name)
    seen = look(pages, f"{path}?tab={name}")
    rows = answer(reading, tab, {}).rows
    cells = seen.tables[0][1:] if seen.tables else []
    assert len(cells) == len(rows)
    for row, shown in zip(rows, cells, strict=True):
        for column, cell in zip(tab.columns, shown, strict=True):
            if column.kind in NUMBERS:
                forms = shown_as(column.kind, row[column.name], reading.release.created_at.year)
                plain = cell.replace("▼ ", "")
                fits = any(plain == one or plain.startswith(f"{one} ") for one in forms)
                assert fits or plain == "mixed units", f"{column.name}: {cell} is not {row[column.name]}"
    told = rows_of_csv(pages, f"{path}.csv?tab={name}")
    with duckdb.connect(str(built / "reporting.duckdb"), read_only=True) as connection:
        connection.execute("set TimeZone = 'UTC'")
        again = dicts(connection.execute(reading.shown(tab.asked({}).all_rows)))
        assert len(again) == len(told)
        for one, two in zip(again, told, strict=True):
            for column, value in one.items():
                if isinstance(value, (Decimal, int)) and not isinstance(value, bool):
                    assert Decimal(two[column]) == value
        if (path, name) in FOLDED:
            return
        same = [column for column in reading.columns(tab.table) if again and column in again[0]]
        same = [
            column for column in same if column != "location_name"
        ]  # null there reads "all together" here
        there = dicts(
            connection.execute(f"select {', '.join(same)} from {tab.table}" if same else "select 1")
        )
        held = {tuple(row.values()) for row in there}
        assert {tuple(row[column] for column in same) for row in again} <= held


def test_rows_that_are_made_of_several_say_what_those_say(reading):
    items = {row["item_key"]: row for row in reading.rows("select * from rpt_stock_consolidated")}
    for row in reading.rows(tab_of(reading, "/stock", "items").asked({}).all_rows):
        same = row.keys() & items[row["item_key"]].keys()
        assert len(same) > 10
        assert {name: row[name] for name in same} == {name: items[row["item_key"]][name] for name in same}
    pairs = {}
    for row in reading.rows("select * from rpt_reconciliation where measure = 'available'"):
        pairs.setdefault(row["item_key"], []).append(row)
    for row in reading.rows(APART.asked({}).all_rows):
        these = pairs.pop(row["item_key"])
        assert row["apart"] == max(abs(one["difference"]) for one in these)
        assert abs(row["left_quantity"] - row["right_quantity"]) == row["apart"]
        assert {(one["account"], one["quantity"]) for one in row["quantities"]} == {
            (one[f"{side}_account"], one[f"{side}_quantity"]) for one in these for side in ("left", "right")
        }
    assert not pairs
    kits = reading.rows("select * from rpt_kit_buildable")
    for row in reading.rows(KITS.asked({}).all_rows):
        these = [one for one in kits if one["kit_product_key"] == row["product_key"]]
        assert {one["quantity_available"] for one in these} == {row["quantity_available"]}
        assert {one["quantity_buildable_in_all"] for one in these} == {row["quantity_buildable_in_all"]}


COUNTED = {
    "Out, and selling": "select count(*) as n from rpt_days_of_cover"
    " where quantity_available <= 0 and quantity_sold > 0",
    "Runs out in 14 days": "select count(*) as n from rpt_days_of_cover"
    " where quantity_available > 0 and days_of_cover < 14",
    "At or below reorder point": "select count(distinct product_key) as n from rpt_low_stock"
    " where is_additive and is_product_active and quantity_available > 0",
    "Promised twice": "select count(*) as n from rpt_oversell_risk where quantity_at_risk > 0",
    "Systems disagree": "select count(distinct item_key) as n from rpt_reconciliation"
    " where measure = 'available'",
    "Kits that cannot be made": "select count(distinct kit_product_key) as n from rpt_kit_buildable"
    " where quantity_buildable_in_all <= 0",
}


def test_every_tile_counts_what_its_list_has(pages, reading):
    told = rows_of_csv(pages, "/today.csv")
    counts = {row["what"]: int(row["count"]) for row in told if not row["of_them"]}
    assert counts == {title: reading.row(sql)["n"] for title, sql in COUNTED.items()}
    assert all(counts.values()), "a tile that counts nothing proves nothing"
    for tile in TILES:
        assert [counts[tile.title]] == tile.listing.asked(tile.params).counts(reading, tile.counted)


def test_what_is_elsewhere_is_what_another_account_has_of_the_same_item(reading):
    rows = reading.rows(
        "select members.*, unit_of_measure, is_additive, quantity_available\n"
        "from bridge_item_products as members inner join dim_products using (product_key)\n"
        "left join fct_inventory_positions as positions using (product_key)"
    )
    held = {}
    for row in rows:
        if row["is_additive"] and row["quantity_available"] is not None:
            accounts = held.setdefault((row["item_key"], unit(row["unit_of_measure"])), Counter())
            accounts[row["account"]] += row["quantity_available"]
    assert any(row["available_elsewhere"] for row in rows)
    for row in rows:
        accounts = held.get((row["item_key"], unit(row["unit_of_measure"])), {})
        others = {name: n for name, n in accounts.items() if name != row["account"] and n > 0}
        assert row["available_elsewhere"] == (max(others.values()) if others else None)
        assert (
            row["elsewhere_account"] is None or others[row["elsewhere_account"]] == row["available_elsewhere"]
        )


SAID_NOW = {
    "products_out": "select account, count(*) as n from fct_inventory_positions"
    " where is_additive and quantity_available <= 0 group by account",
    "products_low": "select account, count(distinct product_key) as n from rpt_low_stock"
    " where is_additive and is_product_active group by account",
    "products_at_risk": "select account, count(*) as n from rpt_oversell_risk"
    " where quantity_at_risk > 0 group by account",
    "items_disagreeing": "select account, count(distinct item_key) as n from ("
    "select left_account as account, item_key from rpt_reconciliation where measure = 'available'"
    " union all select right_account, item_key from rpt_reconciliation where measure = 'available'"
    ") group by account",
}
"""What the reports on now count, by the column that counts the same by day."""


@pytest.mark.parametrize("counted", SAID_NOW)
def test_the_last_day_is_counted_as_the_reports_on_now_count(reading, counted):
    told = reading.rows(
        f"select account, {counted} as n from rpt_daily_counts\n"
        "qualify row_number() over (partition by account order by date_day desc) = 1"
    )
    said = {row["account"]: row["n"] for row in reading.rows(SAID_NOW[counted])}
    assert said and said == {row["account"]: row["n"] for row in told if row["n"]}


def test_today_says_what_became_more_or_less_since_the_day_before(pages, reading):
    days = {}
    for row in reading.rows("select * from rpt_daily_counts order by account, date_day"):
        days.setdefault(row["account"], []).append(row)
    (table,) = (one for one in look(pages, "/").tables if one[0][1:5] == list(COUNTS.values()))
    assert len(table) == 1 + len(days)
    changed = 0
    for cells, held in zip(table[1:], days.values(), strict=True):
        for name, cell in zip(COUNTS, cells[1:5], strict=True):
            now, before = held[-1][name], held[-2][name]
            assert amount(re.split(r"[+−a]", cell)[0]) == now, cell
            changed += now != before
            if now is not None and now > before:
                assert cell.endswith(f"+{now - before}")
    assert changed


def test_value_by_place_is_the_report_summed_by_currency_and_nothing_is_dropped(reading, pages):
    rows = reading.rows("select * from rpt_value_by_location")
    places = reading.rows(PLACES_WORTH.asked({}).all_rows)
    assert sum(row["products"] for row in places) == len(rows)
    assert sum(row["products_without_cost"] for row in places) == sum(row["is_cost_missing"] for row in rows)
    held = Counter()
    for row in rows:
        if row["value_at_cost"] is not None:
            held[row["account"], row["currency_code"]] += row["value_at_cost"]
    told = Counter()
    for row in places:
        if row["value_at_cost"] is not None:
            told[row["account"], row["currency_code"]] += row["value_at_cost"]
    assert held == told
    assert len(held) > 1
    assert all(
        row["value_at_cost"] is None for row in places if row["products"] == row["products_without_cost"]
    )
    assert "would count stock twice" in look(pages, "/value").said


def test_a_quantity_that_is_not_suggested_says_why(pages, reading):
    silent = reading.rows(
        "select 1 from rpt_low_stock where quantity_suggested is null and is_additive limit 1"
    )
    assert silent
    assert "because sales are of all together" in look(pages, "/low").said


def test_every_product_stands_in_one_bucket_of_the_histogram(reading):
    total = COVER.asked({}).counts(reading, "count(*)")[0]
    parts = [COVER.asked({"state": one.value}).counts(reading, "count(*)")[0] for one in COVER.buckets]
    assert sum(parts) == total > 0


def test_what_is_out_does_not_run_out_next(pages):
    seen = look(pages, "/cover")
    (rows,) = (table[1:] for table in seen.tables)
    assert amount(rows[0][1]) > 0


def test_negative_in_one_system_is_told_where_the_sum_hides_it(pages, reading):
    rows = answer(reading, tab_of(reading, "/stock", "items"), {"state": "negative"}).rows
    assert rows
    said = look(pages, "/stock?tab=items&state=negative").said
    for row in rows:
        assert f"in {row['lowest_account']}" in said


def test_zero_negative_and_unknown_do_not_look_alike(pages):
    text = pages.get("/stock?tab=items").text
    assert '<span class="out">0</span>' in text
    assert re.search(r'<td class="n[^"]*">–</td>', text)
    assert "−" in pages.get("/stock?tab=products&state=negative").text


def test_what_does_not_add_up_is_not_added_up(reading, pages):
    mixed = reading.rows(
        "select item_key from rpt_stock_consolidated where unit_of_measure = 'mixed' limit 1"
    )
    assert mixed
    assert "different units" in look(pages, f"/item/{mixed[0]['item_key']}").said


def test_the_item_page_says_what_its_reports_say(pages, reading, item):
    said = look(pages, f"/item/{item}").said
    products = reading.rows(
        "select bridge_item_products.product_id, quantity_available,\n"
        "    positions.product_key is not null as has_stock\n"
        "from bridge_item_products left join fct_inventory_positions as positions using (product_key)\n"
        "where item_key = $key",
        {"key": item},
    )
    assert len(products) > 2
    for row in products:
        assert row["product_id"] in said
        if row["has_stock"]:
            assert number(row["quantity_available"]) in said
    days = rows_of_csv(pages, f"/item/{item}.csv")
    stock = reading.rows(
        "select date_day, account, sum(quantity_available) as n from fct_inventory_daily\n"
        "where is_additive and product_key in (select product_key from bridge_item_products"
        " where item_key = $key) group by all",
        {"key": item},
    )
    assert {(row["date_day"], row["account"]): row["quantity_available"] for row in days} == {
        (str(row["date_day"]), row["account"]): exact(row["n"]) for row in stock
    }


def test_a_day_on_which_an_account_was_not_asked_is_marked_in_the_chart(pages, reading):
    found = reading.rows(
        "select item_key from fct_inventory_daily inner join bridge_item_products using (product_key)\n"
        "where not is_observed and is_additive limit 1"
    )
    assert 'class="gap"' in pages.get(f"/item/{found[0]['item_key']}").text


def test_a_history_of_a_day_is_told_and_not_drawn(published, serve, item):
    releases.altered(published, releases.ONE_DAY)
    seen = look(serve(published), f"/item/{item}")
    assert "1 day is known so far" in seen.said
    assert not any(tag == "svg" and "chart" in (said.get("class") or "") for tag, said in seen.tags)


def test_a_kit_shows_what_it_is_made_of(pages, reading):
    kit = reading.rows(
        "select item_key, component_product_id from bridge_kit_trees\n"
        "inner join bridge_item_products on kit_product_key = bridge_item_products.product_key limit 1"
    )[0]
    seen = look(pages, f"/item/{kit['item_key']}")
    assert "What it is made of" in seen.said


# Names


@pytest.mark.parametrize(
    "address", ["/", "/low", "/cover", "/stock?tab=products", "/kits", "/low?tab=promised"]
)
def test_a_name_that_is_markup_is_text(pages, address):
    text = pages.get(address).text
    assert "<img" not in text
    assert "<script" not in text
    assert "&lt;img src=x onerror=alert(1)&gt;" in text


def test_a_vendor_that_is_markup_and_a_formula_is_neither(pages):
    text = pages.get("/low?sort=vendor_name").text
    assert "<script" not in text
    assert releases.VENDOR in Look(text).said
    rows = rows_of_csv(pages, "/low.csv?tab=reorder")
    vendors = {row["vendor_name"] for row in rows} - {""}
    assert vendors == {f"'{releases.VENDOR}"}


def test_no_page_has_a_script_or_asks_another_address(pages, item):
    for address in [*ADDRESSES, f"/item/{item}"]:
        text = pages.get(address).text
        seen = Look(text)
        assert not {tag for tag, _ in seen.tags} & {"script", "img", "iframe", "link", "object", "embed"}
        assert not [name for _, said in seen.tags for name in said if name.startswith("on") or name == "src"]
        assert not re.search(r"url\(|@import", text)
        assert all(link.startswith(("/", "#")) for link in seen.links if link)


# Links, filters, search


def test_links_keep_the_filters(pages, reading):
    kept = "provider=sellercloud&account=sellercloud"
    for address in ["/", *(f"{path}?tab={tab}" for path, tab in TABS)]:
        seen = look(pages, f"{address}{'&' if '?' in address else '?'}{kept}")
        away = re.compile(r"provider=sellercloud|account=sellercloud")
        links = list(seen.inside())
        assert links
        # the two ✕ take one away each, and «without filters» both
        lost = [link for link in links if len(away.findall(link)) < 2]
        assert len(lost) <= 3, lost


def test_every_kind_of_link_leads_somewhere(pages):
    """On each page the first and the last of those that differ in an item, an account or an order."""
    followed = set()
    for address in ["/?provider=square", *(f"{path}?tab={tab}" for path, tab in TABS)]:
        kinds = {}
        for link in look(pages, address).inside():
            kind = re.sub(r"(?<=/item/)[^?]+|(?<=[?&])(?!tab|state)(\w+)=[^&]*", r"\1", link)
            kinds.setdefault(kind, []).append(link)
        for link in {one for links in kinds.values() for one in (links[0], links[-1])} - followed:
            followed.add(link)
            assert pages.get(link).status_code == 200, link
    assert len(followed) > 150


@pytest.mark.parametrize(
    ("address", "column", "value"),
    [
        ("/low.csv?tab=reorder&account=square", "account", "square"),
        ("/cover.csv?provider=shipstream", "provider", "shipstream"),
        ("/stock.csv?account=square", "account", "square"),
        ("/kits.csv?provider=sellercloud", "provider", "sellercloud"),
        ("/freshness.csv?account=augno", "account", "augno"),
    ],
)
def test_a_filter_filters_the_csv_too(pages, address, column, value):
    assert {row[column] for row in rows_of_csv(pages, address)} == {value}


def test_a_place_shows_stock_by_place(pages, reading):
    place = reading.rows(
        "select location_key, location_name, count(*) as n from rpt_stock_on_hand\n"
        "group by all order by n desc limit 1"
    )[0]
    rows = rows_of_csv(pages, f"/stock.csv?location={place['location_key']}")
    assert {row["location_name"] for row in rows} == {place["location_name"]}
    assert len(rows) == place["n"]


def test_a_filter_that_means_nothing_here_is_said(pages, reading):
    place = reading.rows("select location_key from dim_locations limit 1")[0]["location_key"]
    assert "knows no location" in look(pages, f"/cover?location={place}").said


def test_a_switch_shows_what_repeats_other_stock(pages):
    own = rows_of_csv(pages, "/low.csv?tab=reorder")
    every = rows_of_csv(pages, "/low.csv?tab=reorder&show=all")
    assert {row["is_additive"] for row in own} == {"true"}
    assert len(every) > len(own)


def test_every_barcode_and_id_is_found_in_any_case_and_order(pages, reading):
    for found in reading.rows(
        "select item_key, barcode as code from bridge_product_barcodes\n"
        "inner join bridge_item_products using (product_key)\n"
        "inner join rpt_stock_consolidated using (item_key)\n"
        "order by hash(barcode) limit 5"
    ) + reading.rows(
        "select item_key, upper(product_id) as code from bridge_item_products\n"
        "inner join rpt_stock_consolidated using (item_key) order by hash(product_id) limit 5"
    ):
        rows = rows_of_csv(pages, f"/stock.csv?tab=items&q={quote(found['code'])}")
        assert found["item_key"] in {row["item_key"] for row in rows}, found


def test_words_are_found_in_any_order_without_accents_and_all_of_them(pages):
    def keys(words):
        return {row["item_key"] for row in rows_of_csv(pages, f"/stock.csv?tab=items&q={words}")}

    both = keys("creme+mug")
    assert both
    assert both == keys("MUG+Crème")
    assert both < keys("mug")


@pytest.mark.parametrize(
    "words", ["%25", "_", "'", '"', "%00", "a" * 5000, "%F0%9F%8E%81", "%5C", "$1", "--", "%3Cb%3E", "x%0Ay"]
)
def test_any_search_is_answered(pages, words):
    for address in (f"/stock?q={words}", f"/stock.csv?q={words}"):
        assert pages.get(address).status_code == 200


def test_a_sign_for_anything_is_no_sign_for_anything(pages):
    assert len(rows_of_csv(pages, "/stock.csv?tab=items&q=%25")) < len(
        rows_of_csv(pages, "/stock.csv?tab=items")
    )


def test_nothing_found_says_where_was_looked_and_how_to_go_on(pages):
    seen = look(pages, "/stock?q=nosuchthing")
    assert "Search looks into SKU, name, every barcode" in seen.said
    assert "/stock?tab=items" in seen.links


@pytest.mark.parametrize("page", ["0", "-1", "2", "99999999999999999999", "x", "1e9", "٣"])
def test_any_page_number_is_answered(pages, page):
    seen = look(pages, f"/stock?tab=items&page={page}")
    assert len(seen.tables[0]) > 1


def test_pages_together_are_the_csv(pages, reading):
    names = [row["item_key"] for row in rows_of_csv(pages, "/stock.csv?tab=items")]
    linked = []
    for page in range(1, len(names) // 50 + 2):
        links = look(pages, f"/stock?tab=items&page={page}").links
        linked += [link.removeprefix("/item/") for link in links if link.startswith("/item/")]
    assert linked == names


@pytest.mark.parametrize(
    "sort", ["-quantity_short", "quantity_short", "vendor_name", "no_such_column", "1; drop"]
)
def test_any_order_can_be_asked_for(pages, sort):
    rows = rows_of_csv(pages, f"/low.csv?tab=reorder&sort={sort}")
    found = [Decimal(row["quantity_short"]) for row in rows]
    assert sort != "quantity_short" or found == sorted(found)
    assert sort != "-quantity_short" or found == sorted(found, reverse=True)


@pytest.mark.parametrize("days", ["14", "0.5", "x", "1e400", "nan", "-3", "9" * 30])
def test_any_limit_can_be_asked_for(pages, days):
    rows = rows_of_csv(pages, f"/cover.csv?days={days}")
    assert days != "14" or all(Decimal(row["days_of_cover"]) < 14 for row in rows)


def test_an_item_is_reached_by_its_product(pages, reading):
    row = reading.rows("select item_key, provider, account, product_id from bridge_item_products limit 1")[0]
    named = {name: row[name] for name in ("provider", "account", "product_id")}
    answered = pages.get("/item", params=named)
    assert answered.status_code == 302
    assert answered.headers["location"] == f"/item/{row['item_key']}"


@pytest.mark.parametrize(
    "address", ["/item/nosuchitem", "/item/a%27b", "/item?account=x", "/nopage", "/x.csv", "/item/x.csv"]
)
def test_what_is_not_there_is_said(pages, address):
    assert "Not found" in look(pages, address, 404).said


def test_no_page_is_heavy(pages, item):
    for address in [*ADDRESSES, f"/item/{item}"]:
        assert len(pages.get(address).content) < 80_000, address


def test_a_page_explains_its_columns_and_shows_its_question(pages):
    text, told = pages.get("/low?tab=promised").text, described_tables()["rpt_oversell_risk"]
    assert told.columns["quantity_at_risk"] in unescape(text)
    assert told.description in unescape(text)
    assert "from rpt_oversell_risk as risk" in text


def test_every_table_a_page_shows_is_described(reading):
    view = views.view_of(reading, "/", {})
    for page in all_pages(reading.release):
        for tab in page.tabs:
            assert view.explain_table(tab.table), tab.table
            assert any(view.explain(tab.table, column.name) for column in tab.columns), tab.name


def test_a_year_is_said_where_it_is_not_the_releases(pages, reading):
    assert moment(datetime(2026, 11, 28, 12, 51)) == "28 Nov 2026 12:51 UTC"
    assert moment(datetime(2026, 11, 28, 12, 51), 2026) == "28 Nov 12:51 UTC"
    assert moment(datetime(2025, 11, 28, 12, 51), 2026) == "28 Nov 2025 12:51 UTC"
    before = reading.release.created_at.year - 1
    old = reading.rows(
        "select product_id from rpt_stock_on_hand where year(counted_at) = $year limit 1", {"year": before}
    )
    assert old
    assert f" {before} " in look(pages, "/stock?tab=places&sort=counted_at").said
    assert day_of(date(2026, 11, 28)) == "28 Nov 2026"


def test_a_reading_reaches_no_other_file(built):
    with Published(built, shelf).reading() as reading:
        for question in (
            "select * from read_text('/etc/hostname')",
            "select * from read_parquet('../*.parquet')",
            "copy (select 1) to 'out.csv'",
            "attach 'x.duckdb'",
            "install httpfs",
            "set enable_external_access = true",
            "set memory_limit = '10GB'",
        ):
            with pytest.raises(duckdb.Error):
                reading.rows(question)


def test_every_column_can_be_sorted_by(pages, reading):
    for path, name in TABS:
        for column in tab_of(reading, path, name).columns:
            if column.is_sortable:
                for sort in (column.name, f"-{column.name}"):
                    look(pages, f"{path}?tab={name}&sort={sort}")
