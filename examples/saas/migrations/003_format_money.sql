-- MIGRATION_SCOPE: public
-- MIGRATION_DESCRIPTION: format_money, which every tenant's views use

-- UPGRADE
CREATE FUNCTION format_money(minor_units bigint, currency char(3)) RETURNS text
LANGUAGE sql STABLE STRICT PARALLEL SAFE
SET search_path FROM CURRENT
AS $$
    SELECT CASE c.minor_unit
               WHEN 0 THEN minor_units::text
               ELSE round(minor_units / 10 ^ c.minor_unit::numeric, c.minor_unit)::text
           END || ' ' || c.code
      FROM currencies AS c
     WHERE c.code = currency
$$;

-- DOWNGRADE
DROP FUNCTION format_money(bigint, char);
