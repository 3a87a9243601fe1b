"""What a voice said of the stock lines, so that an instance with a fresh disk need not ask for it again."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Add the table."""
    op.create_table(
        "stock_audio",
        sa.Column("digest", sa.String(64), primary_key=True),
        sa.Column("ulaw", sa.LargeBinary, nullable=False),
        sa.Column("kept_at", sa.DateTime(timezone=True), nullable=False),
    )
