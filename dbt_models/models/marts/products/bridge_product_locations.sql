with

product_locations as (
    select * from {{ ref('int_square__product_locations_unnested') }}
),

keyed as (
    select
        {{ product_key() }} as product_key,
        {{ location_key() }} as location_key,
        provider,
        account,
        product_id,
        location_id,
        price_minor_units,
        currency_code,
        is_stock_tracked,
        is_alert_on,
        reorder_point,
        is_sold_out,
        sold_out_until
    from product_locations
)

select * from keyed
