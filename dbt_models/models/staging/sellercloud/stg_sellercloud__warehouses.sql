with

parsed_versions as (
    {{ parsed_versions('sellercloud', 'warehouses') }}
),

addressed as (
    select
        *,
        {{ json_object_of('record.WarehouseAddress') }} as address_object
    from parsed_versions
),

warehouses_read as (
    select
        version_key,
        account,
        warehouse_id,
        nullif(trim(record.Name), '') as name,
        record.IsDefault as is_default,
        case record.WarehouseType
            when '0' then 'Normal'
            when '1' then 'FBA'
            when '2' then 'Un_Tested'
            when '3' then 'Interim'
            when '4' then 'DropShip'
            when '5' then 'NewEgg'
            when '6' then 'Cdiscount'
            when '7' then 'WFS'
            else nullif(record.WarehouseType, '')
        end as warehouse_type,
        record.IsSellAble as is_sellable,
        nullif(trim(record.QBWarehouseName), '') as quickbooks_name,
        record.EnforceBins as is_bin_required,
        nullif(trim(record.CreatedByUsername), '') as created_by,
        record.CreatedOn as created_local,
        record.WarehouseAddress as address,
        {% for part in ['city', 'region', 'postal_code', 'country_code', 'country'] %}
        {{ of_address('address_object', part) }} as {{ part }},
        {% endfor %}
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
    from addressed
)

select * from warehouses_read
