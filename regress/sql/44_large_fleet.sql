-- Where the first 200 targets have something to do, the others are not looked at before the workers take them.
SET client_min_messages = warning;
DROP EXTENSION IF EXISTS tenancy CASCADE;
CREATE EXTENSION tenancy;
SET tenancy.concurrency = 2;

CREATE PROCEDURE pg_temp.make_schemas() LANGUAGE plpgsql AS $$
BEGIN
    FOR i IN 1 .. 220 LOOP
        EXECUTE format('CREATE SCHEMA large_%s', lpad(i::text, 3, '0'));
        COMMIT;
    END LOOP;
END
$$;
CALL pg_temp.make_schemas();
SELECT count(*) FROM tenancy.discover('large\_%');
SELECT tenancy.add_migration('1', 'CREATE DOMAIN d AS int', 'DROP DOMAIN d');
SELECT tenancy.add_migration('2', 'CREATE DOMAIN e AS int', 'DROP DOMAIN e');

-- One of them is done already, and others cannot be done.
SELECT count(*) FROM tenancy.migrate_tenant('large_211');
SELECT count(*) FROM tenancy.migrate_tenant('large_212', '1');
CREATE DOMAIN large_212.e AS text;
CREATE TABLE large_213.schema_migrations (version text);
DROP SCHEMA large_214;
SELECT id FROM tenancy.pin_tenant('large_215', '1');

SELECT tenant, success, from_revision, to_revision, steps, attempts, sqlstate, error
  FROM tenancy.migrate_all() WHERE NOT success OR steps < 2 ORDER BY schema;
SELECT state, targets, unchanged, reason FROM tenancy.runs;
SELECT state, versions, count(*) FROM tenancy.run_targets GROUP BY 1, 2 ORDER BY 1, 2;
SELECT tenant, state, from_revision, to_revision, versions, sqlstate FROM tenancy.run_report(1)
 WHERE state <> 'done' OR cardinality(versions) < 2;

-- What failed, tried again.
DROP DOMAIN large_212.e;
DROP TABLE large_213.schema_migrations;
CREATE SCHEMA large_214;
CALL tenancy.retry_failed(1);
SELECT state, count(*) FROM tenancy.status() WHERE schema LIKE 'large\_%' GROUP BY 1 ORDER BY 1;
SELECT state, versions, count(*) FROM tenancy.run_targets GROUP BY 1, 2 ORDER BY 1, 2;

-- With nothing to do nobody works; and where a migration needs to run outside of transactions, the function refuses
-- before anything runs.
SELECT count(*) FILTER (WHERE attempts = 0), count(*) FROM tenancy.migrate_all() WHERE tenant LIKE 'large\_%';
SELECT tenancy.add_migration('3', 'CREATE DOMAIN f AS int', 'DROP DOMAIN f');
SELECT tenancy.add_migration('4', 'VACUUM schema_migrations', NULL, transactional => false);
SELECT count(*) FROM tenancy.migrate_all();
SELECT state, count(*) FROM tenancy.status() WHERE schema LIKE 'large\_%' GROUP BY 1 ORDER BY 1;
CALL tenancy.rollout();
SELECT state, count(*) FROM tenancy.status() WHERE schema LIKE 'large\_%' GROUP BY 1 ORDER BY 1;

CREATE PROCEDURE pg_temp.drop_schemas() LANGUAGE plpgsql AS $$
BEGIN
    FOR i IN 1 .. 220 LOOP
        EXECUTE format('DROP SCHEMA IF EXISTS large_%s CASCADE', lpad(i::text, 3, '0'));
        COMMIT;
    END LOOP;
END
$$;
CALL pg_temp.drop_schemas();
DROP EXTENSION tenancy CASCADE;
