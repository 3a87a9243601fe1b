"""What the operators' side shows: timings, interruptions, usage, what became of leads; and indexes to find it by."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

_JSON = sa.JSON(none_as_null=True)
_TIME = sa.DateTime(timezone=True)
_BACKWARDS = sa.String(64).with_variant(sa.String(64, collation="C"), "postgresql")
_NO = sa.text("false")


def upgrade() -> None:
    """Add tables, columns and indexes. What older rows lack is filled in later, in slices (`leads.upkeep`)."""
    _calls()
    _turns()
    _leads()
    op.create_table(
        "operator_actions",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("at", _TIME, nullable=False),
        sa.Column("action", sa.String(32), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("instance", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_operator_actions_at", "operator_actions", ["at"])
    op.create_table(
        "quality_days",
        sa.Column("day", sa.String(10), nullable=False),
        sa.Column("figures", _JSON, nullable=False),
        sa.PrimaryKeyConstraint("day"),
    )


def _calls() -> None:
    columns: tuple[sa.Column[Any], ...] = (
        sa.Column("clock0_at", _TIME, nullable=True),
        sa.Column("instance", sa.String(64), nullable=False, server_default=""),
        sa.Column("app_version", sa.String(32), nullable=False, server_default=""),
        sa.Column("engines", _JSON, nullable=True),
        sa.Column("end_reason", sa.String(64), nullable=False, server_default=""),
        sa.Column("usage", _JSON, nullable=True),
        sa.Column("from_backwards", _BACKWARDS, nullable=False, server_default=""),
        sa.Column("turn_count", sa.Integer(), nullable=True),
        sa.Column("answer_p50_ms", sa.Integer(), nullable=True),
        *(sa.Column(flag, sa.Boolean(), nullable=False, server_default=_NO) for flag in _FLAGS),
        sa.Column("words_erased_at", _TIME, nullable=True),
        sa.Column("person_erased_at", _TIME, nullable=True),
    )
    for column in columns:
        op.add_column("calls", column)
    op.drop_index("ix_calls_started_at", "calls")
    op.create_index("ix_calls_started_at_call_sid", "calls", ["started_at", "call_sid"])
    op.create_index("ix_calls_outcome_started_at", "calls", ["outcome", "started_at", "call_sid"])
    op.create_index("ix_calls_from_backwards", "calls", ["from_backwards"])
    for flag in _FLAGS:
        _partial(f"ix_calls_{flag}", "calls", ["started_at", "call_sid"], flag)
    _partial("ix_calls_unsummed", "calls", ["ended_at"], "turn_count IS NULL")
    _partial("ix_calls_words", "calls", ["started_at"], "words_erased_at IS NULL")
    _partial("ix_calls_person", "calls", ["started_at"], "person_erased_at IS NULL")


def _turns() -> None:
    op.add_column("turns", sa.Column("timing", _JSON, nullable=True))
    op.create_index("ix_turns_at", "turns", ["at"])
    op.create_table(
        "interruptions",
        sa.Column("call_sid", sa.String(64), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("at", _TIME, nullable=False),
        sa.Column("turn", sa.Integer(), nullable=False),
        sa.Column("reply", sa.Integer(), nullable=False),
        sa.Column("onset_ms", sa.Integer(), nullable=True),
        sa.Column("clear_at_ms", sa.Integer(), nullable=False),
        sa.Column("heard_ms", sa.Integer(), nullable=False),
        sa.Column("speech_ms", sa.Integer(), nullable=True),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("verdict", sa.String(16), nullable=False),
        sa.Column("verdict_at_ms", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["call_sid"], ["calls.call_sid"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("call_sid", "number"),
    )
    op.create_index("ix_interruptions_at", "interruptions", ["at"])
    op.create_table(
        "call_texts",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("call_sid", sa.String(64), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["call_sid"], ["calls.call_sid"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("call_sid"),
    )
    for statement in _WORD_INDEX[op.get_bind().dialect.name]:
        op.execute(statement)


def _leads() -> None:
    columns: tuple[sa.Column[Any], ...] = (
        sa.Column("channel", sa.String(16), nullable=False, server_default="call"),
        sa.Column("contact_backwards", _BACKWARDS, nullable=True),
        sa.Column("status", sa.String(16), nullable=False, server_default="new"),
        sa.Column("call_back_at", _TIME, nullable=True),
        sa.Column("handled_at", _TIME, nullable=True),
        sa.Column("needs_attention", sa.Boolean(), nullable=False, server_default=_NO),
        sa.Column("note", sa.Text(), nullable=False, server_default=""),
    )
    for column in columns:
        op.add_column("leads", column)
    op.drop_index("ix_leads_created_at", "leads")
    op.create_index("ix_leads_created_at_id", "leads", ["created_at", "id"])
    op.create_index("ix_leads_status_created_at", "leads", ["status", "created_at", "id"])
    op.create_index("ix_leads_contact_backwards", "leads", ["contact_backwards"])
    _partial("ix_leads_needs_attention", "leads", ["created_at", "id"], "needs_attention")
    _partial("ix_leads_call_back", "leads", ["call_back_at"], "status = 'call_back'")
    _partial("ix_leads_messages", "leads", ["created_at"], "channel = 'recording' AND status <> 'handled'")
    op.add_column("deliveries", sa.Column("history", _JSON, nullable=True))
    _partial("ix_deliveries_open", "deliveries", ["updated_at"], "state <> 'delivered'")


def _partial(name: str, table: str, columns: list[str], where: str) -> None:
    sqlite = f"{where} = 1" if where.isidentifier() else where
    op.create_index(name, table, columns, postgresql_where=sa.text(where), sqlite_where=sa.text(sqlite))


_FLAGS = ("was_interrupted", "used_fallback", "was_slow", "had_fault")
_WORD_INDEX = {
    "postgresql": ["CREATE INDEX ix_call_texts_words ON call_texts USING gin (to_tsvector('simple', words))"],
    "sqlite": [
        "CREATE VIRTUAL TABLE call_words USING fts5(words, content='call_texts', content_rowid='id')",
        """CREATE TRIGGER call_texts_added AFTER INSERT ON call_texts BEGIN
            INSERT INTO call_words(rowid, words) VALUES (new.id, new.words); END""",
        """CREATE TRIGGER call_texts_removed AFTER DELETE ON call_texts BEGIN
            INSERT INTO call_words(call_words, rowid, words) VALUES ('delete', old.id, old.words); END""",
        """CREATE TRIGGER call_texts_changed AFTER UPDATE ON call_texts BEGIN
            INSERT INTO call_words(call_words, rowid, words) VALUES ('delete', old.id, old.words);
            INSERT INTO call_words(rowid, words) VALUES (new.id, new.words); END""",
    ],
}
