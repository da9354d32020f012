with

hs_codes as (
    select * from {{ ref('int_shipstream__hs_codes_resolved') }}
),

keyed as (
    select
        {{ hash_key(['provider', 'account', 'product_id', 'country_code']) }} as hs_code_key,
        {{ product_key() }} as product_key,
        provider,
        account,
        product_id,
        country_code,
        base_code,
        extension,
        hs_code
    from hs_codes
)

select * from keyed
