with

products as (
    select * from {{ ref('dim_products') }}
),

positions as (
    select * from {{ ref('fct_inventory_positions') }}
),

-- Neither a deleted product without stock nor a shadow, which is its parent under another SKU, makes a code ambiguous.
candidates as (
    select
        products.product_key,
        products.provider,
        products.account,
        products.gtin,
        lower(products.sku) as sku_code
    from products
    left join positions on products.product_key = positions.product_key
    where
        products.shadow_of_product_key is null
        and (products.deleted_at is null or positions.product_key is not null)
),

gtins_per_account as (
    select
        gtin,
        provider,
        account,
        count(*) as products
    from candidates
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
        count(*) as products
    from candidates
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
        candidates.sku_code,
        min(candidates.gtin) as gtin,
        count(distinct candidates.gtin) as gtins
    from candidates
    inner join gtins on candidates.gtin = gtins.gtin
    where not gtins.is_ambiguous
    group by candidates.sku_code
),

coded as (
    select
        candidates.product_key,
        candidates.provider,
        candidates.account,
        case
            when candidates.gtin is not null then 'gtin'
            when candidates.sku_code is not null then 'sku'
            else 'none'
        end as own_rule,
        coalesce(candidates.gtin, gtins_of_skus.gtin) as gtin_code,
        candidates.sku_code,
        case
            when candidates.gtin is not null then gtins.is_ambiguous
            when candidates.sku_code is not null
                then skus.is_ambiguous or coalesce(gtins_of_skus.gtins, 0) > 1
            else false
        end as is_ambiguous
    from candidates
    left join gtins on candidates.gtin = gtins.gtin
    left join skus on candidates.sku_code = skus.sku_code
    left join gtins_of_skus on candidates.sku_code = gtins_of_skus.sku_code
),

-- Two products of one account may still meet by way of a third: then the one without a barcode stays alone.
met as (
    select
        *,
        is_ambiguous
        or (
            own_rule = 'sku' and gtin_code is not null
            and count(*) over (partition by gtin_code, provider, account) > 1
        ) as is_alone
    from coded
),

matched as (
    select
        product_key,
        is_alone as is_ambiguous,
        case
            when own_rule = 'sku' and gtin_code is not null and not is_alone then 'gtin'
            else own_rule
        end as match_rule,
        case
            when is_alone or own_rule = 'none' then {{ hash_key(["'product'", 'product_key']) }}
            when gtin_code is not null then {{ hash_key(["'gtin'", 'gtin_code']) }}
            else {{ hash_key(["'sku'", 'sku_code']) }}
        end as item_key
    from met
),

-- A shadow goes where its parent goes, or stands alone where nobody lists that one.
matched_shadows as (
    select
        products.product_key,
        coalesce(parents.is_ambiguous, false) as is_ambiguous,
        coalesce(parents.match_rule, 'none') as match_rule,
        coalesce(parents.item_key, {{ hash_key(["'product'", 'products.product_key']) }}) as item_key
    from products
    left join matched as parents on products.shadow_of_product_key = parents.product_key
    where products.shadow_of_product_key is not null
),

all_matched as (
    select * from matched
    union all
    select * from matched_shadows
),

stock as (
    select
        all_matched.item_key,
        all_matched.match_rule,
        all_matched.is_ambiguous,
        products.provider,
        products.gtin,
        products.sku,
        products.name,
        products.deleted_at,
        row_number() over (
            partition by all_matched.item_key
            order by
                case when products.name is null then 1 else 0 end,
                case when products.shadow_of_product_key is null then 0 else 1 end,
                products.provider,
                products.account,
                products.product_id
        ) as name_rank,
        {% for measure in measures() %}
        case when positions.is_additive then positions.{{ measure }} end as {{ measure }},
        {% endfor %}
        positions.counted_at
    from positions
    inner join all_matched on positions.product_key = all_matched.product_key
    inner join products on positions.product_key = products.product_key
),

per_system as (
    select
        item_key,
        provider,
        sum(quantity_on_hand) as quantity_on_hand,
        sum(quantity_available) as quantity_available
    from stock
    group by item_key, provider
),

systems as (
    select
        item_key,
        count(*) as system_count,
        {% for provider in providers() %}
        sum(case when provider = '{{ provider }}' then quantity_on_hand end) as {{ provider }}_on_hand,
        sum(case when provider = '{{ provider }}' then quantity_available end) as {{ provider }}_available,
        {% endfor %}
        case when count(quantity_on_hand) > 1 then max(quantity_on_hand) - min(quantity_on_hand) end as on_hand_spread,
        case
            when count(quantity_available) > 1 then max(quantity_available) - min(quantity_available)
        end as available_spread
    from per_system
    group by item_key
),

items as (
    select
        item_key,
        match_rule,
        is_ambiguous,
        max(gtin) as gtin,
        max(case when name_rank = 1 then sku end) as sku,
        max(case when name_rank = 1 then name end) as name,
        count(*) as product_count,
        max(case when deleted_at is null then 0 else 1 end) = 1 as has_deleted_products,
        {% for measure in measures() %}
        sum({{ measure }}) as {{ measure }},
        {% endfor %}
        min(counted_at) as oldest_counted_at,
        max(counted_at) as newest_counted_at
    from stock
    group by item_key, match_rule, is_ambiguous
),

joined as (
    select
        items.item_key,
        items.match_rule,
        items.is_ambiguous,
        items.gtin,
        items.sku,
        items.name,
        items.product_count,
        systems.system_count,
        items.has_deleted_products,
        {% for measure in measures() %}
        cast(items.{{ measure }} as {{ type_quantity() }}) as {{ measure }},
        {% endfor %}
        {% for provider in providers() %}
        cast(systems.{{ provider }}_on_hand as {{ type_quantity() }}) as {{ provider }}_on_hand,
        cast(systems.{{ provider }}_available as {{ type_quantity() }}) as {{ provider }}_available,
        {% endfor %}
        cast(systems.on_hand_spread as {{ type_quantity() }}) as on_hand_spread,
        cast(systems.available_spread as {{ type_quantity() }}) as available_spread,
        items.oldest_counted_at,
        items.newest_counted_at
    from items
    inner join systems on items.item_key = systems.item_key
)

select * from joined
