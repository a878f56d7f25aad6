-- complain if the script is sourced by psql, rather than by CREATE EXTENSION
\echo Use "CREATE EXTENSION tenancy" to load this file. \quit

------------------------------------------------------------------------------------------------------------------
-- Tables
------------------------------------------------------------------------------------------------------------------

CREATE TABLE tenancy.migrations (
    migration_set        text NOT NULL DEFAULT 'default' CHECK (migration_set ~ '^[a-z][a-z0-9_-]{0,62}$'),
    version              text NOT NULL CHECK (octet_length(version) BETWEEN 1 AND 128),
    description          text NOT NULL DEFAULT '',
    scope                text NOT NULL DEFAULT 'tenant' CHECK (scope IN ('public', 'tenant', 'both')),
    up_sql               text NOT NULL,
    up_line              integer NOT NULL DEFAULT 1 CHECK (up_line > 0),
    down_sql             text,
    down_line            integer CHECK (down_line > 0),
    checksum             text NOT NULL,
    transactional        boolean NOT NULL DEFAULT true,
    repeatable           boolean NOT NULL DEFAULT false,
    allow_outside        boolean NOT NULL DEFAULT false,
    lock_timeout_ms      integer CHECK (lock_timeout_ms >= 0),
    statement_timeout_ms integer CHECK (statement_timeout_ms >= 0),
    filename             text,
    variables            text NOT NULL DEFAULT 'off' CHECK (variables IN ('off', 'on', 'flyway')),
    after                text[] CHECK (NOT repeatable OR after IS NULL),
    branches             text[] NOT NULL DEFAULT '{}',
    requires             text[] NOT NULL DEFAULT '{}',
    tool_checksum        text,
    created_at           timestamptz NOT NULL DEFAULT now(),
    updated_at           timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (migration_set, version)
);

COMMENT ON TABLE tenancy.migrations IS
    'Stored migrations. Fill it with tenancy.load_migration, load_directory or add_migration, which check the SQL.';
COMMENT ON COLUMN tenancy.migrations.scope IS
    'Where it applies: public (the shared schema), tenant (each tenant''s schema), both.';
COMMENT ON COLUMN tenancy.migrations.up_line IS 'Line of the file at which up_sql begins.';
COMMENT ON COLUMN tenancy.migrations.down_sql IS 'NULL: irreversible. Empty: nothing to undo.';
COMMENT ON COLUMN tenancy.migrations.checksum IS 'SHA-256 of up_sql, in hexadecimal.';
COMMENT ON COLUMN tenancy.migrations.allow_outside IS
    'A tenant migration that may create, alter and drop objects outside the tenant''s schema.';
COMMENT ON COLUMN tenancy.migrations.variables IS
    'on: {{ name }} in its SQL stands for a value of each target, see tenancy.set_variable; flyway: ${name} does.';

COMMENT ON COLUMN tenancy.migrations.after IS
    'Versions that it comes after, in a graph such as Alembic''s; empty: a beginning. NULL: behind all of these, in the order of versions.';
COMMENT ON COLUMN tenancy.migrations.branches IS 'Branches of that graph that it is part of.';
COMMENT ON COLUMN tenancy.migrations.requires IS
    'Migrations of other sets that are applied in the same schema before it, as users@003.';
COMMENT ON COLUMN tenancy.migrations.tool_checksum IS
    'Of the file''s bytes, as Flyway or Prisma counts it; NULL for other tools'' files.';

CREATE TABLE tenancy.servers (
    name            text PRIMARY KEY CHECK (name <> ''),
    conninfo        text NOT NULL CHECK (conninfo <> ''),
    max_connections integer CHECK (max_connections > 0),
    labels          jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(labels) = 'object'),
    created_at      timestamptz NOT NULL DEFAULT now(),
    updated_at      timestamptz NOT NULL DEFAULT now()
);

COMMENT ON TABLE tenancy.servers IS 'Other clusters on which tenants live. Only the driver connects to them.';
COMMENT ON COLUMN tenancy.servers.conninfo IS
    'As libpq reads it: keywords and values, a URI, or service=…; never with a password. The database is the tenant''s.';
COMMENT ON COLUMN tenancy.servers.max_connections IS
    'The driver opens no more connections to it at a time. NULL: no bound of its own.';

-- A constraint would print the row that it refuses.
CREATE FUNCTION tenancy.refuse_password()
RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF NEW.conninfo ~ '^postgres(ql)?://'
       AND (NEW.conninfo ~ '^[^/]*//[^@/]*:[^@/]*@' OR NEW.conninfo ~* '[?&]([a-z_]*(password|secret)|[^=&]*%[^=&]*)=')
       OR NEW.conninfo ~* '(^|\s)[a-z_]*(password|secret)\s*=' THEN
        RAISE EXCEPTION 'the connection string of server "%" has a password in it', NEW.name
            USING ERRCODE = 'invalid_parameter_value',
                  HINT = 'Leave it out, and put it where libpq finds it: ~/.pgpass, a service file, PGPASSWORD.';
    END IF;
    RETURN NEW;
END
$$;
COMMENT ON FUNCTION tenancy.refuse_password() IS 'The trigger that keeps passwords out of tenancy.servers.';
CREATE TRIGGER refuse_password BEFORE INSERT OR UPDATE ON tenancy.servers
    FOR EACH ROW EXECUTE FUNCTION tenancy.refuse_password();

CREATE TABLE tenancy.tenants (
    id            text PRIMARY KEY CHECK (id <> ''),
    isolation     text NOT NULL DEFAULT 'schema' CHECK (isolation IN ('schema', 'database', 'rls')),
    server        text REFERENCES tenancy.servers ON UPDATE CASCADE,
    database      text CHECK (octet_length(database) BETWEEN 1 AND 63),
    schema        text NOT NULL CHECK (octet_length(schema) BETWEEN 1 AND 63),
    migration_set text NOT NULL DEFAULT 'default' CHECK (migration_set ~ '^[a-z][a-z0-9_-]{0,62}$'),
    further_sets  text[] NOT NULL DEFAULT '{}',
    status        text NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'suspended', 'archived')),
    tier          text,
    labels        jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(labels) = 'object'),
    pinned_revision text CHECK (pinned_revision ~ '^[A-Za-z0-9._@+-]{1,128}$' AND pinned_revision !~ '^([+-]|heads?$)'),
    created_at    timestamptz NOT NULL DEFAULT now(),
    updated_at    timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT tenants_further_sets_check CHECK (
        array_to_string(further_sets, ',') ~ '^([a-z][a-z0-9_-]{0,62}(,[a-z][a-z0-9_-]{0,62})*)?$'
        AND cardinality(further_sets) = cardinality(string_to_array(array_to_string(further_sets, ','), ','))
        AND migration_set <> ALL (further_sets)),
    CONSTRAINT tenants_isolation_database_check CHECK (isolation <> 'database' OR database IS NOT NULL),
    CONSTRAINT tenants_server_database_check CHECK (server IS NULL OR database IS NOT NULL)
);

CREATE UNIQUE INDEX tenants_target_key
    ON tenancy.tenants (coalesce(server, ''), coalesce(database, ''), schema) WHERE isolation <> 'rls';
CREATE INDEX tenants_schema_idx ON tenancy.tenants (schema);
-- In this order tenancy.fleet_page goes through the fleet.
CREATE INDEX tenants_place_idx
    ON tenancy.tenants (coalesce(server, ''), coalesce(database, ''), schema, migration_set);
CREATE INDEX tenants_pinned_idx
    ON tenancy.tenants (coalesce(server, ''), coalesce(database, ''), schema, migration_set)
 WHERE pinned_revision IS NOT NULL;

COMMENT ON TABLE tenancy.tenants IS
    'Registered tenants and where each one lives. What is applied there stands in the target''s own tracking table.';
COMMENT ON COLUMN tenancy.tenants.isolation IS
    'schema: a schema of its own; database: a database of its own; rls: rows in a schema that tenants share.';
COMMENT ON COLUMN tenancy.tenants.server IS 'One of tenancy.servers. NULL: this cluster.';
COMMENT ON COLUMN tenancy.tenants.database IS 'NULL: this database.';
COMMENT ON COLUMN tenancy.tenants.migration_set IS 'Its own set: what calls for this tenant mean where they name none.';
COMMENT ON COLUMN tenancy.tenants.further_sets IS
    'Other migration sets that it has. For fleet operations each of its sets is a target. See tenancy.add_tenant_set.';
COMMENT ON COLUMN tenancy.tenants.pinned_revision IS 'Fleet operations do not take its own set beyond it.';

CREATE TABLE tenancy.variables (
    name          text NOT NULL CHECK (name ~ '^[A-Za-z_][A-Za-z0-9_.:-]*$'),
    value         text NOT NULL,
    tenant        text REFERENCES tenancy.tenants ON UPDATE CASCADE ON DELETE CASCADE,
    migration_set text CHECK (migration_set ~ '^[a-z][a-z0-9_-]{0,62}$'),
    updated_at    timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT variables_key UNIQUE NULLS NOT DISTINCT (tenant, migration_set, name)
);

COMMENT ON TABLE tenancy.variables IS
    'Values of the variables in migrations. One of a tenant wins over one for all, and one of a set over one for every set.';
COMMENT ON COLUMN tenancy.variables.tenant IS 'NULL: for all.';
COMMENT ON COLUMN tenancy.variables.migration_set IS 'NULL: in the migrations of every set.';

-- No foreign key between these two: a run inserts a row for each of 100,000 targets at once.
CREATE TABLE tenancy.runs (
    id          bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY,
    operation   text NOT NULL CHECK (operation IN ('upgrade', 'downgrade', 'rollback')),
    revision    text NOT NULL,
    state       text NOT NULL DEFAULT 'running'
                CHECK (state IN ('running', 'paused', 'aborted', 'stopped', 'done', 'failed')),
    reason      text,
    filter      jsonb NOT NULL DEFAULT '{}',
    policy      jsonb NOT NULL DEFAULT '{}',
    settings    jsonb NOT NULL,
    targets     integer NOT NULL,
    unchanged   integer NOT NULL,
    rolls_back  bigint,
    led_by      text NOT NULL DEFAULT 'database' CHECK (led_by IN ('database', 'driver')),
    started_by  name NOT NULL DEFAULT current_user,
    started_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    resumed_at  timestamptz,
    finished_at timestamptz
);

CREATE TABLE tenancy.run_targets (
    run             bigint NOT NULL,
    ordinal         integer NOT NULL,
    wave            text NOT NULL,
    tenant          text,
    database        text,
    schema          text NOT NULL,
    migration_set   text NOT NULL,
    kind            text NOT NULL CHECK (kind IN ('shared', 'tenant', 'combined')),
    held_at         text,
    versions_wanted text[] NOT NULL,
    state           text NOT NULL CHECK (state IN ('pending', 'retrying', 'done', 'failed')),
    attempts        integer NOT NULL DEFAULT 0,
    waited          interval NOT NULL DEFAULT '0',
    from_revision   text,
    to_revision     text,
    versions        text[] NOT NULL DEFAULT '{}',
    duration        interval NOT NULL DEFAULT '0',
    finished_at     timestamptz,
    sqlstate        text,
    error           text,
    detail          text,
    hint            text,
    server          text,
    PRIMARY KEY (run, ordinal)
) WITH (fillfactor = 60);

COMMENT ON TABLE tenancy.runs IS
    'Fleet operations: who, when, what, and how each ended. Who may write here says what resume, retry_failed and rollback_run do.';
COMMENT ON COLUMN tenancy.runs.state IS
    'running or paused, until finished_at is set; aborted, stopped (by its policy), done, failed (some targets).';
COMMENT ON COLUMN tenancy.runs.targets IS 'All targets that it was about.';
COMMENT ON COLUMN tenancy.runs.unchanged IS 'Those that had nothing to do: they have no row in tenancy.run_targets.';
COMMENT ON COLUMN tenancy.runs.resumed_at IS 'When it last went on, after tenancy.resume or retry_failed.';
COMMENT ON COLUMN tenancy.runs.rolls_back IS 'The run that a rollback takes back.';
COMMENT ON COLUMN tenancy.runs.led_by IS
    'database: background workers, or the session that called; driver: the connections of the driver, which goes on with it.';
COMMENT ON TABLE tenancy.run_targets IS 'The targets of each run that had something to do, and how far each came.';
COMMENT ON COLUMN tenancy.run_targets.ordinal IS 'The order in which the run takes them.';
COMMENT ON COLUMN tenancy.run_targets.database IS 'NULL: this database.';
COMMENT ON COLUMN tenancy.run_targets.server IS 'One of tenancy.servers. NULL: this cluster.';
COMMENT ON COLUMN tenancy.run_targets.held_at IS 'The revision that the tenant is pinned to.';
COMMENT ON COLUMN tenancy.run_targets.versions_wanted IS 'What a rollback is to take back.';
COMMENT ON COLUMN tenancy.run_targets.versions IS 'What was applied, or taken back, in its order.';
COMMENT ON COLUMN tenancy.run_targets.waited IS 'Between attempts.';

CREATE TABLE tenancy.synced_tools (
    migration_set text PRIMARY KEY,
    tool          text NOT NULL,
    table_name    text NOT NULL,
    app           text NOT NULL DEFAULT '',
    table_schema  text NOT NULL DEFAULT '',
    started_by    name NOT NULL DEFAULT current_user,
    started_at    timestamptz NOT NULL DEFAULT now()
);

COMMENT ON TABLE tenancy.synced_tools IS
    'Other tools whose own tables go along with what is applied and taken back of a migration set. See tenancy.sync.';
COMMENT ON COLUMN tenancy.synced_tools.table_schema IS
    'Where the table is, with {{ schema }} for that of the target; empty: in the target''s schema.';

SELECT pg_catalog.pg_extension_config_dump('tenancy.migrations', '');
SELECT pg_catalog.pg_extension_config_dump('tenancy.synced_tools', '');
SELECT pg_catalog.pg_extension_config_dump('tenancy.servers', '');
SELECT pg_catalog.pg_extension_config_dump('tenancy.tenants', '');
SELECT pg_catalog.pg_extension_config_dump('tenancy.variables', '');
SELECT pg_catalog.pg_extension_config_dump('tenancy.runs', '');
SELECT pg_catalog.pg_extension_config_dump('tenancy.runs_id_seq', '');
SELECT pg_catalog.pg_extension_config_dump('tenancy.run_targets', '');

------------------------------------------------------------------------------------------------------------------
-- Settings
------------------------------------------------------------------------------------------------------------------

CREATE FUNCTION tenancy.shared_schemas()
RETURNS text[]
AS 'MODULE_PATHNAME', 'tenancy_shared_schemas' LANGUAGE c STABLE PARALLEL SAFE;
COMMENT ON FUNCTION tenancy.shared_schemas() IS 'The schemas of the setting tenancy.shared_schemas.';

CREATE FUNCTION tenancy.tracking_table()
RETURNS text
AS 'MODULE_PATHNAME', 'tenancy_tracking_table' LANGUAGE c STABLE PARALLEL SAFE;
COMMENT ON FUNCTION tenancy.tracking_table() IS 'The setting tenancy.tracking_table.';

------------------------------------------------------------------------------------------------------------------
-- Migrations
------------------------------------------------------------------------------------------------------------------

CREATE FUNCTION tenancy.add_migration(
    version text, up_sql text, down_sql text DEFAULT NULL, description text DEFAULT '',
    scope text DEFAULT 'tenant', migration_set text DEFAULT 'default',
    transactional boolean DEFAULT true, repeatable boolean DEFAULT false, allow_outside boolean DEFAULT false,
    lock_timeout text DEFAULT NULL, statement_timeout text DEFAULT NULL,
    filename text DEFAULT NULL, up_line integer DEFAULT 1, down_line integer DEFAULT 1,
    variables text DEFAULT 'off', after text[] DEFAULT NULL, branches text[] DEFAULT '{}',
    requires text[] DEFAULT '{}', tool_checksum text DEFAULT NULL)
RETURNS text
AS 'MODULE_PATHNAME', 'tenancy_add_migration' LANGUAGE c VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION tenancy.add_migration(text, text, text, text, text, text, boolean, boolean, boolean, text, text, text, integer, integer, text, text[], text[], text[], text) IS
    'Checks and stores a migration. Returns added, updated or unchanged.';

CREATE FUNCTION tenancy.load_migration(
    filename text, content text, migration_set text DEFAULT NULL, scope text DEFAULT NULL, format text DEFAULT NULL,
    OUT migration_set text, OUT version text, OUT description text, OUT action text, OUT note text)
RETURNS SETOF record
AS 'MODULE_PATHNAME', 'tenancy_load_migration' LANGUAGE c VOLATILE PARALLEL UNSAFE ROWS 1;
COMMENT ON FUNCTION tenancy.load_migration(text, text, text, text, text) IS
    'Stores the migration that a file holds: NNN_name.sql, NNN_name.up.sql, NNN_name/up.sql, or one of another tool.';

CREATE FUNCTION tenancy.load_directory(
    path text, migration_set text DEFAULT NULL, scope text DEFAULT NULL, format text DEFAULT NULL,
    sets_from_folders boolean DEFAULT false,
    OUT migration_set text, OUT version text, OUT description text, OUT action text, OUT note text)
RETURNS SETOF record
AS 'MODULE_PATHNAME', 'tenancy_load_directory' LANGUAGE c VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION tenancy.load_directory(text, text, text, text, boolean) IS
    'Stores all migration files of a folder on the server; needs the rights to read files there.';

CREATE FUNCTION tenancy.drop_migration(version text, migration_set text DEFAULT 'default')
RETURNS void
AS 'MODULE_PATHNAME', 'tenancy_drop_migration' LANGUAGE c VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION tenancy.drop_migration(text, text) IS
    'Deletes a stored migration; refused while it is applied in any schema of this database, or another one requires it.';

CREATE FUNCTION tenancy.stored(
    migration_sets text[], OUT migration_set text, OUT version text, OUT digest text)
RETURNS SETOF record
AS 'MODULE_PATHNAME', 'tenancy_stored' LANGUAGE c VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION tenancy.stored(text[]) IS
    'A digest of each migration that is stored of these sets, and, with version NULL, of the other tool that goes along with a set: equal in two databases where what is stored is. The driver asks for it.';

CREATE FUNCTION tenancy.check_variable_name(name text)
RETURNS void
AS 'MODULE_PATHNAME', 'tenancy_check_variable_name' LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION tenancy.check_variable_name(text) IS
    'Raises an error for a name that a variable cannot have. Used by set_variable.';

CREATE FUNCTION tenancy.set_variable(
    name text, value text, tenant text DEFAULT NULL, migration_set text DEFAULT NULL)
RETURNS tenancy.variables
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    result tenancy.variables;
BEGIN
    IF set_variable.name IS NULL OR set_variable.value IS NULL THEN
        RAISE EXCEPTION 'a variable needs a name and a value'
            USING ERRCODE = 'null_value_not_allowed',
                  HINT = 'To take a value away, use tenancy.unset_variable().';
    END IF;
    PERFORM tenancy.check_variable_name(set_variable.name);
    IF set_variable.tenant IS NOT NULL
       AND NOT EXISTS (SELECT FROM tenancy.tenants t WHERE t.id = set_variable.tenant) THEN
        RAISE EXCEPTION 'tenant "%" is not registered', set_variable.tenant USING ERRCODE = 'undefined_object';
    END IF;
    INSERT INTO tenancy.variables AS v (name, value, tenant, migration_set)
    VALUES (set_variable.name, set_variable.value, set_variable.tenant, set_variable.migration_set)
    ON CONFLICT ON CONSTRAINT variables_key DO UPDATE SET value = excluded.value, updated_at = now()
    RETURNING v.* INTO result;
    RETURN result;
END
$$;
COMMENT ON FUNCTION tenancy.set_variable(text, text, text, text) IS
    'Gives a variable in migrations its value: for all, for one tenant, in one migration set, or both.';

CREATE FUNCTION tenancy.unset_variable(name text, tenant text DEFAULT NULL, migration_set text DEFAULT NULL)
RETURNS tenancy.variables
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    result tenancy.variables;
BEGIN
    DELETE FROM tenancy.variables AS v
     WHERE v.name = unset_variable.name AND v.tenant IS NOT DISTINCT FROM unset_variable.tenant
       AND v.migration_set IS NOT DISTINCT FROM unset_variable.migration_set
    RETURNING v.* INTO result;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'variable % has no such value', unset_variable.name
            USING ERRCODE = 'undefined_object', HINT = 'See tenancy.variables.';
    END IF;
    RETURN result;
END
$$;
COMMENT ON FUNCTION tenancy.unset_variable(text, text, text) IS
    'Takes a value away that tenancy.set_variable gave, with the same tenant and migration set.';

CREATE FUNCTION tenancy.resolve_revision(revision text, migration_set text DEFAULT 'default')
RETURNS text
AS 'MODULE_PATHNAME', 'tenancy_resolve_revision' LANGUAGE c STABLE PARALLEL SAFE;
COMMENT ON FUNCTION tenancy.resolve_revision(text, text) IS
    'The version that a revision means in a set: 42, 042+1, head-1 or BRANCH@head.';

CREATE FUNCTION tenancy.version_key(version text)
RETURNS text
AS 'MODULE_PATHNAME', 'tenancy_version_key' LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION tenancy.version_key(text) IS
    'Sorts versions in their natural order: ORDER BY tenancy.version_key(version) COLLATE "C".';

------------------------------------------------------------------------------------------------------------------
-- One target
------------------------------------------------------------------------------------------------------------------

CREATE FUNCTION tenancy.migrate_schema(
    schema text, revision text DEFAULT 'heads', migration_set text DEFAULT NULL, run_as text DEFAULT NULL,
    OUT step integer, OUT migration_set text, OUT version text, OUT description text, OUT direction text,
    OUT duration interval)
RETURNS SETOF record
AS 'MODULE_PATHNAME', 'tenancy_migrate_schema' LANGUAGE c VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION tenancy.migrate_schema(text, text, text, text) IS
    'Brings one tenant schema up to a revision, in this transaction. A row per step.';

CREATE FUNCTION tenancy.downgrade_schema(
    schema text, revision text DEFAULT '-1', migration_set text DEFAULT NULL, run_as text DEFAULT NULL,
    OUT step integer, OUT migration_set text, OUT version text, OUT description text, OUT direction text,
    OUT duration interval)
RETURNS SETOF record
AS 'MODULE_PATHNAME', 'tenancy_downgrade_schema' LANGUAGE c VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION tenancy.downgrade_schema(text, text, text, text) IS
    'Takes one tenant schema down to a revision, in this transaction. A row per step.';

CREATE FUNCTION tenancy.migrate_tenant(
    tenant text, revision text DEFAULT 'heads', migration_set text DEFAULT NULL, run_as text DEFAULT NULL,
    OUT step integer, OUT migration_set text, OUT version text, OUT description text, OUT direction text,
    OUT duration interval)
RETURNS SETOF record
AS 'MODULE_PATHNAME', 'tenancy_migrate_tenant' LANGUAGE c VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION tenancy.migrate_tenant(text, text, text, text) IS
    'Brings the schema of a registered tenant up to a revision. A row per step.';

CREATE FUNCTION tenancy.downgrade_tenant(
    tenant text, revision text DEFAULT '-1', migration_set text DEFAULT NULL, run_as text DEFAULT NULL,
    OUT step integer, OUT migration_set text, OUT version text, OUT description text, OUT direction text,
    OUT duration interval)
RETURNS SETOF record
AS 'MODULE_PATHNAME', 'tenancy_downgrade_tenant' LANGUAGE c VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION tenancy.downgrade_tenant(text, text, text, text) IS
    'Takes the schema of a registered tenant down to a revision. A row per step.';

CREATE FUNCTION tenancy.migrate_public(
    revision text DEFAULT 'heads', migration_set text DEFAULT NULL, run_as text DEFAULT NULL, kind text DEFAULT NULL,
    OUT step integer, OUT migration_set text, OUT version text, OUT description text, OUT direction text,
    OUT duration interval)
RETURNS SETOF record
AS 'MODULE_PATHNAME', 'tenancy_migrate_public' LANGUAGE c VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION tenancy.migrate_public(text, text, text, text) IS
    'Brings the shared schema (the first of tenancy.shared_schemas) up to a revision. A row per step. In a database of '
    'tenants that are registered in another one, kind says which migrations it gets: shared (those of scope public and '
    'both) or combined (all).';

CREATE FUNCTION tenancy.downgrade_public(
    revision text DEFAULT '-1', migration_set text DEFAULT NULL, run_as text DEFAULT NULL, kind text DEFAULT NULL,
    OUT step integer, OUT migration_set text, OUT version text, OUT description text, OUT direction text,
    OUT duration interval)
RETURNS SETOF record
AS 'MODULE_PATHNAME', 'tenancy_downgrade_public' LANGUAGE c VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION tenancy.downgrade_public(text, text, text, text) IS
    'Takes the shared schema down to a revision. A row per step. For kind see tenancy.migrate_public.';

CREATE FUNCTION tenancy.upgrade_target(
    schema text, revision text DEFAULT 'heads', migration_set text DEFAULT NULL, run_as text DEFAULT NULL,
    kind text DEFAULT NULL, store_sets text[] DEFAULT NULL, store_digest text DEFAULT NULL,
    OUT from_revision text, OUT to_revision text, OUT version text, OUT description text, OUT microseconds bigint,
    OUT migration_set text, OUT skipped text[])
RETURNS SETOF record
AS 'MODULE_PATHNAME', 'tenancy_upgrade_target' LANGUAGE c VOLATILE PARALLEL UNSAFE ROWS 1;
COMMENT ON FUNCTION tenancy.upgrade_target(text, text, text, text, text, text[], text) IS
    'Brings any schema up to a revision, the shared one too, and says from where to where, and which pending migrations tenancy.out_of_order leaves out: a row per step, or one row without a step. The kind of the shared schema is as in tenancy.migrate_public(). With store_digest it does nothing, and returns no row, unless what tenancy.stored() returns of store_sets has that digest.';

CREATE FUNCTION tenancy.downgrade_target(
    schema text, revision text DEFAULT '-1', migration_set text DEFAULT NULL, run_as text DEFAULT NULL,
    kind text DEFAULT NULL, store_sets text[] DEFAULT NULL, store_digest text DEFAULT NULL,
    OUT from_revision text, OUT to_revision text, OUT version text, OUT description text, OUT microseconds bigint,
    OUT migration_set text, OUT skipped text[])
RETURNS SETOF record
AS 'MODULE_PATHNAME', 'tenancy_downgrade_target' LANGUAGE c VOLATILE PARALLEL UNSAFE ROWS 1;
COMMENT ON FUNCTION tenancy.downgrade_target(text, text, text, text, text, text[], text) IS
    'Takes any schema down to a revision, the shared one too, and says from where to where: a row per step, or one row without a step. The kind of the shared schema is as in tenancy.migrate_public(). With store_digest it does nothing, and returns no row, unless what tenancy.stored() returns of store_sets has that digest.';

CREATE FUNCTION tenancy.plan_upgrade(
    schema text, revision text DEFAULT 'heads', migration_set text DEFAULT NULL,
    OUT step integer, OUT migration_set text, OUT version text, OUT description text, OUT direction text,
    OUT transactional boolean)
RETURNS SETOF record
AS 'MODULE_PATHNAME', 'tenancy_plan_upgrade' LANGUAGE c VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION tenancy.plan_upgrade(text, text, text) IS
    'The steps that an upgrade of a schema would take now. Changes nothing.';

CREATE FUNCTION tenancy.plan_downgrade(
    schema text, revision text DEFAULT '-1', migration_set text DEFAULT NULL,
    OUT step integer, OUT migration_set text, OUT version text, OUT description text, OUT direction text,
    OUT transactional boolean)
RETURNS SETOF record
AS 'MODULE_PATHNAME', 'tenancy_plan_downgrade' LANGUAGE c VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION tenancy.plan_downgrade(text, text, text) IS
    'The steps that a downgrade of a schema would take now. Changes nothing.';

CREATE FUNCTION tenancy.start_tracking(schema text, run_as text DEFAULT NULL)
RETURNS void
AS 'MODULE_PATHNAME', 'tenancy_start_tracking' LANGUAGE c VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION tenancy.start_tracking(text, text) IS
    'Creates the tracking table of a schema, when it has none.';

CREATE FUNCTION tenancy.run_in_schema(schema text, sql text, run_as text DEFAULT NULL)
RETURNS void
AS 'MODULE_PATHNAME', 'tenancy_run_in_schema' LANGUAGE c VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION tenancy.run_in_schema(text, text, text) IS
    'Runs SQL in a tenant''s schema with the settings, role and guards of a migration, without recording it.';

CREATE FUNCTION tenancy.resolve(
    schema text, version text, state text, migration_set text DEFAULT NULL, run_as text DEFAULT NULL)
RETURNS void
AS 'MODULE_PATHNAME', 'tenancy_resolve' LANGUAGE c VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION tenancy.resolve(text, text, text, text, text) IS
    'Records a migration as applied, or as pending, without running it.';

CREATE FUNCTION tenancy.adopt(
    tool text, dry_run boolean DEFAULT true, pattern text DEFAULT NULL, tier text DEFAULT NULL,
    labels jsonb DEFAULT NULL, statuses text[] DEFAULT NULL, migration_set text DEFAULT NULL, run_as text DEFAULT NULL,
    table_name text DEFAULT NULL, table_schema text DEFAULT NULL, version_column text DEFAULT NULL,
    app text DEFAULT NULL, tenants text[] DEFAULT NULL,
    OUT tenant text, OUT schema text, OUT migration_set text, OUT state text, OUT revision text, OUT versions integer,
    OUT detail text)
RETURNS SETOF record
AS 'MODULE_PATHNAME', 'tenancy_adopt' LANGUAGE c VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION tenancy.adopt(text, boolean, text, text, jsonb, text[], text, text, text, text, text, text, text[]) IS
    'Takes over the histories that another tool has recorded in the targets: looks, and with dry_run => false records what is applied, without running it. A row per target.';

CREATE FUNCTION tenancy.sync(
    tool text, migration_set text DEFAULT 'default', table_name text DEFAULT NULL, app text DEFAULT NULL,
    table_schema text DEFAULT NULL)
RETURNS void
AS 'MODULE_PATHNAME', 'tenancy_sync' LANGUAGE c VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION tenancy.sync(text, text, text, text, text) IS
    'From now on what is applied and taken back of a set is also written into the table that another tool has in each target.';

CREATE FUNCTION tenancy.stop_sync(migration_set text DEFAULT 'default')
RETURNS boolean
AS 'MODULE_PATHNAME', 'tenancy_stop_sync' LANGUAGE c VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION tenancy.stop_sync(text) IS
    'Ends that; other tools'' tables stay as they are. False: there was nothing to end.';

CREATE FUNCTION tenancy.baseline(
    schema text, revision text, reference text DEFAULT NULL, force boolean DEFAULT false,
    migration_set text DEFAULT NULL, run_as text DEFAULT NULL,
    OUT revision text, OUT versions integer, OUT differences text[])
RETURNS SETOF record
AS 'MODULE_PATHNAME', 'tenancy_baseline' LANGUAGE c VOLATILE PARALLEL UNSAFE ROWS 1;
COMMENT ON FUNCTION tenancy.baseline(text, text, text, boolean, text, text) IS
    'Records everything up to a revision as applied in a schema, without running it, when the schema is like one that was migrated there.';

CREATE FUNCTION tenancy.history(
    schema text,
    OUT migration_set text, OUT version text, OUT description text, OUT checksum text, OUT state text,
    OUT applied_at timestamptz, OUT applied_by text, OUT duration interval)
RETURNS SETOF record
AS 'MODULE_PATHNAME', 'tenancy_history' LANGUAGE c VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION tenancy.history(text) IS 'What is applied in a schema, from its tracking table.';

------------------------------------------------------------------------------------------------------------------
-- The fleet
------------------------------------------------------------------------------------------------------------------

CREATE FUNCTION tenancy.migrate_all(
    revision text DEFAULT 'heads', pattern text DEFAULT NULL, tier text DEFAULT NULL, labels jsonb DEFAULT NULL,
    statuses text[] DEFAULT '{active}', migration_set text DEFAULT NULL, run_as text DEFAULT NULL,
    concurrency integer DEFAULT NULL,
    OUT tenant text, OUT schema text, OUT success boolean, OUT from_revision text, OUT to_revision text,
    OUT steps integer, OUT duration interval, OUT attempts integer, OUT waited interval, OUT sqlstate text,
    OUT error text, OUT detail text, OUT hint text, OUT held_at text)
RETURNS SETOF record
AS 'MODULE_PATHNAME', 'tenancy_migrate_all' LANGUAGE c VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION tenancy.migrate_all(text, text, text, jsonb, text[], text, text, integer) IS
    'Brings the shared schema and every tenant up to a revision: by background workers, in a transaction each; inside a transaction block, in that one. A row per target.';

CREATE FUNCTION tenancy.downgrade_all(
    revision text, pattern text DEFAULT NULL, tier text DEFAULT NULL, labels jsonb DEFAULT NULL,
    statuses text[] DEFAULT '{active}', migration_set text DEFAULT NULL, run_as text DEFAULT NULL,
    concurrency integer DEFAULT NULL,
    OUT tenant text, OUT schema text, OUT success boolean, OUT from_revision text, OUT to_revision text,
    OUT steps integer, OUT duration interval, OUT attempts integer, OUT waited interval, OUT sqlstate text,
    OUT error text, OUT detail text, OUT hint text, OUT held_at text)
RETURNS SETOF record
AS 'MODULE_PATHNAME', 'tenancy_downgrade_all' LANGUAGE c VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION tenancy.downgrade_all(text, text, text, jsonb, text[], text, text, integer) IS
    'Takes every tenant, then the shared schema, down to a revision, as migrate_all goes up. A row per target.';

-- A number is written as one, a percentage as a string: whatever either may come as becomes the same type.
CREATE TYPE tenancy.failure_budget;
CREATE FUNCTION tenancy.failure_budget_in(cstring) RETURNS tenancy.failure_budget
AS 'MODULE_PATHNAME', 'tenancy_failure_budget_in' LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION tenancy.failure_budget_out(tenancy.failure_budget) RETURNS cstring
AS 'textout' LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE;
CREATE TYPE tenancy.failure_budget (
    INPUT = tenancy.failure_budget_in, OUTPUT = tenancy.failure_budget_out, LIKE = pg_catalog.text);
COMMENT ON TYPE tenancy.failure_budget IS
    'How many targets may fail: a number, 10, or a percentage, ''2.5%''.';
COMMENT ON FUNCTION tenancy.failure_budget_in(cstring) IS 'Reads a failure_budget.';
COMMENT ON FUNCTION tenancy.failure_budget_out(tenancy.failure_budget) IS 'Writes a failure_budget.';
CREATE CAST (smallint AS tenancy.failure_budget) WITH INOUT AS IMPLICIT;
CREATE CAST (integer AS tenancy.failure_budget) WITH INOUT AS IMPLICIT;
CREATE CAST (bigint AS tenancy.failure_budget) WITH INOUT AS IMPLICIT;
CREATE CAST (numeric AS tenancy.failure_budget) WITH INOUT AS IMPLICIT;
CREATE CAST (text AS tenancy.failure_budget) WITH INOUT AS IMPLICIT;
CREATE CAST (varchar AS tenancy.failure_budget) WITH INOUT AS IMPLICIT;

CREATE PROCEDURE tenancy.rollout(
    revision text DEFAULT 'heads', pattern text DEFAULT NULL, tier text DEFAULT NULL, labels jsonb DEFAULT NULL,
    statuses text[] DEFAULT '{active}', migration_set text DEFAULT NULL, run_as text DEFAULT NULL,
    concurrency integer DEFAULT NULL, canary integer DEFAULT NULL, canary_tenants text[] DEFAULT NULL,
    stop_after_canary boolean DEFAULT false, waves text[] DEFAULT NULL, wave_by text DEFAULT NULL,
    target_order text DEFAULT NULL, max_failures tenancy.failure_budget DEFAULT NULL,
    max_wave_failures tenancy.failure_budget DEFAULT NULL)
AS 'MODULE_PATHNAME', 'tenancy_rollout' LANGUAGE c;
COMMENT ON PROCEDURE tenancy.rollout(text, text, text, jsonb, text[], text, text, integer, integer, text[], boolean,
                                     text[], text, text, tenancy.failure_budget, tenancy.failure_budget) IS
    'Brings the shared schema and every tenant up to a revision, and commits after each target: a canary first, then wave by wave, until too many fail.';

CREATE PROCEDURE tenancy.downgrade_rollout(
    revision text, pattern text DEFAULT NULL, tier text DEFAULT NULL, labels jsonb DEFAULT NULL,
    statuses text[] DEFAULT '{active}', migration_set text DEFAULT NULL, run_as text DEFAULT NULL,
    concurrency integer DEFAULT NULL, canary integer DEFAULT NULL, canary_tenants text[] DEFAULT NULL,
    stop_after_canary boolean DEFAULT false, waves text[] DEFAULT NULL, wave_by text DEFAULT NULL,
    target_order text DEFAULT NULL, max_failures tenancy.failure_budget DEFAULT NULL,
    max_wave_failures tenancy.failure_budget DEFAULT NULL)
AS 'MODULE_PATHNAME', 'tenancy_downgrade_rollout' LANGUAGE c;
COMMENT ON PROCEDURE tenancy.downgrade_rollout(text, text, text, jsonb, text[], text, text, integer, integer, text[],
                                               boolean, text[], text, text, tenancy.failure_budget,
                                               tenancy.failure_budget) IS
    'Takes every tenant, then the shared schema, down to a revision, as rollout goes up.';

CREATE PROCEDURE tenancy.migrate_targets(
    tenants text[], revision text DEFAULT 'heads', run_as text DEFAULT NULL, concurrency integer DEFAULT NULL)
AS 'MODULE_PATHNAME', 'tenancy_migrate_targets' LANGUAGE c;
COMMENT ON PROCEDURE tenancy.migrate_targets(text[], text, text, integer) IS
    'Brings these tenants up to a revision, without the shared schema, and commits after each.';

CREATE PROCEDURE tenancy.resume(run bigint, concurrency integer DEFAULT NULL, run_as text DEFAULT NULL)
AS 'MODULE_PATHNAME', 'tenancy_resume' LANGUAGE c;
COMMENT ON PROCEDURE tenancy.resume(bigint, integer, text) IS
    'Does what is left of a run that was paused, stopped, aborted or interrupted.';

CREATE PROCEDURE tenancy.retry_failed(run bigint, concurrency integer DEFAULT NULL, run_as text DEFAULT NULL)
AS 'MODULE_PATHNAME', 'tenancy_retry_failed' LANGUAGE c;
COMMENT ON PROCEDURE tenancy.retry_failed(bigint, integer, text) IS
    'Does what is left of a run, and the targets again that failed in it.';

CREATE PROCEDURE tenancy.rollback_run(
    run bigint, concurrency integer DEFAULT NULL, skip_irreversible boolean DEFAULT false, run_as text DEFAULT NULL)
AS 'MODULE_PATHNAME', 'tenancy_rollback_run' LANGUAGE c;
COMMENT ON PROCEDURE tenancy.rollback_run(bigint, integer, boolean, text) IS
    'Takes back exactly what a run applied, the newest first, tenants before the shared schema.';

CREATE FUNCTION tenancy.status(
    pattern text DEFAULT NULL, tier text DEFAULT NULL, labels jsonb DEFAULT NULL, statuses text[] DEFAULT NULL,
    migration_set text DEFAULT NULL,
    OUT tenant text, OUT isolation text, OUT schema text, OUT status text, OUT tier text, OUT migration_set text,
    OUT revision text, OUT head text, OUT pending integer, OUT state text, OUT last_applied_at timestamptz,
    OUT detail text, OUT server text, OUT database text)
RETURNS SETOF record
AS 'MODULE_PATHNAME', 'tenancy_status' LANGUAGE c VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION tenancy.status(text, text, jsonb, text[], text) IS
    'Where the shared schema and every tenant stand, read from the targets themselves.';

CREATE FUNCTION tenancy.fleet_page(
    direction text DEFAULT 'up', revision text DEFAULT 'heads', after text[] DEFAULT NULL,
    page_size integer DEFAULT 1000, part text DEFAULT 'all', pattern text DEFAULT NULL, tier text DEFAULT NULL,
    labels jsonb DEFAULT NULL, statuses text[] DEFAULT '{active}', migration_set text DEFAULT NULL,
    tenants text[] DEFAULT NULL, server text DEFAULT NULL, shard integer DEFAULT 1, shards integer DEFAULT 1,
    OUT next text[], OUT unchanged integer, OUT tenant text, OUT server text, OUT database text, OUT schema text,
    OUT kind text, OUT migration_set text, OUT pinned_revision text, OUT state text, OUT from_revision text,
    OUT versions text[], OUT transactional boolean, OUT sqlstate text, OUT error text, OUT variables text[],
    OUT expected integer, OUT skipping integer, OUT other_pins text[])
RETURNS SETOF record
AS 'MODULE_PATHNAME', 'tenancy_fleet_page' LANGUAGE c VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION tenancy.fleet_page(text, text, text[], integer, text, text, text, jsonb, text[], text, text[], text,
                                       integer, integer) IS
    'What in a part of the fleet has something to do, or is elsewhere; the last row has no target: it says where the next page begins, how many targets had nothing to do, how many of those have pending migrations that tenancy.out_of_order leaves out, and on the first of several pages how many there are on all of them.';

------------------------------------------------------------------------------------------------------------------
-- Runs
------------------------------------------------------------------------------------------------------------------

CREATE FUNCTION tenancy.reachable_databases()
RETURNS SETOF name
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
AS $$
    SELECT datname FROM pg_database
     WHERE datallowconn AND NOT datistemplate AND has_database_privilege(oid, 'CONNECT')
     ORDER BY datname
$$;
-- Background workers connect without asking pg_hba.conf.
REVOKE ALL ON FUNCTION tenancy.reachable_databases() FROM PUBLIC;
COMMENT ON FUNCTION tenancy.reachable_databases() IS
    'The databases whose tenants this role may migrate from here. Who may call it may do so.';

CREATE FUNCTION tenancy.run_leader(run bigint)
RETURNS integer
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
AS $$
    -- The advisory lock of the session that leads it: "tncr" and the high half of the id, and its low half.
    SELECT pid FROM pg_locks
     WHERE locktype = 'advisory' AND classid = (x'746e6372'::bigint + (run >> 32))::oid AND objsubid = 2 AND granted
       AND objid = (run & x'ffffffff'::bigint)::oid
       AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
$$;
COMMENT ON FUNCTION tenancy.run_leader(bigint) IS 'The process id of the session that carries a run out; NULL: none does.';

CREATE FUNCTION tenancy.run_is_alive(run bigint)
RETURNS boolean
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
RETURN tenancy.run_leader(run) IS NOT NULL;
COMMENT ON FUNCTION tenancy.run_is_alive(bigint) IS 'Does a session carry the run out?';

CREATE VIEW tenancy.progress AS
SELECT r.id AS run, r.operation, r.revision,
       CASE WHEN leader.pid IS NULL THEN 'interrupted' WHEN r.state = 'aborted' THEN 'aborting' ELSE r.state END
           AS state,
       r.started_by, r.started_at, leader.pid AS leader,
       r.targets::bigint AS targets, r.unchanged::bigint AS unchanged, t.done, t.failed, t.retrying, t.remaining,
       t.wave,
       CASE WHEN t.seconds > 0 THEN round(t.lately / t.seconds, 1) END AS per_second,
       CASE WHEN t.seconds > 0 AND t.lately > 0 AND leader.pid IS NOT NULL
            THEN make_interval(secs => round(t.remaining * t.seconds / t.lately)::int) END AS time_left,
       w.workers
  FROM tenancy.runs r
 CROSS JOIN LATERAL (SELECT tenancy.run_leader(r.id) AS pid) AS leader
 CROSS JOIN LATERAL (SELECT coalesce(r.resumed_at, r.started_at) AS since) AS begun
 CROSS JOIN LATERAL (
       SELECT count(*) FILTER (WHERE state = 'done') AS done, count(*) FILTER (WHERE state = 'failed') AS failed,
              count(*) FILTER (WHERE state = 'retrying') AS retrying,
              count(*) FILTER (WHERE state IN ('pending', 'retrying')) AS remaining,
              count(*) FILTER (WHERE finished_at >= since) AS lately,
              (array_agg(wave ORDER BY ordinal) FILTER (WHERE state IN ('pending', 'retrying')))[1] AS wave,
              extract(epoch FROM CASE WHEN leader.pid IS NULL THEN max(finished_at) ELSE clock_timestamp() END
                                 - since) AS seconds
         FROM tenancy.run_targets WHERE run = r.id) AS t
 CROSS JOIN LATERAL (
       SELECT array_agg(pid || ': ' || substring(query FROM '^tenancy run [0-9]+: (.*)') ORDER BY pid) AS workers
         FROM pg_stat_activity
        WHERE backend_type = 'tenancy worker' AND state = 'active'
          AND query LIKE 'tenancy run ' || r.id || ': %') AS w
 WHERE r.finished_at IS NULL;
COMMENT ON VIEW tenancy.progress IS 'The runs that are not finished, and how far each is.';

CREATE FUNCTION tenancy.run_report(
    run bigint,
    OUT wave text, OUT tenant text, OUT database text, OUT schema text, OUT state text, OUT from_revision text,
    OUT to_revision text, OUT held_at text, OUT versions text[], OUT attempts integer, OUT waited interval,
    OUT duration interval, OUT finished_at timestamptz, OUT sqlstate text, OUT error text, OUT detail text,
    OUT hint text, OUT server text)
RETURNS SETOF record
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
BEGIN
    IF NOT EXISTS (SELECT FROM tenancy.runs r WHERE r.id = run_report.run) THEN
        RAISE EXCEPTION 'run % does not exist', run_report.run
            USING ERRCODE = 'undefined_object', HINT = 'See tenancy.runs.';
    END IF;
    RETURN QUERY
    SELECT t.wave, t.tenant, t.database, t.schema, t.state, t.from_revision, t.to_revision, t.held_at, t.versions,
           t.attempts, t.waited, t.duration, t.finished_at, t.sqlstate, t.error, t.detail, t.hint, t.server
      FROM tenancy.run_targets t
     WHERE t.run = run_report.run
     ORDER BY t.state <> 'failed', t.ordinal;
END
$$;
COMMENT ON FUNCTION tenancy.run_report(bigint) IS
    'How each target of a run ended that had something to do, the failed ones first.';

CREATE FUNCTION tenancy.request_run_state(run bigint, state text)
RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    stored tenancy.runs;
BEGIN
    UPDATE tenancy.runs AS r SET state = request_run_state.state
     WHERE r.id = request_run_state.run AND r.finished_at IS NULL AND r.state IN ('running', 'paused')
       AND tenancy.run_is_alive(r.id);
    IF FOUND THEN
        RETURN;
    END IF;
    SELECT r.* INTO stored FROM tenancy.runs r WHERE r.id = request_run_state.run;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'run % does not exist', request_run_state.run
            USING ERRCODE = 'undefined_object', HINT = 'See tenancy.runs.';
    END IF;
    IF stored.finished_at IS NULL AND NOT tenancy.run_is_alive(stored.id) THEN
        -- Nobody is there to see it: the run ends here.
        IF request_run_state.state = 'aborted' THEN
            UPDATE tenancy.runs AS r
               SET state = 'aborted', reason = 'it was interrupted, and then aborted', finished_at = clock_timestamp()
             WHERE r.id = stored.id;
            RETURN;
        END IF;
        RAISE EXCEPTION 'run % was interrupted: no session carries it out', stored.id
            USING ERRCODE = 'object_not_in_prerequisite_state',
                  HINT = format(CASE stored.led_by WHEN 'driver' THEN 'tenancy run resume %s'
                                                   ELSE 'CALL tenancy.resume(%s)' END || ' does what is left.',
                                stored.id);
    END IF;
    RAISE EXCEPTION 'run % is %', stored.id, stored.state USING ERRCODE = 'object_not_in_prerequisite_state';
END
$$;
COMMENT ON FUNCTION tenancy.request_run_state(bigint, text) IS 'Used by tenancy.pause and tenancy.abort.';

CREATE FUNCTION tenancy.prune_runs(spared bigint DEFAULT NULL)
RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    retention CONSTANT interval := current_setting('tenancy.run_retention')::interval;
BEGIN
    IF retention = '0' THEN
        RETURN;
    END IF;
    -- Not what another session prunes at this moment.
    WITH old AS (
        SELECT id FROM tenancy.runs
         WHERE started_at < now() - retention AND finished_at IS NOT NULL AND id IS DISTINCT FROM spared
         ORDER BY id FOR UPDATE SKIP LOCKED),
    targets AS (DELETE FROM tenancy.run_targets AS t USING old WHERE t.run = old.id)
    DELETE FROM tenancy.runs AS r USING old WHERE r.id = old.id;
END
$$;
COMMENT ON FUNCTION tenancy.prune_runs(bigint) IS
    'Deletes the finished runs that are older than tenancy.run_retention. Whatever ends a run calls it.';

CREATE FUNCTION tenancy.pause(run bigint)
RETURNS void
LANGUAGE sql SET search_path = pg_catalog, pg_temp
AS $$ SELECT tenancy.request_run_state(run, 'paused') $$;
COMMENT ON FUNCTION tenancy.pause(bigint) IS
    'A run that another session carries out begins no further target until CALL tenancy.resume(run).';

CREATE FUNCTION tenancy.abort(run bigint)
RETURNS void
LANGUAGE sql SET search_path = pg_catalog, pg_temp
AS $$ SELECT tenancy.request_run_state(run, 'aborted') $$;
COMMENT ON FUNCTION tenancy.abort(bigint) IS
    'A run begins no further target and ends; an interrupted one ends at once. CALL tenancy.resume(run) does what is left.';

------------------------------------------------------------------------------------------------------------------
-- Servers
------------------------------------------------------------------------------------------------------------------

CREATE FUNCTION tenancy.register_server(
    name text, conninfo text, max_connections integer DEFAULT NULL, labels jsonb DEFAULT '{}')
RETURNS tenancy.servers
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    result tenancy.servers;
BEGIN
    IF coalesce(register_server.name, '') = '' OR coalesce(register_server.conninfo, '') = '' THEN
        RAISE EXCEPTION 'a server needs a name and a connection string' USING ERRCODE = 'invalid_parameter_value';
    END IF;
    IF EXISTS (SELECT FROM tenancy.servers s WHERE s.name = register_server.name) THEN
        RAISE EXCEPTION 'server "%" is already registered', register_server.name
            USING ERRCODE = 'unique_violation', HINT = 'See tenancy.servers; change it with UPDATE.';
    END IF;
    INSERT INTO tenancy.servers (name, conninfo, max_connections, labels)
    VALUES (register_server.name, register_server.conninfo, register_server.max_connections, register_server.labels)
    RETURNING * INTO result;
    RETURN result;
END
$$;
COMMENT ON FUNCTION tenancy.register_server(text, text, integer, jsonb) IS
    'Gives another cluster a name, for tenants to live on. The connection string is libpq''s, without a password.';

CREATE FUNCTION tenancy.deregister_server(name text)
RETURNS tenancy.servers
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    result tenancy.servers;
    tenants bigint;
BEGIN
    SELECT count(*) INTO tenants FROM tenancy.tenants t WHERE t.server = deregister_server.name;
    IF tenants > 0 THEN
        RAISE EXCEPTION 'server "%" is home to % tenant%', deregister_server.name, tenants,
                        CASE WHEN tenants > 1 THEN 's' ELSE '' END
            USING ERRCODE = 'dependent_objects_still_exist',
                  HINT = 'Deregister them first with tenancy.deregister_tenant(), or move them by UPDATE of tenancy.tenants.';
    END IF;
    DELETE FROM tenancy.servers AS s WHERE s.name = deregister_server.name RETURNING s.* INTO result;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'server "%" is not registered', deregister_server.name USING ERRCODE = 'undefined_object';
    END IF;
    RETURN result;
END
$$;
COMMENT ON FUNCTION tenancy.deregister_server(text) IS 'Forgets a server on which no tenant lives.';

------------------------------------------------------------------------------------------------------------------
-- Tenants
------------------------------------------------------------------------------------------------------------------

CREATE FUNCTION tenancy.check_target(id text, isolation text, server text, database text, schema text)
RETURNS void
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    other text;
BEGIN
    IF check_target.isolation IS NULL OR check_target.isolation NOT IN ('schema', 'database', 'rls') THEN
        RAISE EXCEPTION 'isolation "%" is not known', check_target.isolation
            USING ERRCODE = 'invalid_parameter_value', HINT = 'Say schema, database or rls.';
    END IF;
    IF check_target.database IS NULL AND (check_target.isolation = 'database' OR check_target.server IS NOT NULL) THEN
        RAISE EXCEPTION 'tenant "%" needs the name of its database', check_target.id
            USING ERRCODE = 'invalid_parameter_value', HINT = 'Give it: database => ''…''.';
    END IF;
    IF NOT EXISTS (SELECT FROM tenancy.servers s WHERE s.name = check_target.server)
       AND check_target.server IS NOT NULL THEN
        RAISE EXCEPTION 'server "%" is not registered', check_target.server
            USING ERRCODE = 'undefined_object', HINT = 'Register it first with tenancy.register_server().';
    END IF;
    IF check_target.isolation = 'database' OR check_target.server IS NOT NULL
       OR check_target.database <> current_database() THEN
        RETURN;
    END IF;
    IF to_regnamespace(quote_ident(check_target.schema)) IS NULL THEN
        RAISE EXCEPTION 'schema "%" does not exist', check_target.schema
            USING ERRCODE = 'invalid_schema_name', HINT = 'To create it too, use tenancy.create_tenant().';
    END IF;
    IF check_target.schema ~ '^pg_' OR check_target.schema IN ('information_schema', 'tenancy') THEN
        RAISE EXCEPTION 'schema "%" belongs to the system', check_target.schema USING ERRCODE = 'reserved_name';
    END IF;
    IF check_target.isolation = 'schema' AND check_target.schema = ANY (tenancy.shared_schemas()) THEN
        RAISE EXCEPTION 'schema "%" is shared by all tenants', check_target.schema
            USING ERRCODE = 'invalid_parameter_value',
                  HINT = 'Use isolation => ''rls'' for a tenant whose rows live there.';
    END IF;
    SELECT t.id INTO other FROM tenancy.tenants t
     WHERE t.schema = check_target.schema AND t.id <> check_target.id AND t.server IS NULL
       AND coalesce(t.database, current_database()) = current_database()
       AND (check_target.isolation = 'schema' OR t.isolation = 'schema')
     LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'schema "%" belongs to tenant "%"', check_target.schema, other
            USING ERRCODE = 'unique_violation',
                  HINT = 'Deregister that one first with tenancy.deregister_tenant(); or, if they share the schema, '
                         'both have isolation rls.';
    END IF;
END
$$;
COMMENT ON FUNCTION tenancy.check_target(text, text, text, text, text) IS
    'Raises an error when a tenant cannot live in that place. Used by register_tenant and register_from.';

CREATE FUNCTION tenancy.register_tenant(
    id text, schema text DEFAULT NULL, isolation text DEFAULT 'schema', database text DEFAULT NULL,
    server text DEFAULT NULL, migration_set text DEFAULT 'default', status text DEFAULT 'active',
    tier text DEFAULT NULL, labels jsonb DEFAULT '{}', further_sets text[] DEFAULT '{}')
RETURNS tenancy.tenants
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    target_schema text := coalesce(register_tenant.schema,
                                   CASE register_tenant.isolation WHEN 'database' THEN 'public'
                                                                  ELSE register_tenant.id END);
    result tenancy.tenants;
BEGIN
    IF coalesce(register_tenant.id, '') = '' THEN
        RAISE EXCEPTION 'a tenant needs an id' USING ERRCODE = 'invalid_parameter_value';
    END IF;
    IF EXISTS (SELECT FROM tenancy.tenants t WHERE t.id = register_tenant.id) THEN
        RAISE EXCEPTION 'tenant "%" is already registered', register_tenant.id
            USING ERRCODE = 'unique_violation', HINT = 'See tenancy.tenants; change it with UPDATE.';
    END IF;
    PERFORM tenancy.check_target(register_tenant.id, register_tenant.isolation, register_tenant.server,
                                 register_tenant.database, target_schema);
    INSERT INTO tenancy.tenants (id, isolation, server, database, schema, migration_set, status, tier, labels,
                                 further_sets)
    VALUES (register_tenant.id, register_tenant.isolation, register_tenant.server, register_tenant.database,
            target_schema, register_tenant.migration_set, register_tenant.status, register_tenant.tier,
            register_tenant.labels, register_tenant.further_sets)
    RETURNING * INTO result;
    RETURN result;
END
$$;
COMMENT ON FUNCTION tenancy.register_tenant(text, text, text, text, text, text, text, text, jsonb, text[]) IS
    'Registers a tenant whose schema (or database) exists. Changes nothing there.';

CREATE FUNCTION tenancy.create_tenant(
    id text, schema text DEFAULT NULL, migration_set text DEFAULT 'default', tier text DEFAULT NULL,
    labels jsonb DEFAULT '{}', owner_role text DEFAULT NULL, revision text DEFAULT 'heads',
    seed_sql text DEFAULT NULL, run_as text DEFAULT NULL, isolation text DEFAULT 'schema',
    variables jsonb DEFAULT NULL, further_sets text[] DEFAULT '{}')
RETURNS tenancy.tenants
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    target_schema text := coalesce(create_tenant.schema, create_tenant.id);
    further_set text;
    result tenancy.tenants;
BEGIN
    IF coalesce(create_tenant.id, '') = '' THEN
        RAISE EXCEPTION 'a tenant needs an id' USING ERRCODE = 'invalid_parameter_value';
    END IF;
    IF create_tenant.isolation = 'database' THEN
        RAISE EXCEPTION 'a function cannot create the database of tenant "%"', create_tenant.id
            USING ERRCODE = 'feature_not_supported',
                  HINT = format('CALL tenancy.create_tenant_database(%L) does.', create_tenant.id);
    ELSIF create_tenant.isolation IS DISTINCT FROM 'schema' THEN
        RAISE EXCEPTION 'isolation "%" is not for a new schema', create_tenant.isolation
            USING ERRCODE = 'invalid_parameter_value',
                  HINT = 'Tenants with isolation rls share a schema that is there: tenancy.register_tenant().';
    END IF;
    IF octet_length(target_schema) > 63 THEN
        RAISE EXCEPTION 'schema name "%" is too long', target_schema
            USING ERRCODE = 'name_too_long',
                  DETAIL = format('It has %s bytes; names have at most 63.', octet_length(target_schema)),
                  HINT = 'Give the schema a shorter name: schema => ''…''.';
    END IF;
    IF to_regnamespace(quote_ident(target_schema)) IS NOT NULL THEN
        RAISE EXCEPTION 'schema "%" already exists', target_schema
            USING ERRCODE = 'duplicate_schema',
                  HINT = 'To register the schema that is there, use tenancy.register_tenant().';
    END IF;
    IF create_tenant.owner_role IS NULL THEN
        EXECUTE format('CREATE SCHEMA %I', target_schema);
    ELSE
        EXECUTE format('CREATE SCHEMA %I AUTHORIZATION %I', target_schema, create_tenant.owner_role);
    END IF;
    result := tenancy.register_tenant(create_tenant.id, target_schema, migration_set => create_tenant.migration_set,
                                      tier => create_tenant.tier, labels => create_tenant.labels,
                                      further_sets => create_tenant.further_sets);
    PERFORM tenancy.set_variable(key, value, result.id) FROM jsonb_each_text(create_tenant.variables);
    PERFORM tenancy.start_tracking(target_schema, create_tenant.run_as);
    IF create_tenant.revision IS DISTINCT FROM 'base' THEN
        PERFORM tenancy.migrate_schema(target_schema, create_tenant.revision, run_as => create_tenant.run_as);
        FOREACH further_set IN ARRAY create_tenant.further_sets LOOP
            PERFORM tenancy.migrate_schema(target_schema, migration_set => further_set, run_as => create_tenant.run_as);
        END LOOP;
    END IF;
    IF create_tenant.seed_sql IS NOT NULL THEN
        PERFORM tenancy.run_in_schema(target_schema, create_tenant.seed_sql, create_tenant.run_as);
    END IF;
    RETURN result;
END
$$;
COMMENT ON FUNCTION tenancy.create_tenant(text, text, text, text, jsonb, text, text, text, text, text, jsonb, text[]) IS
    'Creates a tenant: its schema, its tracking table, every pending migration and an optional seed; all or nothing.';

CREATE PROCEDURE tenancy.create_tenant_database(
    id text, database text DEFAULT NULL, template text DEFAULT NULL, owner_role text DEFAULT NULL,
    migration_set text DEFAULT 'default', tier text DEFAULT NULL, labels jsonb DEFAULT '{}',
    revision text DEFAULT 'heads', run_as text DEFAULT NULL, variables jsonb DEFAULT NULL,
    further_sets text[] DEFAULT '{}')
AS 'MODULE_PATHNAME', 'tenancy_create_tenant_database' LANGUAGE c;
COMMENT ON PROCEDURE tenancy.create_tenant_database(text, text, text, text, text, text, jsonb, text, text, jsonb, text[]) IS
    'Creates a tenant with a database of its own in this cluster, and every pending migration there; all or nothing.';

CREATE FUNCTION tenancy.discover(
    pattern text, migration_set text DEFAULT 'default', tier text DEFAULT NULL, further_sets text[] DEFAULT '{}')
RETURNS SETOF tenancy.tenants
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    INSERT INTO tenancy.tenants (id, schema, migration_set, tier, further_sets)
    SELECT n.nspname, n.nspname, discover.migration_set, discover.tier, discover.further_sets
      FROM pg_namespace n
     WHERE n.nspname::text LIKE discover.pattern
       AND n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', 'tenancy')
       AND n.nspname <> ALL (tenancy.shared_schemas())
       AND NOT EXISTS (SELECT FROM tenancy.tenants t
                        WHERE t.schema = n.nspname AND t.server IS NULL
                          AND coalesce(t.database, current_database()) = current_database())
     ORDER BY n.nspname
    RETURNING *;
END
$$;
COMMENT ON FUNCTION tenancy.discover(text, text, text, text[]) IS
    'Registers every schema whose name is LIKE the pattern and that no tenant has yet. Returns the new tenants.';

CREATE FUNCTION tenancy.register_from(query text, OUT id text, OUT action text)
RETURNS SETOF record
LANGUAGE plpgsql
AS $$
DECLARE
    known CONSTANT pg_catalog.text[] := '{id,schema,isolation,database,server,migration_set,further_sets,status,tier,labels}';
    source pg_catalog.jsonb;
    stored tenancy.tenants;
    wanted tenancy.tenants;
    stray pg_catalog.text;
BEGIN
    FOR source IN EXECUTE pg_catalog.format('SELECT pg_catalog.to_jsonb(q) FROM (%s) AS q',
                                            pg_catalog.rtrim(query, E'; \n\r\t'))
    LOOP
        SELECT key INTO stray FROM pg_catalog.jsonb_object_keys(source) AS key
         WHERE key OPERATOR(pg_catalog.<>) ALL (known) LIMIT 1;
        IF FOUND THEN
            RAISE EXCEPTION 'the query has a column "%" that tenants do not have', stray
                USING ERRCODE = 'undefined_column',
                      HINT = pg_catalog.format('Its columns may be: %s.', pg_catalog.array_to_string(known, ', '));
        END IF;
        -- NULL says nothing: the default for a new tenant, no change for a known one.
        SELECT pg_catalog.jsonb_object_agg(key, value) INTO source FROM pg_catalog.jsonb_each(source)
         WHERE value OPERATOR(pg_catalog.<>) 'null'::pg_catalog.jsonb;
        id := source OPERATOR(pg_catalog.->>) 'id';
        IF id IS NULL THEN
            RAISE EXCEPTION 'the query must return a column "id" without NULLs' USING ERRCODE = 'null_value_not_allowed';
        END IF;
        SELECT t.* INTO stored FROM tenancy.tenants AS t WHERE t.id OPERATOR(pg_catalog.=) register_from.id;
        IF NOT FOUND THEN
            PERFORM tenancy.register_tenant(
                id,
                source OPERATOR(pg_catalog.->>) 'schema',
                coalesce(source OPERATOR(pg_catalog.->>) 'isolation', 'schema'),
                source OPERATOR(pg_catalog.->>) 'database',
                source OPERATOR(pg_catalog.->>) 'server',
                coalesce(source OPERATOR(pg_catalog.->>) 'migration_set', 'default'),
                coalesce(source OPERATOR(pg_catalog.->>) 'status', 'active'),
                source OPERATOR(pg_catalog.->>) 'tier',
                coalesce(source OPERATOR(pg_catalog.->) 'labels', '{}'),
                coalesce((pg_catalog.jsonb_populate_record(NULL::tenancy.tenants, source)).further_sets, '{}'));
            action := 'added';
        ELSE
            wanted := pg_catalog.jsonb_populate_record(stored, source);
            IF pg_catalog.to_jsonb(wanted) OPERATOR(pg_catalog.=) pg_catalog.to_jsonb(stored) THEN
                action := 'unchanged';
            ELSE
                PERFORM tenancy.check_target(wanted.id, wanted.isolation, wanted.server, wanted.database,
                                             wanted.schema);
                UPDATE tenancy.tenants AS t
                   SET isolation = wanted.isolation, server = wanted.server, database = wanted.database,
                       schema = wanted.schema, migration_set = wanted.migration_set,
                       further_sets = wanted.further_sets, status = wanted.status, tier = wanted.tier, labels = wanted.labels, updated_at = pg_catalog.now()
                 WHERE t.id OPERATOR(pg_catalog.=) register_from.id;
                action := 'updated';
            END IF;
        END IF;
        RETURN NEXT;
    END LOOP;
END
$$;
COMMENT ON FUNCTION tenancy.register_from(text) IS
    'Registers or updates the tenants that a query returns: a column id, and any other column of tenancy.tenants.';

CREATE FUNCTION tenancy.set_tenant_status(id text, status text)
RETURNS tenancy.tenants
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    result tenancy.tenants;
BEGIN
    IF set_tenant_status.status IS NULL OR set_tenant_status.status NOT IN ('active', 'suspended', 'archived') THEN
        RAISE EXCEPTION 'status "%" is not known', set_tenant_status.status
            USING ERRCODE = 'invalid_parameter_value', HINT = 'Say active, suspended or archived.';
    END IF;
    UPDATE tenancy.tenants AS t SET status = set_tenant_status.status, updated_at = now()
     WHERE t.id = set_tenant_status.id RETURNING t.* INTO result;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'tenant "%" is not registered', set_tenant_status.id USING ERRCODE = 'undefined_object';
    END IF;
    RETURN result;
END
$$;
COMMENT ON FUNCTION tenancy.set_tenant_status(text, text) IS
    'active, suspended or archived. Fleet operations are about active tenants, unless others are asked for.';

CREATE FUNCTION tenancy.add_tenant_set(id text, migration_set text)
RETURNS tenancy.tenants
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    result tenancy.tenants;
BEGIN
    UPDATE tenancy.tenants AS t
       SET further_sets = t.further_sets || add_tenant_set.migration_set, updated_at = now()
     WHERE t.id = add_tenant_set.id AND add_tenant_set.migration_set <> ALL (t.migration_set || t.further_sets)
    RETURNING t.* INTO result;
    IF NOT FOUND THEN
        SELECT t.* INTO result FROM tenancy.tenants t WHERE t.id = add_tenant_set.id;
    END IF;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'tenant "%" is not registered', add_tenant_set.id USING ERRCODE = 'undefined_object';
    END IF;
    RETURN result;
END
$$;
COMMENT ON FUNCTION tenancy.add_tenant_set(text, text) IS
    'Gives a tenant a further migration set; the next fleet operation applies it.';

CREATE FUNCTION tenancy.remove_tenant_set(id text, migration_set text)
RETURNS tenancy.tenants
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    result tenancy.tenants;
BEGIN
    SELECT t.* INTO result FROM tenancy.tenants t WHERE t.id = remove_tenant_set.id;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'tenant "%" is not registered', remove_tenant_set.id USING ERRCODE = 'undefined_object';
    END IF;
    IF result.migration_set = remove_tenant_set.migration_set THEN
        RAISE EXCEPTION '"%" is the own migration set of tenant "%"', result.migration_set, result.id
            USING ERRCODE = 'invalid_parameter_value',
                  HINT = 'Give it another one first: UPDATE tenancy.tenants SET migration_set = ….';
    END IF;
    IF remove_tenant_set.migration_set <> ALL (result.further_sets) THEN
        RAISE EXCEPTION 'tenant "%" does not have migration set "%"', result.id, remove_tenant_set.migration_set
            USING ERRCODE = 'undefined_object', HINT = 'See tenancy.tenants.';
    END IF;
    UPDATE tenancy.tenants AS t
       SET further_sets = array_remove(t.further_sets, remove_tenant_set.migration_set), updated_at = now()
     WHERE t.id = remove_tenant_set.id
    RETURNING t.* INTO result;
    RETURN result;
END
$$;
COMMENT ON FUNCTION tenancy.remove_tenant_set(text, text) IS
    'Takes a further migration set from a tenant. What it has made in the tenant''s schema stays as it is.';

CREATE FUNCTION tenancy.pin_tenant(id text, revision text)
RETURNS tenancy.tenants
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    result tenancy.tenants;
    meant text;
BEGIN
    SELECT t.* INTO result FROM tenancy.tenants t WHERE t.id = pin_tenant.id;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'tenant "%" is not registered', pin_tenant.id USING ERRCODE = 'undefined_object';
    END IF;
    IF pin_tenant.revision IN ('head', 'heads') THEN
        RAISE EXCEPTION 'a tenant cannot be pinned to head' USING ERRCODE = 'invalid_parameter_value',
            HINT = 'A tenant is pinned to a version or to base; NULL takes the pin away. See tenancy.migrations.';
    END IF;
    IF pin_tenant.revision IS NOT NULL THEN
        meant := tenancy.resolve_revision(pin_tenant.revision, result.migration_set);
    END IF;
    UPDATE tenancy.tenants AS t SET pinned_revision = meant, updated_at = now()
     WHERE t.id = pin_tenant.id RETURNING t.* INTO result;
    RETURN result;
END
$$;
COMMENT ON FUNCTION tenancy.pin_tenant(text, text) IS
    'Holds a tenant back: fleet operations do not take it beyond this revision. NULL lets it go again.';

CREATE FUNCTION tenancy.deregister_tenant(id text)
RETURNS tenancy.tenants
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    result tenancy.tenants;
BEGIN
    DELETE FROM tenancy.tenants AS t WHERE t.id = deregister_tenant.id RETURNING t.* INTO result;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'tenant "%" is not registered', deregister_tenant.id USING ERRCODE = 'undefined_object';
    END IF;
    RETURN result;
END
$$;
COMMENT ON FUNCTION tenancy.deregister_tenant(text) IS
    'Forgets a tenant. Its schema, its data and its tracking table stay as they are.';
