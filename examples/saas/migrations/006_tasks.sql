-- MIGRATION_DESCRIPTION: tasks of a project

-- UPGRADE
CREATE TYPE task_state AS ENUM ('open', 'in_progress', 'done');

CREATE TABLE tasks (
    id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    project_id   bigint NOT NULL REFERENCES projects ON DELETE CASCADE,
    assignee_id  bigint REFERENCES users ON DELETE SET NULL,
    title        text NOT NULL CHECK (title <> ''),
    state        task_state NOT NULL DEFAULT 'open',
    due_on       date,
    created_at   timestamptz NOT NULL DEFAULT now(),
    updated_at   timestamptz NOT NULL DEFAULT now()
);

CREATE INDEX tasks_project_id_idx ON tasks (project_id);
CREATE INDEX tasks_assignee_id_idx ON tasks (assignee_id) WHERE state <> 'done';

CREATE FUNCTION touch_updated_at() RETURNS trigger
LANGUAGE plpgsql
AS $$
BEGIN
    NEW.updated_at := now();
    RETURN NEW;
END
$$;

CREATE TRIGGER tasks_touch BEFORE UPDATE ON tasks FOR EACH ROW EXECUTE FUNCTION touch_updated_at();

-- DOWNGRADE
DROP TABLE tasks;
DROP FUNCTION touch_updated_at();
DROP TYPE task_state;
