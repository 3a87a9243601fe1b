"""When each fact of a call was said, so that one that comes late does not undo a newer one."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Add the column."""
    op.add_column("calls", sa.Column("facts_at", sa.JSON(none_as_null=True), nullable=True))
