{{ config(meta={'merged_by': ['account', 'product_id']}) }}

with

movements as (
    select * from {{ ref('int_square__stock_movements_latest') }}
),

keyed as (
    select
        {{ hash_key(['provider', 'account', 'change_type', 'change_id']) }} as movement_key,
        {{ product_key() }} as product_key,
        case when from_location_id is not null then {{ location_key('from_location_id') }} end as from_location_key,
        case when to_location_id is not null then {{ location_key('to_location_id') }} end as to_location_key,
        provider,
        account,
        product_id,
        change_type as movement_type,
        change_id as movement_id,
        from_location_id,
        to_location_id,
        from_state,
        to_state,
        quantity,
        occurred_at,
        received_at,
        reference_id,
        source_name,
        asked_at
    from movements
)

select * from keyed
