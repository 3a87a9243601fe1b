"""Words the recogniser should expect next: few, and to the point of the question that stands (R8.1)."""

from app.dialog.domain import Asked

ALWAYS = ("וואטסאפ", "נציג", "אייג'נט לוקייטור")
_MONEY = ("מיליון", "מיליון וחצי", "שני מיליון", "אלף", "אלפים", "שקל", "לחודש")
_AREAS = ("תל אביב", "ירושלים", "חיפה", "ראשון לציון", "פתח תקווה", "באר שבע", "נתניה", "חולון", "רמת גן", "הרצליה")
_YES_NO = ("כן", "לא", "נכון", "לא נכון")
_BY_QUESTION: dict[Asked, tuple[str, ...]] = {
    Asked.GREETING: ("לקנות", "לשכור", "להשכרה", "דירה", *_AREAS),
    Asked.DEAL: ("קנייה", "שכירות", "לקנות", "לשכור"),
    Asked.AREA: _AREAS,
    Asked.PROPERTY_TYPE: ("דירה", "פנטהאוז", "דירת גן", "בית פרטי", "משרד", "דופלקס"),
    Asked.ROOMS: ("שלושה חדרים", "ארבעה חדרים", "חמישה חדרים", "וחצי"),
    Asked.BUDGET: _MONEY,
    Asked.TIMING: ("מיידי", "חודש", "חודשיים", "חצי שנה", "גמיש"),
    Asked.NAME: ("קוראים לי", "השם שלי"),
    Asked.PHONE: ("אפס חמש", "שתיים", "ארבע", "שמונה"),
    Asked.PHONE_CONFIRM: _YES_NO,
    Asked.SUMMARY_CONFIRM: _YES_NO,
    Asked.NEXT_STEP: ("וואטסאפ", "שיחה עם יועץ", "תתקשרו"),
    Asked.ANYTHING_ELSE: ("לא תודה", "זה הכול"),
}


def phrases(asked: Asked, office: str) -> tuple[str, ...]:
    """Return the words to prime the recogniser with after a question."""
    return (*_BY_QUESTION.get(asked, ()), *ALWAYS, office)
