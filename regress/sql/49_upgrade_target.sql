-- tenancy.upgrade_target and downgrade_target: any schema, with the revisions before and behind.
SET client_min_messages = warning;
DROP EXTENSION IF EXISTS tenancy CASCADE;
CREATE EXTENSION tenancy;
RESET client_min_messages;

CREATE SCHEMA told_t;
SELECT tenancy.add_migration('1', 'CREATE TABLE a (id int)', 'DROP TABLE a', 'table a');
SELECT tenancy.add_migration('2', 'CREATE TABLE b (id int)', 'DROP TABLE b', 'table b');
SELECT tenancy.add_migration('shared', 'CREATE TABLE told (id int)', 'DROP TABLE told', scope => 'public');
SELECT tenancy.add_migration('view', 'CREATE OR REPLACE VIEW v AS SELECT id FROM a', 'DROP VIEW v', repeatable => true);

-- A row per step; one row without a step when there is none to take.
SELECT from_revision, to_revision, version, description, microseconds >= 0 AS timed FROM tenancy.upgrade_target('told_t', '1');
SELECT from_revision, to_revision, version, description, microseconds >= 0 AS timed FROM tenancy.upgrade_target('told_t');
SELECT * FROM tenancy.upgrade_target('told_t');
SELECT from_revision, to_revision, version FROM tenancy.downgrade_target('told_t');
SELECT from_revision, to_revision, version FROM tenancy.downgrade_target('told_t', 'base');
SELECT * FROM tenancy.downgrade_target('told_t', 'base');

-- What is out of order and left out.
SELECT version FROM tenancy.upgrade_target('told_t', '2');
SELECT tenancy.add_migration('1.5', 'CREATE TABLE c (id int)', 'DROP TABLE c');
SET tenancy.out_of_order = skip;
SELECT version, skipped FROM tenancy.upgrade_target('told_t');
SELECT version, skipped FROM tenancy.upgrade_target('told_t');
RESET tenancy.out_of_order;
SELECT tenancy.drop_migration('1.5');
SELECT count(*) FROM tenancy.downgrade_target('told_t', 'base');

-- The shared schema gets what is for it.
SELECT from_revision, to_revision, version FROM tenancy.upgrade_target('public');
SELECT from_revision, to_revision, version FROM tenancy.downgrade_target('public');

-- Errors are those of migrate_schema and downgrade_schema.
SELECT tenancy.add_migration('3', 'SELECT nothing');
SELECT * FROM tenancy.upgrade_target('told_t');
SELECT * FROM tenancy.upgrade_target('told_t', 'base');
SELECT * FROM tenancy.downgrade_target('told_t', 'head');
SELECT * FROM tenancy.upgrade_target('nowhere');
SELECT * FROM tenancy.upgrade_target(NULL);
SELECT version FROM tenancy.history('told_t');

DROP TABLE told_t.schema_migrations, public.schema_migrations;
DROP SCHEMA told_t;
DROP EXTENSION tenancy CASCADE;
