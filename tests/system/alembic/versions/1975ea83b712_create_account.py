"""create account"""

import sqlalchemy as sa
from alembic import op

revision = "1975ea83b712"
down_revision = None


def upgrade():
    op.create_table(
        "account",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("name", sa.String(50), nullable=False, server_default="100%"),
        sa.Column("plan", sa.String(20)),
    )
    op.bulk_insert(
        sa.table("account", sa.column("name", sa.String), sa.column("plan", sa.String)),
        [{"name": "it's \\ :me", "plan": "gold"}, {"name": "you", "plan": None}],
    )


def downgrade():
    op.drop_table("account")
