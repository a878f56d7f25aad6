"""Alembic's recipe for schemas: alembic -x schema=NAME upgrade heads, or TENANT_SCHEMA=NAME."""

import os

from alembic import context
from sqlalchemy import create_engine

schema = context.get_x_argument(as_dictionary=True).get("schema") or os.environ.get("TENANT_SCHEMA")
url = "postgresql+psycopg2://"

if context.is_offline_mode():
    context.configure(url=url, version_table_schema=schema)
    with context.begin_transaction():
        context.run_migrations()
else:
    engine = create_engine(url, connect_args={"options": f"-c search_path={schema},public"})
    with engine.connect() as connection:
        connection.dialect.default_schema_name = schema
        context.configure(connection=connection, version_table_schema=schema)
        with context.begin_transaction():
            context.run_migrations()
