with

levels as (
    select * from {{ ref('int_inventory_levels_unioned') }}
),

keyed as (
    select
        {{ product_key() }} as product_key,
        {{ location_key() }} as location_key,
        provider,
        account,
        product_id,
        location_id,
        resource,
        {{ measures() | join(',\n        ') }},
        unknown_measures,
        is_estimated,
        is_additive,
        counted_at,
        asked_at
    from levels
)

select * from keyed
