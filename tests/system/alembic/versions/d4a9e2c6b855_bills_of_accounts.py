"""bills belong to accounts with notes"""

import sqlalchemy as sa
from alembic import op

revision = "d4a9e2c6b855"
down_revision = "b9e0c5d1f233"
depends_on = "ae1027a6acf0"


def upgrade():
    op.add_column("bill", sa.Column("note", sa.Integer, sa.ForeignKey("note.id")))


def downgrade():
    op.drop_column("bill", "note")
