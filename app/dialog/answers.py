"""Small readings of an answer that only the policy needs: "I don't know yet", and when to call back."""

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
_HOUR = "אחת עשרה|שתים עשרה|שתיים עשרה|אחת|שתיים|שתים|שלוש|ארבע|חמש|שש|שבע|שמונה|תשע|עשר"
_CLOCK = r"\d{1,2}(?::\d\d)?"
_WHEN = (
    r"(?:מחרתיים|מחר|היום|הערב|בבוקר|בערב|בצהריים|אחר הצהריים|אחרי הצהריים|בלילה|בשבוע הבא|השבוע"
    r"|(?:ב?יום )?(?:ראשון|שני|שלישי|רביעי|חמישי|שישי)"
    rf"|בין (?:{_HOUR}|{_CLOCK})(?: וחצי| ורבע)? ל-?(?:{_HOUR}|{_CLOCK})(?: וחצי| ורבע)?"
    rf"|ב?עוד (?:{_HOUR}|עשרים|שלושים|ארבעים|\d{{1,2}}) (?:דקות|שעות|ימים)"
    rf"|ב?רבע ל(?:{_HOUR})|בשעות ה?(?:בוקר|צהריים|ערב)"
    rf"|(?:סביב|בסביבות|באזור|לקראת) ה(?:{_HOUR}|שניים)"
    rf"|(?:אחרי|לפני|בשעה|מ|ב|עד|בסביבות|עוד|בעוד)[ -]?(?:{_HOUR}|{_CLOCK}|שעה|שעתיים|חצי שעה|יומיים|העבודה)"
    r"(?: וחצי| ורבע)?|מתי שנוח|כל היום|מאוחר יותר)"
)
_CALLBACK = re.compile(rf"(?<![א-ת\d])[ובלמ]?{_WHEN}(?:\s+(?:או |ו|עד )?[בלמ]?{_WHEN})*(?![א-ת\d:])")


def is_open_answer(text: str) -> bool:
    """Whether the caller answers that they have no answer yet: the topic is left open, not asked again."""
    return bool(_OPEN.search(text))


def cannot_talk(text: str) -> bool:
    """Whether the caller says that talking is not possible now, so that only the contact is worth asking for."""
    return bool(_CANNOT_TALK.search(text))


def callback_words(text: str) -> str:
    """Return the caller's words for when to call back ("מחר בערב"), "" when there are none."""
    return max((match.group().strip() for match in _CALLBACK.finditer(text)), key=len, default="")
