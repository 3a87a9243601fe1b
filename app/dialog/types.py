"""What kind of property, to buy or to rent, and whether the caller owns it (R10.2)."""

from dataclasses import dataclass
from itertools import pairwise

from app.dialog.normalise import Match, Phrasebook, Utterance, fold, stems, words
from app.dialog.others import OTHERS
from app.dialog.repairs import background, settle
from app.dialog.slots import Asked

PROPERTY_TYPES = {
    "apartment": "דירה | דירת | דירות",
    "penthouse": """
        פנטהאוז | פנטאוז | פנט האוס | פנט האוז | פנטהאוס | מיני פנטהאוז | מיני פנטאוז | דירת פנטהאוז | פנטהאוזים
        | פנתהאוז | penthouse | פנטהאוז דופלקס | מיני פנט האוז
        """,
    "garden_apartment": "דירת גן | דירות גן | דירה עם גן | גן דירה | דירת הגן | דירת קרקע",
    "roof_apartment": "דירת גג | דירות גג | דירת הגג | גג דירה | דירה עם גג",
    "duplex": "דופלקס | דירת דופלקס | דו קומתי | דו קומתית | דופלקסים | דירה דו קומתית | דופלקז | דופלכס | duplex",
    "triplex": "טריפלקס | דירת טריפלקס | תלת קומתי | טריפלכס | תריפלקס",
    "loft": "לופט | דירת לופט | loft",
    "studio": "סטודיו | דירת סטודיו | דירת חדר | סטודיו קטן | studio",
    "housing_unit": "יחידת דיור | יחידה | יחידת מגורים | יחידות דיור | יחידה נפרדת",
    "cottage": "קוטג | קוטגים | בית קוטג | קוטגז | cottage | בית טורי",
    "private_house": """בית פרטי | בתים פרטיים | בתים | בית | צמוד קרקע | צמודת קרקע | צמודי קרקע | בית צמוד קרקע
        | בית קרקע | בית עם גינה | בית בודד""",
    "villa": "וילה | וילות | וילא | villa",
    "semi_detached": "דו משפחתי | דו משפחתית | בית דו משפחתי | חצי דו | חצי דו משפחתי | חצי מדו משפחתי | דומשפחתי",
    "land": """מגרש | מגרשים | קרקע | קרקעות | שטח לבנייה | שטח לבניה | שטח חקלאי | אדמה | חלקת אדמה | מגרש לבנייה
        | שטח לבניית | קרקע לבניית | מגרש לבניית""",
    "farm": "נחלה | משק | חווה | נחלות | משק חקלאי | משק עזר",
    "office": "משרד | משרדים | קליניקה | שטח משרדים | שטח למשרד | חלל משרדי | קליניקות",
    "store": "חנות | חנויות | חנות מסחרית",
    "commercial": "נכס מסחרי | מסחרי | שטח מסחרי | נכסים מסחריים | מסחרית | נדלן מסחרי | עסק",
    "warehouse": "מחסן | מחסנים | האנגר | מבנה תעשייה | מבנה תעשיה | מבנה לתעשייה | לוגיסטי | אנגר",
    "building": "בניין | בניינים | בניין שלם | בניין מגורים | בנין",
}
_TYPES = Phrasebook(
    {phrase.strip(): code for code, listed in PROPERTY_TYPES.items() for phrase in listed.replace("\n", " ").split("|")}
)
_NOT_TYPES = Phrasebook(
    """
        קומת קרקע | בקומת קרקע | ועד בית | ועד הבית | בית ספר | בית כנסת | בית חולים | בית קפה | בית הספר
        | בית משפט | יחידת הורים | יחידת ההורים | בן אדם | משרד תיווך | משרד התיווך | משרד הפנים | משרד החינוך
        | המשרד שלכם | משרד נדלן | בעל בית | בעלי בית | בעל הבית | בעלת הבית | בית אבות | גן ילדים
        | דמי דירה | שכר דירה | שכר הדירה | קרקע בטוחה | מכון | בית מלון | עסק משפחתי
        | יש לי עסק | יש לנו עסק | לעסק | העסק | בית עסק | בעל עסק | בעלת עסק | בעלי עסק | בית מידות
        | שותפים לדירה | שותף לדירה | שותפה לדירה | בית תוכנה | חצי בית
        """
)
_YOU = words("אתם אתן")
_OFFICE_DOES = {fold("משכירים"): "rent", fold("מוכרים"): "buy"}
_LETS = words("משכיר משכירה משכירים מוכר מוכרת מוכרים השכרתי השכרנו")
_OPEN = (Asked.GREETING, Asked.PROPERTY_TYPE, Asked.DEAL)
_INTERESTED = words("מעוניין מעוניינת מעוניינים מתעניין מתעניינת מתעניינים מדובר מסתפק הכוונה")
_MORE_THAN_A_ROOM = words("וחצי אחד")
_SEEKS = words(
    "מחפש מחפשת מחפשים רוצה רוצים צריך צריכה צריכים מעוניין מעוניינת מעוניינים מעדיף מעדיפה לקנות לשכור וקונים קונים"
)
_THIRD_PARTY = words("קנה קנתה קנו קניתי קנינו מכר מכרה מכרו מכרתי מכרנו נמכרה נמכר שכרה שכר שכרו")
_GENERIC = ("apartment", "private_house", "commercial", "villa")
_EXTRAS = words("פלוס עם כולל ועם + כולל")
_PLACED = words("בבניין בבנין לבניין הבניין הבנין מהמשרד המשרד למשרד במשרד בבית הבית מהבית לבית הבתים מבית")
_WAS_OR_BUILD, _FORMER = words("הייתה היתה היה לבניית לבנות"), words("הקודמת הקודם הנוכחית הנוכחי")
_OWNED = words("שלי שלנו שלו שלה שלהם שלך שלכם")
_AND_TYPES = words("או")

_BUY = """
    לקנות | קנייה | קניה | לקנייה | לרכוש | רכישה | לקניה | להשקעה | דירה ראשונה | על הנייר | מקבלן | קונה | קונים
    | השקעה | קונות | רוכש | רוכשים | נקנה | אקנה | לקנית | קנית | לרכישת | רכישת | לקניית | buy | למכירה | להשקיע
    | נרכוש | ארכוש | אני משקיע | אני משקיעה | משקיעים
    | להיות בעלים | להיות בעל דירה | להיות בעלת דירה | להיות בעלי דירה | להיות בעל בית | להיות בעלי בית
    """
_RENT = """
    לשכור | שכירות | להשכרה | שכר דירה | רנט | בשכירות | לשכירות | השכרה | שוכר | שוכרת | שוכרים | להשכיר | rent
    | שכר הדירה | שכרות | נשכור | אשכור | להשכר | השכרת | השכירות | לסכור | שכירויות | סכירות
    """
_DEAL = Phrasebook(
    {
        **{phrase.strip(): "buy" for phrase in _BUY.split("|")},
        **{phrase.strip(): "rent" for phrase in _RENT.split("|")},
    }
)
_COMES_WITH = words("עם אופציה אופציית אפשרות")
"""Before a deal that only comes with the other: "שכירות עם אופציה לקנייה"."""
_RENTING = words("שוכר שוכרת שוכרים")
_HERE = words("פה כאן כבר היום כרגע עכשיו")
_HEARD_BUY = words("בנייה בניה לבנות קניא")
_HEARD_RENT = words("לסחור שכרות סחירות שחירות לשחור סכירות לסכור לשקור")
_OWNER = Phrasebook(
    """
        למכור | מוכר | מוכרת | מוכרים | מכירת הדירה | למכירה שלי | למכירת | להשכיר את | משכיר | משכירה | משכירים
        | רוצה להשכיר את | יש לי דירה להשכיר | יש לי דירה להשכרה | יש לי דירה למכירה | יש לנו דירה להשכיר
        | יש לנו דירה למכירה | יש לנו דירה להשכרה | יש לי בית למכירה | יש לנו בית למכירה | לפרסם | לפרסם דירה
        | דירה שלי להשכרה | דירה שלי למכירה | למסור לכם | בעל דירה | בעלת דירה | בעלים של | הדירה שלי למכירה
        | הדירה שלי להשכרה | הדירה שלנו למכירה | הדירה שלנו להשכרה | להעמיד | להוציא למכירה | להציע למכירה
        | להעריך | שוכרים לדירה שלי | דייר* לדירה שלי
        """
)
_NOT_THE_CALLER = words("לא להיות אתם שאתם אתן שאתן")
_SEEKS_TAKERS = Phrasebook(
    "|".join(
        f"{verb} {taker}"
        for verb in ("מחפש", "מחפשת", "מחפשים", "למצוא")
        for taker in ("שוכר*", "דייר", "דיירים", "קונה", "קונים")
    )
)
_HAVE = Phrasebook("יש לי | יש לנו | =ברשותי | =בבעלותי | =ברשותנו")
_WHICH_I = words("שאני שאנחנו שאנו שאותה שאותו")
_NOTHING_OWNED = words("עניין ענין שאלה שאלות התעניינות בקשה תקציב כסף")
_SALE = words("למכירה להשכרה להשכיר למכור")
_NOT_OWNER = words("קונים קונה לקנות לקנייה לרכוש קניה קנייה לשכור שוכרים מחפש מחפשת מחפשים")


@dataclass(frozen=True, slots=True)
class Found:
    """A value at tokens `start` up to, not including, `end`."""

    start: int
    end: int
    value: str


def understand_type(utterance: Utterance, asked: Asked, claimed: frozenset[int]) -> Found | None:
    """Return the property type the caller wants. Of alternatives the first; of "דירה" and a kind of it the kind."""
    blocked = {index for match in _NOT_TYPES.all(utterance) for index in range(match.start, match.end)} | claimed
    blocked |= background(utterance)
    if asked is Asked.PROPERTY_TYPE and utterance.keys in (("גג",), ("גנ",)):
        # To "which type": a flat with one; anywhere else what a home has besides.
        return Found(0, 1, "roof_apartment" if utterance.keys == ("גג",) else "garden_apartment")
    found: list[Found] = []
    index = 0
    while index < len(utterance):
        match = _TYPES.at(utterance, index)
        if match is None or any(position in blocked for position in range(match.start, match.end)):
            index += 1
            continue
        if match.value == "studio" and utterance.key(match.end) in _MORE_THAN_A_ROOM:
            # "דירת חדר וחצי" counts rooms; "דירת חדר" alone is a studio.
            match = Match(match.start, match.start + 1, "apartment", match.prefix)
        if _means_wanted(utterance, match, asked, bool(found)):
            found.append(Found(match.start, match.end, match.value))
        index = match.end
    standing, _ = settle(utterance, found)
    if not standing:
        return None
    chosen = standing[0]
    for other in standing[1:]:
        if chosen.value in _GENERIC and other.value != chosen.value and _specifies(utterance, chosen, other):
            chosen = other
            break
    return chosen


def _specifies(utterance: Utterance, general: Found, kind: Found) -> bool:
    between = [utterance.key(index) for index in range(general.end, kind.start)]
    if between == ["כמו"] and kind.value == "private_house":
        # "דירה כמו בית" is a flat.
        return False
    return not between or (len(between) <= 3 and between[-1] in words("רצוי עדיף מסוג סוג כמו משהו בעדיפות כלומר"))


def _anothers(utterance: Utterance, end: int) -> bool:
    """Whether the home is somebody's already: "הבית שלנו", "הדירה של אחותי"."""
    return utterance.key(end) in _OWNED or (utterance.key(end) == "של" and utterance.key(end + 1) in OTHERS)


def _means_wanted(utterance: Utterance, match: Match, asked: Asked, later: bool) -> bool:
    before, key, after = utterance.key(match.start - 1), utterance.key(match.start), utterance.key(match.end)
    single = match.end - match.start == 1
    if before in _WAS_OR_BUILD or after in _FORMER:
        # "הדירה הקודמת הייתה דופלקס", "קרקע לבניית בית": not what is wanted.
        return False
    if key.endswith("דירות") and asked not in _OPEN and not set(utterance.keys) & _SEEKS:
        # "אמרו לי שדירות שם עולות שלושה מיליון".
        return False
    if {before, utterance.key(match.start - 2)} & _LETS and not set(utterance.keys) & _YOU:
        return False
    if (
        match.value == "apartment"
        and match.prefix[-1:] in ("ב", "ל")
        and asked not in _OPEN
        and before not in _INTERESTED
    ):
        return False
    if set(utterance.keys) & _THIRD_PARTY and not set(utterance.keys) & _SEEKS:
        return False
    if (
        match.value == "warehouse"
        and (before in _EXTRAS or match.prefix.startswith("ו"))
        and (later or asked is not Asked.PROPERTY_TYPE)
    ):
        return False
    if match.value in ("office", "store") and single and before in words("ליד מול קרוב"):
        return False
    if (
        single
        and key in _PLACED
        and before not in _INTERESTED
        and not (asked is Asked.PROPERTY_TYPE and (len(utterance) == 1 or match.prefix == "ל"))
    ):
        return False
    if _anothers(utterance, match.end) or (match.prefix.endswith("ה") and asked is not Asked.PROPERTY_TYPE):
        return False
    if match.prefix.endswith("ל") and match.value == "apartment" and before in words("להיכנס כניסה נכנס"):
        return False
    if match.value == "apartment" and match.prefix.endswith("ל") and before in words("שותף שותפה שותפים"):
        return False
    return before in _INTERESTED or not (
        match.prefix in ("ב", "מ", "כ", "וב")
        and match.value in ("office", "private_house", "building", "store", "farm")
    )


def _office_does(utterance: Utterance) -> list[Found]:
    """Read "אתם משכירים דירות בחיפה?": what the office lets is what the caller would rent."""
    pairs = enumerate(pairwise(utterance.keys))
    return [
        Found(at + 1, at + 2, _OFFICE_DOES[does]) for at, (you, does) in pairs if you in _YOU and does in _OFFICE_DOES
    ]


def understand_deal(utterance: Utterance, asked: Asked, claimed: frozenset[int] = frozenset()) -> Found | None:
    """Return "buy" or "rent". "להשכיר" from a seeker means to rent."""
    found: list[Found] = []
    now = background(utterance) | claimed
    for match in _DEAL.all(utterance):
        if match.start in now or utterance.key(match.start - 1) in _COMES_WITH:
            continue
        if match.prefix.endswith("ה") and utterance.key(match.start)[len(match.prefix) :] in _RENTING:
            # "השוכר שלי יוצא במרץ": a tenant.
            continue
        if utterance.key(match.start) in _RENTING and {utterance.key(match.end), utterance.key(match.end + 1)} & _HERE:
            # "אנחנו שוכרים פה כבר שלוש שנים": what they do today.
            continue
        if (
            match.value == "buy"
            and utterance.key(match.start) == "מקבלנ"
            and utterance.key(match.start - 1) in words("לא")
        ):
            continue
        found.append(Found(match.start, match.end, match.value))
    found += _office_does(utterance)
    if asked is Asked.DEAL and not found:
        for index, key in enumerate(utterance.keys):
            if key in _HEARD_RENT or key.lstrip("בלה") in _HEARD_RENT:
                found.append(Found(index, index + 1, "rent"))
            elif key in _HEARD_BUY or key.lstrip("בלה") in _HEARD_BUY:
                found.append(Found(index, index + 1, "buy"))
    standing, denied = settle(utterance, found)
    standing = _after_so(utterance, standing)
    if not standing and denied and len({value.value for value in denied}) == 1:
        # "לא לקנות": of two, the other one.
        other = "rent" if denied[0].value == "buy" else "buy"
        return Found(denied[0].start, denied[0].end, other) if asked is Asked.DEAL else None
    if not standing:
        return None
    return (
        standing[0]
        if len({value.value for value in standing}) == 1 or asked is not Asked.DEAL
        else _last_choice(utterance, standing)
    )


def _after_so(utterance: Utterance, standing: list[Found]) -> list[Found]:
    """Prefer the conclusion: "אין לי כסף לקנות אז שכירות"."""
    so = [index for index, key in enumerate(utterance.keys) if key in ("אז", "לכנ") and index > 0]
    concluded = [value for value in standing if so and value.start > so[0]]
    return concluded or standing


def _last_choice(utterance: Utterance, standing: list[Found]) -> Found | None:
    """Of "קנייה או שכירות" repeated back, neither; otherwise the first."""
    between = [utterance.key(index) for index in range(standing[0].end, standing[1].start)]
    return None if between == ["או"] else standing[0]


def is_owner(utterance: Utterance) -> bool:
    """Whether the caller sells or lets a property of their own, rather than seeking one."""
    keys = set(utterance.keys)
    if _SEEKS_TAKERS.within(utterance):
        return True
    if {rest for key in keys for _, rest in stems(key)} & _NOT_OWNER:
        return False
    for match in _OWNER.all(utterance):
        if match.value == "להשכיר את" and utterance.key(match.end) not in words(
            "הדירה הבית הנכס דירתי המשרד החנות הוילה דירה המחסן המגרש הקליניקה היחידה המבנה הדופלקס הפנטהאוז הקוטג"
        ):
            continue
        if match.value == "להעריך" and not keys & words("הדירה הבית הנכס שלי שלנו"):
            continue
        if utterance.key(match.start - 1) in _NOT_THE_CALLER:
            continue
        return True
    for match in _HAVE.all(utterance):
        for index in range(match.end, min(match.end + 9, len(utterance))):
            lets_it = utterance.key(index - 1) in _WHICH_I and utterance.key(index + 1) in _SALE
            if utterance.key(index) in _SEEKS | _NOTHING_OWNED and not lets_it:
                break
            if utterance.key(index) in _SALE:
                return True
    return any(
        utterance.key(index) in _SALE
        and keys & words("שלי שלנו")
        and keys & words("הדירה הבית הנכס הוילה המשרד החנות המגרש")
        for index in range(len(utterance))
    )
