-- tenancy.migrate_all: the fleet in one transaction, a row per target.
SET client_min_messages = warning;
DROP EXTENSION IF EXISTS tenancy CASCADE;
CREATE EXTENSION tenancy;
RESET client_min_messages;
CREATE FUNCTION pg_temp.seed_fleet() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    FOR i IN 1..5 LOOP PERFORM tenancy.create_tenant('all_' || i, revision => '1'); END LOOP;
END
$$;

-- An empty fleet.
SELECT * FROM tenancy.migrate_all();

SELECT tenancy.add_migration('1', 'CREATE TABLE a (id int)', 'DROP TABLE a');
SELECT pg_temp.seed_fleet();
SELECT tenancy.add_migration('2', 'CREATE TABLE all_shared (id int PRIMARY KEY)', 'DROP TABLE all_shared',
       scope => 'public');
SELECT tenancy.add_migration('3', 'CREATE TABLE b (id int REFERENCES all_shared)', 'DROP TABLE b');

-- The third has a table of that name already: it fails, and the others go on. The shared schema comes first.
CREATE TABLE all_3.b (mine text);
SELECT tenant, schema, success, from_revision, to_revision, steps, duration >= '0' AS timed, sqlstate, error
  FROM tenancy.migrate_all();
SELECT relnamespace::regnamespace FROM pg_class WHERE relname = 'b' AND relkind = 'r' ORDER BY 1;
SELECT version FROM all_3.schema_migrations;

-- Mended: only that one has something to do.
DROP TABLE all_3.b;
SELECT tenant, success, from_revision, to_revision, steps, sqlstate, error FROM tenancy.migrate_all();

-- In a transaction block it is undone with it.
BEGIN;
SELECT tenancy.add_migration('4', 'CREATE TABLE c (id int)', 'DROP TABLE c');
SELECT count(*) FILTER (WHERE success) FROM tenancy.migrate_all() WHERE steps = 1;
ROLLBACK;
SELECT count(*) FROM pg_class WHERE relname = 'c' AND relnamespace::regnamespace::text LIKE 'all_%';

-- Which tenants: id pattern, tier, labels, statuses, set.
SELECT tenancy.add_migration('4', 'CREATE TABLE c (id int)', 'DROP TABLE c');
SELECT tenancy.add_migration('1', 'CREATE TABLE u (id int)', migration_set => 'users');
SELECT id FROM tenancy.create_tenant('all_u', migration_set => 'users', revision => '1');
UPDATE tenancy.tenants SET tier = 'gold' WHERE id IN ('all_1', 'all_2');
UPDATE tenancy.tenants SET labels = '{"canary": true}' WHERE id IN ('all_2', 'all_3');
UPDATE tenancy.tenants SET status = 'suspended' WHERE id = 'all_4';
UPDATE tenancy.tenants SET status = 'archived' WHERE id = 'all_5';
BEGIN;
SELECT tenant, steps FROM tenancy.migrate_all(pattern => 'all\_1') WHERE tenant IS NOT NULL;
SELECT tenant, steps FROM tenancy.migrate_all(tier => 'gold') WHERE tenant IS NOT NULL;
SELECT tenant, steps FROM tenancy.migrate_all(labels => '{"canary": true}') WHERE tenant IS NOT NULL;
SELECT tenant, steps FROM tenancy.migrate_all(statuses => '{suspended,archived}') WHERE tenant IS NOT NULL;
SELECT tenant, steps FROM tenancy.migrate_all(migration_set => 'users');
SELECT tenant, steps FROM tenancy.migrate_all(statuses => NULL) WHERE tenant IS NOT NULL;
ROLLBACK;
-- To a version; who is past it stays there.
SELECT version FROM tenancy.migrate_tenant('all_1', '4');
SELECT tenant, from_revision, to_revision, steps, sqlstate, error FROM tenancy.migrate_all('3');

-- Many rls tenants in one schema are one target.
CREATE SCHEMA all_rls;
SELECT count(*) FROM generate_series(1, 3) AS i,
       LATERAL tenancy.register_tenant('row' || i, 'all_rls', isolation => 'rls');
SELECT tenant, schema, success, from_revision, to_revision, steps FROM tenancy.migrate_all(pattern => 'row%');

-- Elsewhere: said so, and the others go on.
SELECT id FROM tenancy.register_tenant('far', NULL, 'database', 'elsewhere');
SELECT name FROM tenancy.register_server('eu1', 'service=eu1');
SELECT id FROM tenancy.register_tenant('farther', NULL, 'database', 'elsewhere', 'eu1');
SELECT tenant, schema, success, from_revision, to_revision, steps, sqlstate, error
  FROM tenancy.migrate_all(pattern => 'far%') WHERE tenant IS NOT NULL;
SELECT id FROM tenancy.deregister_tenant('far') UNION ALL SELECT id FROM tenancy.deregister_tenant('farther');

-- A schema that is gone, a history that does not match, a foreign tracking table: rows, not errors.
SET client_min_messages = warning;
DROP SCHEMA all_3 CASCADE;
RESET client_min_messages;
UPDATE all_2.schema_migrations SET checksum = 'x' WHERE version = '1';
SELECT tenant, success, from_revision, to_revision, steps, sqlstate, error
  FROM tenancy.migrate_all() WHERE tenant IS NOT NULL;

-- A failure in the shared schema stops the run.
SELECT tenancy.add_migration('5', 'SELECT 1/0', scope => 'public');
SELECT tenancy.add_migration('6', 'CREATE TABLE d (id int)');
SELECT tenant FROM tenancy.migrate_all();
SELECT count(*) FROM pg_class WHERE relname = 'd' AND relnamespace::regnamespace::text LIKE 'all_%';
SELECT tenancy.drop_migration('5');

-- Refused up front.
SELECT * FROM tenancy.migrate_all('+1');
SELECT * FROM tenancy.migrate_all('-1');
SELECT * FROM tenancy.migrate_all(NULL);
SELECT * FROM tenancy.migrate_all('one two');
SELECT * FROM tenancy.migrate_all(run_as => 'root');
SELECT tenancy.add_migration('7', 'CREATE INDEX CONCURRENTLY d_id ON d (id)', transactional => false);
SELECT * FROM tenancy.migrate_all();
SELECT count(*) FROM pg_class WHERE relname = 'd' AND relnamespace::regnamespace::text LIKE 'all_%';
SELECT tenant, to_revision, steps FROM tenancy.migrate_all('6', pattern => 'all\_1');
-- Words that no tenant has are slips of the pen.
\set VERBOSITY sqlstate
SELECT count(*) FROM tenancy.migrate_all('6', migration_set => 'no_such_set');
SELECT count(*) FROM tenancy.migrate_all('6', statuses => '{actve}');
\set VERBOSITY default

SET client_min_messages = warning;
DROP SCHEMA all_1, all_2, all_4, all_5, all_u, all_rls CASCADE;
DROP TABLE public.all_shared, public.schema_migrations CASCADE;
DROP EXTENSION tenancy;
