{# The keys that a payload has, of every object that holds declared fields; of a list, of all its elements together.

   Measured on DuckDB 2.0: all keys, and all kinds, at a constant list of paths cost one pass over the payload each. A
   path into a list costs a pass of its own and can stand in no such list. #}
{% macro payload_keys(payload, fields) -%}
    {{ return(adapter.dispatch('payload_keys', 'stocktake')(payload, fields)) }}
{%- endmacro %}

{% macro duckdb__payload_keys(payload, fields) -%}
    {%- set holders = field_holders(fields) -%}
    {
        'outside_lists': try(
            json_keys({{ payload }}, {{ duckdb__texts(holders.outside_lists | map(attribute='holder')) }})
        )
        {%- for holder in holders.inside_lists %},
        'list_{{ loop.index }}': try(list_distinct(flatten(json_keys({{ payload }}, '{{ holder.holder }}'))))
        {%- endfor %}
    }
{%- endmacro %}

{# Of what kind every declared field of a payload is, as one letter per field in the order of field_paths: t text,
   n number, b boolean, a array, o object, 0 null, - absent. Of a field inside a list: + where some element has it,
   - where none does. `keys` are its payload_keys. #}
{% macro field_kinds(payload, keys, fields) -%}
    {{ return(adapter.dispatch('field_kinds', 'stocktake')(payload, keys, fields)) }}
{%- endmacro %}

{% macro duckdb__field_kinds(payload, keys, fields) -%}
    {%- set paths = [] -%}
    {%- for field in field_paths(fields) if not field.is_in_list -%}
        {%- do paths.append(field.holder ~ '."' ~ field.name ~ '"') -%}
    {%- endfor -%}
    concat(
        array_to_string(
            list_transform(
                try(json_type({{ payload }}, {{ duckdb__texts(paths) }})),
                lambda kind: case
                    when kind is null then '-'
                    when kind = 'VARCHAR' then 't'
                    when kind = 'BOOLEAN' then 'b'
                    when kind = 'NULL' then '0'
                    when kind = 'OBJECT' then 'o'
                    when kind = 'ARRAY' then 'a'
                    else 'n'
                end
            ),
            ''
        )
        {%- for holder in field_holders(fields).inside_lists -%}
        {%- set list = keys ~ '.list_' ~ loop.index -%}
        {%- for name in holder.names %},
        substr('-+', 1 + cast(list_contains({{ list }}, '{{ name }}') as integer), 1)
        {%- endfor -%}
        {%- endfor %}
    )
{%- endmacro %}

{# The paths of what a payload has and nobody declared, sorted and with commas between them; null when there is none. #}
{% macro unknown_fields(keys, fields) -%}
    {{ return(adapter.dispatch('unknown_fields', 'stocktake')(keys, fields)) }}
{%- endmacro %}

{% macro duckdb__unknown_fields(keys, fields) -%}
    {%- set holders = field_holders(fields) -%}
    {%- set unknown = [] -%}
    {%- for holder in holders.outside_lists -%}
        {%- do unknown.append(duckdb__unknown_keys(keys ~ '.outside_lists[' ~ loop.index ~ ']', holder)) -%}
    {%- endfor -%}
    {%- for holder in holders.inside_lists -%}
        {%- do unknown.append(duckdb__unknown_keys(keys ~ '.list_' ~ loop.index, holder)) -%}
    {%- endfor -%}
    nullif(array_to_string(list_sort(list_distinct(flatten([
        {{ unknown | join(',\n        ') }}
    ]))), ', '), '')
{%- endmacro %}

{% macro duckdb__unknown_keys(keys, holder) -%}
    list_transform(
        list_filter({{ keys }}, lambda key: not list_contains({{ duckdb__texts(holder.names) }}, key)),
        lambda key: '{{ holder.prefix }}' || replace(key, ', ', ',')
    )
{%- endmacro %}

{# The paths of a text of unknown_fields, as a list. #}
{% macro split_paths(text) -%}
    {{ return(adapter.dispatch('split_paths', 'stocktake')(text)) }}
{%- endmacro %}

{% macro duckdb__split_paths(text) -%}
    string_split({{ text }}, ', ')
{%- endmacro %}

{% macro duckdb__texts(texts) -%}
    ['{{ texts | join("', '") }}']
{%- endmacro %}

{% macro spark__texts(texts) -%}
    array('{{ texts | join("', '") }}')
{%- endmacro %}

{# A member of a tagged document by a JSON path without lists; null where it is null, too. #}
{% macro spark__at(document, path) -%}
    {%- if path == '$' -%}
        {{ document }}
    {%- else -%}
        nullif(get_json_object({{ document }}, "{{ spark__path(path) }}"), 'null')
    {%- endif -%}
{%- endmacro %}

{% macro spark__path(path) -%}
    {{ path | replace('."', "['") | replace('"', "|']") }}
{%- endmacro %}

{# All documents that a path into lists leads to. #}
{% macro spark__all_at(payload, path) -%}
    {%- set parts = path.split('[*]') -%}
    {%- set found = namespace(sql='array(' ~ spark__at(payload, parts[0]) ~ ')') -%}
    {%- for part in parts[1:] -%}
        {%- set found.sql = 'flatten(transform(' ~ found.sql ~ ', one -> coalesce('
            ~ spark__json_elements('one') ~ ', array())))' -%}
        {%- if part -%}
            {%- set found.sql = 'transform(' ~ found.sql ~ ', one -> ' ~ spark__at('one', '$' ~ part) ~ ')' -%}
        {%- endif -%}
    {%- endfor -%}
    {{ return(found.sql) }}
{%- endmacro %}

{% macro spark__keys_of(document) -%}
    transform(
        json_object_keys({{ spark__object(document) }}),
        name -> substring(name, 1, length(name) - 1)
    )
{%- endmacro %}

{% macro spark__payload_keys(payload, fields) -%}
    {%- set holders = field_holders(fields) -%}
    {%- set body -%}
    named_struct(
        'outside_lists', array(
        {%- for holder in holders.outside_lists %}
            {{ spark__keys_of(spark__at('document', holder.holder)) }}{{ ',' if not loop.last }}
        {%- endfor %}
        )
        {%- for holder in holders.inside_lists %},
        'list_{{ loop.index }}', array_distinct(flatten(transform(
            {{ spark__all_at('document', holder.holder) }}, one -> coalesce({{ spark__keys_of('one') }}, array())
        )))
        {%- endfor %}
    )
    {%- endset -%}
    {{ spark__with_tagged(payload, body) }}
{%- endmacro %}

{# As one list of values: conditions on each would have to be planned for each. Sail finds nothing by a path that is no
   literal. #}
{% macro spark__field_kinds(payload, keys, fields) -%}
    {%- set holders = field_holders(fields) -%}
    {%- set places = holders.outside_lists | map(attribute='holder') | list -%}
    {%- set outside = field_paths(fields) | rejectattr('is_in_list') | list -%}
    {%- set values -%}
        array(
            {%- for field in outside %}
            get_json_object(document, "{{ spark__path(field.holder ~ '."' ~ field.name ~ '"') }}")
            {{- ',' if not loop.last }}
            {%- endfor %}
        )
    {%- endset -%}
    array_join(transform(
        {{ spark__with_tagged(payload, values) }},
        (value, place) -> case
            when value is null or value = 'null'
                then case
                    when array_contains(
                        get({{ keys }}.outside_lists, get(array(
                            {%- for field in outside -%}
                                {{ places.index(field.holder) }}{{ ', ' if not loop.last }}
                            {%- endfor -%}
                        ), place)),
                        get({{ spark__texts(outside | map(attribute='name')) }}, place)
                    ) then '0'
                    else '-'
                end
            when endswith(value, '|') then 't'
            when startswith(value, '|') then 'n'
            when startswith(value, '{') then 'o'
            when startswith(value, '[') then 'a'
            else 'b'
        end
    ), '')
    {%- for holder in holders.inside_lists %}
    || array_join(transform(
        {{ spark__texts(holder.names) }},
        name -> case when array_contains({{ keys }}.list_{{ loop.index }}, name) then '+' else '-' end
    ), '')
    {%- endfor %}
{%- endmacro %}

{% macro spark__unknown_fields(keys, fields) -%}
    {%- set holders = field_holders(fields) -%}
    {%- set unknown = [] -%}
    {%- for holder in holders.outside_lists -%}
        {%- do unknown.append(spark__unknown_keys('get(' ~ keys ~ '.outside_lists, ' ~ loop.index0 ~ ')', holder)) -%}
    {%- endfor -%}
    {%- for holder in holders.inside_lists -%}
        {%- do unknown.append(spark__unknown_keys(keys ~ '.list_' ~ loop.index, holder)) -%}
    {%- endfor -%}
    nullif(array_join(array_sort(array_distinct(flatten(array(
        {{ unknown | join(',\n        ') }}
    )))), ', '), '')
{%- endmacro %}

{% macro spark__unknown_keys(keys, holder) -%}
    transform(
        filter(coalesce({{ keys }}, array()), name -> not array_contains({{ spark__texts(holder.names) }}, name)),
        name -> '{{ holder.prefix }}' || replace(name, ', ', ',')
    )
{%- endmacro %}

{% macro spark__split_paths(text) -%}
    split({{ text }}, ', ')
{%- endmacro %}
