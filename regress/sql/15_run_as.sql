-- Who a migration runs as, and what a hostile owner of a schema gets out of it.
SET client_min_messages = warning;
DROP EXTENSION IF EXISTS tenancy CASCADE;
CREATE EXTENSION tenancy;
RESET client_min_messages;
\set SHOW_CONTEXT never

CREATE ROLE regress_run_super SUPERUSER;
CREATE ROLE regress_run_owner;
CREATE ROLE regress_run_deploy;
CREATE ROLE regress_run_stranger;
GRANT regress_run_owner TO regress_run_deploy;
GRANT USAGE ON SCHEMA tenancy TO regress_run_owner, regress_run_deploy, regress_run_stranger;
GRANT SELECT ON ALL TABLES IN SCHEMA tenancy TO regress_run_owner, regress_run_deploy, regress_run_stranger;
CREATE SCHEMA run_owned AUTHORIZATION regress_run_owner;
CREATE SCHEMA run_super;

SELECT tenancy.add_migration('1', 'CREATE TABLE who AS SELECT current_user::text AS current,'
                                  ' session_user <> current_user AS other',
                             'DROP TABLE who');

-- auto: the owner, when the caller is a superuser and the owner is not.
SELECT version FROM tenancy.migrate_schema('run_owned');
SELECT * FROM run_owned.who;
SELECT relname, relowner::regrole FROM pg_class WHERE relnamespace = 'run_owned'::regnamespace AND relkind = 'r'
 ORDER BY 1;
SELECT applied_by FROM run_owned.schema_migrations;
SELECT version FROM tenancy.migrate_schema('run_super');
SELECT other FROM run_super.who;
SELECT version FROM tenancy.downgrade_schema('run_owned');

-- caller
SELECT version FROM tenancy.migrate_schema('run_owned', run_as => 'caller');
SELECT other FROM run_owned.who;
SELECT version FROM tenancy.downgrade_schema('run_owned', run_as => 'caller');

-- The setting, and the argument over it.
SET tenancy.run_as = 'caller';
SELECT version FROM tenancy.migrate_schema('run_owned');
SELECT other FROM run_owned.who;
SELECT version FROM tenancy.downgrade_schema('run_owned');
SELECT version FROM tenancy.migrate_schema('run_owned', run_as => 'owner');
SELECT * FROM run_owned.who;
SELECT version FROM tenancy.downgrade_schema('run_owned', run_as => 'auto');
RESET tenancy.run_as;

-- A member of the owner's role may run as the owner; auto is the caller for those who are no superusers.
SET ROLE regress_run_deploy;
SELECT version FROM tenancy.migrate_schema('run_owned', run_as => 'owner');
SELECT * FROM run_owned.who;
SELECT version FROM tenancy.downgrade_schema('run_owned', run_as => 'owner');
SELECT version FROM tenancy.migrate_schema('run_owned');
SELECT * FROM run_owned.who;
SELECT version FROM tenancy.downgrade_schema('run_owned');
RESET ROLE;

-- A stranger may not; and the owner needs nobody.
SET ROLE regress_run_stranger;
SELECT version FROM tenancy.migrate_schema('run_owned', run_as => 'owner');
SELECT version FROM tenancy.migrate_schema('run_owned');
SELECT version FROM tenancy.migrate_schema('run_super');
SELECT tenancy.run_in_schema('run_owned', 'SELECT 1', 'owner');
SELECT tenancy.start_tracking('run_owned', 'owner');
SELECT tenancy.resolve('run_owned', '1', 'applied', run_as => 'owner');
SELECT tenancy.add_migration('2', 'SELECT 1');
SELECT tenancy.create_tenant('run_new');
RESET ROLE;
SET ROLE regress_run_owner;
SELECT version FROM tenancy.migrate_schema('run_owned');
SELECT * FROM run_owned.who;
RESET ROLE;

-- A hostile owner: nothing that stands in the schema, or that the migration itself says, runs with our rights.
CREATE TABLE run_owned.loot (what text, as_whom text);
ALTER TABLE run_owned.loot OWNER TO regress_run_owner;
SET ROLE regress_run_owner;
CREATE FUNCTION run_owned.length(varchar) RETURNS int LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO run_owned.loot VALUES ('function', current_user);
    EXECUTE 'ALTER ROLE regress_run_owner SUPERUSER';
    RETURN 1;
EXCEPTION WHEN insufficient_privilege THEN
    INSERT INTO run_owned.loot VALUES ('function refused', current_user);
    RETURN 1;
END
$$;
CREATE FUNCTION run_owned.plant() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO run_owned.loot VALUES ('trigger on tracking', current_user);
    RETURN NULL;
END
$$;
CREATE TRIGGER plant BEFORE INSERT OR DELETE ON run_owned.schema_migrations
    FOR EACH ROW EXECUTE FUNCTION run_owned.plant();
CREATE FUNCTION run_owned.later() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO run_owned.loot VALUES ('deferred trigger', current_user);
    RETURN NULL;
END
$$;
CREATE TABLE run_owned.names (name varchar);
CREATE CONSTRAINT TRIGGER later AFTER INSERT ON run_owned.names DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION run_owned.later();
RESET ROLE;
SELECT tenancy.add_migration('2', 'INSERT INTO names VALUES (''x''); '
                                  'CREATE TABLE lengths AS SELECT length(name) AS n FROM names');
SELECT version FROM tenancy.migrate_schema('run_owned');
SELECT * FROM run_owned.loot ORDER BY 1;
SELECT rolsuper FROM pg_roles WHERE rolname = 'regress_run_owner';
SELECT version FROM run_owned.schema_migrations ORDER BY 1;

SELECT tenancy.run_in_schema('run_owned', 'SET ROLE regress_run_super');
SELECT tenancy.run_in_schema('run_owned', 'RESET ROLE; CREATE TABLE as_us (id int)');
SELECT tenancy.run_in_schema('run_owned', 'SET SESSION AUTHORIZATION DEFAULT');
SELECT tenancy.run_in_schema('run_owned', 'SELECT set_config(''role'', ''regress_run_super'', false)');
SELECT tenancy.run_in_schema('run_owned', 'ALTER ROLE regress_run_owner SUPERUSER');
SELECT tenancy.run_in_schema('run_owned', 'UPDATE tenancy.migrations SET up_sql = ''DROP DATABASE x''');
SELECT tenancy.run_in_schema('run_owned', 'CREATE TEMP TABLE scratch (id int)');
SELECT tenancy.run_in_schema('run_owned', 'PREPARE later AS SELECT 1');
SELECT current_user = session_user AS same_user;

-- A cursor that the owner's SQL left open would run with the rights of whoever fetches from it.
SELECT tenancy.run_in_schema('run_owned', 'DECLARE c CURSOR FOR SELECT length(name) FROM names');

-- The tracking table itself is the owner's: a constraint there can only stop the owner's own migrations.
SET ROLE regress_run_owner;
ALTER TABLE run_owned.schema_migrations ADD CONSTRAINT no_more CHECK (version <> '3');
RESET ROLE;
SELECT tenancy.add_migration('3', 'SELECT 1');
\set VERBOSITY terse
SELECT version FROM tenancy.migrate_schema('run_owned');
\set VERBOSITY default
SET ROLE regress_run_owner;
ALTER TABLE run_owned.schema_migrations DROP CONSTRAINT no_more;
RESET ROLE;
SELECT version FROM tenancy.migrate_schema('run_owned');

-- Rights on the tracking table are checked as the role that runs.
REVOKE ALL ON run_owned.schema_migrations FROM regress_run_owner;
SELECT tenancy.add_migration('4', 'SELECT 1');
SELECT version FROM tenancy.migrate_schema('run_owned');
GRANT SELECT ON run_owned.schema_migrations TO regress_run_owner;
SELECT version FROM tenancy.migrate_schema('run_owned');
GRANT ALL ON run_owned.schema_migrations TO regress_run_owner;
SELECT version FROM tenancy.migrate_schema('run_owned');

SET client_min_messages = warning;
DROP SCHEMA run_owned, run_super CASCADE;
REVOKE ALL ON SCHEMA tenancy FROM regress_run_owner, regress_run_deploy, regress_run_stranger;
DROP EXTENSION tenancy;
DROP ROLE regress_run_super, regress_run_owner, regress_run_deploy, regress_run_stranger;
