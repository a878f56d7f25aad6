-- tenancy.load_directory: a folder of the server; relative paths begin at the data directory.
SET client_min_messages = warning;
DROP EXTENSION IF EXISTS tenancy CASCADE;
CREATE EXTENSION tenancy;
RESET client_min_messages;
\set SHOW_CONTEXT never

-- A shell for the test's files, in a folder of its own.
CREATE FUNCTION pg_temp.shell(script text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('COPY (SELECT) TO PROGRAM %L',
                   'cat > /dev/null; mkdir -p regress_load && cd regress_load && ' || script);
END
$$;
SELECT pg_temp.shell($$rm -rf ./* && mkdir -p 2024-01-31-120000_folder/a/b/c empty
    printf 'CREATE TABLE users (id int);\n-- DOWNGRADE\nDROP TABLE users;\n' > 001_users.sql
    printf '\357\273\277-- MIGRATION_SCOPE: public\r\nCREATE TABLE plans (id int);\r\n' > 002_plans.up.sql
    printf 'DROP TABLE plans;\r\n' > 002_plans.down.sql
    printf -- '-- MIGRATION_REPEATABLE: on\nSELECT 1;\n' > views.sql
    printf 'VACUUM users;\n' > 2024-01-31-120000_folder/up.sql
    printf '' > 2024-01-31-120000_folder/down.sql
    printf 'run_in_transaction = false\n' > 2024-01-31-120000_folder/metadata.toml
    printf 'SELECT 1;\n' > 2024-01-31-120000_folder/a/b/c/009_not_seen.sql
    printf 'DROP TABLE everything;\n' > cleanup.sql
    printf 'SELECT 1;\n' > .hidden.sql
    printf 'notes\n' > README.md$$);

-- All formats at once; what is no migration is said or passed over.
SELECT * FROM tenancy.load_directory('regress_load');
SELECT version, description, scope, up_sql, down_sql, transactional, repeatable, filename
  FROM tenancy.migrations ORDER BY tenancy.version_key(version) COLLATE "C" \gx
SELECT version, action FROM tenancy.load_directory('regress_load/');
SELECT pg_temp.shell($$printf 'CREATE TABLE users (id bigint);\n-- DOWNGRADE\nDROP TABLE users;\n' > 001_users.sql$$);
SELECT version, action FROM tenancy.load_directory('regress_load') WHERE action <> 'unchanged';

-- Set and scope for files that say neither.
SELECT migration_set, version, action FROM tenancy.load_directory('regress_load', 'other', 'both');
SELECT version, scope FROM tenancy.migrations WHERE migration_set = 'other' ORDER BY version;

-- A part that is gone from the folder is gone from the store.
SELECT pg_temp.shell('rm 002_plans.down.sql');
SELECT version, action FROM tenancy.load_directory('regress_load') WHERE action <> 'unchanged';
SELECT down_sql IS NULL AS irreversible FROM tenancy.migrations WHERE migration_set = 'default' AND version = '002';

-- Down SQL that cannot run does not stand in the way, and is not kept.
SELECT pg_temp.shell($$printf 'SELECT 3;\n-- DOWNGRADE\nDROP TABEL x;\n' > 003_broken_down.sql$$);
SELECT version, action, note FROM tenancy.load_directory('regress_load') WHERE version = '003';
SELECT down_sql IS NULL AS irreversible FROM tenancy.migrations WHERE migration_set = 'default' AND version = '003';

-- All or nothing: a bad file names itself, and nothing of the others is stored.
SELECT pg_temp.shell($$printf 'SELECT 4;\n' > 004_fine.sql; printf 'SELECT 5;\nSELEC 6;\n' > 005_bad.sql$$);
SELECT * FROM tenancy.load_directory('regress_load');
SELECT pg_temp.shell($$printf -- '-- MIGRATION_SPEED: high\nSELECT 5;\n' > 005_bad.sql$$);
SELECT * FROM tenancy.load_directory('regress_load');
SELECT pg_temp.shell($$printf 'SELECT \377;\n' > 005_bad.sql$$);
SELECT * FROM tenancy.load_directory('regress_load');
SELECT pg_temp.shell($$rm 005_bad.sql; printf 'SELECT 4;\n' > 0004_twin.sql$$);
SELECT * FROM tenancy.load_directory('regress_load');
SELECT pg_temp.shell($$rm 0004_twin.sql; printf 'SELECT 4;\n' > 006_alone.down.sql$$);
SELECT * FROM tenancy.load_directory('regress_load');
SELECT pg_temp.shell($$rm 006_alone.down.sql$$);
SELECT count(*) FROM tenancy.migrations WHERE version IN ('004', '005', '006');

-- What is applied may not change, by this way either.
CREATE SCHEMA load_t;
SELECT version FROM tenancy.migrate_schema('load_t', '001');
SELECT pg_temp.shell($$printf 'CREATE TABLE users (id text);\n' > 001_users.sql$$);
SELECT * FROM tenancy.load_directory('regress_load');

-- Folders that are none, and rights.
SELECT * FROM tenancy.load_directory('regress_load/empty');
SELECT * FROM tenancy.load_directory('regress_load/nowhere');
SELECT * FROM tenancy.load_directory(NULL);
SELECT * FROM tenancy.load_directory('regress_load', 'My Set');
SELECT * FROM tenancy.load_directory('regress_load', scope => 'all');
CREATE ROLE regress_load;
GRANT USAGE ON SCHEMA tenancy TO regress_load;
GRANT ALL ON ALL TABLES IN SCHEMA tenancy TO regress_load;
SET ROLE regress_load;
SELECT * FROM tenancy.load_directory('regress_load');
RESET ROLE;

SELECT pg_temp.shell('cd .. && rm -r regress_load');
SET client_min_messages = warning;
DROP SCHEMA load_t CASCADE;
REVOKE ALL ON SCHEMA tenancy FROM regress_load;
DROP EXTENSION tenancy;
DROP ROLE regress_load;
