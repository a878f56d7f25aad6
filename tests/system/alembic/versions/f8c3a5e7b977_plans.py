"""a table of plans, from what the accounts have"""

import sqlalchemy as sa
from alembic import op

revision = "f8c3a5e7b977"
down_revision = "e6b1f3d8a766"


def upgrade():
    plan = op.create_table("plan", sa.Column("name", sa.String(20), primary_key=True))
    rows = op.get_bind().execute(sa.text("SELECT DISTINCT plan FROM account WHERE plan IS NOT NULL ORDER BY 1")).all()
    op.bulk_insert(plan, [{"name": row.plan} for row in rows])


def downgrade():
    op.drop_table("plan")
