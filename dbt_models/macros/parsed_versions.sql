{# The versions that this model has to write: all of them, or, in an incremental run, those that are new, those that
   were retired since, and those that other code parsed. Each carries `record`, its payload read once into the
   declared types, `uncast_fields`, the fields whose text is there although the cast gave nothing, and `field_kinds` and
   `unknown_fields`, which say what the payload looks like (macros/dialect/field_kinds.sql).

   What is done is known by comparing with the table itself, never by the highest load id: two loaders may commit out
   of order (design §9). #}
{% macro parsed_versions(source_name, table_name) %}
    {%- set fields = declared(source_name, table_name, 'fields') -%}
    {%- set parsed_by = local_md5(
        model.raw_code ~ parse_payload('payload', fields) ~ uncast_fields('said', 'record', fields)
        ~ payload_keys('payload', fields) ~ field_kinds('payload', 'keys', fields) ~ unknown_fields('keys', fields)
    ) -%}
    select
        parsed.*,
        '{{ parsed_by }}' as parsed_by,
        {{ uncast_fields('said', 'record', fields) }} as uncast_fields,
        {{ field_kinds('payload', 'keys', fields) }} as field_kinds,
        {{ unknown_fields('keys', fields) }} as unknown_fields
    from (
        select
            versions.*,
            {{ parse_payload('payload', fields) }} as record,
            {{ payload_as_text('payload', fields) }} as said,
            {{ payload_keys('payload', fields) }} as keys
        from ({{ raw_versions(source_name, table_name) }}) as versions
        {% if is_incremental() %}
        where not exists (
            select 1
            from {{ this }} as done
            where
                done.version_key = versions.version_key
                and done.valid_to is not distinct from versions.valid_to
                and done.parsed_by = '{{ parsed_by }}'
        )
        {% endif %}
    ) as parsed
{% endmacro %}

{# Raw loses versions only when an account is reset. #}
{% macro forget_versions_gone_from_raw() %}
    {% if not execute or not is_incremental() %}
        {{ return('') }}
    {% endif %}
    {% set source_name, table_name = model.sources[0] %}
    {{ return(forget_rows_not_in('(' ~ raw_versions(source_name, table_name) ~ ')', ['version_key'])) }}
{% endmacro %}
