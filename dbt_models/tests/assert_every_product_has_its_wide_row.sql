-- A product without custom fields is a row too; one with many is no more than one. Of an account that is not configured
-- any more none is.
with

products as (
    select * from {{ ref('dim_products') }}
    where is_configured
),

wide as (
    select * from {{ ref('rpt_custom_fields_wide') }}
),

counted as (
    select
        products.product_key,
        count(wide.product_key) as row_count
    from products
    left join wide on products.product_key = wide.product_key
    group by products.product_key
    having count(wide.product_key) <> 1
)

select * from counted
