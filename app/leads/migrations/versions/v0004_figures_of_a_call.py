"""What each call adds to its day's figures, so that a day is summed up from its calls and not from every turn."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Add the column. Of calls that ended before it the turns are read, as until now.

    PostgreSQL's index of words is kept up with each call: what it would put off, every search had to read through.
    """
    op.add_column("calls", sa.Column("figures", sa.JSON(none_as_null=True), nullable=True))
    if op.get_bind().dialect.name == "postgresql":
        op.execute("ALTER INDEX ix_call_texts_words SET (fastupdate = off)")
        op.execute("SELECT gin_clean_pending_list('ix_call_texts_words')")
