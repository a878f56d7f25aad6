"""One tenant, as in Alembic's recipe for schemas: alembic -x tenant=NAME upgrade head."""

from alembic import context
from sqlalchemy import create_engine

tenant = context.get_x_argument(as_dictionary=True)["tenant"]
engine = create_engine("postgresql+psycopg2://", connect_args={"options": f"-c search_path={tenant},public"})

with engine.connect() as connection:
    connection.dialect.default_schema_name = tenant
    context.configure(connection=connection, version_table_schema=tenant)
    with context.begin_transaction():
        context.run_migrations()
