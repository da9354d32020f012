{{ config(meta={'merged_by': ['account', 'product_id']}) }}

with

custom_fields as (
    select * from {{ ref('int_sellercloud__custom_columns_typed') }}
    union all
    select * from {{ ref('int_shipstream__custom_fields_typed') }}
),

keyed as (
    select
        {{ product_key() }} as product_key,
        provider,
        account,
        product_id,
        field_code,
        field_name,
        data_type,
        value_text,
        value_number,
        value_boolean,
        value_at,
        value_key,
        currency_code,
        position
    from custom_fields
)

select * from keyed
