with

parsed_versions as (
    {{ parsed_versions('ventmere_s2', 'warehouses') }}
),

warehouses as (
    select
        version_key,
        account,
        warehouse_id,
        record.organization.id as organization_id,
        nullif(record.name, '') as name,
        nullif(record.address.city, '') as city,
        nullif(record.address.state, '') as region,
        nullif(record.address.countryId, '') as country_code,
        record.dropshipper as is_dropshipper,
        record.fulfillmentCenter as is_fulfillment_center,
        record.rmaCenter as is_rma_center,
        nullif(record.unitSystem, '') as unit_system,
        record.createdAt as created_at,
        record.updatedAt as updated_at,
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
