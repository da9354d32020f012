-- Providers say how their quantities hang together (shipstream.md §6.1, augno.md §3, sellercloud.md §6.3). Where those
-- do not, the numbers are reported as they came, and said here; ShipStream's own published example is such a row.
{{ config(severity='warn') }}

select
    'shipstream' as provider,
    account,
    product_id,
    qty_on_hand as said,
    qty_processed + qty_putaway + qty_available + qty_allocated + qty_reserved + qty_picked as added_up
from {{ ref('stg_shipstream__total_levels') }}
where
    valid_to is null
    and qty_on_hand <> qty_processed + qty_putaway + qty_available + qty_allocated + qty_reserved + qty_picked

union all

select
    'augno' as provider,
    account,
    item_id as product_id,
    available_to_promise as said,
    on_hand - reserved - short as added_up
from {{ ref('stg_augno__item_inventory') }}
where valid_to is null and available_to_promise <> on_hand - reserved - short

union all

select
    'sellercloud' as provider,
    account,
    product_id,
    available_quantity as said,
    physical_quantity - reserved_quantity - aggregate_non_sellable_quantity as added_up
from {{ ref('stg_sellercloud__inventory') }}
where
    valid_to is null
    and available_quantity <> physical_quantity - reserved_quantity - aggregate_non_sellable_quantity
    -- A dependent kit's available is computed from its components.
    and not coalesce(is_kit, false)
