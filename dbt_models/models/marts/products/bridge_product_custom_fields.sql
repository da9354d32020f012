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
        *
    from custom_fields
)

select * from keyed
