{# For a post-hook of what is published: notes on the table, in the same transaction, which build made it. Publishing
   does not read again what no build has made since. A table that is replaced by other means loses its note, and is
   read; who writes into one that stands there must write a new note. #}
{% macro note_build() -%}
    {%- if config.get('materialized') != 'view' -%}
        comment on table {{ this }} is 'build {{ invocation_id }}'
    {%- endif -%}
{%- endmacro %}
