"""bills"""

import sqlalchemy as sa
from alembic import op

revision = "b9e0c5d1f233"
down_revision = "1975ea83b712"
branch_labels = ("billing",)


def upgrade():
    op.create_table("bill", sa.Column("id", sa.Integer, primary_key=True), sa.Column("total", sa.Numeric))


def downgrade():
    op.drop_table("bill")
