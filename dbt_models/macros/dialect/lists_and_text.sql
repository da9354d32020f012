{# One row per element of a list column. It stands alone in the select list of its CTE. #}
{% macro unnest_list(list) -%}
    {{ return(adapter.dispatch('unnest_list', 'stocktake')(list)) }}
{%- endmacro %}

{% macro duckdb__unnest_list(list) -%}
    unnest({{ list }})
{%- endmacro %}

{# One text of a JSON object, by its key. #}
{% macro json_text(document, key) -%}
    {{ return(adapter.dispatch('json_text', 'stocktake')(document, key)) }}
{%- endmacro %}

{% macro duckdb__json_text(document, key) -%}
    json_extract_string({{ document }}, '$."{{ key }}"')
{%- endmacro %}

{# Whether the whole text matches the pattern. #}
{% macro matches(text, pattern) -%}
    {{ return(adapter.dispatch('matches', 'stocktake')(text, pattern)) }}
{%- endmacro %}

{% macro duckdb__matches(text, pattern) -%}
    regexp_full_match({{ text }}, '{{ pattern }}')
{%- endmacro %}

{# One row per element of a list column, as a struct of its position, from 1 on, and the element. It stands alone in the
   select list of its CTE. #}
{% macro unnest_numbered(list) -%}
    {{ return(adapter.dispatch('unnest_numbered', 'stocktake')(list)) }}
{%- endmacro %}

{% macro duckdb__unnest_numbered(list) -%}
    unnest(list_transform({{ list }}, lambda element, position: {'position': position, 'element': element}))
{%- endmacro %}

{# The parts of a text between commas, semicolons or bars, trimmed. #}
{% macro split_list(text) -%}
    {{ return(adapter.dispatch('split_list', 'stocktake')(text)) }}
{%- endmacro %}

{% macro duckdb__split_list(text) -%}
    list_transform(string_split_regex({{ text }}, '[,;|]'), lambda part: trim(part))
{%- endmacro %}

{# The member `wanted` of the first element whose member `key` is `value`. A lookup in the row's own list: joining all
   options of all rows would be products times columns times options. #}
{% macro look_up(list, key, value, wanted) -%}
    {{ return(adapter.dispatch('look_up', 'stocktake')(list, key, value, wanted)) }}
{%- endmacro %}

{% macro duckdb__look_up(list, key, value, wanted) -%}
    list_filter({{ list }}, lambda option: option.{{ key }} = {{ value }})[1].{{ wanted }}
{%- endmacro %}

{% macro spark__unnest_list(list) -%}
    explode({{ list }})
{%- endmacro %}

{# The settings of an account are JSON as it was written; documents out of payloads are tagged. #}
{% macro spark__json_text(document, key) -%}
    coalesce(
        get_json_object({{ document }}, "$['{{ key }}']"),
        {{ spark__untagged(spark__json_member(document, key)) }}
    )
{%- endmacro %}

{% macro spark__matches(text, pattern) -%}
    ({{ text }} rlike '^(?:{{ pattern | replace('\\', '\\\\') }})$')
{%- endmacro %}

{% macro spark__unnest_numbered(list) -%}
    explode(transform(
        {{ list }}, (element, position) -> named_struct('position', position + 1, 'element', element)
    ))
{%- endmacro %}

{% macro spark__split_list(text) -%}
    transform(split({{ text }}, '[,;|]'), part -> trim(part))
{%- endmacro %}

{% macro spark__look_up(list, key, value, wanted) -%}
    get(filter({{ list }}, option -> option.{{ key }} = {{ value }}), 0).{{ wanted }}
{%- endmacro %}

{# A text as it stands in SQL, between its quotes. #}
{% macro literal(text) -%}
    {{ return(adapter.dispatch('literal', 'stocktake')(text)) }}
{%- endmacro %}

{% macro duckdb__literal(text) -%}
    '{{ text | replace("'", "''") }}'
{%- endmacro %}

{% macro spark__literal(text) -%}
    '{{ text | replace('\\', '\\\\') | replace("'", "\\'") }}'
{%- endmacro %}
