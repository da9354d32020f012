{# A payload read into the declared types in one pass. A value that does not fit its type becomes null; see
   uncast_fields for the test on that.

   Measured on DuckDB 2.0: a JSON number goes into DECIMAL digit by digit, into VARCHAR or JSON through a double. So
   numbers are declared as decimal, never as text to be cast later. Where the kind of a value is not known beforehand:
   a `verbatim` field is text, its numbers digit by digit (8518.30 stays 8518.30); of a `json` field with
   `exact_numbers: [value]`, a number under the key value becomes {"number": "8518.30"}. #}
{% macro parse_payload(payload, fields) -%}
    {{ return(adapter.dispatch('parse_payload', 'stocktake')(payload, fields)) }}
{%- endmacro %}

{% macro duckdb__parse_payload(payload, fields) -%}
    {%- set verbatim = duckdb__verbatim(fields) -%}
    {%- set text = duckdb__numbers_as(payload, verbatim, '"\\2"') if verbatim else payload -%}
    {%- set parsed = "from_json(" ~ text ~ ", '" ~ tojson(duckdb__structure(fields, false)) ~ "')" -%}
    {%- set exact = fields | selectattr('exact_numbers', 'defined') | list -%}
    {%- if not exact -%}
        {{ return(parsed) }}
    {%- endif -%}
    struct_update(
        {{ parsed }}
        {%- for field in exact %},
        {{ field.name }} := json_extract(
            {{ duckdb__numbers_as(payload, field.exact_numbers, '{"number": "\\2"}') }}, '$."{{ field.name }}"'
        )
        {%- endfor %}
    )
{%- endmacro %}

{# The payload with the numbers under these keys written in another way. Inside a JSON text every quote has a backslash
   before it, so what looks like `"key": 5` is always a member. #}
{% macro duckdb__numbers_as(payload, keys, written) -%}
    regexp_replace({{ payload }}, '("(?:{{ keys | join('|') }})"\s*:\s*)(-?[0-9][0-9.eE+-]*)', '\1{{ written }}', 'g')
{%- endmacro %}

{% macro duckdb__verbatim(fields) %}
    {% set names = [] %}
    {% for field in fields %}
        {% if field.type == 'verbatim' %}
            {% do names.append(field.name) %}
        {% endif %}
        {% do names.extend(duckdb__verbatim(field.fields | default([]))) %}
    {% endfor %}
    {{ return(names) }}
{% endmacro %}

{# The same fields as text, as far as a cast can lose them. #}
{% macro payload_as_text(payload, fields) -%}
    {{ return(adapter.dispatch('payload_as_text', 'stocktake')(payload, fields)) }}
{%- endmacro %}

{% macro duckdb__payload_as_text(payload, fields) -%}
    from_json({{ payload }}, '{{ tojson(duckdb__structure(duckdb__castable(fields), true)) }}')
{%- endmacro %}

{# The paths of the fields whose text is there (in `said`, of payload_as_text) although the cast gave nothing (in
   `record`, of parse_payload), as one text; null when none is. An empty text counts as absent: Ventmere S2 writes ""
   for a missing value (ventmere_s2.md §6). #}
{% macro uncast_fields(said, record, fields) -%}
    {{ return(adapter.dispatch('uncast_fields', 'stocktake')(said, record, fields)) }}
{%- endmacro %}

{% macro duckdb__uncast_fields(said, record, fields) -%}
    nullif(concat_ws(', ', null
        {%- for loss in duckdb__losses(duckdb__castable(fields), said, record, '') %},
        {{ loss.named }}
        {%- endfor %}), '')
{%- endmacro %}

{% macro duckdb__structure(fields, as_text) %}
    {% set types = {'text': 'VARCHAR', 'verbatim': 'VARCHAR', 'integer': 'BIGINT', 'decimal': 'DECIMAL(38,10)', 'boolean': 'BOOLEAN',
                    'instant': 'TIMESTAMPTZ', 'json': 'JSON'} %}
    {% set structure = {} %}
    {% for field in fields %}
        {% if field.fields is defined %}
            {% set type = duckdb__structure(field.fields, as_text) %}
        {% else %}
            {% set type = 'VARCHAR' if as_text else types[field.of if field.type == 'list' else field.type] %}
        {% endif %}
        {% do structure.update({field.name: [type] if field.type == 'list' else type}) %}
    {% endfor %}
    {{ return(structure) }}
{% endmacro %}

{# The fields, at any depth, whose values a cast can lose. #}
{% macro duckdb__castable(fields) %}
    {% set castable = [] %}
    {% for field in fields %}
        {% if field.fields is defined %}
            {% set inner = duckdb__castable(field.fields) %}
            {% if inner %}
                {% do castable.append({'name': field.name, 'type': field.type, 'fields': inner}) %}
            {% endif %}
        {% elif field.type in ('integer', 'decimal', 'boolean', 'instant') %}
            {% do castable.append(field) %}
        {% endif %}
    {% endfor %}
    {{ return(castable) }}
{% endmacro %}

{# Per field a condition that is true where it is lost, and a text that names it then. Of a list, the names of all that
   its elements lost are put together only where one lost something. #}
{% macro duckdb__losses(fields, said, got, path) %}
    {% set losses = [] %}
    {% for field in fields %}
        {% set name = adapter.quote(field.name) %}
        {% set field_path = path ~ field.name %}
        {% if field.type == 'struct' %}
            {% for loss in duckdb__losses(field.fields, said ~ '.' ~ name, got ~ '.' ~ name, field_path ~ '.') %}
                {% do losses.append(loss) %}
            {% endfor %}
        {% elif field.type == 'list' %}
            {% set inner = duckdb__losses(field.fields, 'element[1]', 'element[2]', field_path ~ '[].') %}
            {% set elements = 'list_zip(' ~ said ~ '.' ~ name ~ ', ' ~ got ~ '.' ~ name ~ '), lambda element: ' %}
            {% set condition = 'len(list_filter(' ~ elements ~ inner | map(attribute='condition') | join(' or ')
                ~ ')) > 0' %}
            {% do losses.append({
                'condition': condition,
                'named': 'case when ' ~ condition ~ ' then array_to_string(list_sort(list_distinct(flatten('
                    ~ 'list_transform(' ~ elements ~ '[' ~ inner | map(attribute='named') | join(', ')
                    ~ '])))), \', \') end'
            }) %}
        {% else %}
            {% set condition = "nullif(" ~ said ~ "." ~ name ~ ", '') is not null and " ~ got ~ "." ~ name
                ~ " is null" %}
            {% do losses.append({
                'condition': condition, 'named': 'case when ' ~ condition ~ " then '" ~ field_path ~ "' end"
            }) %}
        {% endif %}
    {% endfor %}
    {{ return(losses) }}
{% endmacro %}
