-- The tracking table: its shape, tables of other tools, another name, hands that were there.
SET client_min_messages = warning;
DROP EXTENSION IF EXISTS tenancy CASCADE;
CREATE EXTENSION tenancy;
RESET client_min_messages;
\set SHOW_CONTEXT never

SELECT tenancy.add_migration('1', 'CREATE TABLE a (id int)', 'DROP TABLE a', 'first');
SELECT tenancy.add_migration('2', 'CREATE TABLE b (id int)', 'DROP TABLE b');
CREATE SCHEMA tr;
SELECT tenancy.start_tracking('tr');
SELECT tenancy.start_tracking('tr');
\d tr.schema_migrations
-- No TOAST table: two files fewer for each tenant.
SELECT reltoastrelid = 0 AS no_toast, relpersistence FROM pg_class WHERE oid = 'tr.schema_migrations'::regclass;
-- In the catalogue its primary key is what SQL makes of one, and its B-tree is sound, also with rows.
CREATE SCHEMA tr_twin;
CREATE TABLE tr_twin.schema_migrations (LIKE tr.schema_migrations, PRIMARY KEY (migration_set, version));
CREATE FUNCTION pg_temp.key_of(schema text) RETURNS SETOF text LANGUAGE sql AS $$
  WITH key AS (SELECT i.*, c.oid AS con FROM pg_index i JOIN pg_constraint c ON c.conindid = i.indexrelid
                WHERE i.indrelid = (schema || '.schema_migrations')::regclass)
  SELECT (to_jsonb(i) - '{indexrelid,indrelid,con}'::text[])::text FROM key i
  UNION ALL SELECT (to_jsonb(c) - '{oid,relnamespace,relfilenode,relpages}'::text[])::text
              FROM key JOIN pg_class c ON c.oid = indexrelid
  UNION ALL SELECT (to_jsonb(c) - '{oid,conrelid,connamespace,conindid}'::text[])::text
              FROM key JOIN pg_constraint c ON c.oid = con
  UNION ALL SELECT format('%s of the table', to_jsonb(c) -> 'relhasindex')
              FROM key JOIN pg_class c ON c.oid = indrelid
  UNION ALL SELECT (to_jsonb(a) - 'attrelid')::text FROM key JOIN pg_attribute a ON a.attrelid = indexrelid
  UNION ALL SELECT format('%s %s %s %s on %s %s', d.classid::regclass, d.objid = key.con, d.objsubid, d.deptype,
                          d.refclassid::regclass, d.refobjsubid)
              FROM key JOIN pg_depend d ON d.objid IN (key.con, key.indexrelid)
$$;
SELECT count(*) > 8 AS compared, array_agg(a ORDER BY a) = (SELECT array_agg(b ORDER BY b) FROM pg_temp.key_of('tr_twin') b)
       AS same FROM pg_temp.key_of('tr') a;
CREATE EXTENSION amcheck;
SELECT bt_index_parent_check('tr.schema_migrations_pkey', true);
SELECT version FROM tenancy.migrate_schema('tr');
SELECT bt_index_parent_check('tr.schema_migrations_pkey', true);
DROP EXTENSION amcheck;
INSERT INTO tr.schema_migrations TABLE tr.schema_migrations;
SELECT migration_set, version, description, length(checksum) AS checksum, state,
       applied_at <= clock_timestamp() AS applied_at,
       applied_by = current_user AS applied_by, duration >= '0' AS duration
  FROM tr.schema_migrations ORDER BY version;
-- The index that it has finds the rows that were written directly.
SET enable_seqscan = off;
SELECT version FROM tr.schema_migrations WHERE migration_set = 'default' AND version = '2';
RESET enable_seqscan;
-- Its name is taken, or too long for another word.
CREATE SCHEMA tr_taken;
CREATE VIEW tr_taken.schema_migrations_pkey AS SELECT 1;
SELECT tenancy.start_tracking('tr_taken');
SELECT indexrelid::regclass FROM pg_index WHERE indrelid = 'tr_taken.schema_migrations'::regclass;
DO $$ BEGIN PERFORM set_config('tenancy.tracking_table', repeat('t', 63), false); END $$;
SELECT tenancy.start_tracking('tr_taken');
SELECT length(relname), right(relname, 10) FROM pg_class
 WHERE relnamespace = 'tr_taken'::regnamespace AND relkind = 'i' AND relname LIKE 'ttt%';
RESET tenancy.tracking_table;
SELECT tenancy.start_tracking('nowhere');
SELECT tenancy.start_tracking('public');
DROP TABLE public.schema_migrations;
SELECT tenancy.start_tracking('pg_catalog');
SELECT tenancy.start_tracking(NULL);

-- Of another tool: recognised, and left alone.
CREATE SCHEMA tr_rails;
CREATE TABLE tr_rails.schema_migrations (version varchar PRIMARY KEY);
INSERT INTO tr_rails.schema_migrations VALUES ('20240101');
SELECT * FROM tenancy.migrate_schema('tr_rails');
SELECT * FROM tenancy.downgrade_schema('tr_rails', 'base');
SELECT * FROM tenancy.plan_upgrade('tr_rails');
SELECT tenancy.start_tracking('tr_rails');
SELECT tenancy.resolve('tr_rails', '1', 'applied');
SELECT * FROM tr_rails.schema_migrations;
SELECT tenancy.downgrade_schema('tr') IS NOT NULL AS went_down;
SELECT tenancy.drop_migration('2');
SELECT tenancy.add_migration('2', 'CREATE TABLE b (id int)', 'DROP TABLE b');
-- With another name they live side by side.
SET tenancy.tracking_table = 'tenancy_migrations';
SELECT version FROM tenancy.migrate_schema('tr_rails');
SELECT tenancy.start_tracking('tr_rails');
SELECT version FROM tenancy.migrate_schema('tr_rails');
SELECT version, state FROM tenancy.history('tr_rails');
SELECT * FROM tr_rails.schema_migrations;
RESET tenancy.tracking_table;

-- What looks alike and is not ours: a view, a partitioned table, a column dropped, one of another type.
CREATE SCHEMA tr_view;
CREATE VIEW tr_view.schema_migrations AS SELECT * FROM tr.schema_migrations;
SELECT * FROM tenancy.migrate_schema('tr_view');
DROP VIEW tr_view.schema_migrations;
CREATE SCHEMA tr_parts;
CREATE TABLE tr_parts.schema_migrations (LIKE tr.schema_migrations) PARTITION BY LIST (version);
SELECT * FROM tenancy.migrate_schema('tr_parts');
CREATE SCHEMA tr_less;
CREATE TABLE tr_less.schema_migrations (LIKE tr.schema_migrations);
ALTER TABLE tr_less.schema_migrations DROP COLUMN duration;
SELECT * FROM tenancy.migrate_schema('tr_less');
ALTER TABLE tr_less.schema_migrations ADD COLUMN duration interval;
SELECT * FROM tenancy.migrate_schema('tr_less');
CREATE SCHEMA tr_type;
CREATE TABLE tr_type.schema_migrations (LIKE tr.schema_migrations);
ALTER TABLE tr_type.schema_migrations ALTER COLUMN applied_by TYPE text;
SELECT * FROM tenancy.migrate_schema('tr_type');
CREATE SCHEMA tr_index;
CREATE SEQUENCE tr_index.schema_migrations;
SELECT * FROM tenancy.migrate_schema('tr_index');
CREATE SCHEMA tr_kind;
CREATE TYPE tr_kind.schema_migrations AS ENUM ('x');
SELECT * FROM tenancy.migrate_schema('tr_kind');

-- A column more is the owner's business, while it takes NULL; triggers, rules and policies do not run.
CREATE SCHEMA tr_more;
SELECT tenancy.start_tracking('tr_more');
ALTER TABLE tr_more.schema_migrations ADD COLUMN ticket text;
CREATE RULE nothing AS ON INSERT TO tr_more.schema_migrations DO INSTEAD NOTHING;
ALTER TABLE tr_more.schema_migrations ENABLE ROW LEVEL SECURITY;
ALTER TABLE tr_more.schema_migrations FORCE ROW LEVEL SECURITY;
SELECT version FROM tenancy.migrate_schema('tr_more', '1');
SELECT version, ticket FROM tr_more.schema_migrations;
ALTER TABLE tr_more.schema_migrations ADD COLUMN needed int NOT NULL DEFAULT 0;
ALTER TABLE tr_more.schema_migrations ALTER COLUMN needed DROP DEFAULT;
\set VERBOSITY terse
SELECT version FROM tenancy.migrate_schema('tr_more');
\set VERBOSITY default
SELECT to_regclass('tr_more.b');

-- A migration that tampers with the table it will be recorded in.
CREATE SCHEMA tr_tamper;
SELECT tenancy.add_migration('1', 'DROP TABLE schema_migrations', migration_set => 'tamper1');
SELECT tenancy.add_migration('1', 'ALTER TABLE schema_migrations DROP COLUMN state', migration_set => 'tamper2');
SELECT tenancy.add_migration('1', 'ALTER TABLE schema_migrations RENAME TO other', migration_set => 'tamper3');
SELECT tenancy.add_migration('1', $$INSERT INTO schema_migrations
    SELECT 'tamper4', '1', '', '', 'applied', now(), current_user, '0'$$, migration_set => 'tamper4');
SELECT version FROM tenancy.migrate_schema('tr_tamper', migration_set => 'tamper1');
SELECT version FROM tenancy.migrate_schema('tr_tamper', migration_set => 'tamper2');
SELECT version FROM tenancy.migrate_schema('tr_tamper', migration_set => 'tamper3');
SELECT version FROM tenancy.migrate_schema('tr_tamper', migration_set => 'tamper4');
SELECT relname FROM pg_class WHERE relnamespace = 'tr_tamper'::regnamespace AND relkind = 'r';

-- A table without its primary key, with a row twice: both go.
CREATE SCHEMA tr_twice;
SELECT version FROM tenancy.migrate_schema('tr_twice');
ALTER TABLE tr_twice.schema_migrations DROP CONSTRAINT schema_migrations_pkey;
INSERT INTO tr_twice.schema_migrations SELECT * FROM tr_twice.schema_migrations WHERE version = '2';
SELECT version FROM tenancy.downgrade_schema('tr_twice');
SELECT version FROM tr_twice.schema_migrations;

-- Dropped from outside between two calls: the history is empty, what is there says so, and resolve mends it.
DROP TABLE tr.schema_migrations;
SELECT version FROM tenancy.history('tr');
SELECT version FROM tenancy.migrate_schema('tr');
SELECT tenancy.resolve('tr', '1', 'applied');
SELECT version FROM tenancy.migrate_schema('tr');

SET client_min_messages = warning;
DROP SCHEMA tr, tr_rails, tr_view, tr_parts, tr_less, tr_type, tr_index, tr_kind, tr_more, tr_tamper, tr_twice CASCADE;
DROP EXTENSION tenancy;
