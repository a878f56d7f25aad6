-- tenancy.add_migration: what is stored, and what is refused before it is stored.
SET client_min_messages = warning;
DROP EXTENSION IF EXISTS tenancy CASCADE;
CREATE EXTENSION tenancy;
RESET client_min_messages;

-- Every argument, and every default.
SELECT tenancy.add_migration('001', 'CREATE TABLE a (id int);');
SELECT tenancy.add_migration(version => '002', up_sql => 'CREATE TABLE b (id int);', down_sql => 'DROP TABLE b;',
                             description => 'add b', scope => 'both', migration_set => 'users',
                             transactional => false, repeatable => true, allow_outside => true,
                             lock_timeout => '5s', statement_timeout => '2min');
SELECT tenancy.add_migration('003', 'SELECT 1', '');
SELECT migration_set, version, description, scope, up_sql, up_line, down_sql, down_line, transactional, repeatable,
       allow_outside, lock_timeout_ms, statement_timeout_ms, filename
  FROM tenancy.migrations ORDER BY migration_set, version \gx
SELECT version, checksum = encode(sha256(convert_to(up_sql, 'UTF8')), 'hex') AS is_sha256_of_up_sql
  FROM tenancy.migrations ORDER BY migration_set, version;

-- Again: nothing changes; a new text or option does.
SELECT tenancy.add_migration('001', 'CREATE TABLE a (id int);');
SELECT tenancy.add_migration('001', 'CREATE TABLE a (id bigint);');
SELECT tenancy.add_migration('001', 'CREATE TABLE a (id bigint);', 'DROP TABLE a');
SELECT tenancy.add_migration('001', 'CREATE TABLE a (id bigint);', 'DROP TABLE a', lock_timeout => '250');
SELECT tenancy.add_migration('001', 'CREATE TABLE a (id bigint);', 'DROP TABLE a', lock_timeout => '250ms');
SELECT version, up_sql, down_sql, lock_timeout_ms, updated_at >= created_at AS touched
  FROM tenancy.migrations WHERE version = '001';

-- A migration of comments only is one that has nothing to do.
SELECT tenancy.add_migration('004', '-- nothing to do in this release');
SELECT tenancy.add_migration('004.1', '');

-- NULL where a value is needed; NULL booleans are their defaults.
SELECT tenancy.add_migration(NULL, 'SELECT 1');
SELECT tenancy.add_migration('005', NULL);
SELECT tenancy.add_migration('005', 'SELECT 1', scope => NULL);
SELECT tenancy.add_migration('005', 'SELECT 1', migration_set => NULL);
SELECT tenancy.add_migration('005', 'SELECT 1', description => NULL, transactional => NULL, repeatable => NULL,
                             allow_outside => NULL);
SELECT description, transactional, repeatable, allow_outside FROM tenancy.migrations WHERE version = '005';

-- Syntax errors show the line of SQL and the place in it, in up and in down SQL, behind multibyte characters too.
SELECT tenancy.add_migration('010', E'CREATE TABLE c (id int);\nCREATE TABEL d (id int);');
SELECT tenancy.add_migration('010', E'SELECT 1;\n\n  SELECT ''żółć'' FORM t');
SELECT tenancy.add_migration('010', 'SELECT 1', E'-- back\nDROP TABLE;');
SELECT tenancy.add_migration('010', 'CREATE TABLE c (');
SELECT tenancy.add_migration('010', E'SELECT ''open');
SELECT tenancy.add_migration('010', E'SELECT 1;\n\\echo done\nSELECT 2;');

-- What no migration may hold.
SELECT tenancy.add_migration('010', E'CREATE TABLE c (id int);\nCOMMIT;\nBEGIN;');
SELECT tenancy.add_migration('010', 'SAVEPOINT s');
SELECT tenancy.add_migration('010', 'PREPARE TRANSACTION ''x''');
SELECT tenancy.add_migration('010', 'ROLLBACK', transactional => false);
SELECT tenancy.add_migration('010', 'SELECT 1', 'END');
SELECT tenancy.add_migration('010', E'CREATE TABLE c (id int);\nCOPY c FROM STDIN;');
SELECT tenancy.add_migration('010', 'COPY c TO STDOUT');
SELECT tenancy.add_migration('010', 'COPY c FROM STDIN', transactional => false);
SELECT tenancy.add_migration('010', 'COPY c FROM ''/var/lib/seed.csv''');

-- What PostgreSQL runs outside of transactions only.
DO $$
DECLARE
    statement text;
BEGIN
    FOREACH statement IN ARRAY ARRAY[
        'CREATE INDEX CONCURRENTLY i ON c (id)', 'DROP INDEX CONCURRENTLY i', 'REINDEX (CONCURRENTLY) TABLE c',
        'REINDEX TABLE CONCURRENTLY c', 'REINDEX SCHEMA s', 'REINDEX DATABASE d', 'REINDEX SYSTEM d',
        'ALTER TABLE c DETACH PARTITION p CONCURRENTLY', 'VACUUM c', 'VACUUM (ANALYZE) c', 'CLUSTER',
        'CREATE DATABASE d', 'DROP DATABASE d', 'ALTER DATABASE d SET TABLESPACE t',
        'CREATE TABLESPACE t LOCATION ''/t''', 'DROP TABLESPACE t', 'ALTER SYSTEM SET work_mem = 1',
        'CREATE SUBSCRIPTION s CONNECTION '''' PUBLICATION p', 'DROP SUBSCRIPTION s', 'DISCARD ALL']
    LOOP
        BEGIN
            PERFORM tenancy.add_migration('011', statement, scope => 'public');
            RAISE WARNING 'accepted: %', statement;
        EXCEPTION WHEN feature_not_supported THEN
            RAISE INFO '%', sqlerrm;
        END;
        PERFORM tenancy.add_migration('012', statement, scope => 'public', transactional => false);
        PERFORM tenancy.drop_migration('012');
    END LOOP;
END
$$;
SELECT tenancy.add_migration('011', E'CREATE TABLE c (id int);\n\nCREATE INDEX CONCURRENTLY i ON c (id);');

-- Their cousins that run in a transaction.
SELECT tenancy.add_migration('011', 'ANALYZE c; REINDEX TABLE c; REINDEX (CONCURRENTLY off) INDEX i; CLUSTER c USING i;'
                                    'DROP INDEX i; CREATE INDEX i ON c (id); ALTER TABLE c DETACH PARTITION p;'
                                    'ALTER DATABASE d SET work_mem = 1; DISCARD TEMP');

-- Values that are not what they should be.
SELECT tenancy.add_migration('', 'SELECT 1');
SELECT tenancy.add_migration('v 1', 'SELECT 1');
SELECT tenancy.add_migration('head', 'SELECT 1');
SELECT tenancy.add_migration(repeat('9', 129), 'SELECT 1');
SELECT tenancy.add_migration('012', 'SELECT 1', migration_set => 'Users');
SELECT tenancy.add_migration('012', 'SELECT 1', migration_set => '');
SELECT tenancy.add_migration('012', 'SELECT 1', migration_set => repeat('s', 64));
SELECT tenancy.add_migration('012', 'SELECT 1', scope => 'shared');
SELECT tenancy.add_migration('012', 'SELECT 1', lock_timeout => 'soon');
SELECT tenancy.add_migration('012', 'SELECT 1', statement_timeout => '-1s');
SELECT tenancy.add_migration('012', 'SELECT 1', statement_timeout => '26d');
SELECT tenancy.add_migration('012', 'SELECT 1', lock_timeout => '1.5s');
SELECT count(*) FROM tenancy.migrations WHERE version = '012';

-- The longest names there are.
SELECT tenancy.add_migration(repeat('9', 128), 'SELECT 1', migration_set => repeat('s', 63));

-- Two spellings of one version.
SELECT tenancy.add_migration('7', 'SELECT 1', migration_set => 'spelling');
SELECT tenancy.add_migration('007', 'SELECT 1', migration_set => 'spelling');
SELECT tenancy.add_migration('1.0', 'SELECT 1', migration_set => 'spelling');
SELECT tenancy.add_migration('1-00', 'SELECT 1', migration_set => 'spelling');
SELECT tenancy.add_migration('007', 'SELECT 1', migration_set => 'other');
SELECT v FROM unnest(ARRAY['10', '9', '1.10', '1.9', '2018-04-24-145128', 'b', '1a', '007']) AS v
 ORDER BY tenancy.version_key(v) COLLATE "C";

-- What is applied somewhere keeps its up SQL and its scope; the rest may change.
CREATE SCHEMA add_t1;
CREATE SCHEMA add_t2;
SELECT tenancy.add_migration('1', 'CREATE TABLE a (id int)', 'DROP TABLE a', migration_set => 'applied');
SELECT version FROM tenancy.migrate_schema('add_t1', migration_set => 'applied');
SELECT version FROM tenancy.migrate_schema('add_t2', migration_set => 'applied');
SELECT tenancy.add_migration('1', 'CREATE TABLE a (id bigint)', 'DROP TABLE a', migration_set => 'applied');
SELECT tenancy.add_migration('1', 'CREATE TABLE a (id int)', 'DROP TABLE a', scope => 'both',
       migration_set => 'applied');
SELECT tenancy.add_migration('1', 'CREATE TABLE a (id int)', 'DROP TABLE a', migration_set => 'applied',
                             repeatable => true);
SELECT tenancy.add_migration('1', 'CREATE TABLE a (id int)', 'DROP TABLE a CASCADE', migration_set => 'applied',
                             description => 'a table', lock_timeout => '1s');
SELECT version FROM tenancy.downgrade_schema('add_t1', migration_set => 'applied');
SELECT version FROM tenancy.downgrade_schema('add_t2', migration_set => 'applied');
SELECT tenancy.add_migration('1', 'CREATE TABLE a (id bigint)', 'DROP TABLE a', scope => 'both',
                             migration_set => 'applied');

-- Repeatable ones may change their text at any time, but not what they are.
SELECT tenancy.add_migration('views', 'CREATE OR REPLACE VIEW v AS SELECT 1 AS one', repeatable => true,
                             migration_set => 'again');
SELECT version FROM tenancy.migrate_schema('add_t1', migration_set => 'again');
SELECT tenancy.add_migration('views', 'CREATE OR REPLACE VIEW v AS SELECT 2 AS one', repeatable => true,
                             migration_set => 'again');
SELECT tenancy.add_migration('views', 'CREATE OR REPLACE VIEW v AS SELECT 2 AS one', migration_set => 'again');

-- Where it comes from, for whoever read the file: errors name it and its lines.
SELECT tenancy.add_migration('7', E'SELECT 1;\nSELECT 2', 'SELECT 3', migration_set => 'filed', filename => '7_a.sql',
                             up_line => 4, down_line => 9);
SELECT filename, up_line, down_line FROM tenancy.migrations WHERE migration_set = 'filed';
SELECT tenancy.add_migration('8', E'SELECT 1;\nSELEC 2', migration_set => 'filed', filename => '8_b.sql', up_line => 4);
SELECT tenancy.add_migration('8', 'SELECT 1', 'SELEC 3', migration_set => 'filed', filename => '8_b.sql', down_line => 9);
SELECT tenancy.add_migration('7', 'SELECT 2', migration_set => 'filed', filename => '7_b.sql');
SELECT tenancy.add_migration('8', 'SELECT 1', migration_set => 'filed', up_line => 0);

-- Functions of the extension that nobody described.
SELECT p.oid::regprocedure
  FROM pg_proc p JOIN pg_depend d ON d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e'
  JOIN pg_extension e ON d.refclassid = 'pg_extension'::regclass AND d.refobjid = e.oid
 WHERE e.extname = 'tenancy' AND obj_description(p.oid, 'pg_proc') IS NULL;

SET client_min_messages = warning;
DROP SCHEMA add_t1, add_t2 CASCADE;
DROP EXTENSION tenancy;
