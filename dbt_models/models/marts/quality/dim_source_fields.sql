with

fields_counted as (
    select * from {{ ref('int_source_fields_counted') }}
),

keyed as (
    select
        {{ hash_key(['provider', 'resource', 'field_path']) }} as field_key,
        provider,
        resource,
        field_path,
        is_declared,
        declared_type,
        description,
        cast(version_count as bigint) as version_count,
        cast(current_count as bigint) as current_count,
        cast(record_versions as bigint) as record_versions,
        cast(current_records as bigint) as current_records,
        kinds_seen,
        cast(kind_count as bigint) as kind_count,
        first_seen_at,
        last_seen_at,
        cast(uncast_count as bigint) as uncast_count
    from fields_counted
)

select * from keyed
