-- Migrations of one set that require those of another one in the same schema.
SET client_min_messages = warning;
DROP EXTENSION IF EXISTS tenancy CASCADE;
CREATE EXTENSION tenancy;
RESET client_min_messages;

CREATE SCHEMA req_a;
CREATE SCHEMA req_b;
SELECT count(*) FROM unnest('{req_a,req_b}'::text[]) AS t, LATERAL tenancy.register_tenant(t, migration_set => 'analytics');

SELECT tenancy.add_migration(v, format('CREATE TABLE users_%s (id int)', v), format('DROP TABLE users_%s', v),
                             migration_set => 'users') FROM unnest('{001,002,003,004}'::text[]) AS v;
SELECT tenancy.add_migration('001', 'CREATE TABLE facts (id int)', 'DROP TABLE facts', migration_set => 'analytics');
SELECT tenancy.add_migration('002', 'ALTER TABLE users_003 ADD fact int', 'ALTER TABLE users_003 DROP fact',
                             migration_set => 'analytics', requires => '{users@003}');
SELECT action FROM tenancy.load_migration('003_more.sql', E'-- MIGRATION_SET: analytics\n'
       '-- MIGRATION_REQUIRES: users@004 users@001\n-- UPGRADE\nSELECT 1;\n-- DOWNGRADE\nSELECT 1;\n');
SELECT version, requires FROM tenancy.migrations WHERE migration_set = 'analytics' ORDER BY 1;

-- What cannot be required.
SELECT tenancy.add_migration('009', '', requires => '{users}');
SELECT tenancy.add_migration('009', '', requires => '{default@001}');
SELECT * FROM tenancy.load_migration('009_x.sql', E'-- MIGRATION_REQUIRES: Users@1\n-- UPGRADE\nSELECT 1;\n');
SELECT tenancy.add_migration('001', 'CREATE TABLE facts (id int)', 'DROP TABLE facts', migration_set => 'analytics',
                             requires => '{billing@1}');
SELECT * FROM tenancy.plan_upgrade('req_a');
SELECT * FROM tenancy.migrate_schema('req_a');
SELECT to_regclass('req_a.facts'), to_regclass('req_a.schema_migrations');
SELECT tenancy.add_migration('001', 'CREATE TABLE facts (id int)', 'DROP TABLE facts', migration_set => 'analytics');

-- What is required goes first, in the same target and transaction.
SELECT step, migration_set, version, direction FROM tenancy.plan_upgrade('req_a');
SELECT step, migration_set, version FROM tenancy.migrate_schema('req_a', '001');
SELECT from_revision, to_revision, version, migration_set FROM tenancy.upgrade_target('req_a', '002');
SELECT migration_set, version FROM tenancy.history('req_a') ORDER BY 1, 2;
SELECT tenant, revision, pending, state FROM tenancy.status();

-- A failure names the set, and takes all of it back.
CREATE TABLE req_b.users_002 (mine int);
SELECT * FROM tenancy.migrate_schema('req_b');
SELECT to_regclass('req_b.facts'), to_regclass('req_b.users_001');
SELECT tenant, versions, sqlstate, error FROM tenancy.fleet_page();
SELECT tenant, schema, success, from_revision, to_revision, steps, error FROM tenancy.migrate_all();
SELECT tenant, state, versions, error FROM tenancy.run_report((SELECT max(id) FROM tenancy.runs));
DROP TABLE req_b.users_002;
SELECT max(id) AS run FROM tenancy.runs \gset
CALL tenancy.retry_failed(:run);
SELECT tenant, state, versions FROM tenancy.run_report(:run);

-- Downwards, what an applied migration requires stays.
SELECT * FROM tenancy.downgrade_schema('req_a', '002', 'users');
SELECT * FROM tenancy.plan_downgrade('req_a', 'base', 'users');
SELECT migration_set, version FROM tenancy.downgrade_schema('req_a', '002');
SELECT migration_set, version FROM tenancy.downgrade_schema('req_a', '003', 'users');
SELECT * FROM tenancy.downgrade_schema('req_a', migration_set => 'users');

-- A rollback takes back what the run applied of both.
CALL tenancy.rollback_run(:run, skip_irreversible => true);
SELECT tenant, state, versions, error FROM tenancy.run_report((SELECT max(id) FROM tenancy.runs));
SELECT migration_set, version FROM tenancy.history('req_b') ORDER BY 1, 2;

-- Variables are those of the step's set; a call may name one.
SELECT tenancy.add_migration('005', 'CREATE TABLE {{ name | identifier }} (id int)', 'DROP TABLE {{ name | identifier }}',
                             migration_set => 'users', variables => 'on');
SELECT tenancy.add_migration('004', 'CREATE TABLE {{ name | identifier }} (id int)', 'DROP TABLE {{ name | identifier }}',
                             migration_set => 'analytics', variables => 'on', requires => '{users@005}');
SELECT name FROM tenancy.set_variable('name', 'of_analytics', migration_set => 'analytics');
SELECT * FROM tenancy.migrate_schema('req_b');
SELECT name FROM tenancy.set_variable('name', 'of_users', migration_set => 'users');
SELECT variables FROM tenancy.fleet_page() WHERE tenant = 'req_b';
SELECT migration_set, version FROM tenancy.migrate_schema('req_b');
SET tenancy.variables = '{"users@name": "of_call"}';
SELECT migration_set, version FROM tenancy.migrate_schema('req_a');
RESET tenancy.variables;
SELECT nspname, relname FROM pg_class JOIN pg_namespace n ON n.oid = relnamespace
 WHERE nspname ~ '^req_' AND relname ~ '^of_' ORDER BY 1, 2;

-- Outside of transactions.
SELECT tenancy.add_migration('006', 'CREATE INDEX CONCURRENTLY users_index ON users_001 (id)',
                             'DROP INDEX CONCURRENTLY users_index', migration_set => 'users', transactional => false);
SELECT tenancy.add_migration('005', 'SELECT 1', '', migration_set => 'analytics', requires => '{users@006}');
SELECT * FROM tenancy.migrate_schema('req_a');
CALL tenancy.rollout(concurrency => 1);
SELECT tenant, state, from_revision, to_revision, versions
  FROM tenancy.run_report((SELECT max(id) FROM tenancy.runs));
SELECT migration_set, version, state FROM tenancy.history('req_a') WHERE version >= '005' ORDER BY 1, 2;

-- Circles are refused before anything runs.
SELECT tenancy.add_migration('007', 'SELECT 1', '', migration_set => 'users', requires => '{analytics@006}');
SELECT tenancy.add_migration('006', 'SELECT 1', '', migration_set => 'analytics', requires => '{users@007}');
SELECT * FROM tenancy.migrate_schema('req_a');

-- What is required cannot be dropped.
SELECT tenancy.drop_migration('007', 'users');
SELECT tenancy.add_migration('006', 'SELECT 1', '', migration_set => 'analytics');
SELECT tenancy.drop_migration('007', 'users');
SELECT tenancy.drop_migration('006', 'analytics');

SET client_min_messages = warning;
DROP SCHEMA req_a, req_b CASCADE;
DROP EXTENSION tenancy;
