"""for one tenant alone"""

import os

from alembic import context, op

revision = "1b2c3d4e5f60"
down_revision = "0a1b2c3d4e5f"


def tenant_schema():
    return context.get_x_argument(as_dictionary=True).get("schema") or os.environ.get("TENANT_SCHEMA")


def upgrade():
    op.execute(f"COMMENT ON SCHEMA {tenant_schema()} IS 'a tenant'")


def downgrade():
    raise NotImplementedError("comments stay")
