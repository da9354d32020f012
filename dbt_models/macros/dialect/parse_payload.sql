{# What a payload says under its declared names, all of it as text, read in one pass. Null where the payload is no JSON.

   Measured on DuckDB 2.0: as soon as one member of the structure is a decimal, every number keeps the digits it was
   written with (8518.30 stays 8518.30); without one, numbers go through a double. So there is one that no payload has. #}
{% macro payload_as_text(payload, fields) -%}
    {{ return(adapter.dispatch('payload_as_text', 'stocktake')(payload, fields)) }}
{%- endmacro %}

{% macro duckdb__payload_as_text(payload, fields) -%}
    {%- set structure = duckdb__structure(fields) -%}
    {%- do structure.update({'_exact': 'DECIMAL(38,10)'}) -%}
    try(from_json({{ payload }}, '{{ tojson(structure) }}'))
{%- endmacro %}

{% macro duckdb__structure(fields) %}
    {% set structure = {} %}
    {% for field in fields %}
        {% if field.fields is defined %}
            {% set type = duckdb__structure(field.fields) %}
        {% else %}
            {% set type = 'JSON' if field.type == 'json' else 'VARCHAR' %}
        {% endif %}
        {% do structure.update({field.name: [type] if field.type == 'list' else type}) %}
    {% endfor %}
    {{ return(structure) }}
{% endmacro %}

{# The same in the declared types, from `said`, the payload as text. A value that cannot be used is null; see
   uncast_values, which names it. Of a `json` field with `exact_numbers: [value]`, a number under the key value becomes
   {"number": "8518.30"}, so that whoever looks into the document finds its digits. #}
{% macro typed_record(said, payload, fields) -%}
    {{ return(adapter.dispatch('typed_record', 'stocktake')(said, payload, fields)) }}
{%- endmacro %}

{% macro duckdb__typed_record(said, payload, fields, depth=1) -%}
    {
        {%- for field in fields %}
        {%- set value = said ~ '.' ~ adapter.quote(field.name) %}
        '{{ field.name }}':
        {%- if field.exact_numbers is defined %} try(json_extract(
            {{ duckdb__numbers_as(payload, field.exact_numbers, '{"number": "\\2"}') }}, '$."{{ field.name }}"'
        ))
        {%- elif field.fields is defined and not castable(field.fields) %} {{ value }}
        {%- elif field.type == 'struct' %} {{ duckdb__typed_record(value, payload, field.fields, depth) }}
        {%- elif field.fields is defined %} list_transform(
            {{ value }},
            lambda element_{{ depth }}: {{
                duckdb__typed_record('element_' ~ depth, payload, field.fields, depth + 1)
            }}
        )
        {%- else %} {{ typed(value, field) }}
        {%- endif %}{{ "," if not loop.last }}
        {%- endfor %}
    }
{%- endmacro %}

{# The payload with the numbers under these keys written in another way. Inside a JSON text every quote has a backslash
   before it, so what looks like `"key": 5` is always a member. #}
{% macro duckdb__numbers_as(payload, keys, written) -%}
    regexp_replace({{ payload }}, '("(?:{{ keys | join('|') }})"\s*:\s*)(-?[0-9][0-9.eE+-]*)', '\1{{ written }}', 'g')
{%- endmacro %}

{# The declared values of a payload that cannot be used, as a list of structs of field_path and said, the first
   200 characters of what stands there; null when there is none. That is a text that does not fit its type, a text or
   number where an object or a list was, an element of a list in which nothing can be read. An empty text, list or
   object counts as absent: Ventmere S2 writes "" for a missing value (ventmere_s2.md §6). `said` and `record` are what
   the two macros above give, `kinds` the payload's field_kinds. #}
{% macro uncast_values(said, record, kinds, payload, fields, never) -%}
    {{ return(adapter.dispatch('uncast_values', 'stocktake')(said, record, kinds, payload, fields, never)) }}
{%- endmacro %}

{# Most records have none, so the list is put together only where one is. #}
{% macro duckdb__uncast_values(said, record, kinds, payload, fields, never) -%}
    {%- set found = duckdb__losses(fields, said, record, '', never, 1) -%}
    {%- for field in field_paths(fields) -%}
        {%- if field.type in ('struct', 'list') and not field.is_in_list -%}
            {%- set text = "json_extract_string(" ~ payload ~ ", '" ~ field.holder ~ '."' ~ field.name ~ "\"')" -%}
            {%- set letters = 'o0-' if field.type == 'struct' else 'a0-' -%}
            {%- do found.conditions.append(
                "(not contains('" ~ letters ~ "', substr(" ~ kinds ~ ", " ~ loop.index ~ ", 1)) and "
                ~ text ~ " not in ('', '[]', '{}'))"
            ) -%}
            {%- do found.named.append(duckdb__uncast_value(found.conditions[-1], field.path, text)) -%}
        {%- endif -%}
    {%- endfor -%}
    case
        when {{ said }} is null then [{'field_path': '', 'said': substr({{ payload }}, 1, 200)}]
        when {{ found.conditions | join('\n            or ') }}
            then list_filter({{ duckdb__joined(found) }}, lambda value: value is not null)
    end
{%- endmacro %}

{% macro duckdb__uncast_value(condition, path, text) -%}
    case when {{ condition }} then {'field_path': '{{ path }}', 'said': substr({{ text }}, 1, 200)} end
{%- endmacro %}

{% macro duckdb__joined(found) -%}
    flatten([[{{ found.named | join(',\n                ') }}]
        {%- for list in found.lists %}, {{ list }}{% endfor %}])
{%- endmacro %}

{# Of the fields the conditions under which something is lost, and the values that name it then: `named` of what
   stands alone, `lists` of what lies in a list. Whether a whole object or list is lost, the letters of its kind say. #}
{% macro duckdb__losses(fields, said, got, path, never, depth) %}
    {% set found = {'conditions': [], 'named': [], 'lists': []} %}
    {% for field in fields %}
        {% set name = adapter.quote(field.name) %}
        {% set field_path = path ~ field.name %}
        {% if field.type == 'struct' %}
            {% set inner = duckdb__losses(
                field.fields, said ~ '.' ~ name, got ~ '.' ~ name, field_path ~ '.', never, depth
            ) %}
            {% for part in ['conditions', 'named', 'lists'] %}
                {% do found[part].extend(inner[part]) %}
            {% endfor %}
        {% elif field.fields is defined %}
            {% set element = 'element_' ~ depth %}
            {% set inner = duckdb__losses(
                field.fields, element ~ '[1]', element ~ '[2]', field_path ~ '[].', never, depth + 1
            ) %}
            {% set empty = [] %}
            {% for part in field.fields %}
                {% do empty.append(element ~ '[1].' ~ adapter.quote(part.name) ~ ' is null') %}
            {% endfor %}
            {% do inner.conditions.append('(' ~ empty | join(' and ') ~ ')') %}
            {% do inner.named.append(duckdb__uncast_value(inner.conditions[-1], field_path, "''")) %}
            {% set lost = 'list_filter(list_zip(' ~ said ~ '.' ~ name ~ ', ' ~ got ~ '.' ~ name ~ '), lambda '
                ~ element ~ ': ' ~ inner.conditions | join(' or ') ~ ')' %}
            {% do found.conditions.append('len(' ~ lost ~ ') > 0') %}
            {% do found.lists.append(
                'flatten(list_transform(' ~ lost ~ ', lambda ' ~ element ~ ': ' ~ duckdb__joined(inner) ~ '))'
            ) %}
        {% elif field.type in castable_types() %}
            {% set text = said ~ '.' ~ name %}
            {% set condition = text ~ " <> '' and " ~ got ~ '.' ~ name ~ ' is null' %}
            {% if field.type == 'local_time' or (field.type == 'instant' and never) %}
                {% set condition = condition ~ ' and not ' ~ is_never(text) %}
            {% endif %}
            {% do found.conditions.append('(' ~ condition ~ ')') %}
            {% do found.named.append(duckdb__uncast_value(condition, field_path, text)) %}
        {% endif %}
    {% endfor %}
    {{ return(found) }}
{% endmacro %}

{# A payload as every engine can read it. Half of a surrogate pair, written as \ud83d without its other half, stands for
   no character: it becomes U+FFFD. Everything else stays as it is. Only payloads that have such an escape at all are
   looked at twice; in them, backslashes that stand for themselves are put away before. #}
{% macro readable_payload(payload) -%}
    {{ return(adapter.dispatch('readable_payload', 'stocktake')(payload)) }}
{%- endmacro %}

{% macro duckdb__readable_payload(payload) -%}
    {%- set alone = "replace(" ~ payload ~ ", '\\\\', chr(1))" -%}
    {%- set pairs_put_away = "regexp_replace(" ~ alone
        ~ ", '\\\\u[dD]([89abAB][0-9a-fA-F]{2})\\\\u[dD]([c-fC-F][0-9a-fA-F]{2})', chr(2) || '\\1' || chr(3) || '\\2', 'g')" -%}
    {%- set halves_replaced = "regexp_replace(" ~ pairs_put_away ~ ", '\\\\u[dD][89a-fA-F][0-9a-fA-F]{2}', '\\\\ufffd', 'g')" -%}
    case
        when contains({{ payload }}, '\ud') or contains({{ payload }}, '\uD') then
            replace(replace(replace({{ halves_replaced }}, chr(2), '\ud'), chr(3), '\ud'), chr(1), '\\')
        else {{ payload }}
    end
{%- endmacro %}

{# Of Spark, where one member of another shape than it was declared can cost the whole. So every value is read by its
   path, as a text, and the elements of a list one by one. #}
{% macro spark__payload_as_text(payload, fields) -%}
    {%- set body -%}
    case
        when json_object_keys({{ spark__object('document') }}) is not null
            then {{ spark__read('document', '$', fields, 1) }}
    end
    {%- endset -%}
    {{ spark__with_tagged(payload, body) }}
{%- endmacro %}

{% macro spark__read(document, path, fields, depth) -%}
    named_struct(
        {%- for field in fields %}
        {%- set inner = path ~ '."' ~ field.name ~ '"' %}
        {%- set value = spark__at(document, inner) %}
        '{{ field.name }}',
        {%- if field.type == 'struct' %} case
            when startswith({{ value }}, '{') then {{ spark__read(document, inner, field.fields, depth) }}
        end
        {%- elif field.fields is defined %} transform(
            {{ spark__json_elements(value) }}, element_{{ depth }} -> case
                when startswith(element_{{ depth }}, '{')
                    then {{ spark__read('element_' ~ depth, '$', field.fields, depth + 1) }}
            end
        )
        {%- elif field.type == 'list' %} transform(
            {{ spark__json_elements(value) }}, element_{{ depth }} -> {{ spark__untagged('element_' ~ depth) }}
        )
        {%- elif field.type == 'json' %} {{ value }}
        {%- else %} {{ spark__untagged(value) }}
        {%- endif %}{{ "," if not loop.last }}
        {%- endfor %}
    )
{%- endmacro %}

{% macro spark__typed_record(said, payload, fields, depth=1) -%}
    named_struct(
        {%- for field in fields %}
        {%- set value = said ~ '.' ~ adapter.quote(field.name) %}
        '{{ field.name }}',
        {%- if field.exact_numbers is defined %} {{ spark__at(
            spark__numbers_apart(spark__tagged(payload), field.exact_numbers), '$."' ~ field.name ~ '"'
        ) }}
        {%- elif field.fields is defined and not castable(field.fields) %} {{ value }}
        {%- elif field.type == 'struct' %} {{ spark__typed_record(value, payload, field.fields, depth) }}
        {%- elif field.fields is defined %} transform(
            {{ value }},
            element_{{ depth }} -> {{ spark__typed_record('element_' ~ depth, payload, field.fields, depth + 1) }}
        )
        {%- else %} {{ typed(value, field) }}
        {%- endif %}{{ "," if not loop.last }}
        {%- endfor %}
    )
{%- endmacro %}

{# A tagged document with the numbers under these keys as objects: {"number|": "1.50|"}. #}
{% macro spark__numbers_apart(document, keys) -%}
    regexp_replace(
        {{ document }}, '("(?:{{ keys | join('|') }})[|]"\\s*:\\s*)"[|](-?[0-9][0-9.eE+-]*)"', '$1{"number|":"$2|"}'
    )
{%- endmacro %}

{# All of it in one list, of which what is null is left out: conditions that stand there twice are planned twice. #}
{% macro spark__uncast_values(said, record, kinds, payload, fields, never) -%}
    {%- set found = spark__losses(fields, said, record, '', never, 1) -%}
    {%- for field in field_paths(fields) -%}
        {%- if field.type in ('struct', 'list') and not field.is_in_list -%}
            {%- set text = spark__untagged(
                spark__at(spark__tagged(payload), field.holder ~ '."' ~ field.name ~ '"')
            ) -%}
            {%- set letters = 'o0-' if field.type == 'struct' else 'a0-' -%}
            {%- do found.named.append(spark__uncast_value(
                "not contains('" ~ letters ~ "', substring(" ~ kinds ~ ", " ~ loop.index ~ ", 1)) and "
                ~ text ~ " not in ('', '[]', '{}')", field.path, text
            )) -%}
        {%- endif -%}
    {%- endfor -%}
    case
        when {{ said }} is null
            then array(named_struct('field_path', '', 'said', substring({{ payload }}, 1, 200)))
        else nullif(
            filter({{ spark__joined(found) }}, value -> value is not null),
            cast(array() as array<struct<field_path: string, said: string>>)
        )
    end
{%- endmacro %}

{% macro spark__uncast_value(condition, path, text) -%}
    case
        when {{ condition }} then named_struct('field_path', '{{ path }}', 'said', substring({{ text }}, 1, 200))
    end
{%- endmacro %}

{% macro spark__joined(found) -%}
    {%- set nothing = 'cast(null as struct<field_path: string, said: string>)' -%}
    {%- set list = 'array(' ~ (found.named or [nothing]) | join(',\n                ') ~ ')' -%}
    {{ 'concat(' ~ ([list] + found.lists) | join(', ') ~ ')' if found.lists else list }}
{%- endmacro %}

{% macro spark__losses(fields, said, got, path, never, depth) %}
    {% set found = {'named': [], 'lists': []} %}
    {% for field in fields %}
        {% set name = adapter.quote(field.name) %}
        {% set field_path = path ~ field.name %}
        {% set text = said ~ '.' ~ name %}
        {% set condition = text ~ " <> '' and " ~ got ~ '.' ~ name ~ ' is null' %}
        {% if field.type == 'struct' %}
            {% set inner = spark__losses(field.fields, text, got ~ '.' ~ name, field_path ~ '.', never, depth) %}
            {% do found.named.extend(inner.named) %}
            {% do found.lists.extend(inner.lists) %}
        {% elif field.fields is defined %}
            {% set one, other = 'element_' ~ depth, 'get(' ~ got ~ '.' ~ name ~ ', place_' ~ depth ~ ')' %}
            {% set inner = spark__losses(field.fields, one, other, field_path ~ '[].', never, depth + 1) %}
            {% set empty = [] %}
            {% for part in field.fields %}
                {% do empty.append(one ~ '.' ~ adapter.quote(part.name) ~ ' is null') %}
            {% endfor %}
            {% do inner.named.append(spark__uncast_value(empty | join(' and '), field_path, "''")) %}
            {% do found.lists.append(
                'coalesce(flatten(transform(' ~ text ~ ', (' ~ one ~ ', place_' ~ depth ~ ') -> '
                ~ spark__joined(inner) ~ ')), array())'
            ) %}
        {% elif field.type in castable_types() %}
            {% if field.type == 'local_time' or (field.type == 'instant' and never) %}
                {% set condition = condition ~ ' and not ' ~ is_never(text) %}
            {% endif %}
            {% do found.named.append(spark__uncast_value(condition, field_path, text)) %}
        {% endif %}
    {% endfor %}
    {{ return(found) }}
{% endmacro %}

{% macro spark__readable_payload(payload) -%}
    {%- set alone = "replace(" ~ payload ~ ", '\\\\\\\\', chr(1))" -%}
    {%- set pairs_put_away = "regexp_replace(" ~ alone
        ~ ", '\\\\\\\\u[dD]([89abAB][0-9a-fA-F]{2})\\\\\\\\u[dD]([c-fC-F][0-9a-fA-F]{2})', concat(chr(2), '$1', chr(3), '$2'))" -%}
    {%- set halves_replaced = "regexp_replace(" ~ pairs_put_away
        ~ ", '\\\\\\\\u[dD][89a-fA-F][0-9a-fA-F]{2}', '\\\\\\\\ufffd')" -%}
    case
        when contains({{ payload }}, '\\ud') or contains({{ payload }}, '\\uD') then
            replace(replace(replace({{ halves_replaced }}, chr(2), '\\ud'), chr(3), '\\ud'), chr(1), '\\\\')
        else {{ payload }}
    end
{%- endmacro %}
