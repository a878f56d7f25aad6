-- Errors of migrations keep all that PostgreSQL said, and say where.
SET client_min_messages = warning;
DROP EXTENSION IF EXISTS tenancy CASCADE;
CREATE EXTENSION tenancy;
RESET client_min_messages;

CREATE SCHEMA er;
-- All fields of an error as one row.
CREATE FUNCTION pg_temp.fields(sql text) RETURNS TABLE (field text, value text) LANGUAGE plpgsql AS $$
DECLARE
    message text; detail text; hint text; context text; schema_name text; table_name text; column_name text;
    constraint_name text; type_name text; state text;
BEGIN
    PERFORM tenancy.run_in_schema('er', sql);
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL,
        hint = PG_EXCEPTION_HINT, context = PG_EXCEPTION_CONTEXT, schema_name = SCHEMA_NAME, table_name = TABLE_NAME,
        column_name = COLUMN_NAME, constraint_name = CONSTRAINT_NAME, type_name = PG_DATATYPE_NAME;
    context := (SELECT string_agg(line, E'\n' ORDER BY n) FROM regexp_split_to_table(context, '\n')
        WITH ORDINALITY AS c (line, n)
                 WHERE line NOT LIKE '%pg\_temp\_%' AND line NOT LIKE '%run\_in\_schema%');
    RETURN QUERY SELECT * FROM (VALUES ('sqlstate', state), ('message', message), ('detail', detail), ('hint', hint),
        ('context', context), ('schema', schema_name), ('table', table_name), ('column', column_name),
        ('constraint', constraint_name), ('type', type_name)) AS f (field, value) WHERE f.value <> '';
END
$$;
\pset format unaligned
SELECT * FROM pg_temp.fields(E'CREATE TABLE t (id int PRIMARY KEY);\nINSERT INTO t VALUES (1);\n\n  INSERT INTO t '
       'VALUES (2), (1);');
SELECT * FROM pg_temp.fields('CREATE TABLE t (id int NOT NULL); INSERT INTO t VALUES (NULL)');
SELECT * FROM pg_temp.fields('CREATE TABLE p (id int PRIMARY KEY); CREATE TABLE t (id int REFERENCES p); INSERT INTO '
       't VALUES (1)');
SELECT * FROM pg_temp.fields('CREATE TABLE p (id int PRIMARY KEY); CREATE TABLE t (id int REFERENCES p DEFERRABLE '
       'INITIALLY DEFERRED);
                              INSERT INTO t VALUES (1); SELECT 1');
SELECT * FROM pg_temp.fields('CREATE DOMAIN positive AS int CHECK (value > 0); SELECT (-1)::positive');
SELECT * FROM pg_temp.fields('DROP TABLE no_such_table');
SELECT * FROM pg_temp.fields('CREATE TABLE t (id int); CREATE VIEW v AS SELECT * FROM t; DROP TABLE t');
SELECT * FROM pg_temp.fields('SELECT ''x''::int');
SELECT * FROM pg_temp.fields(E'SELECT 1;\nSELECT lenght(''x'')');
SELECT * FROM pg_temp.fields(E'-- head\nDO $d$\nBEGIN\n    RAISE EXCEPTION ''tenant % is broken'', 7\n        USING '
       'ERRCODE = ''P7777'', DETAIL = ''It is.'', HINT = ''Mend it.'';\nEND\n$d$;');
SELECT * FROM pg_temp.fields(E'CREATE FUNCTION f(int) RETURNS int LANGUAGE plpgsql AS $f$\nBEGIN\n    RETURN 1 / $1;\n'
       'END\n$f$;\nSELECT f(0);');
SELECT * FROM pg_temp.fields(E'CREATE FUNCTION f() RETURNS int LANGUAGE sql AS ''SELECT nothing FROM nowhere''');
SELECT * FROM pg_temp.fields(E'DO $d$ BEGIN EXECUTE ''SELECT * FROM nowhere''; END $d$');
SELECT * FROM pg_temp.fields(E'SELECT 1;\nSELEC 2;');
SELECT * FROM pg_temp.fields(E'SELECT ''é'' AS é, missing');
\pset format aligned

-- As the client sees them: the line of SQL and the place in it; of SQL inside SQL, that of the inner one.
SELECT tenancy.run_in_schema('er', E'SELECT 1;\nSELECT 2,\n       lenght(''x''),\n       3;');
SELECT tenancy.run_in_schema('er', E'SELECT ''żółć'', nothing FROM nowhere;');
SELECT tenancy.run_in_schema('er', E'DO $d$\nBEGIN\n    EXECUTE ''SELECT * FROM nowhere'';\nEND $d$');
SELECT tenancy.run_in_schema('er', E'DO $d$\nBEGIN\n    PERFORM nothing;\nEND $d$');
SELECT tenancy.run_in_schema('er', E'CREATE FUNCTION f() RETURNS int LANGUAGE sql AS $f$\nSELECT nothing FROM '
       'nowhere\n$f$');
SELECT tenancy.run_in_schema('er', E'CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS $f$\nBEGIN\n    RETRUN 1;\n'
       'END $f$');
SELECT tenancy.run_in_schema('er', E'CREATE TABLE t (id int);\nCREATE TABLE u (LIKE t);\nALTER TABLE u ADD COLUMN id '
       'text;');
SELECT tenancy.run_in_schema('er', E'CREATE TABLE t (\n    id int,\n    other no_such_type\n);');

-- From a file: its name and line, also in the down section.
SELECT action FROM tenancy.load_migration('005_invoices.sql',
       E'-- MIGRATION_DESCRIPTION: invoices\n\n-- UPGRADE\nCREATE TABLE invoices (id int);\n\nINSERT INTO invoices\n'
       'SELECT nothing;\n\n-- DOWNGRADE\nDROP TABLE invoices;\n');
SELECT * FROM tenancy.migrate_schema('er');
SELECT action FROM tenancy.load_migration('005_invoices.sql',
       E'-- UPGRADE\nCREATE TABLE invoices (id int);\n\n-- DOWNGRADE\nDROP TABLE invoices;\nDROP TABLE payments;\n');
SELECT version FROM tenancy.migrate_schema('er');
SELECT * FROM tenancy.downgrade_schema('er');
SELECT action FROM tenancy.load_migration('006_pair.up.sql', 'CREATE TABLE pair (id int);');
SELECT action FROM tenancy.load_migration('006_pair.down.sql', E'\nDROP TABLE pairs;');
SELECT version FROM tenancy.migrate_schema('er');
SELECT * FROM tenancy.downgrade_schema('er');
SELECT action FROM tenancy.load_migration('006_pair.down.sql', 'DROP TABLE pair;');
SELECT count(*) FROM tenancy.downgrade_schema('er');

-- The seventh of ten fails: it is undone, the session is as it was, and the eighth goes on.
SELECT tenancy.add_migration('007', E'CREATE TABLE seven (id int UNIQUE);\nSET work_mem = ''1MB'';\nINSERT INTO seven '
       'SELECT n FROM numbers');
SELECT count(*) FROM generate_series(1, 10) AS i, LATERAL tenancy.create_tenant('er_' || i, revision => '006',
    seed_sql => 'CREATE TABLE numbers AS SELECT generate_series(1, 2) AS n');
INSERT INTO er_7.numbers VALUES (1);
BEGIN;
SET LOCAL search_path = pg_catalog;
SELECT tenant, success, sqlstate, error FROM tenancy.migrate_all() WHERE NOT success OR tenant = 'er_8';
SELECT to_regclass('er_7.seven'), to_regclass('er_8.seven'), current_setting('search_path') AS path,
       (SELECT setting = reset_val FROM pg_settings WHERE name = 'work_mem') AS work_mem,
           current_user = session_user AS same_user;
CREATE TABLE er.still_usable (id int);
COMMIT;
SELECT to_regclass('er.still_usable'), count(*) FROM tenancy.status('er\_%') WHERE state = 'current';
DELETE FROM er_7.numbers;
SELECT tenant, success, steps FROM tenancy.migrate_all() WHERE steps > 0;

-- Caught by the caller, the session goes on.
DO $$
BEGIN
    PERFORM tenancy.run_in_schema('er', 'CREATE TABLE undone (id int); SELECT 1/0');
EXCEPTION WHEN division_by_zero THEN
    RAISE INFO 'caught %: %', sqlstate, sqlerrm;
END
$$;
SELECT to_regclass('er.undone');
-- An error that a migration catches itself is none.
SELECT tenancy.run_in_schema('er', E'DO $d$ BEGIN PERFORM 1/0; EXCEPTION WHEN division_by_zero THEN CREATE TABLE '
       'caught (id int); END $d$');
SELECT to_regclass('er.caught');
-- Warnings and notices pass.
SELECT tenancy.run_in_schema('er', E'DROP TABLE IF EXISTS nothing; DO $d$ BEGIN RAISE NOTICE ''hello''; RAISE '
       'WARNING ''careful''; END $d$');

SET client_min_messages = warning;
DO $$ BEGIN FOR i IN 1..10 LOOP EXECUTE format('DROP SCHEMA er_%s CASCADE', i); END LOOP; END $$;
DROP SCHEMA er CASCADE;
DROP EXTENSION tenancy;
