with

sales as (
    select * from {{ ref('int_product_sales_measured') }}
),

keyed as (
    select
        {{ product_key() }} as product_key,
        provider,
        account,
        product_id,
        window_days,
        as_of_day,
        sales_source,
        quantity_sold,
        quantity_returned,
        covered_days
    from sales
)

select * from keyed
