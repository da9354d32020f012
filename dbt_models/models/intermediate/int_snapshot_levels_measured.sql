with

levels as (
    select * from {{ ref('stg_ventmere_s2__inventory_items') }}
),

accounts as (
    select * from {{ ref('stg_stocktake__accounts') }}
),

levels_with_basis as (
    select
        levels.*,
        coalesce(accounts.available_basis, 'unknown') as available_basis
    from levels
    left join accounts on levels.account = accounts.account
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
        false as is_estimated,
        counted_at,
        asked_at,
        valid_from,
        valid_to
    from levels_with_basis
)

select * from measured
