-- tenancy.resolve: records without running.
SET client_min_messages = warning;
DROP EXTENSION IF EXISTS tenancy CASCADE;
CREATE EXTENSION tenancy;
RESET client_min_messages;
\set SHOW_CONTEXT never

CREATE SCHEMA res;
SELECT tenancy.add_migration('1', 'CREATE TABLE a (id int)', 'DROP TABLE a', 'table a');
SELECT tenancy.add_migration('002', 'CREATE TABLE b (id int)');
SELECT tenancy.add_migration('3', 'CREATE TABLE res_shared (id int)', scope => 'public');
SELECT tenancy.add_migration('4', 'CREATE INDEX CONCURRENTLY a_id ON a (id)', transactional => false);
SELECT tenancy.add_migration('view', 'CREATE VIEW v AS SELECT 1 AS one', repeatable => true);

-- A baseline for a schema that was there before: made by resolve, tracking table included.
CREATE TABLE res.a (id int);
SELECT tenancy.resolve('res', '1', 'applied');
SELECT s.version, s.description, s.state, s.checksum = m.checksum AS same, s.applied_by = current_user AS by_us
  FROM res.schema_migrations s JOIN tenancy.migrations m USING (migration_set, version);
SELECT version FROM tenancy.migrate_schema('res', '2');
-- Its spelling is that of the store; twice is once.
SELECT tenancy.resolve('res', '2', 'applied');
SELECT version FROM res.schema_migrations ORDER BY 1;
SELECT tenancy.resolve('res', '2', 'pending');
SELECT version FROM res.schema_migrations ORDER BY 1;
SELECT tenancy.resolve('res', '2', 'applied');

-- What ran by hand, because it cannot run in a function.
SELECT * FROM tenancy.migrate_schema('res');
CREATE INDEX CONCURRENTLY a_id ON res.a (id);
SELECT tenancy.resolve('res', '4', 'applied');
SELECT version FROM tenancy.migrate_schema('res');

-- In doubt, and settled, both ways.
UPDATE res.schema_migrations SET state = 'running' WHERE version = '4';
SELECT * FROM tenancy.migrate_schema('res');
SELECT tenancy.resolve('res', '4', 'applied');
SELECT state FROM res.schema_migrations WHERE version = '4';
UPDATE res.schema_migrations SET state = 'running' WHERE version = '4';
SELECT tenancy.resolve('res', '4', 'pending');
SELECT version FROM res.schema_migrations ORDER BY 1;
SELECT version FROM tenancy.plan_upgrade('res');
SELECT tenancy.resolve('res', '4', 'applied');

-- Another text: accepted as applied.
UPDATE res.schema_migrations SET checksum = 'old' WHERE version = '002';
SELECT * FROM tenancy.migrate_schema('res');
SELECT tenancy.resolve('res', '002', 'applied');
SELECT count(*) FROM tenancy.migrate_schema('res');

-- What the store does not know can be taken out of the record.
INSERT INTO res.schema_migrations SELECT 'default', '9', '', 'x', 'applied', now(), current_user, '0';
SELECT * FROM tenancy.migrate_schema('res');
SELECT tenancy.resolve('res', '9', 'applied');
SELECT tenancy.resolve('res', '9', 'pending');
SELECT count(*) FROM tenancy.migrate_schema('res');

-- Repeatable ones too.
SELECT tenancy.resolve('res', 'view', 'pending');
SELECT version FROM tenancy.plan_upgrade('res');
SELECT tenancy.resolve('res', 'view', 'applied');
SELECT version FROM tenancy.plan_upgrade('res');

-- The shared schema.
SELECT tenancy.resolve('public', '3', 'applied');
SELECT version FROM public.schema_migrations;
SELECT tenancy.resolve('public', '3', 'pending');

-- Refused.
SELECT tenancy.resolve('res', '3', 'applied');
SELECT tenancy.resolve('public', '1', 'applied');
SELECT tenancy.resolve('res', '3', 'pending');
SELECT tenancy.resolve('res', '77', 'applied');
SELECT tenancy.resolve('res', 'head', 'applied');
SELECT tenancy.resolve('res', '1', 'done');
SELECT tenancy.resolve('res', '1', NULL);
SELECT tenancy.resolve('res', NULL, 'applied');
SELECT tenancy.resolve(NULL, '1', 'applied');
SELECT tenancy.resolve('nowhere', '1', 'applied');
SELECT tenancy.resolve('res', '1', 'applied', 'no_such_set');
SELECT tenancy.resolve('res', '1', 'applied', run_as => 'root');

SET client_min_messages = warning;
DROP SCHEMA res CASCADE;
DROP TABLE public.schema_migrations;
DROP EXTENSION tenancy;
