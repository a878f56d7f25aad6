-- What pg_dump keeps, what belongs to the extension, and who may do what with it.
SET client_min_messages = warning;
DROP EXTENSION IF EXISTS tenancy CASCADE;
CREATE EXTENSION tenancy;
RESET client_min_messages;
\set SHOW_CONTEXT never

-- Migrations and tenants are data: pg_dump writes all of their rows.
SELECT c.relname, e.extcondition[n] AS condition
  FROM pg_extension e, LATERAL unnest(e.extconfig) WITH ORDINALITY AS x (oid, n) JOIN pg_class c ON c.oid = x.oid
 WHERE e.extname = 'tenancy' ORDER BY c.relname;
-- No table or sequence with data is left out.
SELECT c.relname FROM pg_class c JOIN pg_depend d ON d.classid = 'pg_class'::regclass AND d.objid = c.oid
       AND d.deptype = 'e'
  JOIN pg_extension e ON d.refclassid = 'pg_extension'::regclass AND d.refobjid = e.oid
 WHERE e.extname = 'tenancy' AND c.relkind IN ('r', 'p', 'S', 'm') AND NOT c.oid = ANY (e.extconfig);
-- Everything in the schema belongs to the extension; every table, column of note and function is described.
SELECT o.classid::regclass, pg_describe_object(o.classid, o.objid, 0)
  FROM (SELECT 'pg_class'::regclass AS classid, oid AS objid FROM pg_class
         WHERE relnamespace = 'tenancy'::regnamespace AND relkind IN ('r', 'v', 'S')
        UNION ALL SELECT 'pg_proc'::regclass, oid FROM pg_proc WHERE pronamespace = 'tenancy'::regnamespace) AS o
 WHERE NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = o.classid AND d.objid = o.objid AND d.deptype = 'e');
SELECT relname FROM pg_class WHERE relnamespace = 'tenancy'::regnamespace AND relkind IN ('r', 'v')
   AND obj_description(oid, 'pg_class') IS NULL;
SELECT extrelocatable, extversion, obj_description(oid, 'pg_extension') <> '' AS described FROM pg_extension
 WHERE extname = 'tenancy';

-- Functions in SQL languages pin their search_path or qualify every name; none is a SECURITY DEFINER.
SELECT p.proname FROM pg_proc p WHERE pronamespace = 'tenancy'::regnamespace AND prosecdef;
SELECT p.proname FROM pg_proc p JOIN pg_language l ON l.oid = p.prolang
 WHERE pronamespace = 'tenancy'::regnamespace AND l.lanname NOT IN ('c', 'internal')
   AND coalesce(array_to_string(proconfig, ','), '') NOT LIKE 'search_path=%'
 ORDER BY 1;
-- What a hostile search_path holds is not called.
CREATE SCHEMA dump_evil;
CREATE FUNCTION dump_evil.evil(a text, b text) RETURNS boolean LANGUAGE plpgsql
    AS $$BEGIN RAISE EXCEPTION 'evil operator called'; END$$;
CREATE OPERATOR dump_evil.= (FUNCTION = dump_evil.evil, LEFTARG = text, RIGHTARG = text);
CREATE FUNCTION dump_evil.format(text, text) RETURNS text LANGUAGE plpgsql
    AS $$BEGIN RAISE EXCEPTION 'evil function called'; END$$;
CREATE FUNCTION dump_evil.octet_length(text) RETURNS int LANGUAGE plpgsql
    AS $$BEGIN RAISE EXCEPTION 'evil function called'; END$$;
SELECT tenancy.add_migration('1', 'SELECT 1', 'SELECT 1');
SET search_path = dump_evil, pg_catalog, public;
SELECT id FROM tenancy.create_tenant('dump_t');
SELECT * FROM tenancy.register_from($$SELECT 'dump_t' AS id, 'gold' AS tier$$);
SELECT id, status FROM tenancy.set_tenant_status('dump_t', 'suspended');
SELECT state FROM tenancy.status('dump_t');
SELECT success FROM tenancy.migrate_all(statuses => '{suspended}');
SELECT version FROM tenancy.history('dump_t');
SELECT version FROM tenancy.downgrade_tenant('dump_t');
SELECT tenancy.drop_migration('1');
SELECT id FROM tenancy.deregister_tenant('dump_t');
RESET search_path;

-- Nobody but the owner writes to it before somebody grants that.
CREATE ROLE regress_dump;
SET ROLE regress_dump;
SELECT tenancy.shared_schemas();
SELECT * FROM tenancy.migrations;
RESET ROLE;
GRANT USAGE ON SCHEMA tenancy TO regress_dump;
SET ROLE regress_dump;
SELECT tenancy.shared_schemas();
SELECT tenancy.add_migration('1', 'SELECT 1');
SELECT * FROM tenancy.status();
SELECT tenancy.register_tenant('x', 'dump_t');
RESET ROLE;

-- The script is for CREATE EXTENSION, and the extension may be dropped with all it has.
REVOKE USAGE ON SCHEMA tenancy FROM regress_dump;
SET client_min_messages = warning;
DROP EXTENSION tenancy;
SELECT count(*) FROM pg_proc WHERE pronamespace = 'tenancy'::regnamespace;
SELECT to_regclass('dump_t.schema_migrations');
DROP SCHEMA dump_evil, dump_t CASCADE;
DROP ROLE regress_dump;
