{# The versions that this model has to write: all of them, or, in an incremental run, those that are new, those that
   were retired since, and those that other code parsed. Each carries `said`, its payload read once into the declared
   names, as text; `record`, the same in the declared types; `uncast_values`, the values that cannot be used; and
   `field_kinds` and `unknown_fields`, which say what the payload looks like (macros/dialect/field_kinds.sql).

   What is done is known by comparing with the table itself, never by the highest load id: two loaders may commit out
   of order (design §9). #}
{% macro parsed_versions(source_name, table_name) %}
    {%- set fields = declared(source_name, table_name, 'fields') -%}
    {%- set said = payload_as_text('payload', fields) -%}
    {%- set record = typed_record('said', 'payload', fields) -%}
    {%- set keys = payload_keys('payload', fields) -%}
    {%- set kinds = field_kinds('payload', 'keys', fields) -%}
    {%- set uncast = uncast_values(
        'said', 'record', 'field_kinds', 'payload', fields, declared(source_name, table_name, 'year_1_is_never')
    ) -%}
    {%- set unknown = unknown_fields('keys', fields) -%}
    {%- set versions = raw_versions(source_name, table_name) -%}
    {%- set parsed_by = local_md5(
        model.raw_code ~ versions ~ said ~ record ~ keys ~ kinds ~ uncast ~ unknown
    ) -%}
    select
        parsed.*,
        '{{ parsed_by }}' as parsed_by,
        {{ uncast }} as uncast_values,
        {{ unknown }} as unknown_fields
    from (
        select
            said_in_text.*,
            {{ record }} as record,
            {{ kinds }} as field_kinds
        from (
            select
                versions.*,
                {{ said }} as said,
                {{ keys }} as keys
            from ({{ versions }}) as versions
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
        ) as said_in_text
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
