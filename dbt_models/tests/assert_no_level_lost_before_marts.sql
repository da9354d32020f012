-- Every current stock row of every provider is in the marts: as a state, and as a level. And nothing is there besides.
with

staged as (
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
)

select * from lost_or_made_up
