-- MIGRATION_SCOPE: public
-- MIGRATION_DESCRIPTION: plans that a customer can subscribe to

-- UPGRADE
CREATE TABLE plans (
    code           text PRIMARY KEY CHECK (code ~ '^[a-z][a-z0-9_]*$'),
    name           text NOT NULL,
    monthly_cents  integer NOT NULL CHECK (monthly_cents >= 0),
    max_projects   integer CHECK (max_projects > 0)
);

COMMENT ON COLUMN plans.max_projects IS 'NULL: no limit.';

INSERT INTO plans (code, name, monthly_cents, max_projects) VALUES
    ('free',       'Free',           0,    3),
    ('team',       'Team',        2900,   50),
    ('enterprise', 'Enterprise', 49900, NULL);

-- DOWNGRADE
DROP TABLE plans;
