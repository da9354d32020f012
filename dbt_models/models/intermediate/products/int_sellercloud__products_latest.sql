{{ config(meta={'merged_by': ['account', 'product_id']}) }}

with

versions as (
    select * from {{ ref('stg_sellercloud__inventory') }}
),

accounts as (
    select * from {{ ref('stg_stocktake__accounts') }}
),

ids as (
    select * from {{ ref('int_sellercloud__product_ids_folded') }}
),

-- Keys first: a product's own columns take kilobytes, and only those of its latest version are wanted.
ranked as (
    select
        version_key,
        account,
        product_id,
        {{ latest_version_rank('product_id') }} as age_rank
    from versions
),

latest as (
    select
        'sellercloud' as provider,
        versions.account,
        versions.product_id,
        {{ as_written('versions.product_id') }} as sku,
        versions.name,
        versions.brand_name as brand,
        versions.product_type,
        versions.is_kit,
        versions.kit_dependence,
        case
            when {{ folded('versions.shadow_of_product_id') }} <> {{ folded('versions.product_id') }}
                then coalesce(ids.product_id, versions.shadow_of_product_id)
        end as shadow_of_product_id,
        versions.valid_to is null as is_current,
        versions.valid_to is null and coalesce(versions.status_code, 1) <> 0 as is_active,
        versions.unit_of_measure,
        case
            when coalesce(versions.is_site_cost_visible, true) and coalesce(versions.is_last_cost_visible, true)
                then case when versions.average_cost > 0 then versions.average_cost end
        end as unit_cost,
        cast(null as {{ type_string() }}) as currency_code,
        cast(versions.low_stock_threshold as {{ type_quantity() }}) as reorder_point,
        versions.vendor_name,
        versions.vendor_sku,
        versions.condition,
        cast(versions.quantity_per_case as {{ type_quantity() }}) as units_per_case,
        versions.company_id as owner_id,
        versions.company_name as owner_name,
        versions.upc,
        versions.ean,
        versions.weight_pounds_part,
        versions.weight_ounces_part,
        versions.package_weight_pounds_part,
        versions.package_weight_ounces_part,
        versions.shipping_length,
        versions.shipping_width,
        versions.shipping_height,
        versions.unit_system,
        {% for days in sales_windows() %}
        versions.sold_{{ days }}_days_quantity,
        {% endfor %}
        versions.child_products,
        versions.custom_columns,
        accounts.timezone,
        {{ instant_in_zone('versions.created_local', 'accounts.timezone') }} as created_at,
        {{ instant_in_zone('versions.modified_local', 'accounts.timezone') }} as updated_at,
        versions.valid_to as deleted_at
    from ranked
    inner join versions
        on
            ranked.version_key = versions.version_key
            and ranked.account = versions.account
            and ranked.product_id = versions.product_id
    left join accounts on versions.account = accounts.account
    left join ids
        on
            versions.account = ids.account
            and {{ folded('versions.shadow_of_product_id') }} = ids.folded_id
    where ranked.age_rank = 1
)

select * from latest
