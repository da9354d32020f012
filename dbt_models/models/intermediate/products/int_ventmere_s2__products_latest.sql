with

versions as (
    select * from {{ ref('stg_ventmere_s2__products') }}
),

ranked as (
    select
        *,
        {{ latest_version_rank('product_id') }} as age_rank
    from versions
),

latest as (
    select
        'ventmere_s2' as provider,
        account,
        product_id,
        {{ as_written('sku') }} as sku,
        name,
        brand_name as brand,
        gtin,
        condition,
        cast(case_pack as {{ type_quantity() }}) as units_per_case,
        shipping_weight_kg as package_weight_kg,
        package_length_mm,
        package_width_mm,
        package_height_mm,
        case_weight_kg,
        case_length_mm,
        case_width_mm,
        case_height_mm,
        valid_to is null as is_current,
        valid_to is null as is_active,
        organization_id as owner_id,
        organization_name as owner_name,
        created_at,
        updated_at,
        valid_to as deleted_at
    from ranked
    where age_rank = 1
)

select * from latest
