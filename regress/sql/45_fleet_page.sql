-- tenancy.fleet_page: what has something to do, for the driver, page by page.
SET client_min_messages = warning;
DROP EXTENSION IF EXISTS tenancy CASCADE;
CREATE EXTENSION tenancy;
\set SHOW_CONTEXT never
CREATE FUNCTION pg_temp.page(direction text DEFAULT 'up', revision text DEFAULT 'head', after text[] DEFAULT NULL,
                             page_size int DEFAULT 1000, part text DEFAULT 'all', pattern text DEFAULT NULL)
RETURNS TABLE (next text[], unchanged int, tenant text, place text, kind text, set text, pin text, state text,
               "from" text, versions text[], tx boolean)
LANGUAGE sql AS $$
SELECT next, unchanged, tenant, concat_ws('/', server, database, schema), kind, migration_set, pinned_revision, state,
       from_revision, versions, transactional
  FROM tenancy.fleet_page(direction, revision, after, page_size, part, pattern)
$$;

-- Nothing there.
SELECT * FROM pg_temp.page();
SELECT * FROM pg_temp.page('down', 'base');

SELECT tenancy.add_migration('1', 'CREATE TABLE fp_shared (id int)', 'DROP TABLE fp_shared', scope => 'public');
SELECT tenancy.add_migration('2', 'CREATE TABLE a (id int)', 'DROP TABLE a');
SELECT tenancy.add_migration('3', 'CREATE INDEX CONCURRENTLY a_idx ON a (id)', 'DROP INDEX CONCURRENTLY a_idx',
                             transactional => false);
SELECT tenancy.add_migration('1', 'CREATE TABLE u (id int)', 'DROP TABLE u', migration_set => 'users');
SELECT count(*) FROM tenancy.migrate_public();
CREATE SCHEMA fp_rls;
SELECT count(tenancy.create_tenant('fp_' || name, revision => revision, migration_set => set))
  FROM (VALUES ('a', '2', 'default'), ('b', 'head', 'default'), ('c', 'base', 'default'), ('d', '2', 'default'),
               ('e', '2', 'default'), ('f', 'base', 'users')) AS x (name, revision, set);
SELECT count(tenancy.register_tenant(name, 'fp_rls', 'rls')) FROM unnest('{r1,r2,r3}'::text[]) AS name;
SELECT id FROM tenancy.pin_tenant('fp_d', '2');
UPDATE fp_e.schema_migrations SET checksum = 'x';
SELECT id FROM tenancy.register_tenant('own', isolation => 'database', database => 'own');
SELECT count(tenancy.register_tenant(name, name, database => 'pool', migration_set => set))
  FROM (VALUES ('p1', 'default'), ('p2', 'default'), ('p3', 'users')) AS x (name, set);
SELECT name FROM tenancy.register_server('eu', 'service=eu');
SELECT count(tenancy.register_tenant(name, schema, isolation, database, 'eu'))
  FROM (VALUES ('e1', 'public', 'database', 'e1'), ('e2', 'x', 'schema', 'e2'), ('e3', 'public', 'database', 'e2'),
               ('e4', 'x', 'schema', 'e3')) AS x (name, schema, isolation, database);

-- Each place once; what has nothing to do is counted. What is elsewhere is not looked at, but for what its tenants
-- share, which comes before them.
SELECT * FROM pg_temp.page();
SELECT schema, sqlstate, error FROM tenancy.fleet_page() WHERE state = 'failed';
SELECT tenant, place, kind, state FROM pg_temp.page('up', '2');

-- The same in pages: no target is there twice, and none is left out.
CREATE FUNCTION pg_temp.walk(direction text, page_size int)
RETURNS TABLE (page int, place text, unchanged int)
LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
    following text[];
BEGIN
    page := 0;
    LOOP
        page := page + 1;
        CREATE TEMP TABLE got AS
        SELECT * FROM pg_temp.page(walk.direction, CASE walk.direction WHEN 'up' THEN 'head' ELSE 'base' END,
                                   following, walk.page_size);
        RETURN QUERY SELECT walk.page, g.place, g.unchanged FROM got g WHERE g.kind IS NOT NULL OR g.unchanged > 0;
        following := (SELECT next FROM got WHERE kind IS NULL);
        DROP TABLE got;
        EXIT WHEN following IS NULL;
    END LOOP;
END
$$;
SELECT * FROM pg_temp.walk('up', 3);
SELECT n, count(*) FILTER (WHERE place <> ''), count(DISTINCT place) FILTER (WHERE place <> ''), sum(unchanged)
  FROM unnest('{1,2,4,5,7,100}'::int[]) AS n, pg_temp.walk('up', n) GROUP BY n ORDER BY n;

-- Downwards the shared schemas come last, and pins do not count.
SELECT * FROM pg_temp.page('down', 'base');
SELECT * FROM pg_temp.page('down', '2');
SELECT n, count(*) FILTER (WHERE place <> ''), count(DISTINCT place) FILTER (WHERE place <> ''), sum(unchanged)
  FROM unnest('{1,5,100}'::int[]) AS n, pg_temp.walk('down', n) GROUP BY n ORDER BY n;
-- What some leave, the others still need.
SELECT tenant, place FROM pg_temp.page('down', 'base', pattern => 'p1');
SELECT tenant, place FROM pg_temp.page('down', 'base', pattern => 'p1', part => 'shared');

-- Parts and filters.
SELECT tenant, place FROM pg_temp.page(part => 'shared');
SELECT tenant, place FROM pg_temp.page(part => 'tenants', pattern => 'p%');
SELECT tenant, place FROM pg_temp.page(pattern => 'p1');
SELECT tenant, schema FROM tenancy.fleet_page(tenants => '{fp_a,r2}');
SELECT tenant, database FROM tenancy.fleet_page(server => 'eu', tier => NULL);
SELECT tenant, server, database FROM tenancy.fleet_page(server => '') WHERE database IS NOT NULL;
SELECT tenant, schema FROM tenancy.fleet_page(migration_set => 'users');
SELECT id FROM tenancy.set_tenant_status('fp_a', 'suspended');
SELECT tenant FROM tenancy.fleet_page(part => 'tenants', pattern => 'fp%');
SELECT tenant FROM tenancy.fleet_page(part => 'tenants', pattern => 'fp%', statuses => '{suspended}');
SELECT tenant FROM tenancy.fleet_page(tenants => '{fp_a}', statuses => NULL);
UPDATE tenancy.tenants SET status = 'active', tier = 'gold', labels = '{"x": 1}' WHERE id IN ('fp_a', 'p1');
SELECT tenant FROM tenancy.fleet_page(part => 'tenants', tier => 'gold');
SELECT tenant FROM tenancy.fleet_page(part => 'tenants', labels => '{"x": 1}');

-- Shards: together they are the fleet.
SELECT s, count(tenant), count(schema) - count(tenant) AS others
  FROM generate_series(1, 3) AS s, tenancy.fleet_page(part => 'tenants', shard => s, shards => 3) GROUP BY s ORDER BY s;

-- rls tenants in the shared schema come with it.
SELECT id FROM tenancy.register_tenant('rp', 'public', 'rls', migration_set => 'users');
SELECT tenant, place, kind, set, versions FROM pg_temp.page(part => 'shared');
SELECT tenant, place, kind, set, versions FROM pg_temp.page(pattern => 'r_');
SELECT tenant, place, kind, set, versions FROM pg_temp.page(part => 'tenants', pattern => 'rp');
SELECT tenant, place, kind, set, versions FROM pg_temp.page('down', 'base', pattern => 'rp');
SELECT tenant, place, kind, set, versions FROM pg_temp.page('down', 'base', part => 'tenants', pattern => 'r_');
-- The lowest of their pins holds tenants that share a schema.
SELECT id FROM tenancy.pin_tenant('r3', '2');
SELECT id FROM tenancy.pin_tenant('r1', 'base');
SELECT unchanged, tenant, versions FROM tenancy.fleet_page(tenants => '{r2}', part => 'tenants');
SELECT id FROM tenancy.pin_tenant('r1', '3');
SELECT schema, pinned_revision, versions FROM tenancy.fleet_page(tenants => '{r2}', part => 'tenants');

-- What is out of order and left out.
SET tenancy.out_of_order = skip;
SELECT tenancy.add_migration('1.5', 'CREATE TABLE b (id int)', 'DROP TABLE b');
SELECT tenant, versions, unchanged, skipping FROM tenancy.fleet_page(revision => '2', part => 'tenants', pattern => 'fp%');
SELECT tenancy.drop_migration('1.5');
RESET tenancy.out_of_order;

-- One tenant may go a number of steps.
SELECT tenant, versions FROM tenancy.fleet_page('down', '-1', tenants => '{fp_b}');
SELECT tenant, versions FROM tenancy.fleet_page('up', '+1', tenants => '{fp_c}', part => 'tenants');
SELECT tenancy.fleet_page('down', '-1');
SELECT tenancy.fleet_page('up', '+1', tenants => '{fp_b,fp_c}');

-- Wrong calls.
SELECT tenancy.fleet_page('sideways');
SELECT tenancy.fleet_page('up', '9');
SELECT tenancy.fleet_page('up', 'base');
SELECT tenancy.fleet_page('down', 'head');
SELECT tenancy.fleet_page(NULL);
SELECT tenancy.fleet_page(revision => NULL);
SELECT tenancy.fleet_page(after => '{a,b}');
SELECT tenancy.fleet_page(after => '{a,b,c,NULL}');
SELECT tenancy.fleet_page(page_size => 0);
SELECT tenancy.fleet_page(page_size => NULL);
SELECT tenancy.fleet_page(part => 'half');
SELECT tenancy.fleet_page(statuses => '{gone}');
SELECT tenancy.fleet_page(migration_set => 'none');
SELECT tenancy.fleet_page(tenants => '{fp_a,nobody}');
SELECT tenancy.fleet_page(shard => 4, shards => 3);
SELECT tenancy.fleet_page(shard => 0, shards => 3);

DROP TABLE fp_shared;
DROP SCHEMA fp_rls, fp_a, fp_b, fp_c, fp_d, fp_e, fp_f CASCADE;
DROP TABLE public.schema_migrations;
DROP EXTENSION tenancy;
