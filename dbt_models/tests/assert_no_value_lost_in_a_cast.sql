-- from_json turns what does not fit its type into null, without a word. Where the field feeds a measure, a number would
-- be missing from a sum: here it is said.
with

{% for provider, table in record_tables() %}
{{ provider }}_{{ table }} as (
    select
        '{{ provider }}.{{ table }}' as resource,
        version_key,
        {{ unnest_list(split_paths('uncast_fields')) }} as field_path
    from {{ ref('stg_' ~ provider ~ '__' ~ table) }}
    where uncast_fields is not null
),

{% endfor %}
lost as (
    {% for provider, table in record_tables() %}
    select * from {{ provider }}_{{ table }}
    where field_path in ({{ measure_fields(provider, table) }})
    {% if not loop.last %}union all{% endif %}
    {% endfor %}
)

select * from lost
