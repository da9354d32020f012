-- A shadow and its parent are two lines of one stock: whoever adds up additive rows counts it once. That a row is
-- additive is decided where quantities are read, that it is a shadow where products are.
select
    positions.product_key,
    positions.product_id
from {{ ref('fct_inventory_positions') }} as positions
inner join {{ ref('dim_products') }} as products on positions.product_key = products.product_key
where products.shadow_of_product_key is not null and positions.is_additive
