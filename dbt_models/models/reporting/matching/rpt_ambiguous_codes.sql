with

item_products as (
    select * from {{ ref('bridge_item_products') }}
),

products as (
    select * from {{ ref('dim_products') }}
),

-- What the seed file names makes no code ambiguous, nor does a shadow, nor what is deleted and empty. What is gone or
-- of an account that is not configured, is history; stock of a product that is gone has no code (rule none).
bearers as (
    select
        item_products.item_key,
        item_products.match_rule,
        item_products.is_ambiguous,
        products.product_key,
        products.provider,
        products.account,
        products.product_id,
        products.sku,
        products.gtin,
        products.name as product_name,
        case when item_products.is_present then 1 else 0 end as counts
    from item_products
    inner join products on item_products.product_key = products.product_key
    where
        item_products.match_rule in ('gtin', 'sku')
        and products.is_current
        and products.is_configured
        and products.shadow_of_product_key is null
),

codes_of_products as (
    select
        'gtin' as code_type,
        gtin as code,
        *
    from bearers
    where gtin is not null
    union all
    select
        'sku' as code_type,
        {{ folded('sku') }} as code,
        *
    from bearers
    where sku is not null
),

-- A code by which a product would have been matched. A SKU that repeats where everyone has a barcode harms nobody.
ambiguous_codes as (
    select distinct
        code_type,
        code
    from codes_of_products
    where is_ambiguous and match_rule = code_type
),

listed as (
    select
        codes_of_products.code_type,
        codes_of_products.code,
        codes_of_products.product_key,
        codes_of_products.provider,
        codes_of_products.account,
        codes_of_products.product_id,
        codes_of_products.sku,
        codes_of_products.gtin,
        codes_of_products.product_name,
        cast(
            sum(codes_of_products.counts) over (
                partition by
                    codes_of_products.code_type,
                    codes_of_products.code,
                    codes_of_products.provider,
                    codes_of_products.account
            ) as bigint
        ) as products_in_account,
        codes_of_products.item_key
    from codes_of_products
    inner join ambiguous_codes
        on
            codes_of_products.code_type = ambiguous_codes.code_type
            and codes_of_products.code = ambiguous_codes.code
)

select * from listed
