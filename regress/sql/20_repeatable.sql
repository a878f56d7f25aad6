-- Repeatable migrations: applied when new or changed, after the versioned ones.
SET client_min_messages = warning;
DROP EXTENSION IF EXISTS tenancy CASCADE;
CREATE EXTENSION tenancy;
RESET client_min_messages;

CREATE SCHEMA rep;
SELECT tenancy.add_migration('1', 'CREATE TABLE a (id int)', 'DROP TABLE a CASCADE');
SELECT tenancy.add_migration('r_views', 'CREATE OR REPLACE VIEW v AS SELECT 1 AS one FROM a', 'DROP VIEW v',
       repeatable => true);
SELECT tenancy.add_migration('r_later', 'CREATE OR REPLACE VIEW w AS SELECT one FROM v', 'DROP VIEW w',
       repeatable => true);
SELECT tenancy.add_migration('r_grants', 'SELECT 1', repeatable => true, scope => 'public');

-- They go to head only, in the natural order of their names.
SELECT version FROM tenancy.migrate_schema('rep', '1');
SELECT version FROM tenancy.migrate_schema('rep', 'r_views');
SELECT version FROM tenancy.migrate_schema('rep');
SELECT tenancy.drop_migration('r_later');
SELECT tenancy.add_migration('r_z', 'CREATE OR REPLACE VIEW w AS SELECT one FROM v', 'DROP VIEW w', repeatable => true);
SELECT step, version, direction FROM tenancy.migrate_schema('rep');
SELECT step, version FROM tenancy.migrate_schema('rep');
SELECT version FROM rep.schema_migrations ORDER BY 1;

-- Changed: again, and one row in the tracking table with the new checksum.
SELECT tenancy.add_migration('r_views', 'CREATE OR REPLACE VIEW v AS SELECT 2 AS one FROM a', 'DROP VIEW v',
       repeatable => true);
SELECT tenancy.add_migration('2', 'INSERT INTO a VALUES (1)', 'DELETE FROM a');
SELECT step, version FROM tenancy.migrate_schema('rep');
SELECT one FROM rep.w;
SELECT s.version, s.checksum = m.checksum AS same FROM rep.schema_migrations s JOIN tenancy.migrations m
       USING (version) ORDER BY 1;
-- Put back: again.
SELECT tenancy.add_migration('r_views', 'CREATE OR REPLACE VIEW v AS SELECT 1 AS one FROM a', 'DROP VIEW v',
       repeatable => true);
SELECT step, version FROM tenancy.migrate_schema('rep');
-- Only its down SQL: no need.
SELECT tenancy.add_migration('r_views', 'CREATE OR REPLACE VIEW v AS SELECT 1 AS one FROM a', 'DROP VIEW v CASCADE',
       repeatable => true);
SELECT step, version FROM tenancy.migrate_schema('rep');

-- A change that fails leaves the old one in place and recorded.
SELECT tenancy.add_migration('r_views', 'CREATE OR REPLACE VIEW v AS SELECT ''text'' AS one FROM a', 'DROP VIEW v',
       repeatable => true);
SELECT * FROM tenancy.migrate_schema('rep');
SELECT one FROM rep.v;
SELECT s.checksum = m.checksum AS same FROM rep.schema_migrations s JOIN tenancy.migrations m USING (version)
 WHERE version = 'r_views';
SELECT tenancy.add_migration('r_views', 'CREATE OR REPLACE VIEW v AS SELECT 3 AS one FROM a', 'DROP VIEW v',
       repeatable => true);

-- The fleet counts it as a step, and the revision is that of the versioned ones.
SELECT id FROM tenancy.register_tenant('rep');
SELECT tenant, success, from_revision, to_revision, steps FROM tenancy.migrate_all() WHERE tenant IS NOT NULL;

-- Down: steps of -N and of a version are versioned ones; base takes the repeatable ones first.
SELECT version FROM tenancy.downgrade_schema('rep');
SELECT version FROM tenancy.downgrade_schema('rep', 'r_views');
SELECT version FROM tenancy.downgrade_schema('rep', 'base');
SELECT count(*) FROM rep.schema_migrations;
SELECT version FROM tenancy.migrate_schema('rep');

SET client_min_messages = warning;
DROP SCHEMA rep CASCADE;
DROP TABLE IF EXISTS public.schema_migrations;
DROP EXTENSION tenancy;
