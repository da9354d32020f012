-- A naive local time is text until the account's zone makes it an instant; one that is no time would be lost there.
{% for field in ['created_local', 'modified_local', 'aggregated_local'] %}
select
    version_key,
    '{{ field }}' as field,
    {{ field }} as said
from {{ ref('stg_sellercloud__inventory') }}
where {{ field }} is not null and {{ instant_in_zone(field, "'UTC'") }} is null
{% if not loop.last %}union all{% endif %}
{% endfor %}
