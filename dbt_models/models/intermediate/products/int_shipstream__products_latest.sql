with

versions as (
    select * from {{ ref('stg_shipstream__products') }}
),

merchant_versions as (
    select * from {{ ref('stg_shipstream__merchants') }}
),

ranked as (
    select
        version_key,
        account,
        product_type,
        product_id,
        {{ latest_version_rank('product_type, product_id') }} as age_rank
    from versions
),

merchants_ranked as (
    select
        *,
        {{ latest_version_rank('merchant_id') }} as age_rank
    from merchant_versions
),

merchants as (
    select * from merchants_ranked
    where age_rank = 1
),

latest as (
    select
        'shipstream' as provider,
        versions.account,
        {{ typed_product_id('versions.product_type', 'versions.product_id') }} as product_id,
        {{ as_written('versions.sku') }} as sku,
        versions.name,
        versions.product_type,
        versions.valid_to is null as is_current,
        versions.valid_to is null and coalesce(versions.is_enabled, true) as is_active,
        versions.virtual_inventory,
        versions.vendor_sku,
        versions.country_of_manufacture as country_of_origin,
        versions.weight_value,
        versions.weight_unit,
        versions.length as length_value,
        versions.width as width_value,
        versions.height as height_value,
        versions.dimension_unit,
        versions.volume_value,
        versions.volume_unit,
        versions.merchant_id as owner_id,
        merchants.name as owner_name,
        versions.barcodes,
        versions.hs_base_code,
        versions.hs_country_extensions,
        versions.custom_fields,
        versions.created_at,
        versions.updated_at,
        versions.valid_to as deleted_at
    from ranked
    inner join versions
        on
            ranked.version_key = versions.version_key
            and ranked.account = versions.account
            and ranked.product_type = versions.product_type
            and ranked.product_id = versions.product_id
    left join merchants
        on
            versions.account = merchants.account
            and versions.merchant_id = merchants.merchant_id
    where ranked.age_rank = 1
)

select * from latest
