with

parsed_versions as (
    {{ parsed_versions('square', 'catalog_objects') }}
),

objects as (
    select
        version_key,
        account,
        object_id,
        record.type as object_type,
        record.version as object_version,
        record.updated_at as updated_at,
        coalesce(record.is_deleted, false) as is_deleted,
        coalesce(record.present_at_all_locations, true) as is_present_at_all_locations,
        record.present_at_location_ids as present_at_location_ids,
        record.absent_at_location_ids as absent_at_location_ids,
        record.item_data.name as item_name,
        record.item_data.product_type as product_type,
        record.item_data.is_archived as is_archived,
        record.item_data.category_id as category_id,
        record.item_data.categories as categories,
        record.item_data.reporting_category.id as reporting_category_id,
        record.item_data.variations as variations,
        record.item_variation_data as variation,
        record.category_data.name as category_name,
        record.category_data.parent_category.id as parent_category_id,
        coalesce(
            record.measurement_unit_data.measurement_unit.custom_unit.abbreviation,
            record.measurement_unit_data.measurement_unit.custom_unit.name,
            record.measurement_unit_data.measurement_unit.weight_unit,
            record.measurement_unit_data.measurement_unit.volume_unit,
            record.measurement_unit_data.measurement_unit.length_unit,
            record.measurement_unit_data.measurement_unit.area_unit,
            record.measurement_unit_data.measurement_unit.time_unit,
            record.measurement_unit_data.measurement_unit.generic_unit
        ) as unit_name,
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

select * from objects
