{{ config(meta={'merged_by': ['account', 'product_id']}) }}

with

variations as (
    select * from {{ ref('int_square__variations_merged') }}
),

snapshot_products as (
    select * from {{ ref('int_ventmere_s2__products_latest') }}
),

listed_products as (
    select * from {{ ref('int_sellercloud__products_latest') }}
),

merchant_products as (
    select * from {{ ref('int_shipstream__products_latest') }}
),

merchant_barcodes as (
    select
        provider,
        account,
        product_id,
        {{ unnest_numbered('barcodes') }} as item
    from merchant_products
),

unioned as (
    select
        provider,
        account,
        variation_id as product_id,
        upc as barcode,
        'UPC' as barcode_type,
        1 as place
    from variations

    union all

    select
        provider,
        account,
        product_id,
        gtin as barcode,
        'GTIN' as barcode_type,
        1 as place
    from snapshot_products

    union all

    select
        provider,
        account,
        product_id,
        upc as barcode,
        'UPC' as barcode_type,
        1 as place
    from listed_products

    union all

    select
        provider,
        account,
        product_id,
        ean as barcode,
        'EAN' as barcode_type,
        2 as place
    from listed_products

    union all

    select
        provider,
        account,
        product_id,
        item.element as barcode,
        cast(null as {{ type_string() }}) as barcode_type,
        item.position as place
    from merchant_barcodes
),

compared as (
    select
        *,
        {{ cleaned('barcode') }} as code
    from unioned
),

numbered as (
    select
        provider,
        account,
        product_id,
        trim(barcode) as barcode,
        barcode_type,
        {{ gtin('code') }} as gtin,
        row_number() over (partition by provider, account, product_id order by place) as position
    from compared
    where code is not null
)

select * from numbered
