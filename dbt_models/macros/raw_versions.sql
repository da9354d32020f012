{# Every version of every record of a raw table: keys, clocks, payload, valid_from, valid_to. Staging reads only this,
   so that an engine which keeps raw in another way needs another body here and nothing else (design §9). #}
{% macro raw_versions(source_name, table_name) %}
    select
        {{ hash_key(["'" ~ source_name ~ "." ~ table_name ~ "'", 'account']
            + declared(source_name, table_name, 'keys') + [microseconds('_dlt_valid_from')]) }} as version_key,
        account,
        {% for key in declared(source_name, table_name, 'keys') %}
        {{ key }},
        {% endfor %}
        {{ usable_instant('updated_at') }} as updated_at,
        asked_at,
        {{ readable_payload('payload') }} as payload,
        row_hash,
        _dlt_valid_from as valid_from,
        _dlt_valid_to as valid_to,
        _dlt_load_id
    from {{ raw_table(source(source_name, table_name)) }}
{% endmacro %}
