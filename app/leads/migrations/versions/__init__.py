"""Alembic migrations, run by `app.leads.database.upgrade`."""
