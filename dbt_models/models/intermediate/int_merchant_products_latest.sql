with

versions as (
    select * from {{ ref('stg_shipstream__products') }}
),

merchant_versions as (
    select * from {{ ref('stg_shipstream__merchants') }}
),

ranked as (
    select
        *,
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
        ranked.account,
        {{ typed_product_id('ranked.product_type', 'ranked.product_id') }} as product_id,
        nullif(trim(ranked.sku), '') as sku,
        ranked.name,
        ranked.product_type,
        ranked.valid_to is null and coalesce(ranked.is_enabled, true) as is_active,
        ranked.merchant_id as owner_id,
        merchants.name as owner_name,
        ranked.barcodes,
        ranked.hs_base_code,
        ranked.hs_country_extensions,
        ranked.custom_fields,
        ranked.created_at,
        ranked.updated_at,
        ranked.valid_to as deleted_at
    from ranked
    left join merchants
        on
            ranked.account = merchants.account
            and ranked.merchant_id = merchants.merchant_id
    where ranked.age_rank = 1
)

select * from latest
