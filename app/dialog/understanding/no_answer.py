"""Answers that give no value: "I don't know yet", "I cannot talk now" (R10.2, R10.5)."""

import re

_OPEN = re.compile(
    r"לא (?:יודע|יודעת|יודעים|משנה|חשוב|החלטתי|החלטנו|סגור|סגורה|בטוח|בטוחה|חשבתי|חשבנו|אכפת)"
    r"|אין לי מושג|עוד לא|עדיין לא|תלוי|מה שיש|כל דבר|הכול מתאים|פתוח ל|פתוחים ל|נראה בהמשך|צריך לחשוב"
    r"|אין (?:לי )?העדפה"
)
_CANNOT_TALK = re.compile(
    r"לא (?:יכול|נוח|פנוי|זמינ|מסוגל)\S*(?: \S+){0,3} לדבר"
    r"|(?:אני|אנחנו) (?:\S+ )?(?:נוהג|בנהיגה|בישיבה|בפגישה|בעבודה|בשיעור)"
    r"|אין לי זמן לדבר|(?:במקום|בלי|לא רוצה|מעדיפה? לא) לדבר|להתכתב|נתכתב"
)


def is_open_answer(text: str) -> bool:
    """Whether the caller answers that they have no answer yet: the topic is left open, not asked again."""
    return bool(_OPEN.search(text))


def cannot_talk(text: str) -> bool:
    """Whether the caller says that talking is not possible now, so that only the contact is worth asking for."""
    return bool(_CANNOT_TALK.search(text))
