with

levels as (
    select * from {{ ref('stg_ventmere_s2__inventory_items') }}
),

accounts as (
    select * from {{ ref('stg_stocktake__accounts') }}
),

-- Who packs and sends our own goods as well is no drop shipper: all roles may be set at once (ventmere_s2.md §6.2).
drop_shippers as (
    select
        account,
        warehouse_id
    from {{ ref('stg_ventmere_s2__warehouses') }}
    where valid_to is null and is_dropshipper and not coalesce(is_fulfillment_center, false)
),

levels_with_basis as (
    select
        levels.*,
        coalesce(accounts.available_basis, 'unknown') as available_basis,
        drop_shippers.warehouse_id is not null as is_drop_shipped
    from levels
    left join accounts on levels.account = accounts.account
    left join drop_shippers
        on levels.account = drop_shippers.account and levels.warehouse_id = drop_shippers.warehouse_id
),

measured as (
    select
        'ventmere_s2' as provider,
        account,
        product_id,
        warehouse_id as location_id,
        'inventory_items' as resource,
        {{ measures_from_basis() }},
        {{ unknown_measures('ventmere_s2', 'inventory_items') }} as unknown_measures,
        is_drop_shipped,
        false as is_estimated,
        counted_at,
        asked_at,
        valid_from,
        valid_to
    from levels_with_basis
),

told_apart as (
    select
        *,
        case when is_drop_shipped and {{ nothing_is_there() }} then 'drop_ship' end as untracked_reason
    from measured
),

told as (
    select
        provider,
        account,
        product_id,
        location_id,
        resource,
        {{ measures_where_tracked() }},
        untracked_reason,
        is_estimated,
        counted_at,
        asked_at,
        valid_from,
        valid_to
    from told_apart
)

select * from told
