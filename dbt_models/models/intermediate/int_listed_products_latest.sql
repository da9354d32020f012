with

versions as (
    select * from {{ ref('stg_sellercloud__inventory') }}
),

accounts as (
    select * from {{ ref('stg_stocktake__accounts') }}
),

ids as (
    select * from {{ ref('int_product_ids_folded') }}
),

ranked as (
    select
        *,
        {{ latest_version_rank('product_id') }} as age_rank
    from versions
),

latest as (
    select
        'sellercloud' as provider,
        ranked.account,
        ranked.product_id,
        nullif(trim(ranked.product_id), '') as sku,
        ranked.name,
        ranked.brand_name as brand,
        ranked.product_type,
        ranked.is_kit,
        case
            when lower(ranked.shadow_of_product_id) <> lower(trim(ranked.product_id))
                then coalesce(ids.product_id, ranked.shadow_of_product_id)
        end as shadow_of_product_id,
        ranked.valid_to is null and coalesce(ranked.status_code, 1) <> 0 as is_active,
        ranked.unit_of_measure,
        case
            when coalesce(ranked.is_site_cost_visible, true) and coalesce(ranked.is_last_cost_visible, true)
                then case when ranked.average_cost > 0 then ranked.average_cost end
        end as unit_cost,
        cast(null as {{ type_string() }}) as currency_code,
        cast(ranked.low_stock_threshold as {{ type_quantity() }}) as reorder_point,
        ranked.company_id as owner_id,
        ranked.company_name as owner_name,
        ranked.upc,
        ranked.ean,
        ranked.child_products,
        ranked.custom_columns,
        accounts.timezone,
        {{ instant_in_zone('ranked.created_local', 'accounts.timezone') }} as created_at,
        {{ instant_in_zone('ranked.modified_local', 'accounts.timezone') }} as updated_at,
        ranked.valid_to as deleted_at
    from ranked
    left join accounts on ranked.account = accounts.account
    left join ids
        on
            ranked.account = ids.account
            and lower(ranked.shadow_of_product_id) = ids.folded_id
    where ranked.age_rank = 1
)

select * from latest
