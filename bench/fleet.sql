-- What the template database of a fleet holds besides the extension: empty schemas, and the loop that others write.

CREATE PROCEDURE make_schemas(schemas integer)
LANGUAGE plpgsql
AS $$
BEGIN
    FOR i IN 1 .. schemas LOOP
        EXECUTE format('CREATE SCHEMA %I', 't_' || lpad(i::text, 6, '0'));
        -- The lock table has no room for all of them at once.
        IF i % 500 = 0 THEN COMMIT; END IF;
    END LOOP;
END
$$;

-- One migration for every tenant of a share: the same statements and the same tracking rows as the extension's, a
-- transaction a tenant. Where there is `tracking_sql`, it makes the tracking table first.
CREATE PROCEDURE loop_over_tenants(version text, tracking_sql text, worker integer, workers integer)
LANGUAGE plpgsql
AS $$
DECLARE
    migration tenancy.migrations;
    tenant_schema text;
    begun timestamptz;
BEGIN
    SELECT m.* INTO STRICT migration FROM tenancy.migrations m WHERE m.version = loop_over_tenants.version;
    FOR tenant_schema IN
        SELECT schema
          FROM (SELECT schema, row_number() OVER (ORDER BY schema) AS number FROM tenancy.tenants) numbered
         WHERE number % workers = worker
         ORDER BY schema
    LOOP
        begun := clock_timestamp();
        PERFORM set_config('search_path', quote_ident(tenant_schema) || ', public', true);
        IF tracking_sql IS NOT NULL THEN EXECUTE tracking_sql; END IF;
        EXECUTE migration.up_sql;
        EXECUTE 'INSERT INTO schema_migrations VALUES ($1, $2, $3, $4, ''applied'', now(), current_user, $5)'
          USING migration.migration_set, migration.version, migration.description, migration.checksum,
                clock_timestamp() - begun;
        COMMIT;
    END LOOP;
END
$$;
