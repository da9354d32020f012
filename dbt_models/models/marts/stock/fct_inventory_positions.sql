{{ config(meta={'merged_by': ['account', 'product_id']}) }}

with

positions as (
    select * from {{ ref('int_inventory_positions_unioned') }}
),

keyed as (
    select
        {{ product_key() }} as product_key,
        provider,
        account,
        product_id,
        resource,
        {{ measures() | join(',\n        ') }},
        unknown_measures,
        is_tracked,
        untracked_reason,
        is_additive,
        counted_at,
        asked_at
    from positions
)

select * from keyed
