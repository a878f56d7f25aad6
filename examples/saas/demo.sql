-- The story that `make demo` tells, in an empty database: a fleet of eight customers gets a new release, one
-- of them cannot take it, and nobody else waits for that one. The variables release_1 and release_2 are
-- folders of migrations that the server can read; the second has one migration more.
\set ON_ERROR_STOP on
\set QUIET on
\set ECHO none
\pset footer off
\pset null ''
\pset pager off
SET client_min_messages = warning;

CREATE EXTENSION tenancy;

\echo
\echo '== The first release: migrations, for the shared schema and for each tenant =='
\set ECHO queries
SELECT version, description, action FROM tenancy.load_directory(:'release_1');
SELECT step, version, description FROM tenancy.migrate_public();
\set ECHO none

-- Each tenant starts with two people and a project.
CREATE TEMP TABLE customers AS
SELECT name, plan, $$
    INSERT INTO users (email, name, role)
    VALUES ('ann@example.com', 'Ann', 'owner'), ('bob@example.com', 'Bob', 'member');
    INSERT INTO projects (name, owner_id, currency, budget) VALUES ('Website', 1, 'EUR', 1250000);
    INSERT INTO tasks (project_id, assignee_id, title, due_on, state)
    VALUES (1, 1, 'Choose a host', '2026-09-01', 'done'), (1, 2, 'Write the front page', '2026-10-01', 'open');
$$ AS seed
  FROM (VALUES ('acme', 'enterprise'), ('globex', 'team'), ('hooli', 'enterprise'), ('initech', 'team'),
               ('stark', 'team'), ('umbrella', 'free'), ('Ünï-1; drop', 'free'), ('o''brien & söhne', 'team'))
       AS customer (name, plan);

\echo
\echo '== Eight customers, a schema each =='
\set ECHO queries
SELECT t.id, t.schema, t.tier
  FROM customers, tenancy.create_tenant(name, tier => plan, seed_sql => seed) AS t;
\set ECHO none

-- Somebody at initech signed up twice, which the first release allowed.
INSERT INTO initech.users (email, name) VALUES ('Ann@Example.com', 'Ann, again');

\echo
\echo '== The second release has one migration more: every tenant is behind =='
\set ECHO queries
SELECT version, description, action FROM tenancy.load_directory(:'release_2') WHERE action <> 'unchanged';
SELECT tenant, schema, revision, head, pending, state FROM tenancy.status();

\set ECHO none
\echo
\echo '== The whole fleet in one call: initech fails, with a reason; all others go on =='
\set ECHO queries
SELECT tenant, success, from_revision, to_revision, steps, sqlstate FROM tenancy.migrate_all();

\set ECHO none
\echo
\echo '== The reason, then the repair, then the same call again: it does what is left to do =='
\set ECHO queries
SELECT tenant, error, detail FROM tenancy.migrate_all() WHERE NOT success;
DELETE FROM initech.users WHERE email = 'Ann@Example.com';
SELECT tenant, success, from_revision, to_revision, steps FROM tenancy.migrate_all() WHERE steps > 0;
SELECT state, count(*) FROM tenancy.status() GROUP BY state;

\set ECHO none
\echo
\echo '== What is applied stands in the tenant itself =='
\set ECHO queries
SELECT version, description, state, applied_by FROM tenancy.history('initech');
