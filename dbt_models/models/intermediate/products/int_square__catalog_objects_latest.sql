{{ config(meta={'merged_by': ['account', 'object_id']}) }}

with

versions as (
    select * from {{ ref('stg_square__catalog_objects') }}
),

ranked as (
    select
        *,
        {{ latest_version_rank('object_id') }} as age_rank
    from versions
),

latest as (
    select
        'square' as provider,
        account,
        object_id,
        object_type,
        object_version,
        item_name,
        product_type,
        is_archived,
        category_id,
        categories,
        reporting_category_id,
        variations,
        variation,
        category_name,
        parent_category_id,
        unit_name,
        updated_at,
        -- Of a deleted object, updated_at is the moment of deletion (square.md §6.4).
        case when is_deleted then coalesce(updated_at, valid_from) else valid_to end as deleted_at,
        valid_from,
        valid_to is null as is_current
    from ranked
    where age_rank = 1
)

select * from latest
