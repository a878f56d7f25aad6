-- MIGRATION_DESCRIPTION: people who can sign in

-- UPGRADE
CREATE TABLE users (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    email       text NOT NULL CHECK (email LIKE '%_@_%'),
    name        text NOT NULL,
    role        text NOT NULL DEFAULT 'member' CHECK (role IN ('owner', 'admin', 'member', 'guest')),
    created_at  timestamptz NOT NULL DEFAULT now()
);

-- DOWNGRADE
DROP TABLE users;
