-- tenancy.sync: another tool's own table goes along with what is applied and taken back.
SET client_min_messages = warning;
DROP EXTENSION IF EXISTS tenancy CASCADE;
CREATE EXTENSION tenancy;
RESET client_min_messages;
\set SHOW_CONTEXT never
SET tenancy.tracking_table = 'tenancy_migrations';

SELECT tenancy.add_migration('001', 'CREATE TABLE users (id bigint)', 'DROP TABLE users', 'users',
                             filename => 'db/001_users.sql');
SELECT tenancy.add_migration('002', 'CREATE TABLE notes (id bigint)', 'DROP TABLE notes', 'notes',
                             filename => 'db/002_notes.sql');
SELECT tenancy.add_migration('003', 'ALTER TABLE users ADD email text', 'ALTER TABLE users DROP email', 'email',
                             filename => 'db/003_email.sql');

-- Only tools whose rows are known, with a table in each target's schema, or sqitch's registry.
SELECT tenancy.sync('sqitch');
SELECT tenancy.sync('my_table');
SELECT tenancy.sync('django');
SELECT tenancy.sync('rails', table_name => 'tenancy_migrations');
SELECT tenancy.sync('rails', 'no_such_set');
SELECT tenancy.stop_sync();

CREATE FUNCTION pg_temp.rows_of(schema text, tool_table text) RETURNS SETOF text LANGUAGE plpgsql AS $$
BEGIN
    RETURN QUERY EXECUTE format(
        'SELECT (to_jsonb(t) - ''{tstamp,run_on,applied,applied_at,applied_at_utc,migration_time}''::text[]'
        ' - CASE jsonb_typeof(to_jsonb(t) -> ''id'') WHEN ''number'' THEN ''id'' ELSE '''' END)::text FROM %I.%I t'
        ' ORDER BY 1', schema, tool_table);
END
$$;

-- A new schema gets the table, and each step its row, whatever the tool.
CREATE FUNCTION pg_temp.try(tool text, tool_table text, app text DEFAULT NULL) RETURNS SETOF text LANGUAGE plpgsql AS $$
BEGIN
    PERFORM tenancy.sync(tool, app => app);
    EXECUTE format('CREATE SCHEMA %I', 'sy_' || tool);
    PERFORM tenancy.migrate_schema('sy_' || tool, '002');
    RETURN QUERY SELECT 'up ' || r FROM pg_temp.rows_of('sy_' || tool, tool_table) r;
    PERFORM tenancy.downgrade_schema('sy_' || tool);
    RETURN QUERY SELECT 'down ' || r FROM pg_temp.rows_of('sy_' || tool, tool_table) r;
    PERFORM tenancy.downgrade_schema('sy_' || tool, 'base');
    RETURN QUERY SELECT 'base ' || r FROM pg_temp.rows_of('sy_' || tool, tool_table) r;
    PERFORM tenancy.migrate_schema('sy_' || tool);
END
$$;
SELECT pg_temp.try('alembic', 'alembic_version');
SELECT pg_temp.try('rails', 'schema_migrations');
SELECT pg_temp.try('dbmate', 'schema_migrations');
SELECT pg_temp.try('django', 'django_migrations', 'shop');
SELECT pg_temp.try('golang-migrate', 'schema_migrations');
SELECT pg_temp.try('goose', 'goose_db_version');
SELECT pg_temp.try('diesel', '__diesel_schema_migrations');
SELECT pg_temp.try('node-pg-migrate', 'pgmigrations');
SELECT pg_temp.try('knex', 'knex_migrations');
SELECT pg_temp.try('sql-migrate', 'gorp_migrations');
SELECT pg_temp.try('yoyo', '_yoyo_migration');
SELECT pg_temp.try('archify', 'schema_migrations');
SELECT pg_temp.try('pop', 'schema_migration');
SELECT migration_set, tool, table_name, app FROM tenancy.synced_tools;

-- What each tool itself would say of it.
SELECT id FROM tenancy.register_tenant('sy_goose');
SELECT tenancy.sync('goose');
SELECT tenant, state, revision, detail FROM tenancy.adopt('goose');

-- The tool goes on by itself: nothing is applied twice, nothing is written over.
SELECT version FROM tenancy.downgrade_schema('sy_goose');
ALTER TABLE sy_goose.users ADD email text;
INSERT INTO sy_goose.goose_db_version (version_id, is_applied) VALUES (3, true);
SELECT * FROM tenancy.migrate_schema('sy_goose');
SELECT tenant, state, revision, versions FROM tenancy.adopt('goose');
SELECT tenant, state, revision, versions FROM tenancy.adopt('goose', dry_run => false);
SELECT count(*) FROM tenancy.migrate_schema('sy_goose');
SELECT tenancy.sync('golang-migrate');
UPDATE "sy_golang-migrate".schema_migrations SET version = 2;
SELECT version FROM tenancy.downgrade_schema('sy_golang-migrate');
UPDATE "sy_golang-migrate".schema_migrations SET version = 3, dirty = true;
SELECT version FROM tenancy.downgrade_schema('sy_golang-migrate');
UPDATE "sy_golang-migrate".schema_migrations SET dirty = false;
SELECT version FROM tenancy.downgrade_schema('sy_golang-migrate');
SELECT pg_temp.rows_of('sy_golang-migrate', 'schema_migrations');

-- What was recorded here before is written there when it is adopted.
SELECT tenancy.sync('goose');
DELETE FROM sy_goose.goose_db_version WHERE version_id > 1;
SELECT tenant, state, revision, detail FROM tenancy.adopt('goose');
SELECT tenant, state, revision, detail FROM tenancy.adopt('goose', dry_run => false);
SELECT pg_temp.rows_of('sy_goose', 'goose_db_version');
SELECT tenant, state, revision, detail FROM tenancy.adopt('goose');

-- resolve and baseline write there, too.
SELECT tenancy.resolve('sy_goose', '003', 'pending');
SELECT pg_temp.rows_of('sy_goose', 'goose_db_version');
SELECT tenancy.resolve('sy_goose', '003', 'applied');
CREATE SCHEMA sy_base CREATE TABLE users (id bigint);
SELECT * FROM tenancy.baseline('sy_base', '001');
SELECT pg_temp.rows_of('sy_base', 'goose_db_version');

-- All or nothing; and a migration without a file has no name that these tools know.
SELECT tenancy.add_migration('004', 'SELECT 1/0');
SELECT * FROM tenancy.migrate_schema('sy_base');
SELECT pg_temp.rows_of('sy_base', 'goose_db_version');
SELECT tenancy.drop_migration('004');
SELECT tenancy.add_migration('004', 'SELECT 1');
SELECT tenancy.sync('knex');
SELECT * FROM tenancy.migrate_schema('sy_knex');
DROP TABLE sy_goose.goose_db_version;
SELECT tenancy.sync('goose');
SELECT * FROM tenancy.migrate_schema('sy_goose');
SELECT tenancy.stop_sync();
SELECT version FROM tenancy.migrate_schema('sy_goose');
SELECT tenancy.stop_sync();

-- What a tool with a row for each version has taken back by itself is noticed by the next upgrade.
SELECT tenancy.sync('rails');
ALTER TABLE sy_rails.users DROP email;
DELETE FROM sy_rails.schema_migrations WHERE version = '3';
SELECT * FROM tenancy.migrate_schema('sy_rails');
SELECT tenancy.resolve('sy_rails', '003', 'pending');
SELECT version FROM tenancy.migrate_schema('sy_rails');
SELECT tenancy.resolve('sy_rails', '004', 'pending');
-- adopt puts the row back, if that is meant; versions that are spelled in another way are not missing.
DELETE FROM sy_rails.schema_migrations WHERE version = '2';
SELECT * FROM tenancy.migrate_schema('sy_rails');
SELECT id FROM tenancy.register_tenant('sy_rails');
SELECT tenant, state FROM tenancy.adopt('rails', dry_run => false, tenants => '{sy_rails}');
UPDATE sy_rails.schema_migrations SET version = '00' || version WHERE version < '3';
SELECT version FROM tenancy.migrate_schema('sy_rails');
SELECT tenancy.sync('goose');
INSERT INTO sy_base.goose_db_version (version_id, is_applied) VALUES (2, true);
SELECT tenancy.resolve('sy_base', '002', 'applied');
UPDATE sy_base.goose_db_version SET is_applied = false WHERE version_id = 2;
SELECT * FROM tenancy.migrate_schema('sy_base');
SELECT tenancy.stop_sync();

-- What an owner put on the table has no more rights than the migration.
CREATE ROLE regress_sync_owner;
CREATE SCHEMA sy_hostile AUTHORIZATION regress_sync_owner;
SELECT tenancy.sync('goose');
SELECT count(*) FROM tenancy.migrate_schema('sy_hostile', '001');
CREATE FUNCTION sy_hostile.spy() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE WARNING 'runs as %', current_user;
    RETURN NEW;
END
$$;
ALTER FUNCTION sy_hostile.spy() OWNER TO regress_sync_owner;
CREATE TRIGGER spy BEFORE INSERT ON sy_hostile.goose_db_version FOR EACH ROW EXECUTE FUNCTION sy_hostile.spy();
SELECT count(*) FROM tenancy.migrate_schema('sy_hostile', '002');

-- Alembic's table has a row for each branch.
SELECT tenancy.add_migration('a0', 'CREATE TABLE a (id int)', 'DROP TABLE a', migration_set => 'graph', after => '{}'),
       tenancy.add_migration('b2', 'CREATE TABLE b2 (id int)', 'DROP TABLE b2', migration_set => 'graph', after => '{a0}'),
       tenancy.add_migration('b1', 'CREATE TABLE b1 (id int)', 'DROP TABLE b1', migration_set => 'graph', after => '{a0}'),
       tenancy.add_migration('9m', 'CREATE TABLE m (id int)', 'DROP TABLE m', migration_set => 'graph', after => '{b1,b2}');
SELECT tenancy.sync('alembic', 'graph');
CREATE SCHEMA sy_graph;
SELECT version FROM tenancy.migrate_schema('sy_graph', 'b1', 'graph');
SELECT pg_temp.rows_of('sy_graph', 'alembic_version');
SELECT version FROM tenancy.migrate_schema('sy_graph', 'b2', 'graph');
SELECT pg_temp.rows_of('sy_graph', 'alembic_version');
SELECT version FROM tenancy.migrate_schema('sy_graph', 'head', 'graph');
SELECT pg_temp.rows_of('sy_graph', 'alembic_version');
SELECT version FROM tenancy.downgrade_schema('sy_graph', '-1', 'graph');
SELECT pg_temp.rows_of('sy_graph', 'alembic_version');
DELETE FROM sy_graph.alembic_version WHERE version_num = 'b2';
SELECT version FROM tenancy.migrate_schema('sy_graph', 'head', 'graph');

SET client_min_messages = warning;
-- What was applied before the sync is written by adopt, also where the tool has no table yet, or stands further back.
SELECT tenancy.stop_sync();
CREATE SCHEMA sy_late_1;
CREATE SCHEMA sy_late_2;
SELECT count(*) FROM tenancy.migrate_schema('sy_late_1');
SELECT count(*) FROM tenancy.migrate_schema('sy_late_2');
CREATE TABLE sy_late_2.alembic_version (version_num varchar(32) PRIMARY KEY);
INSERT INTO sy_late_2.alembic_version VALUES ('001');
SELECT count(*) FROM tenancy.discover('sy\_late%');
SELECT tenancy.sync('alembic');
SELECT tenant, state, detail FROM tenancy.adopt('alembic', dry_run => false, pattern => 'sy\_late%') WHERE tenant IS NOT NULL;
SELECT *, (SELECT string_agg(version_num, ' ') FROM sy_late_2.alembic_version) FROM sy_late_1.alembic_version;

DROP SCHEMA sy_graph, sy_alembic, sy_rails, sy_dbmate, sy_django, "sy_golang-migrate", sy_goose, sy_diesel, "sy_node-pg-migrate",
            sy_knex, "sy_sql-migrate", sy_yoyo, sy_archify, sy_pop, sy_base, sy_late_1, sy_late_2, sy_hostile CASCADE;
DROP ROLE regress_sync_owner;
DROP EXTENSION tenancy;
