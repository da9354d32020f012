"""What a page of a large release costs: seconds per page, with eight readers at once, and memory.

Run `.venv/bin/python benchmarks/dashboard.py`. It makes a release of 500,000 products in 350,000 items and
15 million day rows (some minutes, 1 GB), serves it with `stocktake dashboard`, and asks as people do: other
words and filters each time, so that no answer is one that was kept. `--folder` keeps the release for the next
time. Aimed at: a page below 0.5 s, 95 of 100 answers below 2 s with eight readers, memory below 400 MB.
"""

import argparse
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import duckdb
import httpx
import pendulum
import yaml

from pipelines.publish import Table
from pipelines.release import Content, Release, View, write_manifest

ROOT = Path(__file__).resolve().parent.parent
PRODUCTS, ITEMS, DAYS = 500_000, 350_000, 30
SYSTEMS = ("augno", "sellercloud", "shipstream", "square", "ventmere_s2")

THINGS = """
create table things as
select
    p,
    p % {items} as i,
    md5('product ' || p) as product_key,
    md5('item ' || (p % {items})) as item_key,
    ['augno', 'sellercloud', 'shipstream', 'square', 'ventmere_s2'][1 + (p + p // {items}) % 5] as provider,
    'SKU-' || lpad(cast(p % {items} as varchar), 7, '0') as sku,
    ['Mug', 'Kettle', 'Backpack', 'Tea', 'Notebook', 'Lamp', 'Chair', 'Bottle', 'Knife'][1 + p % 9]
        || ' ' || ['Classic', 'Crème', 'Travel', 'XL', 'No. 7'][1 + p % 5] || ' ' || (p % {items}) as name,
    lpad(cast(4000000000000 + p % {items} as varchar), 14, '0') as gtin,
    'Vendor ' || (p % 400) as vendor,
    cast(case when hash(p) % 30 = 0 then -(p % 3) else hash(p) % 900 end as decimal(38, 10)) as available,
    cast(hash(p + 7) % 400 as decimal(38, 10)) as sold,
    cast(p % 7 as bigint) as place
from range({products}) as numbers (p)
"""
COMMON = """product_key, provider, provider as account, 'id-' || p as product_id, sku, name as product_name,
    gtin, vendor as vendor_name, item_key, cast(available + 1 as decimal(38, 10)) as available_elsewhere,
    'elsewhere' as elsewhere_account"""
NOW = "timestamptz '2026-11-28 12:00:00+00'"
TABLES = {
    "dim_accounts": "select unnest({systems}) as provider, provider as account, true as is_configured",
    "dim_locations": "select md5('place ' || place) as location_key, 'square' as provider,"
    " 'square' as account, 'place-' || place as location_id,"
    " 'Place ' || place as name from range(7) as places (place)",
    "dim_products": f"select {COMMON}, name, true as is_active,"
    " cast(20 as decimal(38, 10)) as reorder_point from things",
    "dim_items": "select item_key, sku, name, gtin, 'gtin' as match_rule, false as is_ambiguous,"
    " count(*) as product_count, count(*) as account_count, count(*) as system_count"
    " from things group by all",
    "bridge_item_products": f"select {COMMON}, 'gtin' as match_rule, false as is_ambiguous from things",
    "bridge_product_barcodes": f"select {COMMON}, '9' || lpad(cast(p as varchar), 12, '0') as barcode,"
    " 1 as position from things",
    "fct_inventory_positions": f"select {COMMON}, available as quantity_available,"
    f" available + 3 as quantity_on_hand, true as is_additive, {NOW} as counted_at,"
    f" {NOW} as asked_at from things",
    "fct_inventory_levels": f"select {COMMON}, md5('place ' || place) as location_key,"
    " available as quantity_available, true as is_additive from things",
    "rpt_stock_on_hand": f"select {COMMON}, md5('place ' || place) as location_key, 'Place ' || place as"
    " location_name, available as quantity_available, available as quantity_on_hand, true as is_additive,"
    f" {NOW} as counted_at from things",
    "rpt_stock_consolidated": "select item_key, sku, any_value(name) as name, gtin, count(*) as system_count,"
    " sum(available) as quantity_available, max(available) - min(available) as available_spread,"
    " {columns}, min(available) as lowest_available, min(provider) as lowest_account,"
    f" {NOW} as oldest_counted_at from things group by item_key, sku, gtin",
    "rpt_days_of_cover": f"select {COMMON}, available as quantity_available, sold as quantity_sold,"
    " 'provider' as velocity_source, 30 as covered_days, sold = 0 as is_no_demand,"
    " cast(case when sold > 0 then greatest(available, 0) * 30 / sold end as decimal(38, 10))"
    " as days_of_cover"
    " from things",
    "rpt_abc_classes": f"select {COMMON}, ['A', 'B', 'C'][1 + p % 3] as abc_class from things",
    "rpt_sell_through": f"select {COMMON}, 'provider' as sales_source, 30 as window_days, 30 as covered_days,"
    " sold as quantity_sold, greatest(available, 0) as quantity_on_hand,"
    " sold / nullif(sold + greatest(available, 0), 0) as sell_through, date '2026-11-28' as as_of_day"
    " from things",
    "rpt_value_by_location": f"select {COMMON}, product_key as location_value_key,"
    " md5('place ' || place) as location_key, 'place-' || place as location_id, 'Place ' || place as"
    " location_name, available as quantity_on_hand, case when p % 10 > 0 then 1 + p % 90 end as unit_cost,"
    " case when p % 10 > 0 then 'product' else 'none' end as cost_source, 'EUR' as currency_code,"
    " case when p % 10 > 0 then available * (1 + p % 90) end as value_at_cost, p % 10 = 0 as is_cost_missing"
    " from things",
    "rpt_daily_counts": "select md5(provider || d) as daily_count_key, provider, provider as account,"
    " date '2026-11-21' + cast(d as integer) as date_day, true as is_observed, 100000 as products_listed,"
    " 3000 + d as products_out, 0 as products_unknown, 3000 as products_low, 4000 as products_at_risk,"
    " 70000 as items_compared, 60000 as items_disagreeing, 'UTC' as timezone"
    " from range(8) as days (d) cross join (select unnest({systems}) as provider)",
    "rpt_low_stock": f"select {COMMON}, product_key as low_stock_key, available as quantity_available,"
    " cast(20 as decimal(38, 10)) as reorder_point, 20 - available as quantity_short, true as is_additive,"
    " true as is_product_active from things where available <= 20",
    "rpt_stockouts": f"select {COMMON}, product_key as stockout_key, date '2026-11-20' as started_on,"
    " date '2026-11-28' as last_day_out, 9 as days_out, 9 as days_observed, true as is_ongoing,"
    " true as is_additive from things where available <= 0",
    "rpt_oversell_risk": f"select {COMMON}, available as quantity_available,"
    " available + 5 as quantity_promised, cast(5 as decimal(38, 10)) as quantity_at_risk,"
    " available < 0 as is_oversold"
    " from things where p % 25 = 0",
    "rpt_reconciliation": "select md5(one.item_key || measure) as reconciliation_key, one.item_key, one.sku,"
    " one.name, measure, one.provider as left_provider, one.provider as left_account,"
    " one.available as left_quantity, two.provider as right_provider, two.provider as right_account,"
    " two.available as right_quantity, one.available - two.available as difference,"
    f" date '2026-11-28' - cast(one.i % 20 as integer) as disagrees_since, {NOW} as left_known_through,"
    f" {NOW} as right_known_through from things as one inner join things as two on two.p = one.p + {ITEMS}"
    " cross join (select unnest(['available', 'on_hand']) as measure) where one.available <> two.available",
    "rpt_kit_buildable": f"select {COMMON}, product_key as kit_product_key, sku as kit_sku, name as kit_name,"
    " 'id-' || p as kit_product_id, false as has_own_stock, available as quantity_available,"
    " available as quantity_buildable_in_all, available as quantity_buildable,"
    " product_key as limiting_product_key, 'id-' || p as limiting_product_id, sku as limiting_sku,"
    " item_key as limiting_item_key,"
    " 2 as component_count, 0 as unknown_component_count, false as is_cycle, false as is_cut_off,"
    " true as is_recipe_complete from things where p % 250 = 0",
    "rpt_freshness": "select unnest({systems}) as provider, provider as account, 'inventory' as resource,"
    f" true as is_configured, 'ok' as last_status, {NOW} as asked_through, {NOW} as as_of, 0 as lag_seconds",
    "fct_inventory_periods": f"select {COMMON}, 'inventory' as resource,"
    " date '2026-10-30' + cast(d as integer) as first_day,"
    f" case when d < {DAYS} - 1 then date '2026-10-30' + cast(d as integer) end as last_day,"
    " available + cast(hash(p + d) % 40 as integer) as quantity_available, true as is_additive,"
    " true as is_listed, false as is_stockout"
    f" from range({DAYS}) as days (d) cross join things",
    "fct_account_days": "select provider, provider as account, 'inventory' as resource,"
    " date '2026-10-30' + cast(d as integer) as date_day, true as is_observed, d + 1 as days_observed"
    f" from range({DAYS}) as days (d) cross join (select unnest({{systems}}) as provider)",
    "fct_inventory_changes": f"select {COMMON}, {NOW} as valid_from,"
    " available as quantity_available, cast(1 as decimal(38, 10)) as available_change"
    " from range(3) as days (d) cross join things",
}
"""What each table holds where it holds anything; columns that are not named are null."""
DAILY = "fct_inventory_daily"
"""The view of the two tables of days."""


def make_release(published: Path) -> None:
    """Writes the release: every published table with the columns of its contract."""
    name = "20261128T120000-large"
    folder = published / "releases" / name
    folder.mkdir(parents=True)
    contents, sizes, views = {}, {}, {}
    with duckdb.connect(
        config={"memory_limit": "2GB", "threads": 2, "temp_directory": str(published)}
    ) as bench:
        bench.execute("set TimeZone = 'UTC'")
        bench.execute("set enable_progress_bar = false")
        bench.execute(THINGS.format(items=ITEMS, products=PRODUCTS))
        for table, columns in contracts():
            if table == DAILY:
                views[table] = View("reporting", tuple(columns), days_shown(columns))
                continue
            question = TABLES.get(table, "select 1 as nothing where false").format(
                systems=list(SYSTEMS),
                columns=", ".join(
                    f"max(available) filter (where provider = '{one}') as {one}_available" for one in SYSTEMS
                ),
            )
            made = {row[0] for row in bench.execute(f"describe {question}").fetchall()}
            select = ", ".join(
                f"cast({column if column in made else 'null'} as {kind}) as {column}"
                for column, kind in columns
            )
            file = folder / f"{table}.parquet"
            order = Table("reporting", table, tuple(columns), None).order
            bench.execute(
                f"copy (select {select} from ({question}){order})"
                f" to '{file}' (format parquet, compression zstd)"
            )
            rows = bench.execute(f"select count(*) from read_parquet('{file}')").fetchall()[0][0]
            contents[table] = Content("reporting", tuple(columns), rows, "0")
            sizes[table] = file.stat().st_size
    now = pendulum.datetime(2026, 11, 28, 12)
    write_manifest(folder, Release(name, folder, name, now, None, contents, sizes, (), views))
    (published / "current").symlink_to(Path("releases") / name)


def days_shown(columns: Sequence[tuple[str, str]]) -> str:
    """The days of the periods, as the model has them."""
    of_days = {"date_day", "is_observed"}
    shown = ", ".join(f"{'days' if name in of_days else 'periods'}.{name}" for name, _ in columns)
    return (
        f"select {shown} from fct_inventory_periods as periods join fct_account_days as days"
        " on days.provider = periods.provider and days.account = periods.account"
        " and days.resource = periods.resource and days.date_day >= periods.first_day"
        " and (periods.last_day is null or days.date_day <= periods.last_day)"
    )


def contracts() -> Iterator[tuple[str, list[tuple[str, str]]]]:
    """Every published table with its columns, from the models' YAML."""
    for folder in ("marts", "reporting"):
        for file in sorted((ROOT / "dbt_models" / "models" / folder).rglob("*__models.yml")):
            for model in yaml.safe_load(file.read_text(encoding="utf-8"))["models"]:
                columns = [(one["name"], str(one.get("data_type", "varchar"))) for one in model["columns"]]
                yield model["name"], columns


@contextmanager
def served(home: Path) -> Iterator[tuple[httpx.Client, int]]:
    """`stocktake dashboard` in a process of its own: a client of it, and its process id."""
    command = [str(Path(sys.executable).parent / "stocktake"), "dashboard", "--port", "0"]
    with subprocess.Popen(command, cwd=home, stdout=subprocess.PIPE, text=True) as child:
        try:
            address = child.stdout.readline().split()[-5] if child.stdout else ""
            with httpx.Client(base_url=address, timeout=120) as client:
                yield client, child.pid
        finally:
            child.terminate()


def asked(number: int, item: str) -> list[str]:
    """What one person looks at; other words and pages each time."""
    system = SYSTEMS[number % len(SYSTEMS)]
    return [
        f"/?vendor=Vendor+{number}",
        f"/stock?page={number + 2}",
        f"/stock?q=creme+{100 + number}",
        f"/stock?provider={system}&vendor=Vendor+{number}&sort=-quantity_available",
        f"/stock?tab=products&account={system}&page={number + 2}",
        f"/low?page={number + 2}",
        f"/low?tab=out&account={system}&page={number + 2}",
        f"/cover?days={number + 3}",
        f"/sold?page={number + 2}",
        f"/value?account={system}&x={number}",
        f"/value?tab=products&state=missing&page={number + 2}",
        f"/kits?page={number + 2}",
        f"/disagreements?least={number + 2}",
        f"/freshness?account={system}&x={number}",
        f"/item/{item}?provider={system}&x={number}",
    ]


def seconds(client: httpx.Client, address: str) -> float:
    """How long an answer takes, to its last byte."""
    started = time.perf_counter()
    client.get(address).raise_for_status()
    return time.perf_counter() - started


def worked(process: int) -> float:
    """Seconds of a core that a process has had: what does not depend on who else is at work."""
    fields = Path(f"/proc/{process}/stat").read_text(encoding="utf-8").rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def settled(process: int) -> float:
    """Waits until a process rests, and gives the seconds of a core that it has had."""
    before = -1.0
    while (now := worked(process)) > before + 0.05:
        before = now
        time.sleep(3)
    return now


def peak(process: int) -> int:
    """The most memory a process has had, in MB."""
    status = Path(f"/proc/{process}/status").read_text(encoding="utf-8")
    return int(re.search(r"VmHWM:\s+(\d+)", status)[1]) // 1024  # type: ignore[index]


def main() -> None:
    """Makes, serves, asks, and says what it cost."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, help="where the release is, or is to be")
    folder = parser.parse_args().folder
    with tempfile.TemporaryDirectory() as temporary:
        home = folder or Path(temporary)
        if not (home / "warehouse" / "published" / "current").exists():
            make_release(home / "warehouse" / "published")
        (home / ".dlt").mkdir(exist_ok=True)
        (home / ".dlt" / "config.toml").write_text('[stocktake]\nhome = "warehouse"\n', encoding="utf-8")
        with duckdb.connect() as bench:
            item = bench.execute("select md5('item 4711')").fetchall()[0][0]
        with served(home) as (client, process):
            say(f"first page, everything read for the first time: {seconds(client, '/'):.2f} s")
            say(f"first page of stock: {seconds(client, '/stock'):.2f} s")
            say(f"first page of low stock: {seconds(client, '/low'):.2f} s")
            say(f"copies are there after {settled(process):.0f} s of a core, and pages are read from them")
            rounds = [asked(number, item) for number in range(5)]
            for addresses in zip(*rounds, strict=True):
                before = worked(process)
                times = [seconds(client, address) for address in addresses]
                cpu = (worked(process) - before) / len(times)
                say(f"{addresses[0].split('&')[0]:48} {spread(times)}, {cpu:.2f} s of a core")
            many = [one for number in range(10, 18) for one in asked(number, item)]
            with ThreadPoolExecutor(8) as readers:
                times = sorted(readers.map(lambda one: seconds(client, one), many))
            say(f"8 readers at once: {spread(times)}, p95 {times[len(times) * 95 // 100]:.2f} s")
            say(f"memory: at most {peak(process)} MB")


def spread(times: Sequence[float]) -> str:
    """How long it took, most often and at most."""
    return f"median {statistics.median(times):.2f} s, at most {max(times):.2f} s"


def say(words: str) -> None:
    """One line."""
    sys.stdout.write(f"{words}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
