-- MIGRATION_REPEATABLE: on
-- MIGRATION_DESCRIPTION: a project with its progress; applied anew whenever this file changes

-- UPGRADE
DROP VIEW IF EXISTS project_overview;

CREATE VIEW project_overview AS
SELECT p.id,
       p.name,
       u.name AS owner,
       public.format_money(p.budget, p.currency) AS budget,
       count(t.id) AS tasks,
       count(t.id) FILTER (WHERE t.state = 'done') AS done,
       min(t.due_on) FILTER (WHERE t.state <> 'done') AS next_due_on
  FROM projects AS p
  JOIN users AS u ON u.id = p.owner_id
  LEFT JOIN tasks AS t ON t.project_id = p.id
 WHERE p.archived_at IS NULL
 GROUP BY p.id, u.name;

-- DOWNGRADE
DROP VIEW project_overview;
