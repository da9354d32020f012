-- Sums over primary categories hold every product that is in any category, and hold it once.
with

product_categories as (
    select * from {{ ref('bridge_product_categories') }}
),

counted as (
    select
        product_key,
        sum(case when is_primary then 1 else 0 end) as primary_count
    from product_categories
    group by product_key
    having sum(case when is_primary then 1 else 0 end) <> 1
)

select * from counted
