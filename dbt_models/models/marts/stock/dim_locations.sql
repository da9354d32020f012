with

locations as (
    select * from {{ ref('int_locations_unioned') }}
),

accounts as (
    select * from {{ ref('stg_stocktake__accounts') }}
),

told_apart as (
    select
        locations.*,
        {{ is_configured('locations.provider') }} as is_configured
    from locations
    left join accounts on locations.account = accounts.account
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
        is_configured,
        city,
        region,
        country_code,
        timezone,
        deleted_at
    from told_apart
)

select * from keyed
