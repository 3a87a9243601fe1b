"""Run the migrations on the connection, and in the transaction, that `app.leads.database.upgrade` opened."""

from alembic import context

from app.leads.models import Base

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    render_as_batch=True,  # SQLite alters a table by rebuilding it
)
with context.begin_transaction():
    context.run_migrations()
