{% set compared = ['available', 'on_hand'] %}

with

item_products as (
    select * from {{ ref('bridge_item_products') }}
    where not is_ambiguous
),

products as (
    select * from {{ ref('dim_products') }}
),

-- What repeats stock that is counted elsewhere is compared with nothing.
positions as (
    select * from {{ ref('fct_inventory_positions') }}
    where is_additive
),

periods as (
    select * from {{ ref('fct_inventory_periods') }}
    where is_additive and is_listed
),

last_days as (
    select
        provider,
        account,
        max(date_day) as last_day
    from {{ ref('fct_account_days') }}
    group by provider, account
),

-- A backfill reads the past again and says nothing of the present.
sync_runs as (
    select * from {{ ref('fct_sync_runs') }}
    where mode <> 'backfill'
),

-- The last moment anyone was asked about, and never the wall clock: the same rows give the same report.
report_moment as (
    select max(asked_through) as as_of
    from sync_runs
),

known as (
    select
        provider,
        account,
        resource,
        max(asked_through) as known_through
    from sync_runs
    where status <> 'failed'
    group by provider, account, resource
),

-- What is old is no contradiction: one side may have moved since.
fresh as (
    select known.*
    from known
    cross join report_moment
    where
        {{ microseconds('report_moment.as_of') }} - {{ microseconds('known.known_through') }}
        <= {{ var('reconciliation_max_age_hours') }} * 3600000000
),

-- Part of a sum unknown, and the sum is.
stock as (
    select
        item_products.item_key,
        positions.provider,
        positions.account,
        {% for measure in compared %}
        case
            when
                count(*) = count(positions.quantity_{{ measure }})
                and count(distinct {{ unit_counted('products.unit_of_measure') }}) = 1
                and count(positions.untracked_reason) = 0
                then sum(positions.quantity_{{ measure }})
        end as {{ measure }},
        {% endfor %}
        max({{ unit_counted('products.unit_of_measure') }}) as unit_counted,
        -- One product out of date, and the sum is.
        case when count(*) = count(fresh.known_through) then min(fresh.known_through) end as known_through
    from positions
    inner join item_products on positions.product_key = item_products.product_key
    left join products on positions.product_key = products.product_key
    left join fresh
        on
            positions.provider = fresh.provider
            and positions.account = fresh.account
            and positions.resource = fresh.resource
    group by item_products.item_key, positions.provider, positions.account
),

numbers as (
    {% for measure in compared %}
    select
        item_key,
        provider,
        account,
        '{{ measure }}' as measure,
        {{ measure }} as quantity,
        unit_counted,
        known_through
    from stock
    where {{ measure }} is not null and known_through is not null
    {% if not loop.last %}
    union all
    {% endif %}
    {% endfor %}
),

contradictions as (
    select
        {{ hash_key([
            'lefts.item_key', 'lefts.provider', 'lefts.account', 'rights.provider', 'rights.account', 'lefts.measure',
        ]) }} as reconciliation_key,
        lefts.item_key,
        lefts.measure,
        lefts.provider as left_provider,
        lefts.account as left_account,
        lefts.quantity as left_quantity,
        lefts.known_through as left_known_through,
        rights.provider as right_provider,
        rights.account as right_account,
        rights.quantity as right_quantity,
        rights.known_through as right_known_through
    from numbers as lefts
    inner join numbers as rights
        on
            lefts.item_key = rights.item_key
            and lefts.measure = rights.measure
            and lefts.unit_counted = rights.unit_counted
            and {{ are_compared('lefts', 'rights') }}
    where {{ is_apart('lefts.quantity', 'rights.quantity') }}
),

contradicting_items as (
    select distinct item_key
    from contradictions
),

item_periods as (
    select
        item_products.item_key,
        periods.provider,
        periods.account,
        {% for measure in compared %}
        periods.quantity_{{ measure }},
        {% endfor %}
        periods.untracked_reason,
        periods.first_day,
        least(coalesce(periods.last_day, last_days.last_day), last_days.last_day) as last_day
    from periods
    inner join last_days on periods.provider = last_days.provider and periods.account = last_days.account
    inner join item_products on periods.product_key = item_products.product_key
    inner join contradicting_items on item_products.item_key = contradicting_items.item_key
),

-- Between two days on which a period of an item begins, or the one before has ended, nothing said of it changes.
starts as (
    select
        item_key,
        first_day
    from item_periods

    union

    select
        item_key,
        {{ add_days('last_day', 1) }} as first_day
    from item_periods
),

stretches as (
    select
        item_key,
        first_day,
        {{ add_days('lead(first_day) over (partition by item_key order by first_day)', -1) }} as last_day
    from starts
),

stock_by_stretch as (
    select
        item_periods.item_key,
        item_periods.provider,
        item_periods.account,
        {% for measure in compared %}
        case
            when
                count(*) = count(item_periods.quantity_{{ measure }})
                and count(item_periods.untracked_reason) = 0
                then sum(item_periods.quantity_{{ measure }})
        end as {{ measure }},
        {% endfor %}
        stretches.first_day,
        stretches.last_day
    from item_periods
    inner join stretches
        on
            item_periods.item_key = stretches.item_key
            and item_periods.first_day <= stretches.first_day
            and item_periods.last_day >= stretches.last_day
    group by
        item_periods.item_key,
        item_periods.provider,
        item_periods.account,
        stretches.first_day,
        stretches.last_day
),

numbers_by_stretch as (
    {% for measure in compared %}
    select
        item_key,
        provider,
        account,
        first_day,
        last_day,
        '{{ measure }}' as measure,
        {{ measure }} as quantity
    from stock_by_stretch
    {% if not loop.last %}
    union all
    {% endif %}
    {% endfor %}
),

common_stretches as (
    select
        contradictions.reconciliation_key,
        lefts.first_day,
        lefts.last_day,
        max(lefts.last_day) over (partition by contradictions.reconciliation_key) as last_common_day,
        coalesce({{ is_apart('lefts.quantity', 'rights.quantity') }}, false) as is_different
    from contradictions
    inner join numbers_by_stretch as lefts
        on
            contradictions.item_key = lefts.item_key
            and contradictions.measure = lefts.measure
            and contradictions.left_provider = lefts.provider
            and contradictions.left_account = lefts.account
    inner join numbers_by_stretch as rights
        on
            contradictions.item_key = rights.item_key
            and contradictions.measure = rights.measure
            and contradictions.right_provider = rights.provider
            and contradictions.right_account = rights.account
            and lefts.first_day = rights.first_day
),

different_stretches as (
    select
        *,
        sum({{ days_between('first_day', 'last_day') }} + 1) over (
            partition by reconciliation_key
            order by first_day desc nulls last
            rows between unbounded preceding and current row
        ) as days_counted
    from common_stretches
    where is_different
),

-- Counted back from the last day, the run is unbroken for as long as there are as many different days as days.
unbroken_runs as (
    select
        reconciliation_key,
        min(first_day) as disagrees_since
    from different_stretches
    where {{ days_between('first_day', 'last_common_day') }} + 1 = days_counted
    group by reconciliation_key
),

joined as (
    select
        contradictions.reconciliation_key,
        contradictions.item_key,
        contradictions.measure,
        contradictions.left_provider,
        contradictions.left_account,
        cast(contradictions.left_quantity as {{ type_quantity() }}) as left_quantity,
        contradictions.right_provider,
        contradictions.right_account,
        cast(contradictions.right_quantity as {{ type_quantity() }}) as right_quantity,
        unbroken_runs.disagrees_since,
        contradictions.left_known_through,
        contradictions.right_known_through
    from contradictions
    left join unbroken_runs on contradictions.reconciliation_key = unbroken_runs.reconciliation_key
)

select * from joined
