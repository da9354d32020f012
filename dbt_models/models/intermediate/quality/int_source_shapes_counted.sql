-- Many versions look alike: counted first, a few rows are left to be taken apart field by field.
with

shapes as (
    {% for provider, resource in record_tables() %}
    select
        '{{ provider }}' as provider,
        account,
        '{{ resource }}' as resource,
        field_kinds,
        unknown_fields,
        count(*) as version_count,
        count(case when valid_to is null then 1 end) as current_count,
        min(asked_at) as first_asked_at,
        max(asked_at) as last_asked_at
    from {{ ref('stg_' ~ provider ~ '__' ~ resource) }}
    group by account, field_kinds, unknown_fields
    {% if not loop.last %}union all{% endif %}
    {% endfor %}
)

select * from shapes
