with

positions as (
    select * from {{ ref('fct_inventory_positions') }}
    where is_additive and quantity_on_hand > 0
),

days as (
    select * from {{ ref('fct_inventory_daily') }}
),

products as (
    select * from {{ ref('dim_products') }}
),

item_products as (
    select * from {{ ref('bridge_item_products') }}
),

ranges as (
    select
        product_key,
        min(date_day) as first_seen_on,
        max(date_day) as as_of_day
    from days
    group by product_key
),

-- On hand can rise only on a day that began with other numbers than it ended with; unknown days lie between two known.
known_days as (
    select
        product_key,
        date_day,
        quantity_on_hand,
        lag(quantity_on_hand) over (partition by product_key order by date_day) as previous_on_hand
    from days
    where date_day = {{ business_day('changed_at') }} and quantity_on_hand is not null
),

rises as (
    select
        product_key,
        max(date_day) as last_rise_on
    from known_days
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
        ranges.first_seen_on,
        rises.last_rise_on,
        cast({{ days_between('rises.last_rise_on', 'ranges.as_of_day') }} as bigint) as days_since_last_rise,
        cast({{ days_between('ranges.first_seen_on', 'ranges.as_of_day') }} as bigint) as days_in_history,
        ranges.as_of_day,
        rises.last_rise_on is null as is_at_least
    from positions
    inner join ranges on positions.product_key = ranges.product_key
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
