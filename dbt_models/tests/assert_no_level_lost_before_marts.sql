-- Every current stock row of every configured account is in the marts: as a state and a level, as a level alone, or as
-- a total. And nothing is there besides.
with

accounts as (
    select * from {{ ref('stg_stocktake__accounts') }}
),

every_staged as (
    select
        'square' as provider,
        account,
        catalog_object_id as product_id,
        location_id,
        state
    from {{ ref('stg_square__inventory_counts') }}
    where valid_to is null
    {% for state in ['available', 'incoming', 'reserved'] %}
    union all
    select
        'ventmere_s2' as provider,
        account,
        product_id,
        warehouse_id as location_id,
        '{{ state }}' as state
    from {{ ref('stg_ventmere_s2__inventory_items') }}
    where valid_to is null
    {% endfor %}
),

{% set configured %}
    left join accounts on rows_staged.account = accounts.account
    where {{ is_configured('rows_staged.provider') }}
{% endset %}

staged as (
    select rows_staged.*
    from every_staged as rows_staged
    {{ configured }}
),

every_staged_level as (
    select
        'sellercloud' as provider,
        account,
        product_id,
        warehouse_id as location_id
    from {{ ref('stg_sellercloud__warehouse_inventory') }}
    where valid_to is null
    union all
    select
        'shipstream' as provider,
        account,
        {{ typed_product_id() }} as product_id,
        warehouse_id as location_id
    from {{ ref('stg_shipstream__warehouse_levels') }}
    where valid_to is null
),

staged_levels as (
    select rows_staged.*
    from every_staged_level as rows_staged
    {{ configured }}
),

levels_without_states as (
    select * from {{ ref('fct_inventory_levels') }}
    where provider in ('{{ providers_with_totals() | join("', '") }}')
),

every_staged_total as (
    select
        'sellercloud' as provider,
        account,
        product_id
    from {{ ref('stg_sellercloud__inventory') }}
    where valid_to is null
    union all
    select
        'shipstream' as provider,
        account,
        {{ typed_product_id() }} as product_id
    from {{ ref('stg_shipstream__total_levels') }}
    where valid_to is null
    union all
    select
        'augno' as provider,
        account,
        item_id as product_id
    from {{ ref('stg_augno__item_inventory') }}
    where valid_to is null
),

staged_totals as (
    select rows_staged.*
    from every_staged_total as rows_staged
    {{ configured }}
),

totals as (
    select * from {{ ref('fct_inventory_positions') }}
    where provider in ('{{ providers_with_totals() | join("', '") }}')
),

lost_or_made_up as (
    select
        coalesce(staged.product_id, states.product_id) as product_id,
        coalesce(staged.location_id, states.location_id) as location_id,
        coalesce(staged.state, states.state) as state
    from staged
    full outer join {{ ref('fct_inventory_states') }} as states
        on
            staged.provider = states.provider
            and staged.account = states.account
            and staged.product_id = states.product_id
            and staged.location_id = states.location_id
            and staged.state = states.state
    left join {{ ref('fct_inventory_levels') }} as levels
        on
            staged.provider = levels.provider
            and staged.account = levels.account
            and staged.product_id = levels.product_id
            and staged.location_id = levels.location_id
    where staged.product_id is null or states.product_id is null or levels.product_id is null

    union all

    select
        coalesce(staged_levels.product_id, levels_without_states.product_id) as product_id,
        coalesce(staged_levels.location_id, levels_without_states.location_id) as location_id,
        cast(null as {{ type_string() }}) as state
    from staged_levels
    full outer join levels_without_states
        on
            staged_levels.provider = levels_without_states.provider
            and staged_levels.account = levels_without_states.account
            and staged_levels.product_id = levels_without_states.product_id
            and staged_levels.location_id = levels_without_states.location_id
    where staged_levels.product_id is null or levels_without_states.product_id is null

    union all

    select
        coalesce(staged_totals.product_id, totals.product_id) as product_id,
        cast(null as {{ type_string() }}) as location_id,
        cast(null as {{ type_string() }}) as state
    from staged_totals
    full outer join totals
        on
            staged_totals.provider = totals.provider
            and staged_totals.account = totals.account
            and staged_totals.product_id = totals.product_id
    where staged_totals.product_id is null or totals.product_id is null
)

select * from lost_or_made_up
