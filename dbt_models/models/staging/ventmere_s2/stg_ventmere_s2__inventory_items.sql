with

parsed_versions as (
    {{ parsed_versions('ventmere_s2', 'inventory_items') }}
),

levels as (
    select
        version_key,
        account,
        warehouse_id,
        product_id,
        record.level.available as available,
        record.level.incoming as incoming,
        record.level.reserved as reserved,
        record.level.updatedAt as counted_at,
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

select * from levels
