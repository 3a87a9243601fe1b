"""How often a lead's caller rang, and in which other calls: rings at a full house are one lead."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Add the columns."""
    op.add_column("leads", sa.Column("tries", sa.Integer, nullable=False, server_default=sa.text("1")))
    op.add_column(
        "leads", sa.Column("other_rings", sa.JSON(none_as_null=True), nullable=False, server_default=sa.text("'[]'"))
    )
