-- CALL tenancy.create_tenant_database() leaves nothing of a tenant that cannot be registered.
SET client_min_messages = warning;
DROP EXTENSION IF EXISTS tenancy CASCADE;
CREATE EXTENSION tenancy;
RESET client_min_messages;
\set VERBOSITY terse
CALL tenancy.create_tenant_database('regress_own_db', migration_set => 'No Set');
SELECT count(*) FROM pg_database WHERE datname = 'regress_own_db';

SET client_min_messages = warning;
DROP EXTENSION tenancy;
