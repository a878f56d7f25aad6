-- What migrations that run outside of transactions may not do, whose rights they have, and that they leave nothing.
SET tenancy.concurrency = 1;
SET client_min_messages = warning;
DROP EXTENSION IF EXISTS tenancy CASCADE;
CREATE EXTENSION tenancy;
RESET client_min_messages;
\set SHOW_CONTEXT never

SELECT tenancy.add_migration('1', 'CREATE TABLE a (id int, n int); INSERT INTO a VALUES (1, 1), (9, 1);');
SELECT count(*) FROM generate_series(1, 2) AS i, LATERAL tenancy.create_tenant('out_' || i);
CREATE TABLE public.out_shared (id int);

-- The guard.
CREATE TABLE public.out_parent (id int) PARTITION BY LIST (id);
CREATE TABLE public.out_part PARTITION OF public.out_parent FOR VALUES IN (1);
CREATE INDEX out_shared_id ON public.out_shared (id);
SELECT tenancy.add_migration('1', statement, 'SELECT 1', migration_set => 'g' || number, transactional => false)
  FROM unnest(ARRAY[
        'CREATE INDEX CONCURRENTLY ON out_shared (id)', 'DROP INDEX CONCURRENTLY out_shared_id', 'VACUUM a, out_shared',
        'ANALYZE out_shared', 'REINDEX TABLE out_shared', 'REINDEX TABLE CONCURRENTLY out_shared',
        'REINDEX INDEX CONCURRENTLY out_shared_id', 'CLUSTER out_shared USING out_shared_id',
        'ALTER TABLE out_parent DETACH PARTITION out_part CONCURRENTLY', 'CREATE TABLE public.out_stray (id int)',
        'DISCARD ALL', 'LISTEN x', 'ALTER TABLE schema_migrations ADD z int', 'DELETE FROM schema_migrations',
        'SELECT pg_advisory_lock(1)', 'ALTER SCHEMA out_1 RENAME TO out_3'])
       WITH ORDINALITY AS all_of_them (statement, number);
SELECT format('UPDATE tenancy.tenants SET migration_set = %L WHERE id = ''out_1''', migration_set),
       format('CALL tenancy.rollout(migration_set => %L)', migration_set)
  FROM tenancy.migrations WHERE migration_set LIKE 'g%' ORDER BY substr(migration_set, 2)::int
\gexec
SELECT migration_set, version, state FROM tenancy.history('out_1') WHERE migration_set LIKE 'g%';
SELECT count(*) FROM pg_index WHERE indrelid = 'public.out_shared'::regclass;
UPDATE tenancy.tenants SET migration_set = 'default';
-- Unless it is allowed.
SELECT tenancy.add_migration('5', 'CREATE INDEX CONCURRENTLY out_shared_again ON out_shared (id);'
                                  'ALTER TABLE out_parent DETACH PARTITION out_part CONCURRENTLY',
                             transactional => false, allow_outside => true);
CALL tenancy.rollout(pattern => 'out\_1');
\d public.out_shared
SELECT relispartition FROM pg_class WHERE relname = 'out_part';
SELECT count(*) FROM tenancy.resolve('out_2', '5', 'applied');

-- Refused when it is stored.
DO $$
DECLARE
    statement text;
BEGIN
    FOREACH statement IN ARRAY ARRAY[
        'VACUUM', 'VACUUM (ANALYZE)', 'ANALYZE', 'CLUSTER', 'REINDEX SCHEMA s', 'REINDEX DATABASE d', 'REINDEX SYSTEM d',
        'CREATE DATABASE d', 'DROP DATABASE d', 'ALTER DATABASE d SET TABLESPACE t', 'ALTER DATABASE d IS_TEMPLATE true',
        'CREATE TABLESPACE t LOCATION ''/t''', 'DROP TABLESPACE t', 'ALTER SYSTEM SET work_mem = 1',
        'CREATE SUBSCRIPTION s CONNECTION '''' PUBLICATION p', 'ALTER SUBSCRIPTION s DISABLE', 'DROP SUBSCRIPTION s',
        'SET LOCAL work_mem = 1', 'SET ROLE postgres', 'RESET ROLE', 'SET SESSION AUTHORIZATION DEFAULT']
    LOOP
        BEGIN
            PERFORM tenancy.add_migration('6', statement, transactional => false);
            RAISE WARNING 'accepted: %', statement;
        EXCEPTION WHEN feature_not_supported THEN
            RAISE INFO '%', sqlerrm;
        END;
    END LOOP;
END
$$;

-- Settings do not leak: not to the next step, nor to the next tenant, nor behind a failure.
SELECT tenancy.add_migration('6', $$
    CREATE TABLE before_it AS SELECT name, setting FROM pg_settings WHERE source = 'session';
    SET search_path = pg_catalog;
    SET lock_timeout = '9s';
    SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL SERIALIZABLE;
    SET tenancy.shared_schemas = 'pg_catalog';
    SELECT set_config('work_mem', '77MB', false), set_config('role', 'pg_monitor', false);
    PREPARE p AS SELECT 1;
    CREATE TEMP TABLE scratch (id int);
    CREATE INDEX CONCURRENTLY ON scratch (id);
    DO 'BEGIN IF (SELECT count(*) FROM pg_class WHERE relname = ''before_it'') = 1 THEN RAISE ''one''; END IF; END';
$$, transactional => false);
SELECT tenancy.add_migration('7', $$
    CREATE TABLE after_it AS SELECT name, setting FROM pg_settings WHERE source = 'session';
    INSERT INTO after_it SELECT name, '' FROM pg_prepared_statements UNION ALL SELECT 'user', current_user
                         UNION ALL SELECT relname, '' FROM pg_class WHERE relname = 'scratch';
$$);
CALL tenancy.rollout();
SELECT tenancy.resolve('out_1', '6', 'pending');
DROP TABLE out_1.before_it;
CALL tenancy.rollout();
SELECT name, b1.setting AS b1, b2.setting AS b2, a1.setting AS a1, a2.setting AS a2
  FROM out_1.before_it b1 FULL JOIN out_2.before_it b2 USING (name) FULL JOIN out_1.after_it a1 USING (name)
       FULL JOIN out_2.after_it a2 USING (name)
 ORDER BY name COLLATE "C";

-- Roles: the tenant's owner, as in all migrations; code that he planted has no rights of the superuser.
CREATE ROLE out_owner;
GRANT CREATE ON SCHEMA public TO out_owner;
ALTER SCHEMA out_2 OWNER TO out_owner;
ALTER TABLE out_2.a OWNER TO out_owner;
ALTER TABLE out_2.schema_migrations OWNER TO out_owner;
SET ROLE out_owner;
CREATE FUNCTION out_2.trap(n int) RETURNS int LANGUAGE plpgsql IMMUTABLE AS
    $$ BEGIN RAISE WARNING 'trap runs as %', current_user; PERFORM set_config('role', 'postgres', false); RETURN n; END $$;
RESET ROLE;
SELECT tenancy.add_migration('8', 'CREATE INDEX CONCURRENTLY a_trap ON a (trap(n))', transactional => false);
SELECT tenancy.add_migration('8a', 'VACUUM a; CREATE TABLE whose AS SELECT current_user AS who;'
                                   'CREATE INDEX CONCURRENTLY whose_who ON whose (who)',
                             'DROP INDEX CONCURRENTLY whose_who; DROP TABLE whose', transactional => false);
CALL tenancy.rollout(pattern => 'out\_2');
SELECT tenancy.drop_migration('8');
CALL tenancy.rollout(pattern => 'out\_2');
SELECT tablename, tableowner FROM pg_tables WHERE schemaname = 'out_2' ORDER BY 1;
SELECT version, state, applied_by FROM tenancy.history('out_2') WHERE version = '8a';
CALL tenancy.downgrade_rollout('7', 'out\_2');
SELECT to_regclass('out_2.whose');
-- What is not the owner's, his migrations do not touch.
ALTER TABLE out_2.a OWNER TO postgres;
SELECT tenancy.add_migration('8', 'CREATE INDEX CONCURRENTLY a_trap ON a (n)', transactional => false);
CALL tenancy.rollout('8', 'out\_2');
CALL tenancy.rollout('8', 'out\_2', run_as => 'caller');

SET client_min_messages = warning;
DROP SCHEMA out_1, out_2 CASCADE;
DROP TABLE public.out_shared, public.out_parent, public.out_part;
DROP EXTENSION tenancy;
DROP OWNED BY out_owner;
DROP ROLE out_owner;
