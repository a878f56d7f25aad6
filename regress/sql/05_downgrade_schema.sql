-- tenancy.downgrade_schema and downgrade_tenant: down to a revision.
SET client_min_messages = warning;
DROP EXTENSION IF EXISTS tenancy CASCADE;
CREATE EXTENSION tenancy;
RESET client_min_messages;

CREATE SCHEMA down_t;
SELECT tenancy.add_migration('1', 'CREATE TABLE a (id int)', 'DROP TABLE a', 'table a');
SELECT tenancy.add_migration('2', 'CREATE TABLE b (id int)', 'DROP TABLE b', 'table b');
SELECT tenancy.add_migration('3', 'CREATE TABLE c (id int)', 'DROP TABLE c', 'table c');
SELECT tenancy.add_migration('4', '-- a note', '', 'nothing to undo');
SELECT tenancy.add_migration('view', 'CREATE OR REPLACE VIEW v AS SELECT id FROM a', 'DROP VIEW v', repeatable => true);
SELECT version FROM tenancy.migrate_schema('down_t');

-- One step back, to a version, to where it stands already, to the base: repeatable ones first.
SELECT step, migration_set, version, description, direction FROM tenancy.downgrade_schema('down_t');
SELECT step, version FROM tenancy.downgrade_schema('down_t', '2');
SELECT step, version FROM tenancy.downgrade_schema('down_t', '3');
SELECT relname FROM pg_class WHERE relnamespace = 'down_t'::regnamespace AND relkind IN ('r', 'v') ORDER BY 1;
SELECT version FROM down_t.schema_migrations ORDER BY 1;
SELECT step, version FROM tenancy.downgrade_schema('down_t', 'base');
SELECT relname FROM pg_class WHERE relnamespace = 'down_t'::regnamespace AND relkind IN ('r', 'v') ORDER BY 1;
SELECT step, version FROM tenancy.downgrade_schema('down_t', 'base');
SELECT step, version FROM tenancy.downgrade_schema('down_t');

-- And up again.
SELECT count(*) FROM tenancy.migrate_schema('down_t');
SELECT step, version FROM tenancy.downgrade_schema('down_t', '-2');
SELECT count(*) FROM tenancy.migrate_schema('down_t');
SELECT * FROM tenancy.downgrade_schema('down_t', '-5');
SELECT * FROM tenancy.downgrade_schema('down_t', 'head');
SELECT * FROM tenancy.downgrade_schema('down_t', '+1');
SELECT * FROM tenancy.downgrade_schema('down_t', '7');
SELECT * FROM tenancy.downgrade_schema('down_t', NULL);
SELECT * FROM tenancy.downgrade_schema('public');
SELECT * FROM tenancy.downgrade_schema('nowhere');

-- Irreversible steps are reported before anything runs.
SELECT tenancy.add_migration('5', 'SELECT 1');
SELECT tenancy.add_migration('6', 'SELECT 1', 'SELECT 1');
SELECT tenancy.add_migration('7', 'SELECT 1');
SELECT count(*) FROM tenancy.migrate_schema('down_t');
SELECT * FROM tenancy.downgrade_schema('down_t');
SELECT * FROM tenancy.downgrade_schema('down_t', '4');
SELECT count(*) FROM down_t.schema_migrations;

-- Down SQL may be mended after the fact.
SELECT tenancy.add_migration('7', 'SELECT 1', 'SELECT 1');
SELECT version FROM tenancy.downgrade_schema('down_t');
SELECT tenancy.add_migration('6', 'SELECT 1', 'DROP TABLE nothing_there');
SELECT * FROM tenancy.downgrade_schema('down_t');
SELECT tenancy.add_migration('6', 'SELECT 1', 'DROP TABLE IF EXISTS nothing_there');
SELECT version FROM tenancy.downgrade_schema('down_t');

-- What down SQL drops is watched as well.
CREATE TABLE public.down_shared (id int);
SELECT tenancy.add_migration('6', 'SELECT 1', 'DROP TABLE down_shared');
SELECT count(*) FROM tenancy.migrate_schema('down_t', '6');
SELECT * FROM tenancy.downgrade_schema('down_t');
DROP TABLE public.down_shared;

-- A changed text forbids it, but not that of a repeatable migration.
SELECT tenancy.add_migration('6', 'SELECT 1', 'SELECT 1');
SELECT tenancy.add_migration('view', 'CREATE OR REPLACE VIEW v AS SELECT id + 1 AS id FROM a', 'DROP VIEW v',
                             repeatable => true);
SELECT version FROM tenancy.downgrade_schema('down_t');
UPDATE down_t.schema_migrations SET checksum = 'x' WHERE version = '1';
SELECT * FROM tenancy.downgrade_schema('down_t');

-- By tenant.
CREATE SCHEMA down_u;
SELECT id FROM tenancy.register_tenant('acme', 'down_u', migration_set => 'mini');
SELECT tenancy.add_migration('1', 'CREATE TABLE m (id int)', 'DROP TABLE m; SELECT 1/0', migration_set => 'mini');
SELECT version FROM tenancy.migrate_tenant('acme');
SELECT * FROM tenancy.downgrade_tenant('acme');
SELECT tenancy.add_migration('1', 'CREATE TABLE m (id int)', 'DROP TABLE m', migration_set => 'mini');
SELECT version FROM tenancy.downgrade_tenant('acme');
SELECT * FROM tenancy.downgrade_tenant('nobody');

SET client_min_messages = warning;
DROP SCHEMA down_t, down_u CASCADE;
DROP EXTENSION tenancy;
