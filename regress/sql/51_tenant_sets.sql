-- Tenants with several migration sets.
SET client_min_messages = warning;
DROP EXTENSION IF EXISTS tenancy CASCADE;
CREATE EXTENSION tenancy;
RESET client_min_messages;

SELECT tenancy.add_migration(v, format('CREATE TABLE users_%s (id int)', v), format('DROP TABLE users_%s', v),
                             migration_set => 'users') FROM unnest('{001,002}'::text[]) AS v;
SELECT tenancy.add_migration('001', 'CREATE TABLE facts (id int)', 'DROP TABLE facts', migration_set => 'analytics',
                             requires => '{users@001}');
SELECT tenancy.add_migration('001', 'CREATE TABLE plugin (id int)', 'DROP TABLE plugin', migration_set => 'zoo',
                             requires => '{users@002}');
SELECT tenancy.add_migration('002', 'CREATE TABLE animals (id int)', 'DROP TABLE animals', migration_set => 'zoo');

-- A new tenant gets all of its sets.
SELECT id, migration_set, further_sets FROM tenancy.create_tenant('set_a', migration_set => 'users',
                                                                  further_sets => '{analytics}');
SELECT migration_set, version FROM tenancy.history('set_a') ORDER BY 1, 2;

-- Others get a further set later.
CREATE SCHEMA set_b;
SELECT id, further_sets FROM tenancy.register_tenant('set_b', migration_set => 'users', further_sets => '{analytics}');
SELECT further_sets FROM tenancy.add_tenant_set('set_b', 'zoo');
SELECT further_sets FROM tenancy.add_tenant_set('set_b', 'zoo');
SELECT further_sets FROM tenancy.add_tenant_set('set_b', 'users');
SELECT tenancy.add_tenant_set('nobody', 'zoo');
\set VERBOSITY terse
SELECT tenancy.add_tenant_set('set_b', 'No set');
UPDATE tenancy.tenants SET further_sets = '{users}' WHERE id = 'set_b';
UPDATE tenancy.tenants SET further_sets = '{NULL}' WHERE id = 'set_b';
\set VERBOSITY default
SELECT * FROM tenancy.register_from($$SELECT 'set_a' AS id, '{analytics,zoo}'::text[] AS further_sets$$);
SELECT id, migration_set, further_sets FROM tenancy.tenants ORDER BY id;

-- Each set of a tenant is a target, those that others require first.
SELECT tenant, migration_set, revision, head, pending, state FROM tenancy.status();
SELECT tenant, migration_set, state, versions FROM tenancy.fleet_page();
SELECT tenant, migration_set, versions FROM tenancy.fleet_page(page_size => 1);
SELECT tenant, migration_set, versions
  FROM tenancy.fleet_page(page_size => 2, after => (SELECT next FROM tenancy.fleet_page(page_size => 1) AS p
                                                     WHERE p.next IS NOT NULL));
SELECT tenant, success, from_revision, to_revision, steps FROM tenancy.migrate_all(concurrency => 2);
SELECT tenant, migration_set, state, versions FROM tenancy.run_targets
 WHERE run = (SELECT max(id) FROM tenancy.runs) ORDER BY ordinal;
SELECT tenant, migration_set, revision, pending, state FROM tenancy.status(migration_set => 'zoo');
SELECT tenant, migration_set, revision, pending, state FROM tenancy.status('set\_b');

-- All of a run is taken back, in the order that the requirements ask for.
SELECT max(id) AS run FROM tenancy.runs \gset
CALL tenancy.rollback_run(:run);
SELECT tenant, migration_set, state, versions FROM tenancy.run_targets
 WHERE run = (SELECT max(id) FROM tenancy.runs) ORDER BY ordinal;
SELECT tenant, migration_set, revision FROM tenancy.status();
CALL tenancy.rollout();

-- Fleet operations go down the other way round.
SELECT tenant, migration_set, state, versions FROM tenancy.fleet_page('down', 'base');
-- All sets of a schema are on one page: what one of them stands in the way of goes behind it.
SELECT tenant, migration_set, state, versions FROM tenancy.fleet_page('down', 'base', page_size => 1);
SELECT tenant, migration_set, state, versions FROM tenancy.fleet_page('down', 'base', page_size => 2);
SELECT tenant, success, from_revision, to_revision, error FROM tenancy.downgrade_all('base', concurrency => 2);
SELECT tenant, migration_set, versions FROM tenancy.run_targets
 WHERE run = (SELECT max(id) FROM tenancy.runs) ORDER BY ordinal;

-- A pin holds a tenant's own set; --set is one of them.
SELECT pinned_revision FROM tenancy.pin_tenant('set_b', '001');
SELECT tenant, migration_set, pinned_revision, versions FROM tenancy.fleet_page(tenants => '{set_b}');
SELECT tenant, success, to_revision, held_at FROM tenancy.migrate_all(migration_set => 'analytics');
SELECT tenant, migration_set, revision, state, detail FROM tenancy.status();
SELECT tenant, success, to_revision, held_at FROM tenancy.migrate_all(concurrency => 0);

-- Nor is it taken beyond its pin by what another set requires: zoo needs 002 of it.
SELECT tenant, migration_set, state, versions, error, other_pins FROM tenancy.fleet_page(tenants => '{set_b}');
SELECT step FROM tenancy.plan_upgrade('set_b', migration_set => 'zoo');
SELECT tenancy.migrate_tenant('set_b', migration_set => 'zoo');
CALL tenancy.rollout();
SELECT tenant, migration_set, state, error FROM tenancy.run_targets
 WHERE run = (SELECT max(id) FROM tenancy.runs) AND state <> 'done';
SELECT version FROM tenancy.history('set_b') WHERE migration_set = 'users';
SELECT id FROM tenancy.pin_tenant('set_b', NULL);
SELECT tenant, success, to_revision FROM tenancy.migrate_all();

-- Tenants that share a schema share its sets.
CREATE SCHEMA set_rls;
SELECT id FROM tenancy.register_tenant('row_1', 'set_rls', 'rls', migration_set => 'users', further_sets => '{zoo}');
SELECT id FROM tenancy.register_tenant('row_2', 'set_rls', 'rls', migration_set => 'zoo');
SELECT tenant, schema, migration_set, versions FROM tenancy.fleet_page(tenants => '{row_1,row_2}');
SELECT tenant, migration_set, revision, state FROM tenancy.status('row%');

CREATE SCHEMA set_found;
SELECT id, migration_set, further_sets FROM tenancy.discover('set\_f%', 'users', further_sets => '{analytics,zoo}');

SELECT further_sets FROM tenancy.remove_tenant_set('set_b', 'analytics');
SELECT tenancy.remove_tenant_set('set_b', 'analytics');
SELECT tenancy.remove_tenant_set('set_b', 'users');
SELECT tenancy.remove_tenant_set('nobody', 'users');

SET client_min_messages = warning;
DROP SCHEMA set_a, set_b, set_found, set_rls CASCADE;
DROP EXTENSION tenancy;
