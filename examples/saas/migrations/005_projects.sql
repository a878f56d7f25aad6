-- MIGRATION_DESCRIPTION: projects and who works on them

-- UPGRADE
CREATE TABLE projects (
    id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name         text NOT NULL,
    owner_id     bigint NOT NULL REFERENCES users,
    currency     char(3) NOT NULL DEFAULT 'EUR' REFERENCES public.currencies,
    budget       bigint CHECK (budget >= 0),
    archived_at  timestamptz,
    created_at   timestamptz NOT NULL DEFAULT now()
);

COMMENT ON COLUMN projects.budget IS 'In the minor unit of the currency.';

CREATE UNIQUE INDEX projects_name_key ON projects (lower(name)) WHERE archived_at IS NULL;
CREATE INDEX projects_owner_id_idx ON projects (owner_id);

CREATE TABLE project_members (
    project_id  bigint NOT NULL REFERENCES projects ON DELETE CASCADE,
    user_id     bigint NOT NULL REFERENCES users ON DELETE CASCADE,
    PRIMARY KEY (project_id, user_id)
);

CREATE INDEX project_members_user_id_idx ON project_members (user_id);

-- DOWNGRADE
DROP TABLE project_members;
DROP TABLE projects;
