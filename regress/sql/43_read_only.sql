-- Fleet operations in a read-only transaction, as on a standby.
SET client_min_messages = warning;
DROP EXTENSION IF EXISTS tenancy CASCADE;
CREATE EXTENSION tenancy;
RESET client_min_messages;
SELECT tenancy.add_migration('001', 'CREATE TABLE made ()', 'DROP TABLE made');
SELECT count(*) FROM tenancy.create_tenant('read_only_1', revision => 'base');
SET default_transaction_read_only = on;
SELECT * FROM tenancy.migrate_all();
CALL tenancy.rollout();
SELECT tenant, state FROM tenancy.status();
SELECT version FROM tenancy.plan_upgrade('read_only_1');
RESET default_transaction_read_only;

SET client_min_messages = warning;
DROP SCHEMA read_only_1 CASCADE;
DROP EXTENSION tenancy;
