"""notes of accounts"""

import sqlalchemy as sa
from alembic import op

revision = "ae1027a6acf0"
down_revision = "1975ea83b712"


def upgrade():
    op.create_table(
        "note",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("account", sa.Integer, sa.ForeignKey("account.id"), index=True),
    )
    # The body has a tab in it.
    op.execute(
        "CREATE FUNCTION golden() RETURNS bigint LANGUAGE sql AS $$\n"
        "\tSELECT count(*) FROM account WHERE plan LIKE 'g%' $$"
    )


def downgrade():
    op.execute("DROP FUNCTION golden()")
    op.drop_table("note")
