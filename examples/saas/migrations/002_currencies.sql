-- MIGRATION_SCOPE: public
-- MIGRATION_DESCRIPTION: currencies, after ISO 4217

-- UPGRADE
CREATE TABLE currencies (
    code        char(3) PRIMARY KEY CHECK (code ~ '^[A-Z]{3}$'),
    name        text NOT NULL,
    minor_unit  smallint NOT NULL DEFAULT 2 CHECK (minor_unit BETWEEN 0 AND 4)
);

INSERT INTO currencies (code, name, minor_unit) VALUES
    ('CHF', 'Swiss franc',     2),
    ('EUR', 'Euro',            2),
    ('JPY', 'Yen',             0),
    ('USD', 'US dollar',       2);

-- DOWNGRADE
DROP TABLE currencies;
