-- CALL tenancy.rollback_run(): exactly what a run applied.
SET tenancy.concurrency = 0;
SET client_min_messages = warning;
DROP EXTENSION IF EXISTS tenancy CASCADE;
CREATE EXTENSION tenancy;
RESET client_min_messages;

CREATE FUNCTION pg_temp.last_run() RETURNS bigint LANGUAGE sql AS 'SELECT max(id) FROM tenancy.runs';
CREATE FUNCTION pg_temp.last_targets()
RETURNS TABLE (wave text, target text, wanted text[], state text, from_revision text, to_revision text, versions text[],
               error text)
LANGUAGE sql AS $$
SELECT wave, coalesce(tenant, schema), versions_wanted, state, from_revision, to_revision, versions, error
  FROM tenancy.run_targets WHERE run = pg_temp.last_run() ORDER BY ordinal
$$;

SELECT tenancy.add_migration('1', 'CREATE TABLE rb_shared (id int PRIMARY KEY)', 'DROP TABLE rb_shared',
                             scope => 'public');
SELECT tenancy.add_migration('2', 'CREATE TABLE a (id int REFERENCES rb_shared)', 'DROP TABLE a');
SELECT tenancy.add_migration('4', 'CREATE TABLE b (id int)', 'DROP TABLE b');
SELECT tenancy.add_migration('view', 'CREATE VIEW v AS SELECT 1 AS one', 'DROP VIEW v', repeatable => true);
SELECT count(*) FROM generate_series(1, 3) AS i, LATERAL tenancy.create_tenant('rb_' || i, revision => 'base');
SELECT count(*) FROM tenancy.migrate_public();
-- The second is further than the others.
SELECT count(*) FROM tenancy.migrate_schema('rb_2', '2');

-- Everything that the run did, the shared schema last; what was there before stays.
SELECT tenancy.add_migration('5', 'ALTER TABLE rb_shared ADD note text', 'ALTER TABLE rb_shared DROP note',
                             scope => 'public');
CALL tenancy.rollout();
CALL tenancy.rollback_run(pg_temp.last_run());
SELECT * FROM pg_temp.last_targets();
SELECT operation, revision, state, rolls_back FROM tenancy.runs WHERE id = pg_temp.last_run();
SELECT tenant, schema, revision FROM tenancy.status();
SELECT to_regclass('rb_1.v'), to_regclass('rb_2.v'), to_regclass('rb_2.a');

-- Twice is once; and a rollback is not rolled back.
CALL tenancy.rollback_run(1);
SELECT * FROM pg_temp.last_targets();
CALL tenancy.rollback_run(2);
CALL tenancy.rollback_run(99);
CALL tenancy.rollback_run(NULL);
SELECT count(*) FROM tenancy.downgrade_all('base');
CALL tenancy.rollback_run(pg_temp.last_run());

-- In the middle of the history: only what this run applied.
CALL tenancy.rollout('4');
SELECT tenancy.add_migration('3', 'CREATE TABLE late (id int)', 'DROP TABLE late');
SET tenancy.out_of_order = 'apply';
CALL tenancy.rollout();
SELECT target, versions FROM (SELECT * FROM pg_temp.last_targets()) t;
CALL tenancy.rollback_run(pg_temp.last_run());
RESET tenancy.out_of_order;
SELECT * FROM pg_temp.last_targets();
SELECT string_agg(version, ' ' ORDER BY version) FROM rb_1.schema_migrations;
SELECT tenancy.drop_migration('3');

-- A run that had nothing to do.
CALL tenancy.rollout();
CALL tenancy.rollout();
CALL tenancy.rollback_run(pg_temp.last_run());

-- Something newer stands on it in one tenant: nothing is done anywhere, unless that is asked for.
SELECT tenancy.add_migration('6', 'CREATE TABLE c (id int)', 'DROP TABLE c');
CALL tenancy.rollout();
SELECT pg_temp.last_run() AS run \gset
SELECT tenancy.add_migration('7', 'CREATE TABLE d (id int)', 'DROP TABLE d');
SELECT count(*) FROM tenancy.migrate_tenant('rb_2');
CALL tenancy.rollback_run(:run);
SELECT tenant, revision FROM tenancy.status('rb%');
CALL tenancy.rollback_run(:run, skip_irreversible => true);
SELECT * FROM pg_temp.last_targets();
SELECT tenant, revision FROM tenancy.status('rb%');
SELECT count(*) FROM tenancy.downgrade_tenant('rb_2');
CALL tenancy.retry_failed(pg_temp.last_run());
SELECT tenant, revision FROM tenancy.status('rb%');
SELECT tenancy.drop_migration('7');

-- No way down, in the shared schema and in tenants: all are named before anything is done.
SELECT tenancy.add_migration('8', 'CREATE TABLE rb_shared_2 (id int)', scope => 'public');
SELECT tenancy.add_migration('9', 'CREATE TABLE e (id int)');
CALL tenancy.rollout();
SELECT pg_temp.last_run() AS run \gset
CALL tenancy.rollback_run(:run);
SELECT count(*) FROM tenancy.runs WHERE rolls_back = :run;
CALL tenancy.rollback_run(:run, skip_irreversible => true);
SELECT * FROM pg_temp.last_targets();
-- Down SQL that comes later is good enough.
SELECT tenancy.add_migration('8', 'CREATE TABLE rb_shared_2 (id int)', 'DROP TABLE rb_shared_2', scope => 'public');
SELECT tenancy.add_migration('9', 'CREATE TABLE e (id int)', 'DROP TABLE e');
CALL tenancy.rollback_run(:run);
SELECT tenant, revision FROM tenancy.status();

-- Down SQL that fails: that target is as it was, and the shared schema stays for its sake.
CALL tenancy.rollout();
SELECT pg_temp.last_run() AS run \gset
DROP TABLE rb_3.e;
CALL tenancy.rollback_run(:run);
SELECT * FROM pg_temp.last_targets();
CREATE TABLE rb_3.e (id int);
CALL tenancy.retry_failed(pg_temp.last_run());
SELECT target, state, versions FROM pg_temp.last_targets();
SELECT tenant, revision FROM tenancy.status();

-- Also what came in parts, and only by this run: retried after a failure.
CREATE TABLE rb_1.e (mine text);
CALL tenancy.rollout();
DROP TABLE rb_1.e;
SELECT pg_temp.last_run() AS run \gset
CALL tenancy.retry_failed(:run);
CALL tenancy.rollback_run(:run, concurrency => 2);
SELECT target, state, versions FROM pg_temp.last_targets();

-- A repeatable migration that the run replaced.
CALL tenancy.rollout();
SELECT tenancy.add_migration('view', 'CREATE OR REPLACE VIEW v AS SELECT 2 AS one', 'DROP VIEW v', repeatable => true);
CALL tenancy.rollout();
CALL tenancy.rollback_run(pg_temp.last_run());
SELECT target, versions FROM pg_temp.last_targets();
SELECT to_regclass('rb_1.v');

SET client_min_messages = warning;
DROP SCHEMA rb_1, rb_2, rb_3 CASCADE;
DROP TABLE public.rb_shared, public.rb_shared_2, public.schema_migrations;
DROP EXTENSION tenancy;
