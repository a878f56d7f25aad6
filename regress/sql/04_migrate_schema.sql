-- tenancy.migrate_schema and migrate_tenant: up to a revision.
SET client_min_messages = warning;
DROP EXTENSION IF EXISTS tenancy CASCADE;
CREATE EXTENSION tenancy;
RESET client_min_messages;

CREATE SCHEMA up_t;
SELECT tenancy.add_migration('001', 'CREATE TABLE a (id int); INSERT INTO a VALUES (1);', 'DROP TABLE a', 'table a');
SELECT tenancy.add_migration('002', 'ALTER TABLE a ADD COLUMN b int DEFAULT 2; UPDATE a SET b = 3;',
                             'ALTER TABLE a DROP COLUMN b', 'column b');
SELECT tenancy.add_migration('003', 'CREATE TABLE shared_only (id int)', scope => 'public');
SELECT tenancy.add_migration('010', 'CREATE VIEW v AS SELECT id, b FROM a', 'DROP VIEW v', 'view v', scope => 'both');
SELECT tenancy.add_migration('20240101120000', 'CREATE INDEX a_b ON a (b)', 'DROP INDEX a_b', 'index');

-- One step, a version, the beginning of one, head; then nothing to do.
SELECT step, migration_set, version, description, direction, duration >= '0' AS timed
  FROM tenancy.migrate_schema('up_t', '+1');
SELECT step, version FROM tenancy.migrate_schema('up_t', '2');
SELECT * FROM up_t.a;
SELECT step, version FROM tenancy.migrate_schema('up_t', '010');
SELECT step, version FROM tenancy.migrate_schema('up_t', '2024');
SELECT step, version FROM tenancy.migrate_schema('up_t');
SELECT step, version FROM tenancy.migrate_schema('up_t', '001');
SELECT migration_set, version, description, state, applied_by = current_user AS by_us,
       checksum = (SELECT m.checksum FROM tenancy.migrations m WHERE m.version = s.version) AS same_checksum
  FROM up_t.schema_migrations s ORDER BY applied_at;
SELECT c.relname, c.relkind FROM pg_class c WHERE relnamespace = 'up_t'::regnamespace ORDER BY 1;

-- Nothing to do in a schema without history makes no tracking table.
CREATE SCHEMA up_empty;
SELECT * FROM tenancy.migrate_schema('up_empty', migration_set => 'nothing');
SELECT tenancy.add_migration('1', 'SELECT 1', scope => 'public', migration_set => 'shared_only');
SELECT * FROM tenancy.migrate_schema('up_empty', migration_set => 'shared_only');
SELECT count(*) FROM pg_class WHERE relnamespace = 'up_empty'::regnamespace;

-- All steps or none, and what is said about the one that failed.
SELECT tenancy.add_migration('20240102000000', 'CREATE TABLE fine (id int)');
SELECT tenancy.add_migration('20240103000000', E'INSERT INTO fine VALUES (1);\nINSERT INTO missing VALUES (1);');
SELECT * FROM tenancy.migrate_schema('up_t');
SELECT to_regclass('up_t.fine'), count(*) AS applied FROM up_t.schema_migrations;
SELECT tenancy.drop_migration('20240103000000');
SELECT tenancy.drop_migration('20240102000000');

-- Revisions that are none.
SELECT * FROM tenancy.migrate_schema('up_t', 'base');
SELECT * FROM tenancy.migrate_schema('up_t', '-1');
SELECT * FROM tenancy.migrate_schema('up_t', '+1');
SELECT * FROM tenancy.migrate_schema('up_empty', '+9');
SELECT * FROM tenancy.migrate_schema('up_t', '+0');
SELECT * FROM tenancy.migrate_schema('up_t', '+many');
SELECT * FROM tenancy.migrate_schema('up_t', 'no such');
SELECT * FROM tenancy.migrate_schema('up_t', '012');
SELECT * FROM tenancy.migrate_schema('up_t', '00');
SELECT * FROM tenancy.migrate_schema('up_t', '');
SELECT * FROM tenancy.migrate_schema('up_t', NULL);

-- Schemas that are none, or none of a tenant.
SELECT * FROM tenancy.migrate_schema('nowhere');
SELECT * FROM tenancy.migrate_schema('Up_T');
SELECT * FROM tenancy.migrate_schema('');
SELECT * FROM tenancy.migrate_schema(NULL);
SELECT * FROM tenancy.migrate_schema('public');
SELECT * FROM tenancy.migrate_schema('pg_catalog');
SELECT * FROM tenancy.migrate_schema('information_schema');
SELECT * FROM tenancy.migrate_schema('tenancy');
SELECT * FROM tenancy.migrate_schema('up_t', run_as => 'root');

-- By tenant: its schema, its set; errors name both.
SELECT id FROM tenancy.register_tenant('acme', 'up_empty');
SELECT id FROM tenancy.register_tenant('far', 'x', isolation => 'database', database => 'elsewhere');
SELECT step, version FROM tenancy.migrate_tenant('acme', '001');
SELECT tenancy.add_migration('5', 'SELECT 1/0', migration_set => 'broken');
SELECT * FROM tenancy.migrate_tenant('acme', migration_set => 'broken');
SELECT * FROM tenancy.migrate_tenant('nobody');
SELECT * FROM tenancy.migrate_tenant('far');
SELECT * FROM tenancy.migrate_tenant(NULL);

-- Inside a transaction block, it is the caller's to undo.
BEGIN;
SELECT count(*) FROM tenancy.migrate_tenant('acme');
SELECT count(*) FROM up_empty.schema_migrations;
ROLLBACK;
SELECT count(*) FROM up_empty.schema_migrations;

-- A migration that is not transactional cannot run in a function; those before it can.
SELECT tenancy.add_migration('20240201000000', 'CREATE TABLE c (id int)');
SELECT tenancy.add_migration('20240202000000', 'CREATE INDEX CONCURRENTLY c_id ON c (id)', transactional => false);
SELECT * FROM tenancy.migrate_schema('up_t');
SELECT version FROM tenancy.migrate_schema('up_t', '20240201000000');
SELECT * FROM tenancy.migrate_schema('up_t');

-- What the history does not allow: an unknown version, another text.
INSERT INTO up_t.schema_migrations
SELECT 'default', '099', 'of a newer release', 'x', 'applied', now(), current_user, '0';
SELECT * FROM tenancy.migrate_schema('up_t');
UPDATE up_t.schema_migrations SET state = 'running' WHERE version = '099';
SELECT * FROM tenancy.migrate_schema('up_t');
DELETE FROM up_t.schema_migrations WHERE version = '099';
UPDATE up_t.schema_migrations SET checksum = 'changed' WHERE version IN ('001', '002');
SELECT * FROM tenancy.migrate_schema('up_t');

SET client_min_messages = warning;
DROP SCHEMA up_t, up_empty CASCADE;
DROP EXTENSION tenancy;
