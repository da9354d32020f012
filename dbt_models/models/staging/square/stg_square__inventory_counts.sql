with

parsed_versions as (
    {{ parsed_versions('square', 'inventory_counts') }}
),

counts as (
    select
        version_key,
        account,
        catalog_object_id,
        location_id,
        state,
        record.catalog_object_type as catalog_object_type,
        record.quantity as quantity,
        coalesce(record.is_estimated, false) as is_estimated,
        record.calculated_at as counted_at,
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

select * from counts
