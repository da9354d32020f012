with

products as (
    select * from {{ ref('int_products_unioned') }}
),

positions as (
    select * from {{ ref('int_inventory_positions_unioned') }}
),

item_matches as (
    select * from {{ ref('stg_stocktake__item_matches') }}
),

-- What the user says of a product. Without a code it stands alone.
seeded as (
    select
        {{ cleaned('provider') }} as provider,
        {{ cleaned('account') }} as account,
        {{ cleaned('product_id') }} as product_id,
        {{ cleaned('item_code') }} as seed_code
    from item_matches
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
        {{ folded('keyed.sku') }} as sku_code,
        positions.product_id is not null as has_stock,
        case
            when not keyed.is_configured then false
            when keyed.is_current then keyed.deleted_at is null or coalesce(positions.is_held, false)
            else positions.product_id is not null
        end as is_present,
        -- Stock that is there under a name of the past.
        positions.product_id is not null and not keyed.is_current as is_left_over,
        seeded.product_id is not null as is_seeded,
        seeded.seed_code
    from keyed
    left join positions
        on
            keyed.provider = positions.provider
            and keyed.account = positions.account
            and keyed.product_id = positions.product_id
    left join seeded
        on
            {{ cleaned('keyed.provider') }} = seeded.provider
            and {{ cleaned('keyed.account') }} = seeded.account
            and {{ cleaned('keyed.product_id') }} = seeded.product_id
),

-- A product that the user's file names matches by nothing else, and a shadow is its parent under another SKU. What is
-- gone, deleted and empty, or of an account that is not configured joins the others and has no vote: neither makes it a
-- code ambiguous nor does it say which barcode a SKU stands for. Stock whose product is gone has no code any more.
bearers as (
    select
        product_key,
        provider,
        account,
        product_id,
        case when not is_left_over then gtin end as gtin,
        case when not is_left_over then sku_code end as sku_code,
        case when is_present then 1 else 0 end as counts
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

followed_parents as (
    select
        matched_by_themselves.*,
        told_apart.is_present
    from matched_by_themselves
    inner join told_apart on matched_by_themselves.product_key = told_apart.product_key
),

-- A shadow goes where its parent goes, or stands alone where nobody lists that one, or no more.
matched_shadows as (
    select
        told_apart.product_key,
        coalesce(parents.is_ambiguous, false) as is_ambiguous,
        coalesce(parents.match_rule, 'none') as match_rule,
        coalesce(parents.item_code_type, 'product') as item_code_type,
        coalesce(parents.item_code, told_apart.product_id) as item_code
    from told_apart
    left join followed_parents as parents
        on
            told_apart.parent_key = parents.product_key
            and (parents.is_present or not told_apart.is_present)
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
        told_apart.is_present,
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
