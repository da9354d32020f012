{{ config(meta={'merged_by': ['product_key']}) }}

with

custom_fields as (
    select * from {{ ref('bridge_product_custom_fields') }}
),

products as (
    select * from {{ ref('dim_products') }}
    where is_configured
),

joined as (
    select
        custom_fields.product_key,
        custom_fields.provider,
        custom_fields.account,
        custom_fields.product_id,
        products.sku,
        products.name as product_name,
        products.brand,
        products.deleted_at is not null as is_product_deleted,
        custom_fields.field_code,
        custom_fields.field_name,
        custom_fields.data_type,
        custom_fields.position,
        custom_fields.value_text,
        custom_fields.value_number,
        custom_fields.value_boolean,
        custom_fields.value_at,
        custom_fields.value_key,
        custom_fields.currency_code
    from custom_fields
    inner join products on custom_fields.product_key = products.product_key
)

select * from joined
