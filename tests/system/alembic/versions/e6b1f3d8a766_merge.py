"""merge both lines"""

revision = "e6b1f3d8a766"
down_revision = ("c2f7a1b3d944", "d4a9e2c6b855")


def upgrade():
    pass


def downgrade():
    pass
