{# JSON whose shape is not known beforehand. What is known is declared, and read by parse_payload. #}

{# What a document is: array, object, text, number, boolean or null. #}
{% macro json_kind(document) -%}
    {{ return(adapter.dispatch('json_kind', 'stocktake')(document)) }}
{%- endmacro %}

{% macro duckdb__json_kind(document) -%}
    case json_type({{ document }})
        when 'ARRAY' then 'array'
        when 'OBJECT' then 'object'
        when 'VARCHAR' then 'text'
        when 'BOOLEAN' then 'boolean'
        when 'NULL' then 'null'
        else 'number'
    end
{%- endmacro %}

{# A member of an object, as a document; null where there is none. #}
{% macro json_member(document, key) -%}
    {{ return(adapter.dispatch('json_member', 'stocktake')(document, key)) }}
{%- endmacro %}

{% macro duckdb__json_member(document, key) -%}
    json_extract({{ document }}, '$."{{ key }}"')
{%- endmacro %}

{# A text, number or boolean without its quotes. #}
{% macro json_scalar(document) -%}
    {{ return(adapter.dispatch('json_scalar', 'stocktake')(document)) }}
{%- endmacro %}

{% macro duckdb__json_scalar(document) -%}
    json_extract_string({{ document }}, '$')
{%- endmacro %}

{# The elements of an array as a list of documents. #}
{% macro json_elements(document) -%}
    {{ return(adapter.dispatch('json_elements', 'stocktake')(document)) }}
{%- endmacro %}

{% macro duckdb__json_elements(document) -%}
    cast(json_extract({{ document }}, '$[*]') as json[])
{%- endmacro %}

{# The elements of a text that holds a JSON array of texts or numbers, as a list of texts; null where it holds none. #}
{% macro json_texts(text) -%}
    {{ return(adapter.dispatch('json_texts', 'stocktake')(text)) }}
{%- endmacro %}

{% macro duckdb__json_texts(text) -%}
    case
        when regexp_full_match({{ text }}, '(?s)\[.*\]') and json_valid({{ text }})
            then cast(json_extract_string({{ text }}, '$[*]') as varchar[])
    end
{%- endmacro %}

{# The members of an object as a list of structs of key and value. #}
{% macro json_members(document) -%}
    {{ return(adapter.dispatch('json_members', 'stocktake')(document)) }}
{%- endmacro %}

{% macro duckdb__json_members(document) -%}
    list_transform(
        map_entries(from_json({{ document }}, '"MAP(VARCHAR, JSON)"')),
        lambda member: {'key': member.key, 'value': member.value}
    )
{%- endmacro %}

{# The object that a document is, or that a text in it is; null where it is neither. #}
{% macro json_object_of(document) -%}
    {{ return(adapter.dispatch('json_object_of', 'stocktake')(document)) }}
{%- endmacro %}

{% macro duckdb__json_object_of(document) -%}
    case
        when json_type({{ document }}) = 'OBJECT' then {{ document }}
        when json_type(try_cast(json_extract_string({{ document }}, '$') as json)) = 'OBJECT'
            then try_cast(json_extract_string({{ document }}, '$') as json)
    end
{%- endmacro %}

{# The text or number of the first member of an object whose name is this one when only its letters and digits are looked
   at, and no capitals: StateName, stateName and state_name are statename. #}
{% macro json_text_by_plain_name(document, name) -%}
    {{ return(adapter.dispatch('json_text_by_plain_name', 'stocktake')(document, name)) }}
{%- endmacro %}

{% macro duckdb__json_text_by_plain_name(document, name) -%}
    list_filter(
        {{ duckdb__json_members(document) }},
        lambda member: lower(regexp_replace(member.key, '[^A-Za-z0-9]', '', 'g')) = '{{ name }}'
        and json_type(member.value) not in ('OBJECT', 'ARRAY', 'BOOLEAN', 'NULL')
    )[1].value ->> '$'
{%- endmacro %}

{# Of Spark, whose JSON functions take a text's quotes away and read numbers through doubles. So documents are tagged:
   every text in them, keys too, ends with a bar, and every number is a text that begins with one. {"a": "b", "c": 1.50}
   is {"a|": "b|", "c|": "|1.50"}. What a member is, and all of its digits, are seen wherever it goes. Escaped backslashes
   and quotes are put away meanwhile: Java's regular expressions take of the stack for every turn of a group, and a text
   of 6,000 characters would end the build. #}
{% macro spark__tagged(text) -%}
    {%- set put_away = "replace(replace(" ~ text ~ ", '\\\\\\\\', chr(1)), '\\\\\"', chr(2))" -%}
    replace(replace(
        regexp_replace({{ put_away }}, '"([^"]*)"|(-?[0-9][0-9.eE+-]*)', '"$1|$2"'), chr(2), '\\"'
    ), chr(1), '\\\\')
{%- endmacro %}

{# `body`, in which a tagged document is called `document`. Spark puts an expression wherever it is named, and would tag
   a payload anew for every field; the variable of a lambda is worked out once. #}
{% macro spark__with_tagged(text, body) -%}
    get(transform(array({{ spark__tagged(text) }}), document -> {{ body }}), 0)
{%- endmacro %}

{# A tagged scalar without its bar, any other tagged document as JSON again. A text that ends in a bar is taken whole, then
   a number that begins with one; what is left has them inside. #}
{% macro spark__untagged(document) -%}
    regexp_replace({{ document }}, '(?s)^(.*)[|]$|^[|](.*)$|"[|](-?[0-9][0-9.eE+-]*)"|[|](")', '$1$2$3$4')
{%- endmacro %}

{# The document where it is an object, or an array; else null. #}
{% macro spark__object(document) -%}
    nullif(regexp_extract({{ document }}, '(?s)^[{].*[}]$', 0), '')
{%- endmacro %}

{% macro spark__array(document) -%}
    nullif(regexp_extract({{ document }}, '(?s)^[\\[].*[\\]]$', 0), '')
{%- endmacro %}

{% macro spark__json_kind(document) -%}
    case
        when {{ document }} is null or {{ document }} = 'null' then 'null'
        when endswith({{ document }}, '|') then 'text'
        when startswith({{ document }}, '|') then 'number'
        when startswith({{ document }}, '{') then 'object'
        when startswith({{ document }}, '[') then 'array'
        else 'boolean'
    end
{%- endmacro %}

{% macro spark__json_member(document, key) -%}
    get_json_object({{ document }}, "$['{{ key }}|']")
{%- endmacro %}

{% macro spark__json_scalar(document) -%}
    {{ spark__untagged(document) }}
{%- endmacro %}

{% macro spark__json_elements(document) -%}
    from_json({{ spark__array(document) }}, 'array<string>')
{%- endmacro %}

{% macro spark__json_texts(text) -%}
    case
        when {{ text }} rlike '^(?s)\\[.*\\]$'
            then transform(from_json({{ spark__tagged(text) }}, 'array<string>'), one -> {{ spark__untagged('one') }})
    end
{%- endmacro %}

{% macro spark__json_members(document) -%}
    transform(
        map_entries(from_json({{ spark__object(document) }}, 'map<string,string>')),
        member -> named_struct('key', substring(member.key, 1, length(member.key) - 1), 'value', member.value)
    )
{%- endmacro %}

{% macro spark__json_object_of(document) -%}
    case
        when startswith({{ document }}, '{') and endswith({{ document }}, '}') then {{ document }}
        when startswith({{ document }}, '{') and endswith({{ document }}, '|')
            then case
                when from_json({{ spark__untagged(document) }}, 'map<string,string>') is not null
                    then {{ spark__tagged(spark__untagged(document)) }}
            end
    end
{%- endmacro %}

{% macro spark__json_text_by_plain_name(document, name) -%}
    get(transform(
        filter(
            {{ spark__json_members(document) }},
            member -> lower(regexp_replace(member.key, '[^A-Za-z0-9]', '')) = '{{ name }}'
            and (endswith(member.value, '|') or startswith(member.value, '|'))
        ),
        member -> {{ spark__untagged('member.value') }}
    ), 0)
{%- endmacro %}
