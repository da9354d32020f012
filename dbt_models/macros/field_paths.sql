{# Every declared field as a path, such as `level.available` or `ChildProducts[].PerKitQty`, with its name, type and
   description, whether it lies in a list, and the JSON path of the object that holds it. Those outside lists come
   first, then those inside, list by list: this is the order of the letters of `field_kinds`. What a free-form field
   (json) holds is nobody's declaration, so it is not looked into. #}
{% macro field_paths(fields) %}
    {% set paths = all_field_paths(fields, '', '$', false) %}
    {% set sorted = paths | rejectattr('is_in_list') | list %}
    {% for holder in paths | selectattr('is_in_list') | groupby('holder') %}
        {% do sorted.extend(holder.list) %}
    {% endfor %}
    {{ return(sorted) }}
{% endmacro %}

{% macro all_field_paths(fields, prefix, holder, is_in_list) %}
    {% set paths = [] %}
    {% for field in fields %}
        {% set path = prefix ~ field.name %}
        {% set inner = holder ~ '."' ~ field.name ~ '"' %}
        {% do paths.append({
            'path': path, 'name': field.name, 'type': field.type, 'description': field.description,
            'is_in_list': is_in_list, 'prefix': prefix, 'holder': holder,
        }) %}
        {% if field.type == 'struct' %}
            {% do paths.extend(all_field_paths(field.fields, path ~ '.', inner, is_in_list)) %}
        {% elif field.fields is defined %}
            {% do paths.extend(all_field_paths(field.fields, path ~ '[].', inner ~ '[*]', true)) %}
        {% endif %}
    {% endfor %}
    {{ return(paths) }}
{% endmacro %}

{# The objects of a payload that hold declared fields: the payload itself, its structs, the elements of its lists. Each
   with its JSON path, what stands before the names of its fields, and these names; in the order of field_paths. #}
{% macro field_holders(fields) %}
    {% set holders = {'outside_lists': [], 'inside_lists': []} %}
    {% for found in field_paths(fields) | groupby('holder') %}
        {% set first = found.list | first %}
        {% do holders['inside_lists' if first.is_in_list else 'outside_lists'].append({
            'holder': found.grouper, 'prefix': first.prefix, 'names': found.list | map(attribute='name') | list,
        }) %}
    {% endfor %}
    {{ return(holders) }}
{% endmacro %}

{# Every declared field of every raw table, as rows of `values`: provider, resource, position of its letter in
   `field_kinds`, path, type, description. #}
{% macro declared_field_rows() %}
    {% set rows = [] %}
    {% for provider, table in record_tables() %}
        {% for field in field_paths(declared(provider, table, 'fields')) %}
            {% do rows.append(
                "('" ~ [provider, table] | join("', '") ~ "', " ~ loop.index
                ~ ", '" ~ [field.path, field.type] | join("', '") ~ "', " ~ literal(field.description) ~ ")"
            ) %}
        {% endfor %}
    {% endfor %}
    {{ return(rows | join(',\n        ')) }}
{% endmacro %}
