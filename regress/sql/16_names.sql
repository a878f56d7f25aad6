-- Names that need quotes, or are long, or are words of SQL.
SET client_min_messages = warning;
DROP EXTENSION IF EXISTS tenancy CASCADE;
CREATE EXTENSION tenancy;
RESET client_min_messages;
\set SHOW_CONTEXT never

SELECT tenancy.add_migration('1', 'CREATE TABLE "or der" (id int)', 'DROP TABLE "or der"', 'O''Reilly "quoted" \ back');
SELECT tenancy.add_migration('2', 'CREATE TABLE paths AS SELECT current_setting(''search_path'') AS path, '
       'current_schema() AS here',
                             'DROP TABLE paths');
CREATE ROLE "regress_Own""er; x";

-- Was the search_path of its migrations the schema of that name?
CREATE FUNCTION pg_temp.is_here(schema text, OUT is_here boolean) LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('SELECT here = %L FROM %I.paths', schema, schema) INTO is_here;
END
$$;

-- Each becomes a tenant, is migrated, shown, downgraded and migrated with the fleet.
CREATE TEMP TABLE odd (number int, name text COLLATE "C");
INSERT INTO odd VALUES (1, 'we"ird; x'), (2, 'Mixed Case'), (3, 'select'), (4, 'żółć-日本'), (5, '"'),
    (6, ' lead and trail '), (7, repeat('x', 63)), (8, repeat('ö', 31) || 'x'), (9, '1st'), (10, 'user'), (11, 'a.b'),
    (12, $$it's$$), (13, '$1'), (14, '%s%I'), (15, 'back\slash'), (16, E'tab\tnew\nline');
SELECT number, (tenancy.create_tenant(name, owner_role => CASE number WHEN 1 THEN 'regress_Own"er; x' END,
                                      seed_sql => 'INSERT INTO "or der" VALUES (7)')).schema = name AS same
  FROM odd ORDER BY number;
SELECT number, version FROM odd, LATERAL tenancy.downgrade_schema(name) WHERE number <> 2 ORDER BY number;
SELECT number, success, from_revision, to_revision, error
  FROM tenancy.migrate_all() JOIN odd ON name = schema ORDER BY number;
SELECT number, state, pending, schema = tenant AS same FROM tenancy.status() JOIN odd ON name = tenant ORDER BY number;
SELECT number, version FROM odd, LATERAL tenancy.history(name) WHERE number IN (1, 4, 16) ORDER BY number, version;
SELECT number, pg_temp.is_here(name) FROM odd ORDER BY number;
SELECT path FROM "we""ird; x".paths;
SELECT description FROM "we""ird; x".schema_migrations WHERE version = '1';
SELECT relowner::regrole FROM pg_class WHERE oid = '"we""ird; x"."or der"'::regclass;

-- In messages they are as they are.
SELECT tenancy.add_migration('3', 'SELECT 1/0');
SELECT * FROM tenancy.migrate_schema('we"ird; x');
SELECT * FROM tenancy.migrate_tenant('Mixed Case');
SELECT * FROM tenancy.migrate_schema('mixed case');
SELECT tenancy.run_in_schema('żółć-日本', 'CREATE TABLE public.stray (id int)');
SELECT tenancy.run_in_schema('select', 'CREATE TABLE "or der" (id int)');
SELECT tenancy.drop_migration('3');

-- Too long a name is refused, not cut.
SELECT * FROM tenancy.migrate_schema(repeat('x', 64));
SELECT * FROM tenancy.plan_upgrade(repeat('x', 64));
\set VERBOSITY sqlstate
SELECT version FROM tenancy.history(repeat('x', 64));
SELECT tenancy.register_tenant('long', repeat('x', 64));
\set VERBOSITY default
SELECT tenancy.create_tenant('long', repeat('x', 64));
SELECT tenancy.run_in_schema(repeat('x', 64), 'SELECT 1');
SELECT count(*) FROM tenancy.tenants WHERE id = 'long';

-- The tracking table's name, and the shared schemas'.
CREATE SCHEMA "Sha""red, 1";
SET tenancy.tracking_table = 'Tra"cking; 1';
SET tenancy.shared_schemas = '"Sha""red, 1", public';
SELECT tenancy.add_migration('3', 'CREATE TABLE "In Shared" (id int)', scope => 'public');
SELECT version FROM tenancy.migrate_public();
SELECT version FROM "Sha""red, 1"."Tra""cking; 1";
CREATE SCHEMA names_t;
SELECT version FROM tenancy.migrate_schema('names_t');
SELECT path FROM names_t.paths;
SELECT version, state FROM tenancy.history('names_t');
RESET tenancy.tracking_table;
RESET tenancy.shared_schemas;

-- Set names, descriptions and versions at their longest.
SELECT tenancy.add_migration(repeat('9', 128), 'SELECT 1', description => repeat('ü', 300),
                             migration_set => repeat('s', 63));
SELECT length(version) AS version FROM tenancy.migrate_schema('names_t', migration_set => repeat('s', 63));
SELECT length(migration_set) AS set, length(version) AS version, description = repeat('ü', 200) AS description
  FROM names_t.schema_migrations;

SET client_min_messages = warning;
DO $$
DECLARE
    name text;
BEGIN
    FOR name IN SELECT odd.name FROM odd LOOP EXECUTE format('DROP SCHEMA %I CASCADE', name); END LOOP;
END
$$;
DROP SCHEMA names_t, "Sha""red, 1" CASCADE;
DROP TABLE odd;
DROP EXTENSION tenancy;
DROP ROLE "regress_Own""er; x";
