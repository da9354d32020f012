with

locations as (
    select * from {{ ref('int_locations_unioned') }}
),

keyed as (
    select
        {{ location_key() }} as location_key,
        provider,
        account,
        location_id,
        name,
        location_type,
        is_active,
        is_sellable,
        is_orphan,
        city,
        region,
        country_code,
        timezone,
        deleted_at
    from locations
)

select * from keyed
