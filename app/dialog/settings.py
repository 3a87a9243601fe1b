"""What the office sets of a dialog, and the history it keeps."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class DialogSettings:
    """What the office sets. `recorded`: the greeting says so. `transfer_number`: where a person answers.

    `fine_ear`: the recogniser writes what was said, so that its first reading stands; else it writes what it sounded
    like, and its readings together are compared with what is expected (`by_ear`).
    """

    office_name: str = "משרד התיווך"
    agent_name: str = "נועה"
    transfer_number: str | None = None
    uses_llm: bool = False
    recorded: bool = False
    fine_ear: bool = False


@dataclass(frozen=True, slots=True)
class Said:
    """One entry of the history: who spoke and what was heard of it."""

    who: str
    text: str
