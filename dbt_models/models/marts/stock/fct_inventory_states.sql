with

states as (
    select * from {{ ref('int_inventory_states_unioned') }}
),

keyed as (
    select
        {{ product_key() }} as product_key,
        {{ location_key() }} as location_key,
        provider,
        account,
        product_id,
        location_id,
        state,
        quantity,
        is_estimated,
        counted_at,
        asked_at
    from states
)

select * from keyed
