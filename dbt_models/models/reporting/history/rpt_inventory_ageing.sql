{{ config(meta={'merged_by': ['product_key']}) }}

with

positions as (
    select * from {{ ref('fct_inventory_positions') }}
    where is_additive and quantity_on_hand > 0
),

periods as (
    select * from {{ ref('fct_inventory_periods') }}
),

account_days as (
    select * from {{ ref('fct_account_days') }}
),

products as (
    select * from {{ ref('dim_products') }}
),

item_products as (
    select * from {{ ref('bridge_item_products') }}
),

last_days as (
    select
        provider,
        account,
        max(date_day) as last_day
    from account_days
    group by provider, account
),

first_days as (
    select
        product_key,
        min(first_day) as first_seen_on
    from periods
    group by product_key
),

-- On hand can rise only where a period begins; unknown ones lie between two known.
known_periods as (
    select
        product_key,
        first_day,
        quantity_on_hand,
        lag(quantity_on_hand) over (partition by product_key order by first_day) as previous_on_hand
    from periods
    where quantity_on_hand is not null
),

rises as (
    select
        product_key,
        max(first_day) as last_rise_on
    from known_periods
    where quantity_on_hand > previous_on_hand
    group by product_key
),

aged as (
    select
        positions.product_key,
        item_products.item_key,
        positions.provider,
        positions.account,
        positions.product_id,
        products.sku,
        products.name as product_name,
        positions.quantity_on_hand,
        first_days.first_seen_on,
        rises.last_rise_on,
        cast({{ days_between('rises.last_rise_on', 'last_days.last_day') }} as bigint) as days_since_last_rise,
        cast({{ days_between('first_days.first_seen_on', 'last_days.last_day') }} as bigint) as days_in_history,
        last_days.last_day as as_of_day,
        rises.last_rise_on is null as is_at_least
    from positions
    inner join first_days on positions.product_key = first_days.product_key
    inner join last_days on positions.provider = last_days.provider and positions.account = last_days.account
    left join rises on positions.product_key = rises.product_key
    left join item_products on positions.product_key = item_products.product_key
    left join products on positions.product_key = products.product_key
),

bucketed as (
    select
        product_key,
        item_key,
        provider,
        account,
        product_id,
        sku,
        product_name,
        quantity_on_hand,
        first_seen_on,
        last_rise_on,
        days_since_last_rise,
        days_in_history,
        as_of_day,
        case
            when coalesce(days_since_last_rise, days_in_history) <= 30 then '0-30'
            when coalesce(days_since_last_rise, days_in_history) <= 60 then '31-60'
            when coalesce(days_since_last_rise, days_in_history) <= 90 then '61-90'
            when coalesce(days_since_last_rise, days_in_history) <= 180 then '91-180'
            else '181+'
        end as age_bucket,
        is_at_least
    from aged
)

select * from bucketed
