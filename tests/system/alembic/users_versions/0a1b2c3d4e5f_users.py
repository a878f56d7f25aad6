"""users, with the schema in front of every name"""

import os

import sqlalchemy as sa
from alembic import context, op

revision = "0a1b2c3d4e5f"
down_revision = None


def tenant_schema():
    return context.get_x_argument(as_dictionary=True).get("schema") or os.environ.get("TENANT_SCHEMA")


def upgrade():
    op.create_table("users", sa.Column("id", sa.Integer, primary_key=True), schema=tenant_schema())
    op.execute(f"SELECT setval('{tenant_schema()}.users_id_seq', 100)")


def downgrade():
    op.drop_table("users", schema=tenant_schema())
