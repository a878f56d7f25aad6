-- tenancy.run_in_schema: SQL as a migration would run it, without a record.
SET client_min_messages = warning;
DROP EXTENSION IF EXISTS tenancy CASCADE;
CREATE EXTENSION tenancy;
RESET client_min_messages;
\set SHOW_CONTEXT never

CREATE SCHEMA ris;
SELECT tenancy.run_in_schema('ris', 'CREATE TABLE a (id int); INSERT INTO a VALUES (1), (2)');
SELECT * FROM ris.a;
SELECT relname FROM pg_class WHERE relnamespace = 'ris'::regnamespace;
-- Nothing to do is fine; each statement sees what the one before did.
SELECT tenancy.run_in_schema('ris', '');
SELECT tenancy.run_in_schema('ris', '-- nothing');
SELECT tenancy.run_in_schema('ris', 'CREATE TABLE b AS SELECT count(*) AS n FROM a; CREATE FUNCTION f() RETURNS bigint'
                                    ' LANGUAGE sql AS ''SELECT n FROM b''; UPDATE b SET n = f() + 1; TABLE b');
SELECT * FROM ris.b;
-- All or nothing.
SELECT tenancy.run_in_schema('ris', 'INSERT INTO a VALUES (3); INSERT INTO missing VALUES (1)');
SELECT count(*) FROM ris.a;
-- Procedures run, and may not commit.
SELECT tenancy.run_in_schema('ris', 'CREATE PROCEDURE p() LANGUAGE plpgsql AS ''BEGIN INSERT INTO a VALUES (4); END'';'
       ' CALL p()');
SELECT tenancy.run_in_schema('ris', 'CREATE PROCEDURE q() LANGUAGE plpgsql AS ''BEGIN COMMIT; END''; CALL q()');
SELECT tenancy.run_in_schema('ris', 'DO $d$ BEGIN ROLLBACK; END $d$');
-- Every row of a query that writes is read to its end.
SELECT tenancy.run_in_schema('ris', 'CREATE SEQUENCE s; SELECT nextval(''s'') FROM generate_series(1, 100);'
                                    'INSERT INTO a SELECT 5 RETURNING id; WITH w AS (INSERT INTO a VALUES (6) '
                                        'RETURNING id) SELECT 1 FROM w');
SELECT last_value FROM ris.s;
SELECT id FROM ris.a ORDER BY 1;
-- Rules, triggers, views that write.
SELECT tenancy.run_in_schema('ris', 'CREATE VIEW va AS SELECT * FROM a; INSERT INTO va VALUES (7);'
                                    'CREATE RULE double AS ON INSERT TO b DO ALSO INSERT INTO a VALUES (NEW.n); '
                                        'INSERT INTO b VALUES (8)');
SELECT id FROM ris.a WHERE id > 6 ORDER BY 1;
-- Refused.
SELECT tenancy.run_in_schema('ris', 'BEGIN');
SELECT tenancy.run_in_schema('ris', 'VACUUM');
SELECT tenancy.run_in_schema('ris', 'COPY a FROM STDIN');
SELECT tenancy.run_in_schema('ris', 'SELECT $1');
SELECT tenancy.run_in_schema('ris', 'CREATE TABLE public.stray (id int)');
SELECT tenancy.run_in_schema('public', 'SELECT 1');
SELECT tenancy.run_in_schema('nowhere', 'SELECT 1');
SELECT tenancy.run_in_schema('pg_catalog', 'SELECT 1');
SELECT tenancy.run_in_schema(NULL, 'SELECT 1');
SELECT tenancy.run_in_schema('ris', NULL);
SELECT tenancy.run_in_schema('ris', 'SELECT 1', 'root');
-- It holds the target's lock to the end of the transaction.
BEGIN;
SELECT tenancy.run_in_schema('ris', 'SELECT 1');
SELECT mode, classid, objid = 'ris'::regnamespace AS this_schema FROM pg_locks
 WHERE locktype = 'advisory' AND pid = pg_backend_pid() ORDER BY mode;
ROLLBACK;
SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid();
-- A migration may not run another one, nor itself.
SELECT tenancy.run_in_schema('ris', 'SELECT tenancy.run_in_schema(''ris'', ''SELECT 1'')');
SELECT tenancy.run_in_schema('ris', 'SELECT * FROM tenancy.migrate_schema(''ris'')');
SELECT tenancy.run_in_schema('ris', 'SELECT count(*) FROM tenancy.status()');

SET client_min_messages = warning;
DROP SCHEMA ris CASCADE;
DROP EXTENSION tenancy;
