with

products as (
    select * from {{ ref('int_products_unioned') }}
),

positions as (
    select * from {{ ref('int_inventory_positions_unioned') }}
),

item_matches as (
    select * from {{ ref('item_matches') }}
),

-- What the user says of a product. Without a code it stands alone.
seeded as (
    select
        trim(provider) as provider,
        trim(account) as account,
        trim(product_id) as product_id,
        nullif(trim(item_code), '') as seed_code
    from item_matches
),

stocked as (
    select distinct
        provider,
        account,
        product_id
    from positions
),

keyed as (
    select
        *,
        {{ product_key() }} as product_key,
        case when shadow_of_product_id is not null then {{ product_key('shadow_of_product_id') }} end as parent_key
    from products
),

told_apart as (
    select
        keyed.product_key,
        keyed.provider,
        keyed.account,
        keyed.product_id,
        keyed.parent_key,
        keyed.gtin,
        lower(keyed.sku) as sku_code,
        keyed.deleted_at,
        stocked.product_id is not null as has_stock,
        seeded.product_id is not null as is_seeded,
        seeded.seed_code
    from keyed
    left join stocked
        on
            keyed.provider = stocked.provider
            and keyed.account = stocked.account
            and keyed.product_id = stocked.product_id
    left join seeded
        on
            trim(keyed.provider) = seeded.provider
            and trim(keyed.account) = seeded.account
            and trim(keyed.product_id) = seeded.product_id
),

-- A product that the user's file names matches by nothing else, a shadow is its parent under another SKU, and a deleted
-- product without stock joins the others: none of these makes a code ambiguous.
bearers as (
    select
        product_key,
        provider,
        account,
        product_id,
        gtin,
        sku_code,
        case when deleted_at is null or has_stock then 1 else 0 end as counts
    from told_apart
    where not is_seeded and parent_key is null
),

gtins_per_account as (
    select
        gtin,
        provider,
        account,
        sum(counts) as products
    from bearers
    where gtin is not null
    group by gtin, provider, account
),

gtins as (
    select
        gtin,
        max(products) > 1 as is_ambiguous
    from gtins_per_account
    group by gtin
),

skus_per_account as (
    select
        sku_code,
        provider,
        account,
        sum(counts) as products
    from bearers
    where sku_code is not null
    group by sku_code, provider, account
),

skus as (
    select
        sku_code,
        max(products) > 1 as is_ambiguous
    from skus_per_account
    group by sku_code
),

-- The barcode that a SKU stands for, so that a system which knows only the SKU joins those that know the barcode.
gtins_of_skus as (
    select
        bearers.sku_code,
        min(bearers.gtin) as gtin,
        count(distinct bearers.gtin) as gtins
    from bearers
    inner join gtins on bearers.gtin = gtins.gtin
    where bearers.counts = 1 and not gtins.is_ambiguous
    group by bearers.sku_code
),

coded as (
    select
        bearers.product_key,
        bearers.provider,
        bearers.account,
        bearers.product_id,
        bearers.counts,
        case
            when bearers.gtin is not null then 'gtin'
            when bearers.sku_code is not null then 'sku'
            else 'none'
        end as own_rule,
        coalesce(bearers.gtin, gtins_of_skus.gtin) as gtin_code,
        bearers.sku_code,
        case
            when bearers.gtin is not null then gtins.is_ambiguous
            when bearers.sku_code is not null
                then skus.is_ambiguous or coalesce(gtins_of_skus.gtins, 0) > 1
            else false
        end as is_ambiguous
    from bearers
    left join gtins on bearers.gtin = gtins.gtin
    left join skus on bearers.sku_code = skus.sku_code
    left join gtins_of_skus on bearers.sku_code = gtins_of_skus.sku_code
),

-- Two products of one account may still meet by way of a third: then the one without a barcode stays alone.
met as (
    select
        *,
        is_ambiguous
        or (
            own_rule = 'sku' and gtin_code is not null
            and sum(counts) over (partition by gtin_code, provider, account) > 1
        ) as is_alone
    from coded
),

matched_by_code as (
    select
        product_key,
        is_alone as is_ambiguous,
        case
            when own_rule = 'sku' and gtin_code is not null and not is_alone then 'gtin'
            else own_rule
        end as match_rule,
        case
            when is_alone or own_rule = 'none' then 'product'
            when gtin_code is not null then 'gtin'
            else 'sku'
        end as item_code_type,
        case
            when is_alone or own_rule = 'none' then product_id
            when gtin_code is not null then gtin_code
            else sku_code
        end as item_code
    from met
),

matched_by_seed as (
    select
        product_key,
        false as is_ambiguous,
        'seed' as match_rule,
        case when seed_code is null then 'product' else 'seed' end as item_code_type,
        coalesce(seed_code, product_id) as item_code
    from told_apart
    where is_seeded
),

matched_by_themselves as (
    select * from matched_by_seed
    union all
    select * from matched_by_code
),

-- A shadow goes where its parent goes, or stands alone where nobody lists that one.
matched_shadows as (
    select
        told_apart.product_key,
        coalesce(parents.is_ambiguous, false) as is_ambiguous,
        coalesce(parents.match_rule, 'none') as match_rule,
        coalesce(parents.item_code_type, 'product') as item_code_type,
        coalesce(parents.item_code, told_apart.product_id) as item_code
    from told_apart
    left join matched_by_themselves as parents on told_apart.parent_key = parents.product_key
    where told_apart.parent_key is not null and not told_apart.is_seeded
),

all_matched as (
    select * from matched_by_themselves
    union all
    select * from matched_shadows
),

joined as (
    select
        told_apart.product_key,
        told_apart.provider,
        told_apart.account,
        told_apart.product_id,
        told_apart.has_stock,
        all_matched.match_rule,
        all_matched.is_ambiguous,
        all_matched.item_code_type,
        all_matched.item_code
    from told_apart
    inner join all_matched on told_apart.product_key = all_matched.product_key
),

items as (
    select
        *,
        case
            when item_code_type = 'product' then {{ hash_key(["'product'", product_key('item_code')]) }}
            else {{ hash_key(['item_code_type', 'item_code']) }}
        end as item_key
    from joined
)

select * from items
