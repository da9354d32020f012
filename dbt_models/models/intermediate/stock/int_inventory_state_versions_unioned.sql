with

counts as (
    select * from {{ ref('stg_square__inventory_counts') }}
),

levels as (
    select * from {{ ref('stg_ventmere_s2__inventory_items') }}
),

unioned as (
    select
        'square' as provider,
        account,
        catalog_object_id as product_id,
        location_id,
        state,
        quantity,
        is_estimated,
        'inventory_counts' as resource,
        counted_at,
        asked_at,
        valid_from,
        valid_to
    from counts

    {% for state in ['available', 'incoming', 'reserved'] %}
    union all

    select
        'ventmere_s2' as provider,
        account,
        product_id,
        warehouse_id as location_id,
        '{{ state }}' as state,
        {{ state }} as quantity,
        false as is_estimated,
        'inventory_items' as resource,
        counted_at,
        asked_at,
        valid_from,
        valid_to
    from levels
    {% endfor %}
)

select * from unioned
