-- Migration sets: separate lists, also in one schema.
SET client_min_messages = warning;
DROP EXTENSION IF EXISTS tenancy CASCADE;
CREATE EXTENSION tenancy;
RESET client_min_messages;

CREATE SCHEMA set_t;
SELECT tenancy.add_migration('1', 'CREATE TABLE a (id int)', 'DROP TABLE a');
SELECT tenancy.add_migration('1', 'CREATE TABLE users (id int)', 'DROP TABLE users', migration_set => 'users');
SELECT tenancy.add_migration('2', 'CREATE TABLE groups (id int)', 'DROP TABLE groups', migration_set => 'users');
SELECT tenancy.add_migration('1', 'CREATE TABLE facts (id int)', 'DROP TABLE facts', scope => 'both',
       migration_set => 'analytics');

-- One schema, three histories in one tracking table.
SELECT migration_set, version FROM tenancy.migrate_schema('set_t');
SELECT migration_set, version FROM tenancy.migrate_schema('set_t', migration_set => 'users');
SELECT migration_set, version FROM tenancy.migrate_schema('set_t', migration_set => 'analytics');
SELECT migration_set, version FROM set_t.schema_migrations ORDER BY 1, 2;
SELECT migration_set, version FROM tenancy.downgrade_schema('set_t', migration_set => 'users');
SELECT migration_set, version FROM tenancy.downgrade_schema('set_t', 'base');
SELECT migration_set, version FROM set_t.schema_migrations ORDER BY 1, 2;

-- A tenant has one set; without an argument it is that one.
SELECT id FROM tenancy.register_tenant('set_t', migration_set => 'users');
SELECT migration_set, version FROM tenancy.migrate_schema('set_t');
SELECT migration_set, version FROM tenancy.downgrade_tenant('set_t');
SELECT migration_set, version FROM tenancy.migrate_tenant('set_t');
SELECT migration_set, version FROM tenancy.migrate_tenant('set_t', migration_set => 'default');
SELECT migration_set, version FROM tenancy.plan_downgrade('set_t', 'base');
SELECT tenant, migration_set, revision, state FROM tenancy.status();

-- Revisions are looked for in the set.
SELECT * FROM tenancy.migrate_schema('set_t', '2', 'default');
SELECT * FROM tenancy.migrate_schema('set_t', '1', 'no_such_set');
SELECT * FROM tenancy.migrate_schema('set_t', '1', 'Users');

-- rls tenants of one schema with different sets: which one must be said.
CREATE SCHEMA set_rls;
SELECT count(*) FROM unnest(ARRAY['default', 'users']) AS s, LATERAL tenancy.register_tenant('row_' || s, 'set_rls',
       'rls', migration_set => s);
SELECT * FROM tenancy.migrate_schema('set_rls');
SELECT migration_set, version FROM tenancy.migrate_schema('set_rls', migration_set => 'users');
SELECT migration_set, version FROM tenancy.migrate_tenant('row_default');
SELECT tenancy.run_in_schema('set_rls', 'CREATE TABLE seeded (id int)');
SELECT tenancy.start_tracking('set_rls');
SELECT to_regclass('set_rls.seeded');

-- The fleet: every tenant by its set; the shared schema by each set that has something for it.
SELECT tenant, schema, success, from_revision, to_revision, steps FROM tenancy.migrate_all();
SELECT tenant, schema, success, to_revision FROM tenancy.migrate_all(migration_set => 'analytics');
SELECT migration_set, version FROM public.schema_migrations ORDER BY 1, 2;

SET client_min_messages = warning;
DROP SCHEMA set_t, set_rls CASCADE;
DROP TABLE public.facts, public.schema_migrations;
DROP EXTENSION tenancy;
