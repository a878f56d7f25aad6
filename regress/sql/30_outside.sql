-- Migrations that run outside of transactions, in background workers. With one worker the order of warnings is certain.
SET tenancy.concurrency = 1;
SET client_min_messages = warning;
DROP EXTENSION IF EXISTS tenancy CASCADE;
CREATE EXTENSION tenancy;
RESET client_min_messages;

CREATE VIEW public.out_indexes AS
    SELECT schemaname, tablename, indexname, indisvalid
      FROM pg_indexes JOIN pg_index ON indexrelid = format('%I.%I', schemaname, indexname)::regclass
     WHERE schemaname LIKE 'out\_%' AND tablename <> 'schema_migrations' ORDER BY 1, 2, 3;
CREATE VIEW public.out_tracking AS
    SELECT 'out_1' AS schema, version, state FROM tenancy.history('out_1')
    UNION ALL SELECT 'out_2', version, state FROM tenancy.history('out_2') ORDER BY 1, 2;

SELECT tenancy.add_migration('1', 'CREATE TABLE a (id int, n int); INSERT INTO a VALUES (1, 1), (2, 1);', 'DROP TABLE a');
SELECT count(*) FROM generate_series(1, 2) AS i, LATERAL tenancy.create_tenant('out_' || i);
CREATE TABLE public.out_shared (id int);

-- Functions refuse it before anything runs; the procedure runs it, between what is transactional.
SELECT tenancy.add_migration('2', 'CREATE TABLE b (id int)', 'DROP TABLE b');
SELECT * FROM tenancy.load_migration('3_index.sql', $$-- MIGRATION_TRANSACTION: off
-- UPGRADE
SET maintenance_work_mem = '2MB';
CREATE INDEX CONCURRENTLY a_n ON a (n);
CREATE INDEX CONCURRENTLY ON a ((n + 1)) WHERE n > 0;
VACUUM (ANALYZE) a, b;
ANALYZE a;
REINDEX TABLE a;
REINDEX TABLE CONCURRENTLY a;
CREATE TYPE mood AS ENUM ('happy');
ALTER TYPE mood ADD VALUE 'sad';
CREATE TABLE c (m mood DEFAULT 'sad');
INSERT INTO c DEFAULT VALUES;
CREATE TEMP TABLE scratch AS SELECT * FROM c;
INSERT INTO c SELECT * FROM scratch;
-- DOWNGRADE
DROP TABLE c;
DROP TYPE mood;
DROP INDEX CONCURRENTLY a_n;
DROP INDEX CONCURRENTLY a_expr_idx;
$$);
SELECT tenancy.add_migration('4', 'ALTER TABLE b ADD n int', 'ALTER TABLE b DROP n');
SELECT * FROM tenancy.migrate_all();
SELECT * FROM tenancy.migrate_schema('out_1');
CALL tenancy.rollout(concurrency => 0);
SELECT * FROM out_tracking;
CALL tenancy.rollout('3');
SELECT * FROM out_tracking;
SELECT * FROM out_indexes;
TABLE out_1.c;
SELECT version, description, applied_by = current_user AS by_us, duration > '0' AS took_time FROM tenancy.history('out_1')
 WHERE version = '3';
CALL tenancy.rollout();
SELECT tenant, revision, state FROM tenancy.status('out\_%');

-- Down again.
SELECT * FROM tenancy.downgrade_all('2');
CALL tenancy.downgrade_rollout('2');
SELECT * FROM out_tracking;
SELECT * FROM out_indexes;
-- A run is taken back by turns too.
CALL tenancy.rollout();
SELECT max(id) AS run FROM tenancy.runs \gset
SELECT tenant, state, from_revision, to_revision, versions FROM tenancy.run_targets WHERE run = :run ORDER BY tenant;
CALL tenancy.rollback_run(:run);
SELECT tenant, state, from_revision, to_revision, versions FROM tenancy.run_targets WHERE run = :run + 1 ORDER BY tenant;
SELECT * FROM out_tracking;
CALL tenancy.downgrade_rollout('1');
SELECT tenancy.drop_migration('2'), tenancy.drop_migration('3'), tenancy.drop_migration('4');

-- The first effect fails: the target is as it was, without an INVALID index. Another one is not concerned.
DELETE FROM out_2.a WHERE id = 2;
SELECT tenancy.add_migration('2', E'SET work_mem = ''1MB'';\nCREATE UNIQUE INDEX CONCURRENTLY a_n ON a (n);',
                             'DROP INDEX CONCURRENTLY a_n', transactional => false);
CALL tenancy.rollout();
SELECT * FROM out_tracking;
SELECT * FROM out_indexes;
-- So it is without a name, in a rebuild, and downwards.
SELECT tenancy.add_migration('3', 'CREATE UNIQUE INDEX CONCURRENTLY ON a ((n / (n - 1)));', 'VACUUM nothing',
                             transactional => false);
SELECT tenancy.resolve('out_1', '2', 'applied');
CALL tenancy.rollout();
SELECT * FROM out_tracking;
SELECT * FROM out_indexes;
SELECT tenancy.resolve('out_2', '3', 'applied');
CALL tenancy.downgrade_rollout('2');
SELECT * FROM out_tracking;
SELECT tenancy.resolve('out_2', '3', 'pending'), tenancy.resolve('out_1', '2', 'pending');
SELECT tenancy.drop_migration('3');

-- A later statement fails: in doubt. All of it can be repeated, so the next call goes on.
SELECT tenancy.add_migration('3', E'CREATE INDEX CONCURRENTLY a_id ON a (id);\n'
                                  'CREATE UNIQUE INDEX CONCURRENTLY a_one ON a ((1));', transactional => false);
INSERT INTO out_2.a VALUES (3, 3);
SELECT tenancy.resolve('out_1', '2', 'applied');
CALL tenancy.rollout();
SELECT * FROM out_tracking;
SELECT * FROM out_indexes;
SELECT tenant, revision, pending, state, detail FROM tenancy.status('out\_%');
SELECT * FROM tenancy.migrate_schema('out_1');
DELETE FROM out_1.a WHERE id = 2;
SELECT oid AS a_id FROM pg_class WHERE oid = 'out_1.a_id'::regclass \gset
CALL tenancy.rollout();
SELECT * FROM out_tracking;
SELECT * FROM out_indexes WHERE schemaname = 'out_1';
SELECT 'out_1.a_id'::regclass = :a_id AS not_built_again;
-- Settled by hand, both ways.
SELECT tenancy.resolve('out_2', '3', 'applied');
SELECT * FROM out_tracking;
UPDATE out_2.schema_migrations SET state = 'running' WHERE version = '3';
SELECT tenancy.resolve('out_2', '3', 'pending');
SELECT * FROM out_tracking;
DELETE FROM out_2.a WHERE id = 3;
CALL tenancy.rollout();
DROP INDEX out_2.a_id;
CALL tenancy.rollout();
SELECT * FROM out_tracking;
DROP INDEX out_1.a_one, out_2.a_one;

-- Nobody knows whether this ran, and it cannot be repeated.
SELECT * FROM tenancy.load_migration('4_insert.sql', $$-- MIGRATION_TRANSACTION: off
-- UPGRADE
ALTER TABLE a ADD COLUMN IF NOT EXISTS z int;
INSERT INTO a VALUES (9, 9);
-- DOWNGRADE
ALTER TABLE a DROP COLUMN IF EXISTS z;
DELETE FROM a WHERE id = 9;
$$);
CALL tenancy.rollout();
UPDATE out_1.schema_migrations SET state = 'running' WHERE version = '4';
CALL tenancy.rollout();
CALL tenancy.downgrade_rollout('3');
SELECT * FROM out_tracking WHERE version = '4';
SELECT tenancy.resolve('out_1', '4', 'applied');
CALL tenancy.downgrade_rollout('3');
SELECT count(*) FROM out_1.a WHERE id = 9;
CALL tenancy.downgrade_rollout('3');
SELECT tenancy.drop_migration('4');

-- Each statement that can be repeated, in doubt before and behind it.
SELECT tenancy.add_migration('4', $$
    DROP INDEX CONCURRENTLY a_id;
    CREATE TABLE IF NOT EXISTS d (id int);
    ALTER TABLE d ADD COLUMN IF NOT EXISTS n int;
    CREATE INDEX IF NOT EXISTS d_id ON d (id);
    CREATE INDEX CONCURRENTLY IF NOT EXISTS d_n ON d (n);
    ALTER TYPE mood ADD VALUE 'sad' BEFORE 'happy';
    CREATE OR REPLACE VIEW v AS SELECT 1 AS one;
    DROP VIEW IF EXISTS nothing;
    COMMENT ON TABLE d IS 'd';
    VACUUM d;
    REINDEX INDEX CONCURRENTLY d_n;
    CLUSTER d USING d_id;
$$, transactional => false);
CREATE TYPE out_1.mood AS ENUM ('happy');
CREATE TYPE out_2.mood AS ENUM ('happy');
CALL tenancy.rollout();
UPDATE out_1.schema_migrations SET state = 'running' WHERE version = '4';
UPDATE out_2.schema_migrations SET state = 'running' WHERE version = '4';
-- What killed commands leave.
UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'out_2.d_n'::regclass;
CREATE INDEX d_n_ccnew ON out_2.d (n);
UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'out_2.d_n_ccnew'::regclass;
SELECT * FROM out_indexes;
CALL tenancy.rollout();
SELECT * FROM out_tracking WHERE version = '4';
SELECT * FROM out_indexes;
-- A broken index of another making is not taken for this one's.
SELECT tenancy.resolve('out_1', '4', 'pending');
UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'out_1.d_n'::regclass;
CREATE INDEX a_id ON out_1.a (id);
ALTER TYPE out_1.mood RENAME VALUE 'sad' TO 'bad';
CALL tenancy.rollout();
SELECT tenancy.resolve('out_1', '4', 'applied');

-- A row whose text is not the stored one cannot be retried, nor one that the plan does not reach.
UPDATE out_1.schema_migrations SET state = 'running', checksum = 'old' WHERE version = '4';
UPDATE out_2.schema_migrations SET state = 'running' WHERE version = '4';
CALL tenancy.rollout('3');
SELECT tenancy.resolve('out_1', '4', 'applied'), tenancy.resolve('out_2', '4', 'applied');

-- A schema with nothing in it is taken through all of them in its one transaction; so a new tenant is.
SELECT tenancy.add_migration('1', 'CREATE TABLE a (id int, n int)', 'DROP TABLE a', migration_set => 'fresh');
SELECT tenancy.add_migration('2', $$
    CREATE INDEX CONCURRENTLY a_n ON a (n);
    CREATE INDEX CONCURRENTLY a_id ON a (id);
    CREATE TABLE p (id int) PARTITION BY LIST (id);
    CREATE TABLE p1 PARTITION OF p FOR VALUES IN (1);
    ALTER TABLE p DETACH PARTITION p1 CONCURRENTLY;
    REINDEX TABLE CONCURRENTLY a;
    VACUUM (ANALYZE) a;
    DROP INDEX CONCURRENTLY a_id;
    CREATE TYPE mood AS ENUM ('happy');
    ALTER TYPE mood ADD VALUE 'sad';
$$, migration_set => 'fresh', transactional => false);
SELECT id FROM tenancy.create_tenant('out_3', migration_set => 'fresh', seed_sql => 'INSERT INTO a VALUES (7, 7)');
SELECT version, state FROM tenancy.history('out_3');
SELECT indexname, indisvalid FROM out_indexes WHERE schemaname = 'out_3';
SELECT enum_range(NULL::out_3.mood), relispartition FROM pg_class WHERE oid = 'out_3.p1'::regclass;
CREATE SCHEMA out_4;
SELECT * FROM tenancy.migrate_schema('out_4', '1', migration_set => 'fresh') WHERE version <> '1';
SELECT * FROM tenancy.migrate_schema('out_4', migration_set => 'fresh');
CREATE SCHEMA out_5;
CREATE FUNCTION out_5.f() RETURNS int LANGUAGE sql AS 'SELECT 1';
SELECT * FROM tenancy.migrate_schema('out_5', migration_set => 'fresh');
SET client_min_messages = warning;
DROP SCHEMA out_3, out_4, out_5 CASCADE;
RESET client_min_messages;
SELECT id FROM tenancy.deregister_tenant('out_3');

-- A repeatable one.
SELECT tenancy.add_migration('clean', 'VACUUM a', transactional => false, repeatable => true);
CALL tenancy.rollout();
SELECT tenancy.add_migration('clean', 'VACUUM nothing', transactional => false, repeatable => true);
CALL tenancy.rollout(pattern => 'out\_1');
SELECT * FROM out_tracking WHERE version = 'clean';
SELECT tenant, pending FROM tenancy.status('out\_%');
SELECT tenancy.add_migration('clean', 'VACUUM a; ANALYZE a', transactional => false, repeatable => true);
CALL tenancy.rollout();
SELECT tenant, pending FROM tenancy.status('out\_%');

-- The shared schema.
SELECT tenancy.add_migration('5', 'CREATE INDEX CONCURRENTLY out_id3 ON out_shared (id)', 'DROP INDEX CONCURRENTLY out_id3',
                             scope => 'public', transactional => false);
CALL tenancy.rollout('5');
SELECT count(*) FROM pg_index WHERE indrelid = 'public.out_shared'::regclass;
CALL tenancy.downgrade_rollout('4');
SELECT count(*) FROM pg_index WHERE indrelid = 'public.out_shared'::regclass;
SELECT count(*) FROM tenancy.history('public');

SET client_min_messages = warning;
DROP VIEW public.out_indexes, public.out_tracking;
DROP SCHEMA out_1, out_2 CASCADE;
DROP TABLE public.out_shared, public.schema_migrations;
DROP EXTENSION tenancy;
