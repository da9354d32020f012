{# What an address whose fields nobody documents says under the usual names, of which the first that says something
   counts: city, region, postal_code, country_code or country (sellercloud.md §2). #}
{% macro of_address(address, part) -%}
    {%- set names = {
        'city': ['city', 'cityname', 'town', 'locality', 'municipality'],
        'region': [
            'statecode', 'state', 'stateprovince', 'stateorprovince', 'statename', 'stateregion', 'province',
            'provincecode', 'region', 'regionname', 'county',
        ],
        'postal_code': ['zipcode', 'postalcode', 'zip', 'postcode', 'zippostalcode'],
        'country_code': ['countrycode', 'countryisocode', 'countryiso2', 'countryid'],
        'country': ['country', 'countryname', 'countryregion'],
    } -%}
    coalesce(
        {%- for name in names[part] %}
        {{ cleaned(json_text_by_plain_name(address, name)) }}{{ "," if not loop.last }}
        {%- endfor %}
    )
{%- endmacro %}

{# A country as its two letters (ISO 3166-1 alpha-2), from these, from three letters or from an English name of a
   country where many warehouses are; null where it is none of them. #}
{% macro country_code(country) -%}
    {%- set codes = {
        'AT': ['aut', 'austria'], 'AU': ['aus', 'australia'], 'BE': ['bel', 'belgium'], 'BR': ['bra', 'brazil'],
        'CA': ['can', 'canada'], 'CH': ['che', 'switzerland'], 'CN': ['chn', 'china'],
        'CZ': ['cze', 'czechia', 'czech republic'], 'DE': ['deu', 'germany'], 'DK': ['dnk', 'denmark'],
        'ES': ['esp', 'spain'], 'FI': ['fin', 'finland'], 'FR': ['fra', 'france'],
        'GB': ['uk', 'gbr', 'united kingdom', 'great britain', 'england'], 'HK': ['hkg', 'hong kong'],
        'IE': ['irl', 'ireland'], 'IN': ['ind', 'india'], 'IT': ['ita', 'italy'], 'JP': ['jpn', 'japan'],
        'KR': ['kor', 'south korea', 'korea'], 'MX': ['mex', 'mexico'], 'NL': ['nld', 'netherlands'],
        'NO': ['nor', 'norway'], 'NZ': ['nzl', 'new zealand'], 'PL': ['pol', 'poland'], 'PT': ['prt', 'portugal'],
        'SE': ['swe', 'sweden'], 'SG': ['sgp', 'singapore'], 'TW': ['twn', 'taiwan'],
        'US': ['usa', 'united states', 'united states of america', 'u.s.', 'u.s.a.'],
    } -%}
    case
        {%- for code, names in codes.items() %}
        when lower({{ country }}) in ('{{ names | join("', '") }}') then '{{ code }}'
        {%- endfor %}
        when {{ matches(country, '[A-Za-z]{2}') }} then upper({{ country }})
    end
{%- endmacro %}
