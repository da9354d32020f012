{{ config(meta={'merged_by': ['item_key']}) }}

with

items as (
    select * from {{ ref('dim_items') }}
),

item_products as (
    select * from {{ ref('bridge_item_products') }}
),

products as (
    select * from {{ ref('dim_products') }}
),

positions as (
    select * from {{ ref('fct_inventory_positions') }}
),

stock as (
    select
        item_products.item_key,
        products.provider,
        products.deleted_at,
        positions.account,
        case when positions.is_additive then products.unit_of_measure end as unit_of_measure,
        case when positions.is_additive then {{ unit_counted('products.unit_of_measure') }} end as unit_counted,
        {% for measure in measures() %}
        case when positions.is_additive then positions.{{ measure }} end as {{ measure }},
        {% endfor %}
        case when positions.is_additive then positions.unknown_measures end as unknown_measures,
        case when positions.untracked_reason is null then 0 else 1 end as untracked_count,
        positions.counted_at,
        -- A provider without a clock on its numbers had them when we asked.
        case
            when positions.is_additive and positions.is_tracked then coalesce(positions.counted_at, positions.asked_at)
        end as number_at
    from positions
    inner join item_products on positions.product_key = item_products.product_key
    inner join products on positions.product_key = products.product_key
),

per_system as (
    select
        item_key,
        provider,
        case
            when {{ is_one_unit() }} then {{ sum_known('quantity_on_hand') }}
        end as quantity_on_hand,
        case
            when {{ is_one_unit() }} then {{ sum_known('quantity_available') }}
        end as quantity_available,
        max(untracked_count) as untracked_count,
        min(number_at) as number_at
    from stock
    group by item_key, provider
),

-- What is not all tracked is added up as far as it is known, and compared with nothing.
compared as (
    select
        *,
        case when untracked_count = 0 then quantity_on_hand end as compared_on_hand,
        case when untracked_count = 0 then quantity_available end as compared_available
    from per_system
),

systems as (
    select
        item_key,
        count(*) as system_count,
        {% for provider in providers() %}
        sum(case when provider = '{{ provider }}' then quantity_on_hand end) as {{ provider }}_on_hand,
        sum(case when provider = '{{ provider }}' then quantity_available end) as {{ provider }}_available,
        max(case when provider = '{{ provider }}' then number_at end) as {{ provider }}_number_at,
        {% endfor %}
        case when count(compared_on_hand) > 1 then max(compared_on_hand) - min(compared_on_hand) end as on_hand_spread,
        case
            when count(compared_available) > 1 then max(compared_available) - min(compared_available)
        end as available_spread,
        count(number_at) as clocks,
        min(number_at) as oldest_number_at,
        max(number_at) as newest_number_at
    from compared
    group by item_key
),

totals as (
    select
        item_key,
        count(*) as product_count,
        max(case when deleted_at is null then 0 else 1 end) = 1 as has_deleted_products,
        {% for measure in measures() %}
        case when {{ is_one_unit() }} then {{ sum_known(measure) }} end as {{ measure }},
        {% endfor %}
        {{ is_one_unit() }} as is_one_unit,
        case when {{ is_one_unit() }} then max(unit_of_measure) else 'mixed' end as unit_of_measure,
        min(quantity_available) as lowest_available,
        min(counted_at) as oldest_counted_at,
        max(counted_at) as newest_counted_at
    from stock
    group by item_key
),

lowest as (
    select
        stock.item_key,
        min(stock.account) as lowest_account
    from stock
    inner join totals
        on stock.item_key = totals.item_key and stock.quantity_available = totals.lowest_available
    group by stock.item_key
),

joined as (
    select
        items.item_key,
        items.match_rule,
        items.is_ambiguous,
        items.gtin,
        items.sku,
        items.name,
        totals.product_count,
        systems.system_count,
        totals.has_deleted_products,
        {% for measure in measures() %}
        cast(totals.{{ measure }} as {{ type_quantity() }}) as {{ measure }},
        {% endfor %}
        {% for provider in providers() %}
        cast(systems.{{ provider }}_on_hand as {{ type_quantity() }}) as {{ provider }}_on_hand,
        cast(systems.{{ provider }}_available as {{ type_quantity() }}) as {{ provider }}_available,
        systems.{{ provider }}_number_at,
        {% endfor %}
        case
            when totals.is_one_unit then cast(systems.on_hand_spread as {{ type_quantity() }})
        end as on_hand_spread,
        case
            when totals.is_one_unit then cast(systems.available_spread as {{ type_quantity() }})
        end as available_spread,
        case
            when systems.clocks > 1
                then cast(
                    {{ datediff('systems.oldest_number_at', 'systems.newest_number_at', 'second') }} as bigint
                )
        end as number_age_spread_seconds,
        totals.unit_of_measure,
        totals.lowest_available,
        lowest.lowest_account,
        totals.oldest_counted_at,
        totals.newest_counted_at
    from totals
    inner join items on totals.item_key = items.item_key
    inner join systems on totals.item_key = systems.item_key
    left join lowest on totals.item_key = lowest.item_key
)

select * from joined
