{# The id of a product where every kind of product counts its own ids (shipstream.md §6.2): merchandise by the id alone,
   packaging and the like with the kind in front. #}
{% macro typed_product_id(product_type='product_type', product_id='product_id') -%}
    case when {{ product_type }} = 'Product' then {{ product_id }} else {{ product_type }} || ':' || {{ product_id }} end
{%- endmacro %}
