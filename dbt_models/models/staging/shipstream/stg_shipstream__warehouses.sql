with

parsed_versions as (
    {{ parsed_versions('shipstream', 'warehouses') }}
),

warehouses as (
    select
        version_key,
        account,
        warehouse_id,
        nullif(trim(record.name), '') as name,
        record.is_active as is_active,
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

select * from warehouses
