-- Escapes: what a migration of a tenant may not touch outside of its schema.
SET client_min_messages = warning;
DROP EXTENSION IF EXISTS tenancy CASCADE;
CREATE EXTENSION tenancy;
RESET client_min_messages;
\set SHOW_CONTEXT never

CREATE SCHEMA esc;
CREATE SCHEMA esc_other;
CREATE TABLE public.esc_shared (id int PRIMARY KEY, note text);
CREATE INDEX esc_shared_note ON public.esc_shared (note);
CREATE VIEW public.esc_view AS SELECT id FROM public.esc_shared;
CREATE SEQUENCE public.esc_seq;
CREATE TYPE public.esc_type AS ENUM ('a');
CREATE FUNCTION public.esc_function() RETURNS int LANGUAGE sql AS 'SELECT 1';
CREATE FUNCTION public.esc_trigger_function() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TRIGGER esc_trigger BEFORE INSERT ON public.esc_shared
    FOR EACH ROW EXECUTE FUNCTION public.esc_trigger_function();
CREATE FUNCTION public.esc_event_trigger() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END';
CREATE TABLE esc_other.t (id int);
CREATE ROLE regress_escape;

-- Runs SQL as a migration and says how it ends: the message, or that it was let through.
CREATE FUNCTION pg_temp.try(sql text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    BEGIN
        PERFORM tenancy.run_in_schema('esc', sql);
        RAISE EXCEPTION 'allowed' USING ERRCODE = 'TNALL';
    EXCEPTION WHEN SQLSTATE 'TNALL' THEN
        RETURN 'allowed';
    WHEN OTHERS THEN
        RETURN sqlstate || ' ' || regexp_replace(sqlerrm, '^schema "esc": statement ', '');
    END;
END
$$;

-- The whole message, once.
SELECT tenancy.add_migration('1', E'CREATE TABLE fine (id int);\nSET search_path = public;\n'
                                  'CREATE TABLE stray (id int);');
SELECT * FROM tenancy.migrate_schema('esc');
SELECT to_regclass('public.stray'), to_regclass('esc.fine');

-- Creating.
\pset format unaligned
\pset tuples_only on
SELECT pg_temp.try('CREATE TABLE public.x (id int)');
SELECT pg_temp.try('CREATE TABLE public.x AS SELECT 1 AS id');
SELECT pg_temp.try('SELECT 1 AS id INTO public.x');
SELECT pg_temp.try('CREATE VIEW public.x AS SELECT 1 AS id');
SELECT pg_temp.try('CREATE MATERIALIZED VIEW esc_other.x AS SELECT 1 AS id');
SELECT pg_temp.try('CREATE SEQUENCE public.x');
SELECT pg_temp.try('CREATE INDEX x ON esc_shared (note)');
SELECT pg_temp.try('CREATE TYPE public.x AS ENUM (''a'')');
SELECT pg_temp.try('CREATE TYPE public.x AS (a int)');
SELECT pg_temp.try('CREATE DOMAIN public.x AS int');
SELECT pg_temp.try('CREATE FUNCTION public.x() RETURNS int LANGUAGE sql AS ''SELECT 1''');
SELECT pg_temp.try('CREATE OR REPLACE FUNCTION public.esc_function() RETURNS int LANGUAGE sql AS ''SELECT 2''');
SELECT pg_temp.try('CREATE AGGREGATE public.x (int) (SFUNC = int4pl, STYPE = int)');
SELECT pg_temp.try('CREATE OPERATOR public.=== (FUNCTION = int4eq, LEFTARG = int, RIGHTARG = int)');
SELECT pg_temp.try('CREATE COLLATION public.x FROM "C"');
SELECT pg_temp.try('CREATE TEXT SEARCH CONFIGURATION public.x (COPY = simple)');
SELECT pg_temp.try('CREATE STATISTICS public.x (dependencies) ON id, note FROM esc_shared');
SELECT pg_temp.try('CREATE TRIGGER x BEFORE UPDATE ON esc_shared FOR EACH ROW EXECUTE FUNCTION esc_trigger_function()');
SELECT pg_temp.try('CREATE RULE x AS ON DELETE TO esc_shared DO INSTEAD NOTHING');
SELECT pg_temp.try('CREATE POLICY x ON esc_shared');
SELECT pg_temp.try('CREATE SCHEMA x');
SELECT pg_temp.try('CREATE SCHEMA x CREATE TABLE t (id int)');
SELECT pg_temp.try('CREATE ROLE regress_x');
SELECT pg_temp.try('CREATE USER regress_x');
SELECT pg_temp.try('CREATE EVENT TRIGGER x ON ddl_command_end EXECUTE FUNCTION esc_event_trigger()');
SET client_min_messages = error;
SELECT pg_temp.try('CREATE PUBLICATION x');
RESET client_min_messages;
SELECT pg_temp.try('CREATE FOREIGN DATA WRAPPER x');
SELECT pg_temp.try('CREATE TABLE t (id int); ALTER TABLE t SET SCHEMA public');
SELECT pg_temp.try('DO $d$ BEGIN EXECUTE ''CREATE TABLE public.x (id int)''; END $d$');
SELECT pg_temp.try('SET search_path = esc_other, esc; CREATE TABLE x (id int)');
SELECT pg_temp.try('SELECT set_config(''search_path'', ''public'', false); CREATE TABLE x (id int)');
SELECT pg_temp.try('CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql SET search_path = public AS $f$
                    BEGIN CREATE TABLE x (id int); END $f$; SELECT f()');

-- Altering: an unqualified name that the tenant does not have means the shared object.
SELECT pg_temp.try('ALTER TABLE esc_shared ADD COLUMN more int');
SELECT pg_temp.try('ALTER TABLE esc_shared ALTER COLUMN note SET NOT NULL');
SELECT pg_temp.try('ALTER TABLE esc_shared DROP COLUMN note');
SELECT pg_temp.try('ALTER TABLE esc_shared ADD CONSTRAINT c CHECK (id > 0)');
SELECT pg_temp.try('ALTER TABLE esc_shared RENAME TO esc_renamed');
SELECT pg_temp.try('ALTER TABLE esc_shared RENAME COLUMN note TO remark');
SELECT pg_temp.try('ALTER TABLE esc_shared SET (fillfactor = 50)');
SELECT pg_temp.try('ALTER TABLE esc_shared OWNER TO regress_escape');
SELECT pg_temp.try('ALTER TABLE esc_shared DISABLE TRIGGER ALL');
SELECT pg_temp.try('ALTER INDEX esc_shared_note RENAME TO x');
SELECT pg_temp.try('ALTER VIEW esc_view RENAME TO x');
SELECT pg_temp.try('CREATE OR REPLACE VIEW public.esc_view AS SELECT id, note FROM esc_shared');
SELECT pg_temp.try('ALTER SEQUENCE esc_seq RESTART 100');
SELECT pg_temp.try('ALTER TYPE esc_type RENAME VALUE ''a'' TO ''b''');
SELECT pg_temp.try('ALTER FUNCTION esc_function() STABLE');
SELECT pg_temp.try('ALTER TRIGGER esc_trigger ON esc_shared RENAME TO x');
SELECT pg_temp.try('ALTER SCHEMA esc_other RENAME TO x');
SELECT pg_temp.try('ALTER ROLE regress_escape CREATEDB');

-- Dropping.
SELECT pg_temp.try('DROP TABLE esc_shared CASCADE');
SELECT pg_temp.try('DROP TABLE IF EXISTS esc_other.t');
SELECT pg_temp.try('DROP VIEW esc_view');
SELECT pg_temp.try('DROP INDEX esc_shared_note');
SELECT pg_temp.try('DROP SEQUENCE esc_seq');
SELECT pg_temp.try('DROP TYPE esc_type');
SELECT pg_temp.try('DROP FUNCTION esc_function()');
SELECT pg_temp.try('DROP SCHEMA esc_other CASCADE');
SELECT pg_temp.try('DROP ROLE regress_escape');
SELECT pg_temp.try('CREATE TYPE t AS (a int); DROP TYPE t; DROP FUNCTION IF EXISTS nothing()');

-- What is the tenant's own, or only uses what is shared, passes.
SELECT pg_temp.try('CREATE TABLE t (id int PRIMARY KEY REFERENCES esc_shared ON DELETE CASCADE, kind esc_type)');
SELECT pg_temp.try('CREATE TABLE t (id int REFERENCES esc_shared); ALTER TABLE t DROP CONSTRAINT t_id_fkey;'
                   'ALTER TABLE t ADD FOREIGN KEY (id) REFERENCES public.esc_shared; DROP TABLE t');
SELECT pg_temp.try('CREATE TABLE t (id bigserial PRIMARY KEY, doc text) PARTITION BY RANGE (id);'
                   'CREATE TABLE t1 PARTITION OF t FOR VALUES FROM (0) TO (9); ALTER TABLE t DETACH PARTITION t1');
SELECT pg_temp.try('CREATE TABLE t (a int GENERATED ALWAYS AS IDENTITY, b text, EXCLUDE (a WITH =));'
                   'CREATE VIEW v AS SELECT * FROM t JOIN esc_shared s ON s.id = t.a;'
                   'CREATE MATERIALIZED VIEW m AS SELECT * FROM v; REFRESH MATERIALIZED VIEW m;'
                   'ALTER TABLE t ENABLE ROW LEVEL SECURITY; CREATE POLICY p ON t;'
                   'CREATE TRIGGER g BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION esc_trigger_function();'
                   'ALTER TABLE t ALTER a TYPE bigint, ADD c int; DROP TABLE t CASCADE');
SELECT pg_temp.try('CREATE FUNCTION f(int) RETURNS int LANGUAGE sql AS ''SELECT 1''; '
                   'COMMENT ON FUNCTION f(int) IS ''x'';'
                   'CREATE TYPE e AS ENUM (''a''); ALTER TYPE e ADD VALUE ''b''; '
                   'CREATE DOMAIN d AS int CHECK (value > 0);'
                   'CREATE CAST (e AS esc_type) WITH INOUT; GRANT USAGE ON SCHEMA esc TO regress_escape;'
                   'ALTER DEFAULT PRIVILEGES IN SCHEMA esc GRANT SELECT ON TABLES TO regress_escape');
SELECT pg_temp.try('INSERT INTO esc_shared VALUES (1); UPDATE esc_shared SET note = ''x''; DELETE FROM esc_shared');
SELECT pg_temp.try('SET search_path = public; SELECT count(*) FROM esc_shared; CREATE TABLE esc.t (id int)');

-- Ways that are less obvious.
SELECT way, left(pg_temp.try(way), 5)
  FROM unnest(ARRAY['ALTER TABLE esc_shared ENABLE ROW LEVEL SECURITY', 'ALTER TABLE esc_shared SET SCHEMA esc',
                    'ALTER FUNCTION esc_function() SET SCHEMA esc', 'DROP TRIGGER esc_trigger ON esc_shared',
                    'ALTER TABLE tenancy.tenants ADD COLUMN mine int',
                    'DROP SCHEMA esc CASCADE; CREATE SCHEMA esc']) AS way;

-- Extensions belong to the database: in a shared schema, not in a tenant's.
SELECT pg_temp.try('CREATE EXTENSION citext');
SELECT pg_temp.try('CREATE EXTENSION citext SCHEMA public; CREATE TABLE t (name citext)');
SELECT pg_temp.try('CREATE EXTENSION IF NOT EXISTS plpgsql');
CREATE EXTENSION citext SCHEMA public;
SELECT pg_temp.try('CREATE EXTENSION IF NOT EXISTS citext');
SELECT way, left(pg_temp.try(way), 5)
  FROM unnest(ARRAY['DROP EXTENSION citext', 'ALTER EXTENSION citext SET SCHEMA esc',
                    'ALTER FUNCTION citext(inet) STABLE']) AS way;
SET client_min_messages = warning;
DROP EXTENSION citext;
RESET client_min_messages;

-- The schema itself.
SELECT pg_temp.try('ALTER SCHEMA esc RENAME TO esc_new');
SELECT pg_temp.try('DROP SCHEMA esc CASCADE');
SELECT pg_temp.try('ALTER SCHEMA esc OWNER TO regress_escape');

-- A migration that calls this extension is watched to its end.
SELECT pg_temp.try('SELECT tenancy.run_in_schema(''esc_other'', ''SELECT 1''); CREATE TABLE public.y (id int)');
SELECT pg_temp.try('SELECT tenancy.run_in_schema(''esc_other'', ''CREATE TABLE x (id int)'')');

-- Tables of the session, of the same name: neither altered nor dropped, nor written to in place of the tenant's.
CREATE TEMP TABLE esc_shared (mine int);
CREATE TABLE esc.own (id int);
CREATE TEMP TABLE own (id int);
SELECT left(pg_temp.try('ALTER TABLE pg_temp.esc_shared ADD COLUMN more int'), 5);
SELECT pg_temp.try('ALTER TABLE pg_temp.esc_shared RENAME mine TO yours');
SELECT pg_temp.try('DROP TABLE pg_temp.own');
SELECT tenancy.run_in_schema('esc', 'INSERT INTO own VALUES (1)');
SELECT (SELECT count(*) FROM esc.own) AS tenants, (SELECT count(*) FROM pg_temp.own) AS sessions;
DO $$
BEGIN
    PERFORM tenancy.run_in_schema('esc', 'ALTER TABLE own ADD COLUMN more int');
EXCEPTION WHEN object_not_in_prerequisite_state THEN
    NULL;
END
$$;
SELECT count(*) AS columns FROM pg_attribute WHERE attrelid = to_regclass('pg_temp.own') AND attnum > 0;
SET client_min_messages = warning;
DROP TABLE IF EXISTS pg_temp.esc_shared, pg_temp.own;
RESET client_min_messages;
\pset tuples_only off
\pset format aligned

-- What is meant is allowed: by the migration, or by its scope.
SELECT tenancy.drop_migration('1');
SELECT tenancy.add_migration('1', 'CREATE TABLE public.meant (id int); ALTER TABLE esc_shared ADD COLUMN more int;'
                                  'CREATE ROLE regress_meant', 'DROP TABLE meant; DROP ROLE regress_meant',
                             allow_outside => true);
SELECT version FROM tenancy.migrate_schema('esc');
SELECT to_regclass('public.meant'), count(*) FROM pg_attribute
 WHERE attrelid = 'public.esc_shared'::regclass AND attname = 'more';
SELECT version FROM tenancy.downgrade_schema('esc');
-- A migration of scope public is not confined: it is where what all tenants share is made.
SELECT tenancy.add_migration('1', 'CREATE TABLE esc_other.by_scope (id int)', scope => 'public',
       migration_set => 'shared');
SELECT tenancy.add_migration('2', 'CREATE EXTENSION citext', scope => 'public', migration_set => 'shared');
SELECT version FROM tenancy.migrate_public(migration_set => 'shared');
SELECT to_regclass('esc_other.by_scope'), extnamespace::regnamespace FROM pg_extension WHERE extname = 'citext';
SELECT version FROM tenancy.migrate_public(migration_set => 'shared', run_as => 'caller');
SELECT to_regclass('esc_other.by_scope'), extnamespace::regnamespace FROM pg_extension WHERE extname = 'citext';

SET client_min_messages = warning;
DROP EXTENSION tenancy;
DROP EXTENSION citext;
DROP SCHEMA esc, esc_other CASCADE;
DROP TABLE IF EXISTS public.esc_shared, public.schema_migrations CASCADE;
DROP SEQUENCE public.esc_seq;
DROP TYPE public.esc_type;
DROP FUNCTION public.esc_function(), public.esc_trigger_function(), public.esc_event_trigger();
DROP ROLE regress_escape;
