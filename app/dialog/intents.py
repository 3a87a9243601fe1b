"""Dialogue acts: what the caller does, apart from giving details (R10.2, R10.5, R17)."""

from dataclasses import dataclass

from app.dialog.normalise import Match, Phrasebook, Utterance, words
from app.dialog.slots import Asked, Intent

_HUMAN = Phrasebook(
    """
        נציג | נציגה | =נציג אנושי | =בן אדם אמיתי | בן אדם | אדם אמיתי | מישהו אנושי | מישהו אמיתי
        | מישהי אמיתית | בנאדם | אדם חי | =לא מדבר* עם רובוט* | =לא מדבר* עם מכונ* | =לא מדבר* עם מחשב*
        | =לא רוצה לדבר עם רובוט* | =לא רוצה רובוט | לדבר עם מישהו | לדבר עם מישהי | לדבר עם אדם | =תני לי מישהו
        | =תן לי מישהו | =תעבירי אותי | =תעביר אותי | =תעבירו אותי | להעביר אותי | =תחברי אותי | =תחבר אותי
        | =תקשרי אותי | מוקדן | מוקדנית | שירות לקוחות | גורם אנושי | מענה אנושי | =לא רוצה לדבר עם מחשב
        | =לא רוצה לדבר עם מכונה | לדבר עם אנשים | בן אנוש | =לא מדברת למכונה | =יש שם מישהו | =יש שם מישהי
        | =יש שם בן אדם | אנושי | אנושית | =תני לי לדבר עם | =תן לי לדבר עם | =נתיגנושי | אנשים אמיתיים
        """
)
_STAFF = words(
    """
        סוכן סוכנת מתווך מתווכת מזכירה המזכירה המנהל מנהל מנהלת המנהלת יועץ יועצת הסוכן המתווך מהמשרד אחראי
        האחראי מזכירות הבוס אדם
        """
)
_SPEAK = words("לדבר מדבר תעבירי תעביר תעבירו תחברי תחבר תני תן לשוחח להעביר שתעבירי מבקש מבקשת דברו")
_ASKS = words("רוצה צריך צריכה אפשר מבקש מבקשת רוצים")
_TALK_TO = Phrasebook("לדבר עם | לשוחח עם")
_CONSULTED = words(
    "אשתי בעלי ההורים אמא אבא המשפחה הבנק היועץ אחי אחותי הילדים בן בת מישהו רובוט רובוטים מכונה מכונות מחשב"
)
_NOT_HUMAN = Phrasebook(
    """
        בלי נציג | =לא צריך נציג | =לא רוצה נציג | בלי מתווך | בלי תיווך | לבן אדם אחד | בן אדם אחד | בן אדם שקט
        | לבן אדם | ללא תיווך | ללא מתווך
        """
)
_GOODBYE = Phrasebook(
    """
        =ביי | =ביי ביי | =להתראות | =ולהתראות | =נשתמע | =יאללה ביי | =שלום ותודה | =זה הכל תודה
        | =זה הכול תודה | =תודה זה הכל | =תודה זה הכול | =זהו תודה | =תודה זהו | =לילה טוב | =אני מנתק* | =מנתק*
        | =אני סוגר* | =נדבר | =ביביי | =להית* | =זה הכל | =זה הכול | =תודה ושלום | =תודה רבה ושלום | =זהו זה
        | =היה נעים | =סיימנו | =אני חייב* ללכת | =חייב* לסיים | =אני צריך ללכת | =אני צריכה ללכת | =כל טוב
        | =שבת שלום | =יום נעים | =ערב נעים | =המשך יום נעים | =המשך יום טוב | =bye | =צריך לסגור | =צריכה לסגור
        | =ויומניים
        """
)
_GREETING_OR_BYE = Phrasebook("=יום טוב | =ערב טוב | =ויום טוב | =שבוע טוב | =חג שמח | =שיהיה יום טוב")
_REPEAT = Phrasebook(
    """
        =מה אמרת | =מה שאלת | =לא שמעתי | =לא שומע* | =תחזרי | =תחזור | =תחזרי שוב | =תחזרי על | =תגידי שוב
        | =תגיד שוב | =עוד פעם | =לא הבנתי | =לא קלטתי | =מה זאת אומרת | =תגידי עוד פעם | =לחזור על | =לחזור שוב
        | =מה השאלה | =מה היתה השאלה | =מה הייתה השאלה | =מה היה | =מה אמרתם | =מה אמרתן | =אפשר שוב
        | =שוב בבקשה | =שוב פעם | =לא הייתי מרוכז* | =נקטע | =נקטעת | =את נקטעת | =מה ביקשת | =מה רצית
        | =תגידי לי שוב | =תשאלי שוב | =לא הבנתי אותך | =תדברי יותר לאט | =יותר לאט | =לשאול שוב | =תוכלי לחזור
        | =אפשר לחזור | =תחזרו | =לא תפסתי | =מה מה | =לא שמעתי טוב | =דברי חזק* | =דברי יותר חזק*
        """
)
_REPEAT_ALONE = words("מה שוב סליחה איך הא")
_NOT_REPEAT = Phrasebook(
    """
        =תחזרי אלי* | =תחזור אלי* | =תחזרו אלי* | =תחזרו אלינו | =לחזור אלי* | =לחזור אלינו | =לא הבנתי למה
        | =לא הבנתי בשביל מה | =תחזרו | =תחזרי אלינו | =לחזור ל*
        """
)
_WHATSAPP = Phrasebook(
    """
        וואטסאפ* | ווטסאפ* | ווצאפ* | וואצאפ* | ווטסאב* | וואטסאב* | ווטצאפ* | וואטס* | ווטס* | וואצ* | whatsapp
        | =הודעה | הודעת טקסט | =בהודעה | =תסמסי | =תשלחי לי | =תשלח לי | =תשלחו לי | sms | סמס | =אסמס | לסמס
        | הודעת סיכום | =ותסאפ | =בוטסאפ | =ווצ
        """
)
_NOT_WHATSAPP = Phrasebook(
    """
        =לא בוואטסאפ | =לא וואטסאפ | =לא צריך וואטסאפ | =לא בהודעה | =בלי וואטסאפ | =לא רוצה וואטסאפ
        | =אין לי וואטסאפ | =בלי הודעות | =לא הודעה | =בלי הודעה | =לא צריך הודעה
        """
)
_SCHEDULE = Phrasebook(
    """
        =תתקשרו | =תתקשרי | =תתקשר | =שיתקשרו | =שתתקשרו | =שתתקשרי | =תחזרו אלי* | =תחזרי אלי* | =שיחזרו אלי*
        | =שיחזור אלי* | =יחזרו אלי* | =יחזור אלי* | =יתקשר* | =תקבעו | =תקבעי | =לקבוע | =נקבע
        | =אני נוהג* | =אני באמצע | =באמצע נהיגה | =תתאמו | =לתאם | =תתאמי | =בנהיגה | =אני בנהיגה | =אני בעבודה
        | =אני בפגישה | =שיחה עם יועץ | =שיחה עם היועץ | =שיחזרו | =שיחזור | =תחזרו | =דברו איתי מחר
        | =תחזרו אלינו | =לא יכול* לדבר | =לא נוח לי* | =שיחת טלפון | =להתקשר אלי* | =שיתקשר*
        | =לחזור אלי* מחר | =תקבע | =אפשר שיחזרו | =תואמו | =עדיף שיחה | =בטלפון עם | =מעדיפ* שיחה | =תזמני*
        | =שנקבע | =תדברו איתי | =שתקבעו | =לחזור אלי*
        """
)
_NOT_SCHEDULE = Phrasebook(
    """
        =אני אתקשר | =לא צריך שתתקשרו | =אל תתקשר* | =לא לקבוע | =לא רוצה שתתקשרו | =אל תחזר* | =לא צריך שיחה
        | =לא רוצה פגישה | =לא צריך פגישה | =אל תתקשרו
        """
)
_CONFIRM = Phrasebook(
    """
        =כן | =נכון | =בדיוק | =מדויק | =מאשר* | =סבבה | =אוקיי | =אוקי | =יאללה | =הכל בסדר | =הכול בסדר | =בטח
        | =בסדר | =מצוין | =מעולה | =מאה אחוז | =בוודאי | =כמובן | =אין בעיה | =אין שום בעיה | =לגמרי | =חיובי
        | =ok | =okay | =yes | =yeah | =נכונים | =אחלה | =מסכימ* | =בהחלט | =זה נכון | =סבבי | =כן כן
        | =נראה לי שכן | =חושב* שכן | =מניח* שכן | =מדוייק | =אהמ | =בשמחה | =תקין | =מושלם | =הכל טוב | =בול
        """
)
_CONFIRM_ALONE = words("אפשר ברור יופי טוב קדימה אמת מתאים אשמח סגור חיובי אישור בבקשה תודה מאוד זה לי")
_DENY = Phrasebook(
    """
        =לא נכון | =לא מדויק | =ממש לא | =שלילי | =no | =טעות | =לא צריך | =אין צורך | =לא תודה
        | =לא נראה לי | =לא מסכימ* | =לא לא | =בשום אופן | =עזבי | =שום דבר | =לא רוצה | =לא מתאים
        """
)
_REFUSAL = Phrasebook(
    """
        =לא רוצה להגיד | =לא רוצה לומר | =לא רוצה למסור | =לא רוצה לתת | =מעדיפ* לא* | =עדיף לא* | =עדיף שלא
        | =מעדיפ* שלא | =לא מוסר* | =לא נותנ* | =בלי שם | =בלי שמות | =בלי טלפון | =לא אגיד | =לא מעוניינ* לומר
        | =לא מעוניינ* למסור | =לא מעוניינ* להגיד | =אין לי עניין | =זה פרטי | =לא עניינך | =לא עניין שלך | =לא עסקך
        | =לא עניינכם | =לא נוח לי למסור | =לא נוח לי להגיד | =לא חייב* | =לא רוצה | =דלגי | =תדלגי | =נדלג
        | =אפשר לדלג | =לדלג | =סודי | =חסוי | =אנונימי* | =לא אמסור | =לא מעוניינ* | =לא משתפ* | =לא לשתף
        | =לא בא לי* | =אפשר בלי | =עזבי את זה | =לא חושפ* | =זה אישי | =לא מגלה | =לא רוצים | =עדיף בלי
        | =מוותר* | =אפשר שלא | =לא אתן | =לא נותנת | =לא נמסור | =שמרי את זה | =לא אומר* | =לא אמרתי שאני מוסר
        | =לא צריכה לדעת | =לא צריך לדעת | =למה את צריכה
        """
)
_NO_ANSWER = Phrasebook(
    """
        =לא יודע* | =לא חשבתי | =עוד לא חשבתי | =לא החלטתי | =לא החלטנו | =עוד לא החלט* | =לא סגור*
        | =אין לי מושג | =אין מושג | =תלוי | =נראה | =לא בטוח* | =לא משנה | =לא אכפת | =לא חשוב | =מה שיש
        | =כל דבר | =לא יודעים | =לא ברור לי | =פתוח* ל* | =אין לי העדפה | =אין העדפה | =לא סגורים | =צריך לחשוב
        | =צריכה לחשוב | =נחשוב | =לא עשינו | =לא חשבנו | =כל מקום | =איפה שיש | =גמיש* | =אני פתוח*
        | =אנחנו פתוח* | =לא זוכר* | =עדיין לא
        """
)
_HOLD = Phrasebook(
    """
        =רגע | =שנייה | =שניה | =רק רגע | =רק שנייה | =חכי | =חכה | =תחכי | =דקה | =רגע אחד | =שנייה אחת
        | =שניונת | =רק שניה | =תמתיני | =חכי שנייה | =רק דקה
        """
)
_HOLD_FILLERS = words(
    """
        אחד אחת רק בבקשה לי רגע שנייה שניה דקה חכי תחכי אני בודק בודקת על הקו תמתיני כן אוקיי טוב לחכות תני תן
        שואל שואלת את אשתי בעלי
        """
)
_ABUSE = Phrasebook(
    """
        זונה | בן זונה | בת זונה | שרמוטה | כוסעמק | כוס אמק | כוס אמא שלך | כוסאמק | מטומטמ* | אידיוט* | דפוק*
        | מניאק* | =לכי תזדייני | =לך תזדיין | תזדיין | תזדייני | =סתמי | =תסתמי | =תשתקי | =סתום | מפגר* | חרא
        | =לכי לעזאזל | =שתמותי | חתיכת זבל | זבל של | בהמה | =חראות | טמבל* | קקה | מסריח* | דביל*
        """
)
_INJECTION = Phrasebook(
    """
        הוראות קודמות | ההוראות שלך | ההנחיות שלך | תתעלמי מ* | תתעלם מ* | התעלמי | תשכחי מה* | תשכח מה*
        | פרומפט | הפרומפט | פרומט | מצב מפתח | מצב מפתחים | מצב אדמין | אדמין | מנהל המערכת | מנהלת המערכת
        | =מעכשיו את | =מעכשיו אתה | system | prompt | =אני המתכנת | =אני המפתח | =אני המנהל של המערכת
        | developer | ignore | הנחיות המערכת | תקריאי את | =תני לי את רשימת | רשימת הלקוחות | פרטי לקוחות
        | פרטים של לקוחות | טלפונים של לקוחות | הלקוחות שלכם | =תתנהגי כאילו | =תעמידי פנים | =תשחקי
        | מאגר הלקוחות | תאשרי לי מחיר | תאשרי את העסקה | תגידי שהמחיר | =את עכשיו | =שכחי מ* | תחשפי | =תגלי לי
        | =תמחקי את המאגר | =תמחקי את כל | הלקוח הקודם | הלקוח האחרון | לקוח אחר | =תאשרי הנחה | =תעקפי
        """
)
_ROBOT = Phrasebook(
    """
        =את רובוט* | =אתה רובוט* | =זה רובוט | =זאת רובוטית | =את מחשב | =את אמיתית | =את בן אדם | =את בנאדם
        | =את אנושית | =זה מחשב | =זה מוקלט | =זאת הקלטה | =זו הקלטה | =מדברת אמיתית | =את מכונה
        | =בינה מלאכותית | =אני מדבר עם רובוט | =אני מדברת עם רובוט | =זה בוט | =את בוט | =עם מכונה
        | =מישהי אמיתית או | =אדם או רובוט
        """
)
_LISTING = Phrasebook(
    """
        =כמה עולה | =כמה עולות | =כמה זה עולה | =מה המחיר* | =מה יש לכם | =יש לכם | =איזה דירות יש | =אילו דירות
        | =מה הכתובת | =באיזה רחוב | =הדירה שפרסמתם | =הדירה שראיתי | =המודעה | =ראיתי מודעה | =הנכס שפרסמתם
        | =מה ההבדל* | =כמה דירות | =כמה נכסים
        | =כמה עולים | =יש חניה | =יש מעלית | =איזה נכסים | =מה המחירים | =מה עולה
        """
)
_QUESTIONS = words("כמה מה מי איפה איך למה האם מתי איזה איזו אילו")
_GHOSTS = Phrasebook(
    """
        תודה שצפיתם | תודה על הצפייה | תודה על הצפיה | כתוביות | תודה שצפית | תודה רבה שצפיתם | לצפייה
        | הירשמו לערוץ | תרגום וכתוביות | כתוביות של | תמלול | תורגם על ידי | תודה לכם על הצפייה
        """
)
_PHONE_YES = Phrasebook(
    """
        =למספר הזה | =המספר הזה | =למספר ש* | =זה המספר | =המספר שלי | =לאותו מספר | =המספר ש* | =זה שאני מתקשר*
        | =מה שמופיע | =לזה | =על המספר הזה | =אותו מספר | =המספר נכון
        """
)
_OTHER_NUMBER = words("אחר אחרת שונה במקום לא")


@dataclass(frozen=True, slots=True)
class Acts:
    """The acts heard in an utterance, before slots decide between them."""

    human: bool = False
    goodbye: bool = False
    repeat: bool = False
    whatsapp: bool = False
    schedule: bool = False
    confirm: bool = False
    deny: bool = False
    refusal: bool = False
    no_answer: bool = False
    hold: bool = False
    abuse: bool = False
    injection: bool = False
    asks_robot: bool = False
    asks_listing: bool = False
    question: bool = False
    ghost: bool = False
    same_number: bool = False


def _human(utterance: Utterance) -> bool:
    if _NOT_HUMAN.within(utterance):
        return False
    if _HUMAN.within(utterance):
        return not any(
            key in ("יתקשר", "יחזור", "שיתקשר", "שיחזור", "יחזרו", "שנציג") for key in utterance.keys
        ) or bool(set(utterance.keys) & words("לדבר תעבירי תעביר עכשיו"))
    keys = utterance.keys
    if any(match.end < len(keys) and keys[match.end] not in _CONSULTED for match in _TALK_TO.all(utterance)):
        return True
    staff = [index for index, key in enumerate(keys) if key in _STAFF or key[1:] in _STAFF]
    if not staff:
        return False
    speaks = any(key in _SPEAK for key in keys[: staff[-1]])
    told = any(key in words("אמר אמרה הבטיח אני משה") for key in keys[: staff[0]])
    asks = bool(staff[-1] >= len(keys) - 2 and set(keys[max(0, staff[-1] - 2) : staff[-1]]) & _ASKS)
    return speaks or asks or (len(utterance) <= 2 + ("בבקשה" in keys) and not told)


def _means_me(utterance: Utterance, match: Match) -> bool:
    """Whether "בי" is "in me": it folds like "ביי"."""
    return utterance.tokens[match.start].text == "בי" and len(utterance) > 1


def _goodbye(utterance: Utterance, asked: Asked) -> bool:
    closing = [match for match in _GOODBYE.all(utterance) if not _means_me(utterance, match)]
    if closing:
        weak = all(match.value.lstrip("=") in ("זה הכל", "זה הכול", "נדבר", "סיימנו", "זהו זה") for match in closing)
        if not weak:
            return not (closing[0].start == 0 and len(utterance) > closing[0].end + 3)
        return asked in (Asked.ANYTHING_ELSE, Asked.NEXT_STEP, Asked.SUMMARY_CONFIRM) or "תודה" in utterance.keys
    matches = _GREETING_OR_BYE.all(utterance)
    return (
        bool(matches)
        and matches[-1].end == len(utterance)
        and (asked is not Asked.GREETING or "תודה" in utterance.keys)
    )


def _repeat(utterance: Utterance) -> bool:
    keys = utterance.keys
    if not keys:
        return False
    if len(keys) <= 2 and all(key in _REPEAT_ALONE for key in keys):
        return True
    if _NOT_REPEAT.within(utterance):
        return any(
            match.value.lstrip("=") in ("מה אמרת", "מה שאלת", "לא שמעתי", "לא הבנתי", "לחזור על")
            and not _NOT_REPEAT.at(utterance, match.start)
            for match in _REPEAT.all(utterance)
        )
    if _REPEAT.within(utterance):
        return True
    return keys[-1] == "שוב" and len(keys) <= 4 and "נתקשר" not in keys


def _says_no(utterance: Utterance) -> bool:
    """Whether a lone no answers: it opens or closes the utterance, or there is hardly more; "אני לא מבין" is none."""
    keys = utterance.keys
    if keys in (("אינ",), ("כלומ",)):
        return True
    return "לא" in keys and (keys[0] == "לא" or keys[-1] == "לא" or len(keys) <= 3)


def understand_acts(utterance: Utterance, asked: Asked) -> Acts:
    """Return every act heard in the utterance."""
    keys = set(utterance.keys)
    injection = _INJECTION.within(utterance)
    human = not injection and _human(utterance)
    ghost = _GHOSTS.within(utterance) and len(utterance) <= 8
    hold = any(match.start <= 1 for match in _HOLD.all(utterance))
    refusal = _REFUSAL.within(utterance) or (len(keys) <= 2 and bool(keys & words("פרטי אישי סודי")))
    whatsapp = _WHATSAPP.within(utterance) and not _NOT_WHATSAPP.within(utterance)
    robot = _ROBOT.within(utterance)
    if robot and not keys & _SPEAK - words("מדבר"):
        human = (human and not keys & words("אנושית אנושי אדם בנאדם")) or False
    first = utterance.keys[:1]
    return Acts(
        human=human,
        goodbye=_goodbye(utterance, asked),
        repeat=_repeat(utterance),
        whatsapp=whatsapp,
        schedule=(
            _SCHEDULE.within(utterance)
            or (bool(keys & words("שיחה פגישה לפגישה לשיחה")) and (asked is Asked.NEXT_STEP or len(utterance) <= 2))
        )
        and not _NOT_SCHEDULE.within(utterance),
        confirm=_CONFIRM.within(utterance)
        or (
            bool(utterance.keys)
            and all(key in _CONFIRM_ALONE for key in keys)
            and not keys <= words("תודה מאוד בבקשה זה לי")
        ),
        deny=_DENY.within(utterance) or _says_no(utterance),
        refusal=refusal,
        no_answer=_NO_ANSWER.within(utterance),
        hold=hold and all(key in _HOLD_FILLERS for key in utterance.keys),
        abuse=_ABUSE.within(utterance),
        injection=injection,
        asks_robot=robot,
        asks_listing=_LISTING.within(utterance),
        question=bool(first and first[0] in _QUESTIONS) or utterance.text.rstrip().endswith("?"),
        ghost=ghost,
        same_number=_PHONE_YES.within(utterance),
    )


def decide(acts: Acts, asked: Asked, *, informed: bool, phone_confirmed: bool) -> Intent:
    """Return the turn's one intent: human > goodbye > repeat > whatsapp/schedule > information > yes/no > unclear."""
    if acts.ghost or (acts.injection and not informed):
        return Intent.UNCLEAR
    if acts.human:
        return Intent.HUMAN
    if acts.goodbye:
        return Intent.GOODBYE
    if acts.repeat and not (informed and asked is Asked.PHONE):
        return Intent.REPEAT
    if acts.whatsapp and (asked in (Asked.NEXT_STEP, Asked.ANYTHING_ELSE, Asked.SUMMARY_CONFIRM) or not informed):
        return Intent.WHATSAPP
    if acts.schedule and not phone_confirmed and not (informed and asked in (Asked.PHONE, Asked.PHONE_CONFIRM)):
        return Intent.SCHEDULE
    if phone_confirmed:
        return Intent.CONFIRM
    if informed:
        return Intent.PROVIDE_INFO
    if acts.hold or acts.abuse or acts.asks_robot:
        return Intent.UNCLEAR
    return _answer(acts, asked)


def _answer(acts: Acts, asked: Asked) -> Intent:
    """Choose for an utterance that gives no detail."""
    closed = asked in (Asked.PHONE_CONFIRM, Asked.SUMMARY_CONFIRM, Asked.NEXT_STEP, Asked.ANYTHING_ELSE, Asked.GREETING)
    if acts.refusal:
        return Intent.DENY
    if acts.no_answer and not closed:
        return Intent.PROVIDE_INFO
    if acts.question:
        return Intent.UNCLEAR
    if acts.deny:
        return Intent.DENY
    return Intent.CONFIRM if acts.confirm else Intent.UNCLEAR
