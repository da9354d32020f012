with

products as (
    select * from {{ ref('int_shipstream__products_latest') }}
),

extensions as (
    select
        provider,
        account,
        product_id,
        {{ unnest_numbered('hs_country_extensions') }} as item
    from products
),

-- Of two extensions for one country the first counts.
ranked as (
    select
        provider,
        account,
        product_id,
        nullif(trim(item.element.country_id), '') as country_code,
        nullif(trim(item.element.extension), '') as extension,
        row_number() over (
            partition by provider, account, product_id, nullif(trim(item.element.country_id), '')
            order by item.position
        ) as preference
    from extensions
),

by_country as (
    select * from ranked
    where preference = 1
),

-- The base stands for every country without an extension of its own, and for all of them where there is none.
resolved as (
    select
        products.provider,
        products.account,
        products.product_id,
        by_country.country_code,
        nullif(trim(products.hs_base_code), '') as base_code,
        by_country.extension,
        nullif(trim(products.hs_base_code), '') || coalesce(by_country.extension, '') as hs_code
    from products
    left join by_country
        on
            products.account = by_country.account
            and products.product_id = by_country.product_id
    where nullif(trim(products.hs_base_code), '') is not null
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
    from resolved
)

select * from keyed
