with

parsed_versions as (
    {{ parsed_versions('shipstream', 'warehouse_levels') }}
),

levels as (
    select
        version_key,
        account,
        product_type,
        product_id,
        warehouse_id,
        {{ as_written('record.product.sku') }} as sku,
        record.qty_expected as qty_expected,
        record.qty_processed as qty_processed,
        record.qty_putaway as qty_putaway,
        record.qty_available as qty_available,
        record.qty_allocated as qty_allocated,
        record.qty_reserved as qty_reserved,
        record.qty_picked as qty_picked,
        record.qty_on_hand as qty_on_hand,
        record.qty_advertised as qty_advertised,
        record.updated_at as counted_at,
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
