-- A new value of an enum type in one migration, used by the next one.
SET client_min_messages = warning;
DROP EXTENSION IF EXISTS tenancy CASCADE;
CREATE EXTENSION tenancy;
RESET client_min_messages;

SELECT tenancy.add_migration('001', $$CREATE TYPE mood AS ENUM ('sad'); CREATE TABLE p (m mood PRIMARY KEY)$$);
SELECT tenancy.add_migration('002', $$ALTER TYPE mood ADD VALUE 'glad'$$);
SELECT tenancy.add_migration('003', $$ALTER TABLE p ALTER m SET DEFAULT 'glad'; INSERT INTO p DEFAULT VALUES$$);
SELECT tenancy.add_migration('004', $$ALTER TYPE mood ADD VALUE 'calm' BEFORE 'sad'$$, transactional => false);
SELECT tenancy.add_migration('005', $$INSERT INTO p VALUES ('calm'), ('sad')$$);

-- A new tenant gets all of them in one transaction.
SELECT id FROM tenancy.create_tenant('enum_new');
SELECT m FROM enum_new.p ORDER BY m;

-- One that did not come to its end leaves nothing behind.
BEGIN;
SELECT id FROM tenancy.create_tenant('enum_gone');
SELECT m FROM enum_gone.p ORDER BY m;
ROLLBACK;
SELECT count(*) FROM pg_enum JOIN pg_type t ON t.oid = enumtypid WHERE typname = 'mood';

-- Where there are tables already, the value has to be committed first: in an index of theirs it could outlive its row.
CREATE SCHEMA enum_old;
SELECT version FROM tenancy.migrate_schema('enum_old', '001');
SELECT version FROM tenancy.migrate_schema('enum_old', '003');
SELECT version FROM tenancy.migrate_schema('enum_old', '002');
SELECT version FROM tenancy.migrate_schema('enum_old', '003');

-- A migration that runs outside of transactions is such a commit.
SELECT id FROM tenancy.register_tenant('enum_old');
CALL tenancy.rollout(concurrency => 1);
SELECT m FROM enum_old.p ORDER BY m;

-- Workers commit behind a migration that adds a value.
SELECT tenancy.add_migration('1', $$CREATE TYPE hue AS ENUM ('red'); CREATE TABLE h (h hue)$$, migration_set => 'hues');
SELECT tenancy.add_migration('2', $$ALTER TYPE hue ADD VALUE 'blue'$$, migration_set => 'hues');
SELECT tenancy.add_migration('3', $$INSERT INTO h VALUES ('blue')$$, migration_set => 'hues');
SELECT version FROM tenancy.migrate_schema('enum_new', '1', migration_set => 'hues');
SELECT id FROM tenancy.add_tenant_set('enum_new', 'hues');
SELECT schema, success, from_revision, to_revision, steps, error FROM tenancy.migrate_all(migration_set => 'hues', concurrency => 1);
SELECT h FROM enum_new.h;

-- Values that the caller has added stay as they are.
CREATE TYPE public.shared_mood AS ENUM ('sad');
BEGIN;
ALTER TYPE public.shared_mood ADD VALUE 'glad';
SELECT id FROM tenancy.create_tenant('enum_beside');
SELECT 'glad'::public.shared_mood;
ROLLBACK;

-- And a migration that may alter what is not the tenant's has to commit, too.
SELECT tenancy.add_migration('006', $$ALTER TYPE public.shared_mood ADD VALUE 'calm'$$, allow_outside => true);
SELECT tenancy.add_migration('007', $$CREATE TABLE q (m public.shared_mood DEFAULT 'calm')$$);
SELECT id FROM tenancy.create_tenant('enum_outside');

SET client_min_messages = warning;
DROP TYPE public.shared_mood;
DROP SCHEMA enum_new, enum_old CASCADE;
DROP EXTENSION tenancy;
