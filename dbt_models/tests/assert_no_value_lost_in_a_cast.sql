-- from_json turns what does not fit its type into null, without a word. Here it is said.
{% for model in [
    ref('stg_sellercloud__inventory'),
    ref('stg_sellercloud__warehouse_inventory'),
    ref('stg_sellercloud__warehouses'),
    ref('stg_shipstream__total_levels'),
    ref('stg_shipstream__warehouse_levels'),
    ref('stg_shipstream__products'),
    ref('stg_shipstream__warehouses'),
    ref('stg_shipstream__merchants'),
    ref('stg_augno__items'),
    ref('stg_augno__item_inventory'),
    ref('stg_square__inventory_counts'),
    ref('stg_square__inventory_changes'),
    ref('stg_square__catalog_objects'),
    ref('stg_square__locations'),
    ref('stg_ventmere_s2__warehouses'),
    ref('stg_ventmere_s2__products'),
    ref('stg_ventmere_s2__inventory_items'),
] %}
select
    '{{ model.identifier }}' as model,
    version_key,
    uncast_fields
from {{ model }}
where uncast_fields is not null
{% if not loop.last %}union all{% endif %}
{% endfor %}
