with

location_versions as (
    select * from {{ ref('stg_square__locations') }}
),

warehouse_versions as (
    select * from {{ ref('stg_ventmere_s2__warehouses') }}
),

sellercloud_versions as (
    select * from {{ ref('stg_sellercloud__warehouses') }}
),

shipstream_versions as (
    select * from {{ ref('stg_shipstream__warehouses') }}
),

warehouse_levels as (
    select * from {{ ref('int_warehouse_levels_measured') }}
),

stock_versions as (
    select * from {{ ref('int_inventory_state_versions_unioned') }}
),

movements as (
    select * from {{ ref('int_square__stock_movements_latest') }}
),

accounts as (
    select * from {{ ref('stg_stocktake__accounts') }}
),

seen_in_stock as (
    select
        provider,
        account,
        location_id
    from stock_versions
    union distinct
    select
        provider,
        account,
        location_id
    from warehouse_levels
    union distinct
    select
        provider,
        account,
        from_location_id as location_id
    from movements
    where from_location_id is not null
    union distinct
    select
        provider,
        account,
        to_location_id as location_id
    from movements
    where to_location_id is not null
),

locations_ranked as (
    select
        *,
        {{ latest_version_rank('location_id') }} as age_rank
    from location_versions
),

warehouses_ranked as (
    select
        *,
        {{ latest_version_rank('warehouse_id') }} as age_rank
    from warehouse_versions
),

sellercloud_ranked as (
    select
        *,
        {{ latest_version_rank('warehouse_id') }} as age_rank
    from sellercloud_versions
),

shipstream_ranked as (
    select
        *,
        {{ latest_version_rank('warehouse_id') }} as age_rank
    from shipstream_versions
),

known as (
    select
        'square' as provider,
        account,
        location_id,
        name,
        location_type,
        status = 'ACTIVE' and valid_to is null as is_active,
        cast(null as boolean) as is_sellable,
        city,
        region,
        country_code,
        timezone,
        valid_to as deleted_at,
        false as is_orphan
    from locations_ranked
    where age_rank = 1

    union all

    select
        'ventmere_s2' as provider,
        account,
        warehouse_id as location_id,
        name,
        'WAREHOUSE' as location_type,
        valid_to is null as is_active,
        cast(null as boolean) as is_sellable,
        city,
        region,
        country_code,
        cast(null as {{ type_string() }}) as timezone,
        valid_to as deleted_at,
        false as is_orphan
    from warehouses_ranked
    where age_rank = 1

    union all

    select
        'sellercloud' as provider,
        account,
        warehouse_id as location_id,
        name,
        warehouse_type as location_type,
        valid_to is null as is_active,
        is_sellable as is_sellable,
        city,
        region,
        coalesce({{ country_code('country_code') }}, {{ country_code('country') }}) as country_code,
        cast(null as {{ type_string() }}) as timezone,
        valid_to as deleted_at,
        false as is_orphan
    from sellercloud_ranked
    where age_rank = 1

    union all

    select
        'shipstream' as provider,
        account,
        warehouse_id as location_id,
        name,
        'WAREHOUSE' as location_type,
        valid_to is null and coalesce(is_active, true) as is_active,
        cast(null as boolean) as is_sellable,
        cast(null as {{ type_string() }}) as city,
        cast(null as {{ type_string() }}) as region,
        cast(null as {{ type_string() }}) as country_code,
        cast(null as {{ type_string() }}) as timezone,
        valid_to as deleted_at,
        false as is_orphan
    from shipstream_ranked
    where age_rank = 1
),

orphans as (
    select
        seen_in_stock.provider,
        seen_in_stock.account,
        seen_in_stock.location_id,
        cast(null as {{ type_string() }}) as name,
        cast(null as {{ type_string() }}) as location_type,
        cast(null as boolean) as is_active,
        cast(null as boolean) as is_sellable,
        cast(null as {{ type_string() }}) as city,
        cast(null as {{ type_string() }}) as region,
        cast(null as {{ type_string() }}) as country_code,
        cast(null as {{ type_string() }}) as timezone,
        cast(null as {{ type_instant() }}) as deleted_at,
        true as is_orphan
    from seen_in_stock
    left join known
        on
            seen_in_stock.provider = known.provider
            and seen_in_stock.account = known.account
            and seen_in_stock.location_id = known.location_id
    where known.location_id is null
),

unioned as (
    select * from known
    union all
    select * from orphans
),

told_apart as (
    select
        unioned.*,
        {{ is_configured('unioned.provider') }} as is_configured
    from unioned
    left join accounts on unioned.account = accounts.account
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
