"""Alembic migrations, run by `app.leads.database.upgrade`.

A migration only adds (tables, columns with defaults): during a rolling deployment the version before it still runs.
"""

HEAD = "0007"
"""The newest revision in `versions`."""
