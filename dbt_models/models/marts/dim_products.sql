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
        cast(null as boolean) as is_kit,
        cast(null as {{ type_string() }}) as shadow_of_product_key,
        is_active,
        is_orphan,
        unit_of_measure,
        cast(null as {{ type_quantity() }}) as unit_cost,
        currency_code,
        reorder_point,
        created_at,
        updated_at,
        deleted_at
    from products
)

select * from keyed
