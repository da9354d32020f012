{% set with_totals = "'" ~ providers_with_totals() | join("', '") ~ "'" %}

with

products as (
    select * from {{ ref('dim_products') }}
),

item_products as (
    select * from {{ ref('bridge_item_products') }}
),

overrides as (
    select * from {{ ref('bridge_product_locations') }}
),

trees as (
    select * from {{ ref('bridge_kit_trees') }}
),

changes as (
    select * from {{ ref('fct_inventory_changes') }}
),

periods as (
    select * from {{ ref('fct_inventory_periods') }}
),

account_days as (
    select * from {{ ref('fct_account_days') }}
),

last_days as (
    select
        provider,
        account,
        max(date_day) as last_day
    from account_days
    group by provider, account
),

-- One day more than is counted: a number is fresh where it was asked for on its day or the one before.
days_looked_at as (
    select
        account_days.*,
        last_days.last_day
    from account_days
    inner join last_days
        on account_days.provider = last_days.provider and account_days.account = last_days.account
    where account_days.date_day >= {{ add_days('last_days.last_day', '-' ~ var('counted_days')) }}
),

days_asked as (
    select
        provider,
        account,
        resource,
        {{ add_days('date_day', 1) }} as day_after
    from days_looked_at
    where is_observed
),

days_told_apart as (
    select
        days_looked_at.*,
        days_looked_at.is_observed or days_asked.day_after is not null as is_fresh
    from days_looked_at
    left join days_asked
        on
            days_looked_at.provider = days_asked.provider
            and days_looked_at.account = days_asked.account
            and days_looked_at.resource = days_asked.resource
            and days_looked_at.date_day = days_asked.day_after
),

recent_days as (
    select
        periods.*,
        days_told_apart.date_day,
        days_told_apart.last_day as last_counted_day,
        days_told_apart.is_observed,
        days_told_apart.is_fresh
    from days_told_apart
    inner join periods
        on
            days_told_apart.provider = periods.provider
            and days_told_apart.account = periods.account
            and days_told_apart.resource = periods.resource
            and days_told_apart.date_day >= periods.first_day
            and (periods.last_day is null or days_told_apart.date_day <= periods.last_day)
),

counted_days as (
    select * from recent_days
    where date_day > {{ add_days('last_counted_day', '-' ~ var('counted_days')) }}
),

own_stock as (
    select
        counted_days.*,
        {{ promised_by_itself('counted_days') }} as promised_by_itself,
        products.reorder_point,
        products.is_active
        and (products.deleted_at is null or {{ business_day('products.deleted_at') }} > counted_days.date_day)
            as is_in_use
    from counted_days
    inner join products on counted_days.product_key = products.product_key
    where counted_days.is_listed and counted_days.is_additive
),

-- Low by location, where levels have a reorder point of their own: as long as a version of the level stood.
thresholds as (
    select
        changes.product_key,
        changes.provider,
        changes.account,
        changes.quantity_available <= {{ reorder_point_there() }} as is_low,
        {{ business_day('changes.valid_from') }} as first_day,
        {{ business_day('changes.valid_to') }} as day_after
    from changes
    inner join products on changes.product_key = products.product_key
    left join overrides
        on changes.product_key = overrides.product_key and changes.location_key = overrides.location_key
    where changes.provider not in ({{ with_totals }}) and {{ reorder_point_there() }} is not null
),

accounts_with_thresholds as (
    select distinct
        provider,
        account
    from thresholds

    union

    select distinct
        provider,
        account
    from products
    where provider in ({{ with_totals }}) and reorder_point is not null
),

low as (
    select distinct
        own_stock.product_key,
        own_stock.date_day
    from own_stock
    inner join thresholds
        on
            own_stock.product_key = thresholds.product_key
            and own_stock.date_day >= thresholds.first_day
            and own_stock.date_day < coalesce(thresholds.day_after, {{ add_days('own_stock.date_day', 1) }})
    where thresholds.is_low
),

-- At risk: shadows and kits promise the same units. Who is whose shadow or part is what it is now.
advertised as (
    select
        counted_days.product_key,
        counted_days.date_day,
        counted_days.quantity_advertised,
        counted_days.is_additive,
        products.shadow_of_product_key
    from counted_days
    inner join products on counted_days.product_key = products.product_key
    where
        counted_days.is_listed
        and counted_days.quantity_advertised > 0
        and (products.deleted_at is null or {{ business_day('products.deleted_at') }} > counted_days.date_day)
),

accounts_that_advertise as (
    select distinct
        provider,
        account
    from counted_days
    where quantity_advertised is not null
),

needs as (
    select
        kit_product_key,
        stock_product_key as product_key,
        sum(quantity_per_kit) as quantity_needed
    from trees
    where is_leaf and stock_product_key is not null
    group by kit_product_key, stock_product_key
),

promises as (
    select
        shadow_of_product_key as product_key,
        date_day,
        quantity_advertised as quantity_promised
    from advertised
    where shadow_of_product_key is not null

    union all

    select
        needs.product_key,
        advertised.date_day,
        {{ times('advertised.quantity_advertised', 'needs.quantity_needed') }} as quantity_promised
    from advertised
    inner join needs on advertised.product_key = needs.kit_product_key
    where not advertised.is_additive and advertised.shadow_of_product_key is null
),

promised as (
    select
        product_key,
        date_day,
        sum(quantity_promised) as quantity_promised
    from promises
    group by product_key, date_day
),

-- Disagreeing: what each account knew of an item when the day ended.
shared_items as (
    select item_key
    from item_products
    where not is_ambiguous
    group by item_key
    having count(distinct account) > 1
),

members as (
    select
        item_products.item_key,
        item_products.product_key,
        {{ unit_counted('products.unit_of_measure') }} as unit_counted
    from item_products
    inner join shared_items on item_products.item_key = shared_items.item_key
    inner join products on item_products.product_key = products.product_key
),

numbers_by_day as (
    select
        members.item_key,
        recent_days.provider,
        recent_days.account,
        recent_days.date_day,
        recent_days.last_counted_day,
        max(members.unit_counted) as unit_counted,
        case
            when
                count(*) = count(recent_days.quantity_available)
                and count(recent_days.untracked_reason) = 0
                and min(members.unit_counted) = max(members.unit_counted)
                and min(case when recent_days.is_fresh then 1 else 0 end) = 1
                then sum(recent_days.quantity_available)
        end as quantity,
        min(case when recent_days.is_observed then 1 else 0 end) = 1 as is_observed
    from recent_days
    inner join members on recent_days.product_key = members.product_key
    where recent_days.is_listed and recent_days.is_additive
    group by
        members.item_key,
        recent_days.provider,
        recent_days.account,
        recent_days.date_day,
        recent_days.last_counted_day
),

-- Who was not asked yet today is held to what was known when yesterday ended.
numbers as (
    select
        item_key,
        provider,
        account,
        date_day,
        unit_counted,
        quantity
    from numbers_by_day
    where quantity is not null

    union all

    select
        item_key,
        provider,
        account,
        {{ add_days('date_day', 1) }} as date_day,
        unit_counted,
        quantity
    from numbers_by_day
    where quantity is not null and date_day = last_counted_day and is_observed
),

pairs as (
    select
        lefts.item_key,
        lefts.date_day,
        lefts.account as left_account,
        rights.account as right_account,
        {{ is_apart('lefts.quantity', 'rights.quantity') }} as is_apart
    from numbers as lefts
    inner join numbers as rights
        on
            lefts.item_key = rights.item_key
            and lefts.date_day = rights.date_day
            and lefts.unit_counted = rights.unit_counted
            and {{ are_compared('lefts', 'rights') }}
),

sides as (
    select
        left_account as account,
        date_day,
        item_key,
        is_apart
    from pairs
    union all
    select
        right_account as account,
        date_day,
        item_key,
        is_apart
    from pairs
),

items_by_day as (
    select
        account,
        date_day,
        item_key,
        max(case when is_apart then 1 else 0 end) as is_apart
    from sides
    group by account, date_day, item_key
),

disagreements as (
    select
        account,
        date_day,
        count(*) as items_compared,
        sum(is_apart) as items_disagreeing
    from items_by_day
    group by account, date_day
),

counts as (
    select
        own_stock.provider,
        own_stock.account,
        own_stock.date_day,
        max(case when own_stock.is_observed then 1 else 0 end) = 1 as is_observed,
        count(*) as products_listed,
        count(case when own_stock.is_stockout then 1 end) as products_out,
        count(case when own_stock.is_stockout is null then 1 end) as products_unknown,
        count(case
            when
                own_stock.is_in_use
                and (
                    low.product_key is not null
                    or (
                        own_stock.provider in ({{ with_totals }})
                        and own_stock.quantity_available <= own_stock.reorder_point
                    )
                )
                then 1
        end) as products_low,
        count(case
            when
                own_stock.promised_by_itself + coalesce(promised.quantity_promised, 0) > own_stock.quantity_available
                then 1
        end) as products_at_risk
    from own_stock
    left join low on own_stock.product_key = low.product_key and own_stock.date_day = low.date_day
    left join promised on own_stock.product_key = promised.product_key and own_stock.date_day = promised.date_day
    group by own_stock.provider, own_stock.account, own_stock.date_day
),

joined as (
    select
        {{ hash_key(['counts.provider', 'counts.account', 'counts.date_day']) }} as daily_count_key,
        counts.provider,
        counts.account,
        counts.date_day,
        counts.is_observed,
        counts.products_listed,
        counts.products_out,
        counts.products_unknown,
        case when accounts_with_thresholds.account is not null then counts.products_low end as products_low,
        case when accounts_that_advertise.account is not null then counts.products_at_risk end as products_at_risk,
        coalesce(disagreements.items_compared, 0) as items_compared,
        cast(disagreements.items_disagreeing as bigint) as items_disagreeing,
        cast('{{ var('timezone') }}' as {{ type_string() }}) as timezone
    from counts
    left join accounts_with_thresholds
        on counts.provider = accounts_with_thresholds.provider and counts.account = accounts_with_thresholds.account
    left join accounts_that_advertise
        on counts.provider = accounts_that_advertise.provider and counts.account = accounts_that_advertise.account
    left join disagreements on counts.account = disagreements.account and counts.date_day = disagreements.date_day
)

select * from joined
