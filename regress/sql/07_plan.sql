-- tenancy.plan_upgrade and plan_downgrade: what would be done, and what would be refused.
SET client_min_messages = warning;
DROP EXTENSION IF EXISTS tenancy CASCADE;
CREATE EXTENSION tenancy;
RESET client_min_messages;

CREATE SCHEMA plan_t;
SELECT tenancy.add_migration('1', 'CREATE TABLE a (id int)', 'DROP TABLE a', 'table a');
SELECT tenancy.add_migration('2', 'CREATE TABLE plan_shared (id int)', 'DROP TABLE plan_shared', scope => 'public');
SELECT tenancy.add_migration('3', 'CREATE TABLE b (id int)', 'DROP TABLE b', 'table b', scope => 'both');
SELECT tenancy.add_migration('4', 'CREATE INDEX CONCURRENTLY a_id ON a (id)', 'DROP INDEX CONCURRENTLY a_id',
                             transactional => false);
SELECT tenancy.add_migration('zz_view', 'CREATE OR REPLACE VIEW v AS SELECT 1 AS one', 'DROP VIEW v',
                             repeatable => true);

SELECT * FROM tenancy.plan_upgrade('plan_t');
SELECT * FROM tenancy.plan_upgrade('plan_t', '3');
SELECT * FROM tenancy.plan_upgrade('plan_t', '+1');
SELECT * FROM tenancy.plan_upgrade('public');
SELECT * FROM tenancy.plan_downgrade('plan_t', 'base');

-- Nothing was made.
SELECT count(*) FROM pg_class WHERE relnamespace = 'plan_t'::regnamespace;

-- A plan is what is then done.
SELECT version FROM tenancy.migrate_schema('plan_t', '3');
SELECT step, version FROM tenancy.plan_upgrade('plan_t');
SELECT * FROM tenancy.plan_downgrade('plan_t');
SELECT step, version FROM tenancy.plan_downgrade('plan_t', '1');
SELECT step, version FROM tenancy.plan_downgrade('plan_t', 'base');
SELECT step, version FROM tenancy.plan_downgrade('plan_t', '3');

-- A repeatable migration that changed is a step again.
SELECT tenancy.drop_migration('4');
SELECT version FROM tenancy.migrate_schema('plan_t');
SELECT step, version FROM tenancy.plan_upgrade('plan_t');
SELECT tenancy.add_migration('zz_view', 'CREATE OR REPLACE VIEW v AS SELECT 2 AS one', 'DROP VIEW v',
                             repeatable => true);
SELECT step, version FROM tenancy.plan_upgrade('plan_t');
SELECT step, version FROM tenancy.plan_upgrade('plan_t', '3');

-- Refused as the migration itself would be.
SELECT * FROM tenancy.plan_upgrade('plan_t', 'base');
SELECT * FROM tenancy.plan_downgrade('plan_t', 'head');
SELECT * FROM tenancy.plan_downgrade('plan_t', '-3');
SELECT * FROM tenancy.plan_upgrade('plan_t', '9');
SELECT * FROM tenancy.plan_upgrade('plan_t', 'one two');
SELECT * FROM tenancy.plan_upgrade('plan_t', migration_set => 'nothing');
SELECT * FROM tenancy.plan_upgrade('nowhere');
SELECT * FROM tenancy.plan_upgrade('pg_catalog');
SELECT * FROM tenancy.plan_upgrade(NULL);
SELECT * FROM tenancy.plan_upgrade('plan_t', NULL);
SELECT tenancy.add_migration('5', 'SELECT 1');
SELECT version FROM tenancy.migrate_schema('plan_t');
SELECT * FROM tenancy.plan_downgrade('plan_t');
SELECT tenancy.add_migration('4', 'SELECT 1');
SELECT * FROM tenancy.plan_upgrade('plan_t');
SELECT tenancy.drop_migration('4');
UPDATE plan_t.schema_migrations SET checksum = 'x' WHERE version = '3';
SELECT * FROM tenancy.plan_upgrade('plan_t');
SELECT * FROM tenancy.plan_downgrade('plan_t');

-- Planning takes no lock that is kept.
BEGIN;
UPDATE plan_t.schema_migrations SET checksum = (SELECT checksum FROM tenancy.migrations WHERE version = '3')
 WHERE version = '3';
COMMIT;
BEGIN;
SELECT count(*) FROM tenancy.plan_upgrade('plan_t');
SELECT locktype, mode FROM pg_locks
 WHERE pid = pg_backend_pid() AND (locktype = 'advisory' OR relation = 'plan_t.schema_migrations'::regclass);
COMMIT;

SET client_min_messages = warning;
DROP SCHEMA plan_t CASCADE;
DROP EXTENSION tenancy;
