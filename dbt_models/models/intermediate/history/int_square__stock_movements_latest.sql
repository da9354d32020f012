with

changes as (
    select * from {{ ref('stg_square__inventory_changes') }}
    where valid_to is null
),

unioned as (
    select
        'square' as provider,
        account,
        change_type,
        change_id,
        coalesce(catalog_object_id, '') as product_id,
        from_location_id,
        to_location_id,
        from_state,
        to_state,
        quantity,
        occurred_at,
        received_at,
        reference_id,
        source_name,
        asked_at
    from changes
)

select * from unioned
