"""index of notes, without locking them"""

from alembic import op

revision = "c2f7a1b3d944"
down_revision = "ae1027a6acf0"


def upgrade():
    with op.get_context().autocommit_block():
        op.create_index("note_account_id", "note", ["account", "id"], postgresql_concurrently=True)


def downgrade():
    with op.get_context().autocommit_block():
        op.drop_index("note_account_id", "note", postgresql_concurrently=True)
