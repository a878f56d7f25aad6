-- CALL tenancy.migrate_targets(): these tenants, without the shared schema.
SET tenancy.concurrency = 0;
SET client_min_messages = warning;
DROP EXTENSION IF EXISTS tenancy CASCADE;
CREATE EXTENSION tenancy;
RESET client_min_messages;

SELECT tenancy.add_migration('1', 'CREATE TABLE mt_shared (id int)', 'DROP TABLE mt_shared', scope => 'public');
SELECT tenancy.add_migration('2', 'CREATE TABLE a (id int)', 'DROP TABLE a');
SELECT tenancy.add_migration('3', 'CREATE TABLE b (id int)', 'DROP TABLE b');
SELECT count(*) FROM generate_series(1, 4) AS i, LATERAL tenancy.create_tenant('mt_' || i, revision => 'base');
SELECT id, status FROM tenancy.set_tenant_status('mt_4', 'archived');

-- Whatever their status, each once.
CALL tenancy.migrate_targets('{mt_2,mt_4,mt_2}', '2');
SELECT tenant, schema, revision FROM tenancy.status();
SELECT operation, revision, filter, policy, targets, unchanged, state FROM tenancy.runs;
SELECT wave, tenant, state, versions FROM tenancy.run_report(1);
CALL tenancy.migrate_targets(ARRAY['mt_2']);
CALL tenancy.migrate_targets(ARRAY['mt_2']);

-- A failure.
CREATE TABLE mt_3.a (mine text);
CALL tenancy.migrate_targets('{mt_1,mt_3}');
SELECT tenant, revision FROM tenancy.status('mt%');
DROP TABLE mt_3.a;
CALL tenancy.retry_failed(4);

-- Nobody, or who is not there.
CALL tenancy.migrate_targets(NULL);
CALL tenancy.migrate_targets('{}');
CALL tenancy.migrate_targets('{NULL}');
CALL tenancy.migrate_targets('{mt_1,nobody}');
CALL tenancy.migrate_targets('{mt_1,nobody,"no, body","O''Neil"}');
CALL tenancy.migrate_targets('{mt_1}', NULL);
CALL tenancy.migrate_targets('{mt_1}', '-1');
CALL tenancy.migrate_targets('{mt_1}', 'base');
CALL tenancy.migrate_targets('{mt_1}', '7');
CALL tenancy.migrate_targets('{mt_1}', run_as => 'root');
BEGIN;
CALL tenancy.migrate_targets('{mt_1}');
ROLLBACK;

-- A tenant in the shared schema: the shared schema is its target.
SELECT id FROM tenancy.register_tenant('row', 'public', isolation => 'rls');
CALL tenancy.migrate_targets('{row}');
SELECT tenant, schema, revision FROM tenancy.status('row');

SET client_min_messages = warning;
DROP SCHEMA mt_1, mt_2, mt_3, mt_4 CASCADE;
DROP TABLE public.mt_shared, public.a, public.b, public.schema_migrations;
DROP EXTENSION tenancy;
