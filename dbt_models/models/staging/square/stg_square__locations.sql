with

parsed_versions as (
    {{ parsed_versions('square', 'locations') }}
),

locations as (
    select
        version_key,
        account,
        location_id,
        record.name as name,
        record.type as location_type,
        record.status as status,
        record.address.locality as city,
        record.address.administrative_district_level_1 as region,
        coalesce(record.address.country, record.country) as country_code,
        record.timezone as timezone,
        record.currency as currency_code,
        record.merchant_id as merchant_id,
        record.business_name as business_name,
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

select * from locations
