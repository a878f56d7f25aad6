-- Tenants that share a schema, of several sets, however their database is said: each target once.
SET tenancy.concurrency = 0;
SET client_min_messages = warning;
DROP EXTENSION IF EXISTS tenancy CASCADE;
CREATE EXTENSION tenancy;
RESET client_min_messages;

SELECT tenancy.add_migration('1', 'CREATE TABLE a (id int)', 'DROP TABLE a');
SELECT tenancy.add_migration('1', 'CREATE TABLE b (id int)', 'DROP TABLE b', migration_set => 'other');
CREATE SCHEMA sh_rows;
SELECT id FROM tenancy.register_tenant('r1', 'sh_rows', 'rls');
SELECT id FROM tenancy.register_tenant('r2', 'sh_rows', 'rls', migration_set => 'other');
SELECT id FROM tenancy.register_tenant('r3', 'sh_rows', 'rls', database => current_database());
SELECT id FROM tenancy.register_tenant('r4', 'sh_rows', 'rls', migration_set => 'other');

SELECT tenant, schema, success, from_revision, to_revision, steps FROM tenancy.migrate_all();
SELECT operation, targets, unchanged FROM tenancy.runs;
SELECT tenant, migration_set, state FROM tenancy.status();
SELECT tenant, schema, success, steps FROM tenancy.downgrade_all('base');

SET client_min_messages = warning;
DROP SCHEMA sh_rows CASCADE;
