{{ config(meta={'merged_by': ['account', 'product_id']}) }}

with

barcodes as (
    select * from {{ ref('int_product_barcodes_unioned') }}
),

keyed as (
    select
        {{ product_key() }} as product_key,
        *
    from barcodes
)

select * from keyed
