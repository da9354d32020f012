{{ config(meta={'merged_by': ['account', 'product_id']}) }}

with

products as (
    select * from {{ ref('int_products_unioned') }}
),

keyed as (
    select
        {{ product_key() }} as product_key,
        provider,
        account,
        product_id,
        sku,
        name,
        brand,
        gtin,
        product_type,
        is_kit,
        virtual_inventory,
        case
            when shadow_of_product_id is not null then {{ product_key('shadow_of_product_id') }}
        end as shadow_of_product_key,
        is_active,
        is_orphan,
        is_current,
        is_configured,
        unit_of_measure,
        cast(unit_cost as {{ type_quantity() }}) as unit_cost,
        currency_code,
        reorder_point,
        vendor_name,
        vendor_sku,
        condition,
        country_of_origin,
        units_per_case,
        owner_id,
        owner_name,
        created_at,
        updated_at,
        deleted_at
    from products
)

select * from keyed
