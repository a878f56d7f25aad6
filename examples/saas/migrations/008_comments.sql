-- MIGRATION_DESCRIPTION: comments on tasks
-- MIGRATION_LOCK_TIMEOUT: 5s

-- UPGRADE
CREATE TABLE comments (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    task_id     bigint NOT NULL REFERENCES tasks ON DELETE CASCADE,
    author_id   bigint REFERENCES users ON DELETE SET NULL,
    body        text NOT NULL CHECK (body <> ''),
    created_at  timestamptz NOT NULL DEFAULT now()
);

CREATE INDEX comments_task_id_idx ON comments (task_id, created_at);

-- DOWNGRADE
DROP TABLE comments;
