-- Migrations outside of transactions whose code commits its batches.
SET tenancy.concurrency = 1;
SET client_min_messages = warning;
DROP EXTENSION IF EXISTS tenancy CASCADE;
CREATE EXTENSION tenancy;
RESET client_min_messages;
\set SHOW_CONTEXT never

SELECT tenancy.add_migration('1', $$
    CREATE TABLE a (id int, batch xid8);
    INSERT INTO a SELECT generate_series(1, 6);
    CREATE PROCEDURE backfill() LANGUAGE plpgsql AS $b$ BEGIN
        FOR i IN 1 .. 3 LOOP
            UPDATE a SET batch = pg_current_xact_id() WHERE id IN (2 * i - 1, 2 * i);
            COMMIT;
        END LOOP;
    END $b$;
$$);
SELECT count(*) FROM generate_series(1, 2) AS i, LATERAL tenancy.create_tenant('batch_' || i);

SELECT tenancy.add_migration('2', 'CALL backfill();', 'UPDATE a SET batch = NULL', transactional => false);
CALL tenancy.rollout();
SELECT count(DISTINCT batch) FROM batch_2.a;
SELECT version, state FROM tenancy.history('batch_2');

-- What fails behind a commit is in doubt.
SELECT tenancy.add_migration('3', $$
    DO $b$ BEGIN
        UPDATE a SET batch = '1';
        COMMIT;
        UPDATE a SET id = id / (SELECT count(*) - 6 FROM a);
    END $b$;
$$, transactional => false);
CALL tenancy.rollout(pattern => 'batch\_1');
SELECT count(DISTINCT batch) FROM batch_1.a;
SELECT version, state FROM tenancy.history('batch_1');
DELETE FROM batch_1.a WHERE id = 6;
SELECT count(*) FROM tenancy.resolve('batch_1', '3', 'pending');
CALL tenancy.rollout(pattern => 'batch\_1');
SELECT version, state FROM tenancy.history('batch_1');
SELECT count(*) FROM tenancy.resolve('batch_2', '3', 'applied');

-- Guarded as all others.
SELECT tenancy.add_migration('1', statement, 'SELECT 1', migration_set => 'g' || number, transactional => false)
  FROM unnest(ARRAY[
        'DO $$ BEGIN CREATE TABLE public.batch_stray (id int); COMMIT; END $$',
        'DO $$ BEGIN DELETE FROM schema_migrations; COMMIT; END $$',
        'DO $$ BEGIN COMMIT; ALTER SCHEMA batch_1 RENAME TO batch_3; END $$'])
       WITH ORDINALITY AS all_of_them (statement, number);
SELECT format('UPDATE tenancy.tenants SET migration_set = %L WHERE id = ''batch_1''', migration_set),
       format('CALL tenancy.rollout(migration_set => %L)', migration_set)
  FROM tenancy.migrations WHERE migration_set LIKE 'g%' ORDER BY migration_set
\gexec
SELECT to_regclass('public.batch_stray');
ALTER SCHEMA batch_3 RENAME TO batch_1;

-- A superuser acts as the owner, whose code must not become the superuser's.
SET client_min_messages = warning;
CREATE ROLE batch_owner;
GRANT CREATE ON DATABASE :DBNAME TO batch_owner;
RESET client_min_messages;
UPDATE tenancy.tenants SET migration_set = 'default';
ALTER SCHEMA batch_2 OWNER TO batch_owner;
ALTER TABLE batch_2.a OWNER TO batch_owner;
ALTER TABLE batch_2.schema_migrations OWNER TO batch_owner;
ALTER PROCEDURE batch_2.backfill() OWNER TO batch_owner;
SELECT tenancy.add_migration('4', 'CALL backfill();', transactional => false);
CALL tenancy.rollout(pattern => 'batch\_2');
SELECT version, state FROM tenancy.history('batch_2');

SET client_min_messages = warning;
DROP SCHEMA batch_1, batch_2 CASCADE;
DROP EXTENSION tenancy;
DROP OWNED BY batch_owner;
DROP ROLE batch_owner;
