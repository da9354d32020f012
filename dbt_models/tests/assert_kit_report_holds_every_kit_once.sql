-- Every kit that is there now is in the report, once per location or once without one, and none twice; what does not
-- depend on the location is the same in all its rows.
with

trees as (
    select * from {{ ref('bridge_kit_trees') }}
),

kits as (
    select products.product_key
    from {{ ref('dim_products') }} as products
    where
        products.deleted_at is null
        and products.is_configured
        and (products.is_kit or products.product_key in (select trees.kit_product_key from trees))
),

report as (
    select
        kit_product_key,
        count(*) as row_count,
        count(distinct coalesce(location_key, '')) as location_count,
        count(location_key) as placed_count,
        count(distinct component_count) as recipe_count,
        count(distinct coalesce(quantity_buildable_in_all, -1)) as total_count,
        max(provider || account || kit_product_id) = min(provider || account || kit_product_id) as is_one_kit
    from {{ ref('rpt_kit_buildable') }}
    group by kit_product_key
)

select coalesce(kits.product_key, report.kit_product_key) as kit_product_key
from kits
full outer join report on kits.product_key = report.kit_product_key
where
    kits.product_key is null
    or report.kit_product_key is null
    or report.row_count <> report.location_count
    or (report.placed_count <> report.row_count and report.row_count > 1)
    or report.recipe_count <> 1
    or report.total_count <> 1
    or not report.is_one_kit
