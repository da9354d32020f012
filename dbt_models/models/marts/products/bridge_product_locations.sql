with

product_locations as (
    select * from {{ ref('int_square__product_locations_unnested') }}
),

keyed as (
    select
        {{ product_key() }} as product_key,
        {{ location_key() }} as location_key,
        *
    from product_locations
)

select * from keyed
