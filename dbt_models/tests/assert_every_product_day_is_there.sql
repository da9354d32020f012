-- From a product's first day to its account's last no day is missing, and none is there besides. That none is there
-- twice is the table's grain.
with

product_days as (
    select * from {{ ref('int_product_days') }}
),

recorded_days as (
    select
        provider,
        account,
        product_id,
        min(date_day) as first_day,
        max(date_day) as last_day,
        count(*) as day_count
    from {{ ref('fct_inventory_daily') }}
    group by provider, account, product_id
)

select coalesce(product_days.product_id, recorded_days.product_id) as product_id
from product_days
full outer join recorded_days
    on
        product_days.provider = recorded_days.provider
        and product_days.account = recorded_days.account
        and product_days.product_id = recorded_days.product_id
where
    product_days.first_day is distinct from recorded_days.first_day
    or product_days.last_day is distinct from recorded_days.last_day
    or {{ days_between('product_days.first_day', 'product_days.last_day') }} + 1 <> recorded_days.day_count
