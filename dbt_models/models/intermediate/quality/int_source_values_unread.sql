-- Of current versions only: what is only history costs nobody anything today.
with

{% for provider, resource in record_tables() %}
{{ provider }}_{{ resource }} as (
    select
        '{{ provider }}' as provider,
        account,
        '{{ resource }}' as resource,
        {{ declared(provider, resource, 'keys') | join(" || ', ' || ") or 'account' }} as record_key,
        version_key,
        asked_at,
        {{ unnest_list('uncast_values') }} as uncast
    from {{ ref('stg_' ~ provider ~ '__' ~ resource) }}
    where uncast_values is not null and valid_to is null
),

{% endfor %}
unread as (
    {% for provider, resource in record_tables() %}
    select
        provider,
        account,
        resource,
        record_key,
        version_key,
        asked_at,
        nullif(uncast.field_path, '') as field_path,
        uncast.said as said,
        uncast.field_path in ({{ measure_fields(provider, resource) }}) as feeds_measure
    from {{ provider }}_{{ resource }}
    {% if not loop.last %}union all{% endif %}
    {% endfor %}
),

-- In a list, several elements may have it.
counted as (
    select
        provider,
        account,
        resource,
        record_key,
        field_path,
        feeds_measure,
        min(said) as said,
        count(*) as value_count,
        min(asked_at) as first_seen_at
    from unread
    group by provider, account, resource, record_key, version_key, field_path, feeds_measure
)

select * from counted
