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

CREATE TABLE tenancy.tenants (
    id            text PRIMARY KEY CHECK (id <> ''),
    isolation     text NOT NULL DEFAULT 'schema' CHECK (isolation IN ('schema', 'database', 'rls')),
    server        text CHECK (server <> ''),
    database      text CHECK (octet_length(database) BETWEEN 1 AND 63),
    schema        text NOT NULL CHECK (octet_length(schema) BETWEEN 1 AND 63),
    migration_set text NOT NULL DEFAULT 'default' CHECK (migration_set ~ '^[a-z][a-z0-9_-]{0,62}$'),
    status        text NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'suspended', 'archived')),
    tier          text,
    labels        jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(labels) = 'object'),
    created_at    timestamptz NOT NULL DEFAULT now(),
    updated_at    timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT tenants_isolation_database_check CHECK (isolation <> 'database' OR database IS NOT NULL),
    CONSTRAINT tenants_server_database_check CHECK (server IS NULL OR database IS NOT NULL)
);

CREATE UNIQUE INDEX tenants_target_key
    ON tenancy.tenants (coalesce(server, ''), coalesce(database, ''), schema) WHERE isolation <> 'rls';
CREATE INDEX tenants_schema_idx ON tenancy.tenants (schema);

COMMENT ON TABLE tenancy.tenants IS
    'Registered tenants and where each one lives. What is applied there stands in the target''s own tracking table.';
COMMENT ON COLUMN tenancy.tenants.isolation IS
    'schema: a schema of its own; database: a database of its own; rls: rows in a schema that tenants share.';
COMMENT ON COLUMN tenancy.tenants.server IS 'NULL: this cluster.';
COMMENT ON COLUMN tenancy.tenants.database IS 'NULL: this database.';

SELECT pg_catalog.pg_extension_config_dump('tenancy.migrations', '');
SELECT pg_catalog.pg_extension_config_dump('tenancy.tenants', '');

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
    lock_timeout text DEFAULT NULL, statement_timeout text DEFAULT NULL)
RETURNS text
AS 'MODULE_PATHNAME', 'tenancy_add_migration' LANGUAGE c VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION tenancy.add_migration(text, text, text, text, text, text, boolean, boolean, boolean, text, text) IS
    'Checks and stores a migration. Returns added, updated or unchanged.';

CREATE FUNCTION tenancy.load_migration(
    filename text, content text, migration_set text DEFAULT NULL, scope text DEFAULT NULL,
    OUT migration_set text, OUT version text, OUT description text, OUT action text, OUT note text)
RETURNS SETOF record
AS 'MODULE_PATHNAME', 'tenancy_load_migration' LANGUAGE c VOLATILE PARALLEL UNSAFE ROWS 1;
COMMENT ON FUNCTION tenancy.load_migration(text, text, text, text) IS
    'Stores the migration that a file holds: NNN_name.sql, NNN_name.up.sql, NNN_name.down.sql, NNN_name/up.sql, …';

CREATE FUNCTION tenancy.load_directory(
    path text, migration_set text DEFAULT NULL, scope text DEFAULT NULL,
    OUT migration_set text, OUT version text, OUT description text, OUT action text, OUT note text)
RETURNS SETOF record
AS 'MODULE_PATHNAME', 'tenancy_load_directory' LANGUAGE c VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION tenancy.load_directory(text, text, text) IS
    'Stores all migration files of a folder on the server; needs the rights to read files there.';

CREATE FUNCTION tenancy.drop_migration(version text, migration_set text DEFAULT 'default')
RETURNS void
AS 'MODULE_PATHNAME', 'tenancy_drop_migration' LANGUAGE c VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION tenancy.drop_migration(text, text) IS
    'Deletes a stored migration; refused while it is applied in any schema of this database.';

CREATE FUNCTION tenancy.version_key(version text)
RETURNS text
AS 'MODULE_PATHNAME', 'tenancy_version_key' LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION tenancy.version_key(text) IS
    'Sorts versions in their natural order: ORDER BY tenancy.version_key(version) COLLATE "C".';

------------------------------------------------------------------------------------------------------------------
-- One target
------------------------------------------------------------------------------------------------------------------

CREATE FUNCTION tenancy.migrate_schema(
    schema text, revision text DEFAULT 'head', migration_set text DEFAULT NULL, run_as text DEFAULT NULL,
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
    tenant text, revision text DEFAULT 'head', migration_set text DEFAULT NULL, run_as text DEFAULT NULL,
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
    revision text DEFAULT 'head', migration_set text DEFAULT NULL, run_as text DEFAULT NULL,
    OUT step integer, OUT migration_set text, OUT version text, OUT description text, OUT direction text,
    OUT duration interval)
RETURNS SETOF record
AS 'MODULE_PATHNAME', 'tenancy_migrate_public' LANGUAGE c VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION tenancy.migrate_public(text, text, text) IS
    'Brings the shared schema (the first of tenancy.shared_schemas) up to a revision. A row per step.';

CREATE FUNCTION tenancy.downgrade_public(
    revision text DEFAULT '-1', migration_set text DEFAULT NULL, run_as text DEFAULT NULL,
    OUT step integer, OUT migration_set text, OUT version text, OUT description text, OUT direction text,
    OUT duration interval)
RETURNS SETOF record
AS 'MODULE_PATHNAME', 'tenancy_downgrade_public' LANGUAGE c VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION tenancy.downgrade_public(text, text, text) IS
    'Takes the shared schema down to a revision. A row per step.';

CREATE FUNCTION tenancy.plan_upgrade(
    schema text, revision text DEFAULT 'head', migration_set text DEFAULT NULL,
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
    'Creates the tracking table of a tenant''s schema, when it has none.';

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
    revision text DEFAULT 'head', pattern text DEFAULT NULL, tier text DEFAULT NULL, labels jsonb DEFAULT NULL,
    statuses text[] DEFAULT '{active}', migration_set text DEFAULT NULL, run_as text DEFAULT NULL,
    concurrency integer DEFAULT NULL,
    OUT tenant text, OUT schema text, OUT success boolean, OUT from_revision text, OUT to_revision text,
    OUT steps integer, OUT duration interval, OUT sqlstate text, OUT error text, OUT detail text, OUT hint text)
RETURNS SETOF record
AS 'MODULE_PATHNAME', 'tenancy_migrate_all' LANGUAGE c VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION tenancy.migrate_all(text, text, text, jsonb, text[], text, text, integer) IS
    'Brings the shared schema and every tenant up to a revision: by background workers, in a transaction each; inside a transaction block, in that one. A row per target.';

CREATE FUNCTION tenancy.downgrade_all(
    revision text, pattern text DEFAULT NULL, tier text DEFAULT NULL, labels jsonb DEFAULT NULL,
    statuses text[] DEFAULT '{active}', migration_set text DEFAULT NULL, run_as text DEFAULT NULL,
    concurrency integer DEFAULT NULL,
    OUT tenant text, OUT schema text, OUT success boolean, OUT from_revision text, OUT to_revision text,
    OUT steps integer, OUT duration interval, OUT sqlstate text, OUT error text, OUT detail text, OUT hint text)
RETURNS SETOF record
AS 'MODULE_PATHNAME', 'tenancy_downgrade_all' LANGUAGE c VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION tenancy.downgrade_all(text, text, text, jsonb, text[], text, text, integer) IS
    'Takes every tenant, then the shared schema, down to a revision, as migrate_all goes up. A row per target.';

CREATE PROCEDURE tenancy.rollout(
    revision text DEFAULT 'head', pattern text DEFAULT NULL, tier text DEFAULT NULL, labels jsonb DEFAULT NULL,
    statuses text[] DEFAULT '{active}', migration_set text DEFAULT NULL, run_as text DEFAULT NULL,
    concurrency integer DEFAULT NULL)
AS 'MODULE_PATHNAME', 'tenancy_rollout' LANGUAGE c;
COMMENT ON PROCEDURE tenancy.rollout(text, text, text, jsonb, text[], text, text, integer) IS
    'Brings the shared schema and every tenant up to a revision, and commits after each target.';

CREATE PROCEDURE tenancy.downgrade_rollout(
    revision text, pattern text DEFAULT NULL, tier text DEFAULT NULL, labels jsonb DEFAULT NULL,
    statuses text[] DEFAULT '{active}', migration_set text DEFAULT NULL, run_as text DEFAULT NULL,
    concurrency integer DEFAULT NULL)
AS 'MODULE_PATHNAME', 'tenancy_downgrade_rollout' LANGUAGE c;
COMMENT ON PROCEDURE tenancy.downgrade_rollout(text, text, text, jsonb, text[], text, text, integer) IS
    'Takes every tenant, then the shared schema, down to a revision, and commits after each target.';

CREATE FUNCTION tenancy.status(
    pattern text DEFAULT NULL, tier text DEFAULT NULL, labels jsonb DEFAULT NULL, statuses text[] DEFAULT NULL,
    migration_set text DEFAULT NULL,
    OUT tenant text, OUT isolation text, OUT schema text, OUT status text, OUT tier text, OUT migration_set text,
    OUT revision text, OUT head text, OUT pending integer, OUT state text, OUT last_applied_at timestamptz,
    OUT detail text)
RETURNS SETOF record
AS 'MODULE_PATHNAME', 'tenancy_status' LANGUAGE c VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION tenancy.status(text, text, jsonb, text[], text) IS
    'Where the shared schema and every tenant stand, read from the targets themselves.';

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
    tier text DEFAULT NULL, labels jsonb DEFAULT '{}')
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
    INSERT INTO tenancy.tenants (id, isolation, server, database, schema, migration_set, status, tier, labels)
    VALUES (register_tenant.id, register_tenant.isolation, register_tenant.server, register_tenant.database,
            target_schema, register_tenant.migration_set, register_tenant.status, register_tenant.tier,
            register_tenant.labels)
    RETURNING * INTO result;
    RETURN result;
END
$$;
COMMENT ON FUNCTION tenancy.register_tenant(text, text, text, text, text, text, text, text, jsonb) IS
    'Registers a tenant whose schema (or database) exists. Changes nothing there.';

CREATE FUNCTION tenancy.create_tenant(
    id text, schema text DEFAULT NULL, migration_set text DEFAULT 'default', tier text DEFAULT NULL,
    labels jsonb DEFAULT '{}', owner_role text DEFAULT NULL, revision text DEFAULT 'head',
    seed_sql text DEFAULT NULL, run_as text DEFAULT NULL)
RETURNS tenancy.tenants
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    target_schema text := coalesce(create_tenant.schema, create_tenant.id);
    result tenancy.tenants;
BEGIN
    IF coalesce(create_tenant.id, '') = '' THEN
        RAISE EXCEPTION 'a tenant needs an id' USING ERRCODE = 'invalid_parameter_value';
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
                                      tier => create_tenant.tier, labels => create_tenant.labels);
    PERFORM tenancy.start_tracking(target_schema, create_tenant.run_as);
    IF create_tenant.revision IS DISTINCT FROM 'base' THEN
        PERFORM tenancy.migrate_schema(target_schema, create_tenant.revision, run_as => create_tenant.run_as);
    END IF;
    IF create_tenant.seed_sql IS NOT NULL THEN
        PERFORM tenancy.run_in_schema(target_schema, create_tenant.seed_sql, create_tenant.run_as);
    END IF;
    RETURN result;
END
$$;
COMMENT ON FUNCTION tenancy.create_tenant(text, text, text, text, jsonb, text, text, text, text) IS
    'Creates a tenant: its schema, its tracking table, every pending migration and an optional seed; all or nothing.';

CREATE FUNCTION tenancy.discover(pattern text, migration_set text DEFAULT 'default', tier text DEFAULT NULL)
RETURNS SETOF tenancy.tenants
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    INSERT INTO tenancy.tenants (id, schema, migration_set, tier)
    SELECT n.nspname, n.nspname, discover.migration_set, discover.tier
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
COMMENT ON FUNCTION tenancy.discover(text, text, text) IS
    'Registers every schema whose name is LIKE the pattern and that no tenant has yet. Returns the new tenants.';

CREATE FUNCTION tenancy.register_from(query text, OUT id text, OUT action text)
RETURNS SETOF record
LANGUAGE plpgsql
AS $$
DECLARE
    known CONSTANT pg_catalog.text[] := '{id,schema,isolation,database,server,migration_set,status,tier,labels}';
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
                coalesce(source OPERATOR(pg_catalog.->) 'labels', '{}'));
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
                       schema = wanted.schema, migration_set = wanted.migration_set, status = wanted.status,
                       tier = wanted.tier, labels = wanted.labels, updated_at = pg_catalog.now()
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
