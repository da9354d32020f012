with

parsed_versions as (
    {{ parsed_versions('sellercloud', 'warehouse_inventory') }}
),

warehouse_inventory_read as (
    select
        version_key,
        account,
        warehouse_id,
        product_id,
        {{ as_written('record.ShadowOf') }} as shadow_of_product_id,
        record.PhysicalQty as physical_quantity,
        record.ReservedQty as reserved_quantity,
        record.AggregateQty as aggregate_quantity,
        record.InventoryAvailableQty as available_quantity,
        record.WarehousePhysicalQty as warehouse_physical_quantity,
        record.WarehouseBasedPhysicalAndReservedQty as is_warehouse_based,
        nullif(trim(record.WarehouseName), '') as warehouse_name,
        record.IsKit as is_kit,
        case record.InventoryDependantOption
            when 0 then 'independent'
            when 1 then 'main_component'
            when 2 then 'all_components'
        end as kit_dependence,
        record.LastModifiedDate as modified_local,
        record.LastAggregateDate as aggregated_local,
        updated_at,
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

select * from warehouse_inventory_read
