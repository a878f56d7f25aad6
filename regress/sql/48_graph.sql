-- Migrations that say what they come after: a graph, such as Alembic's.
SET client_min_messages = warning;
DROP EXTENSION IF EXISTS tenancy CASCADE;
DROP SCHEMA IF EXISTS graph_1, graph_2, graph_3, graph_4 CASCADE;
CREATE EXTENSION tenancy;
RESET client_min_messages;

-- A line from a1 to c3, another to d9, and both joined; 001 says no place.
SELECT tenancy.add_migration('a1', 'CREATE TABLE accounts (id int)', 'DROP TABLE accounts', after => '{}');
SELECT tenancy.add_migration('c3', 'CREATE TABLE notes (id int)', 'DROP TABLE notes', after => '{a1}');
SELECT tenancy.add_migration('b5', 'CREATE TABLE bills (id int)', 'DROP TABLE bills', after => '{a1}',
                             branches => '{billing}');
SELECT tenancy.add_migration('d9', 'CREATE TABLE items (id int)', 'DROP TABLE items', after => '{b5}',
                             branches => '{billing}');
SELECT tenancy.add_migration('0e', '-- both', '', after => '{c3,d9}');
SELECT tenancy.add_migration('001', 'CREATE TABLE ours (id int)', 'DROP TABLE ours');
SELECT tenancy.add_migration('0e', '-- both', '', after => '{c3,d9}');
SELECT tenancy.add_migration('0e', '-- both', '', after => '{d9,c3}');
SELECT version, after, branches FROM tenancy.migrations ORDER BY version;

-- What cannot be.
SELECT tenancy.add_migration('e1', 'SELECT 1', after => '{f2}');
SELECT tenancy.add_migration('a1', 'CREATE TABLE accounts (id int)', after => '{d9}');
SELECT tenancy.add_migration('e1', 'SELECT 1', after => '{e1}');
SELECT tenancy.add_migration('e1', 'SELECT 1', after => '{001}');
SELECT tenancy.add_migration('c3', 'CREATE TABLE notes (id int)', 'DROP TABLE notes');
SELECT tenancy.add_migration('e1', 'SELECT 1', after => '{a1}', repeatable => true);
SELECT tenancy.add_migration('e1', 'SELECT 1', after => '{a1}', branches => '{the branch}');
SELECT tenancy.drop_migration('b5');

-- The order, and the words for places in it.
CREATE SCHEMA graph_1;
CREATE SCHEMA graph_2;
CREATE SCHEMA graph_3;
SELECT step, version FROM tenancy.plan_upgrade('graph_1', 'heads');
SELECT step, version FROM tenancy.plan_upgrade('graph_1', 'c3');
SELECT step, version FROM tenancy.migrate_schema('graph_1', 'billing@head');
SELECT step, version FROM tenancy.migrate_schema('graph_2', 'c3');
SELECT step, version FROM tenancy.plan_upgrade('graph_2', '+1');
SELECT step, version FROM tenancy.migrate_schema('graph_2', 'billing@+1');
SELECT step, version FROM tenancy.migrate_schema('graph_2', '+1');
SELECT step, version FROM tenancy.plan_upgrade('graph_2', 'c3+1');
SELECT step, version FROM tenancy.plan_downgrade('graph_2', 'billing@-1');
SELECT step, version FROM tenancy.plan_downgrade('graph_2', 'd9-1');
SELECT step, version FROM tenancy.plan_downgrade('graph_2', 'b5@a1');
SELECT step, version FROM tenancy.plan_downgrade('graph_2', 'c3');
SELECT step, version FROM tenancy.plan_downgrade('graph_2', 'a1');
SELECT step, version FROM tenancy.plan_upgrade('graph_2', 'billing');
SELECT step, version FROM tenancy.plan_upgrade('graph_2', 'billing@c3');
SELECT word, tenancy.resolve_revision(word)
  FROM unnest('{a1-1,head-1,billing@head,billing@base,c3@head,b}'::text[]) AS word;
SELECT tenancy.resolve_revision('d9+3');
SELECT tenancy.resolve_revision('a1+1');
SELECT tenancy.resolve_revision('billing@-1');

-- Neither line is late for what the other has. A pin holds back what comes after it, and the other line.
SELECT count(*) FROM tenancy.discover('graph\_%');
SELECT (tenancy.pin_tenant('graph_3', 'billing@head')).pinned_revision;
SELECT tenant, success, from_revision, to_revision, steps, error FROM tenancy.migrate_all();
SELECT tenant, revision, head, pending, state FROM tenancy.status();
SELECT tenant, success, from_revision, to_revision, steps, error FROM tenancy.downgrade_all('c3');
SELECT schema, (SELECT string_agg(version, ' ' ORDER BY version) FROM tenancy.history(schema))
  FROM tenancy.tenants ORDER BY id;

-- Alembic's table has a row for each head.
CREATE TABLE graph_1.alembic_version (version_num varchar(32) PRIMARY KEY);
INSERT INTO graph_1.alembic_version VALUES ('c3'), ('b5');
DROP TABLE graph_1.schema_migrations;
SELECT tenant, state, revision, versions, detail FROM tenancy.adopt('alembic', pattern => 'graph_1', dry_run => false);
SELECT version FROM tenancy.history('graph_1') ORDER BY version;

-- The order survives a change of what says no place: it comes behind.
SELECT tenancy.add_migration('0000', 'SELECT 1');
SELECT step, version FROM tenancy.plan_upgrade('graph_1');
SELECT tenancy.drop_migration('0000');

-- head is asked of a set with one head; of several it would not say which. A migration for the shared schema is no
-- head of a tenant.
SELECT tenancy.add_migration('a', 'CREATE TABLE first (id int)', migration_set => 'lines', after => '{}');
SELECT tenancy.add_migration('p', 'CREATE TABLE plans (id int)', migration_set => 'lines', scope => 'public', after => '{a}');
SELECT tenancy.add_migration('b', 'CREATE TABLE second (id int)', migration_set => 'lines', after => '{a}',
                             branches => '{left}');
SELECT version FROM tenancy.plan_upgrade('graph_2', 'head', 'lines');
SELECT tenancy.add_migration('c', 'CREATE TABLE third (id int)', migration_set => 'lines', after => '{b}',
                             branches => '{left}');
SELECT tenancy.add_migration('d', 'CREATE TABLE fourth (id int)', migration_set => 'lines', after => '{b}',
                             branches => '{left}');
SELECT version FROM tenancy.plan_upgrade('graph_2', 'head', 'lines');
SELECT version FROM tenancy.plan_upgrade('graph_2', 'heads', 'lines');
SELECT version FROM tenancy.plan_upgrade('graph_2', 'left@heads', 'lines');
SELECT version FROM tenancy.plan_upgrade('graph_2', 'left@head', 'lines');
SELECT version FROM tenancy.plan_upgrade('graph_2', 'head-1', 'lines');
SELECT word, tenancy.resolve_revision(word, 'lines') FROM unnest('{c@head}'::text[]) AS word;
SELECT tenancy.resolve_revision('head', 'lines');
SELECT tenancy.resolve_revision('heads', 'lines');
SELECT version FROM tenancy.migrate_schema('graph_2', 'head', 'lines');
SELECT tenancy.create_tenant('graph_4', migration_set => 'lines', revision => 'head');
SELECT (tenancy.create_tenant('graph_4', migration_set => 'lines')).schema;
SELECT string_agg(version, ' ' ORDER BY version) FROM tenancy.history('graph_4');
-- Of a fleet it is refused before anything runs, whatever the other set says.
SELECT further_sets FROM tenancy.add_tenant_set('graph_3', 'lines');
SELECT tenant, error FROM tenancy.migrate_all('head');
CALL tenancy.rollout('head');
CALL tenancy.migrate_targets('{graph_3}', 'head');
SELECT tenant, state FROM tenancy.fleet_page('up', 'head');
SELECT tenant, migration_set, state FROM tenancy.fleet_page('up', 'head', tenants => '{graph_1}') ORDER BY 1;
SELECT tenant, success, steps, error FROM tenancy.migrate_all('head', migration_set => 'default');
SELECT tenant, success, steps, error FROM tenancy.migrate_all();
SELECT revision FROM tenancy.runs ORDER BY id DESC LIMIT 2;

-- As files: the version stands in the up file alone.
SELECT migration_set, version, description, action FROM tenancy.load_migration('ae10_users.up.sql',
    E'-- MIGRATION_VERSION: ae10\n-- MIGRATION_AFTER: base\n-- MIGRATION_SET: files\nCREATE TABLE users (id int);\n');
SELECT version, action FROM tenancy.load_migration('ae10_users.down.sql', 'DROP TABLE users;', 'files');
SELECT action FROM tenancy.load_migration('f8c3.up.sql', E'-- MIGRATION_UNFINISHED: the rows\nSELECT 1;');
SELECT version, after, branches, down_sql FROM tenancy.migrations WHERE migration_set = 'files';

SET client_min_messages = warning;
DROP EXTENSION tenancy CASCADE;
DROP SCHEMA graph_1, graph_2, graph_3, graph_4 CASCADE;
