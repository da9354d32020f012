-- What feeds no measure and does not fit its type costs a name or a date, and no build. It is said here and in
-- rpt_schema_drift for as long as a current version has it.
{{ config(severity='warn') }}

with

{% for provider, table in record_tables() %}
{{ provider }}_{{ table }} as (
    select
        '{{ provider }}.{{ table }}' as resource,
        version_key,
        {{ unnest_list(split_paths('uncast_fields')) }} as field_path
    from {{ ref('stg_' ~ provider ~ '__' ~ table) }}
    where uncast_fields is not null and valid_to is null
),

{% endfor %}
lost as (
    {% for provider, table in record_tables() %}
    select * from {{ provider }}_{{ table }}
    where field_path not in ({{ measure_fields(provider, table) }})
    {% if not loop.last %}union all{% endif %}
    {% endfor %}
)

select * from lost
