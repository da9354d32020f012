{% set drifts = {
    'undeclared': 'not is_declared',
    'never_seen': 'is_declared and record_versions > 0 and version_count = 0',
    'disappeared': 'version_count > 0 and current_count = 0 and current_records > 0',
    'changed_type': 'kind_count > 1',
    'uncast': 'uncast_count > 0',
} %}

with

source_fields as (
    select * from {{ ref('dim_source_fields') }}
),

drifts as (
    {% for drift, condition in drifts.items() %}
    select
        field_key,
        provider,
        resource,
        field_path,
        '{{ drift }}' as drift,
        declared_type,
        kinds_seen,
        version_count,
        current_count,
        uncast_count,
        first_seen_at,
        last_seen_at
    from source_fields
    where {{ condition }}
    {% if not loop.last %}union all{% endif %}
    {% endfor %}
)

select * from drifts
