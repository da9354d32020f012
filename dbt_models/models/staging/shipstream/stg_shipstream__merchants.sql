with

parsed_versions as (
    {{ parsed_versions('shipstream', 'merchants') }}
),

merchants as (
    select
        version_key,
        account,
        merchant_id,
        nullif(trim(record.code), '') as code,
        nullif(trim(record.name), '') as name,
        -- A later rendering of the documentation has one status instead of two flags (shipstream.md §6.2).
        coalesce(record.is_active, lower(nullif(trim(record.status), '')) = 'active') as is_active,
        coalesce(record.is_deleted, lower(nullif(trim(record.status), '')) = 'deleted') as is_deleted,
        record.sort_order as sort_order,
        record.brands as brands,
        record.default_brand.id as default_brand_id,
        case when {{ json_kind('record.custom_fields') }} <> 'null' then record.custom_fields end as custom_fields,
        record.created_at as created_at,
        asked_at,
        valid_from,
        valid_to,
        uncast_values,
        field_kinds,
        unknown_fields,
        parsed_by,
        row_hash,
        _dlt_load_id
    from parsed_versions
)

select * from merchants
