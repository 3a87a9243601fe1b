"""Dialogue acts: what the caller does, apart from giving details (R10.2, R10.5, R17)."""

from dataclasses import dataclass

from app.dialog.domain import Asked, Intent
from app.dialog.hebrew.lexicon import Lexicon
from app.dialog.hebrew.phrases import Match, Phrasebook
from app.dialog.hebrew.times.clock_times import callback_words
from app.dialog.hebrew.tokens import Utterance, fold, words

_LISTS = Lexicon("hebrew/acts.toml")
_HUMAN = _LISTS.phrases("human")
_STAFF = _LISTS.words("staff")
_SPEAK = _LISTS.words("speak")
_ASKS = _LISTS.words("asks")
_TALK_TO = _LISTS.phrases("talk_to")
_CONSULTED = _LISTS.words("consulted")
_CONNECT = _LISTS.phrases("connect")
_NOT_HUMAN = _LISTS.phrases("not_human")
_GOODBYE = _LISTS.phrases("goodbye")
_END_CALL = _LISTS.phrases("end_call")
_BESIDE_END = _LISTS.words("beside_end")
WRONG_NUMBER = Lexicon("real_estate/errands.toml").phrases("wrong_number")
_NOT_END = _LISTS.phrases("not_end")
_MORE_TO_SAY = _LISTS.phrases("more_to_say")
_WHO_IS_THIS = _LISTS.phrases("who_is_this")
_GREETING_OR_BYE = _LISTS.phrases("greeting_or_bye")
_REPEAT = _LISTS.phrases("repeat")
_REPEAT_ALONE = _LISTS.words("repeat_alone")
_BESIDE_AGAIN = _LISTS.words("beside_again")
_BESIDE_REPEAT = _LISTS.words("beside_repeat")
_NOT_REPEAT = _LISTS.phrases("not_repeat")
_WHATSAPP_NAMED = _LISTS.phrases("whatsapp_named")
_MY_NUMBER = _LISTS.words("my_number")
_WHATSAPP = _LISTS.phrases("whatsapp")
_NOT_WHATSAPP = _LISTS.phrases("not_whatsapp")
_SCHEDULE = _LISTS.phrases("schedule")
_BUSY = _LISTS.phrases("busy")
_NOT_SCHEDULE = _LISTS.phrases("not_schedule")
_CONFIRM = _LISTS.phrases("confirm")
_CONFIRM_ALONE = _LISTS.words("confirm_alone")
_DENY = _LISTS.phrases("deny")
_NO_MEANS_YES = _LISTS.phrases("no_means_yes")
_REFUSAL = _LISTS.phrases("refusal")
_GO_ON = _LISTS.phrases("go_on")
_NO_ANSWER = _LISTS.phrases("no_answer")
HOLD = _LISTS.phrases("hold")
_HOLD_FILLERS = _LISTS.words("hold_fillers")
_ABUSE = _LISTS.phrases("abuse")
_INJECTION = _LISTS.phrases("injection")
_ROBOT = _LISTS.phrases("robot")
_LISTING = _LISTS.phrases("listing")
_QUESTIONS = _LISTS.words("questions")
_GHOSTS = _LISTS.phrases("ghosts")
_PHONE_YES = _LISTS.phrases("phone_yes")
_CALLS_BACK = _LISTS.words("calls_back")
_WEAK_GOODBYES = _LISTS.listed("weak_goodbyes")
_WISHED_BACK = _LISTS.words("wished_back")
_ASKS_AGAIN = _LISTS.words("asks_again")
_NO_CALL_NOW = _LISTS.words("no_call_now")
_ADVISER = _LISTS.words("adviser")
_DAY = _LISTS.words("day")
_FIRST_CHOICE = _LISTS.words("first_choice")
_PRIVATE = _LISTS.words("private")
_HUMAN_BEINGS = _LISTS.words("human_beings")
_BEFORE_A_QUESTION, _TELL_ME = _LISTS.words("before_a_question"), _LISTS.phrases("tell_me")
_AFTER_A_GRANT = _LISTS.words("after_a_grant") | {""}
_ONLY_FIRST = frozenset(_LISTS.listed("repeat_only_first"))
_TO_ME = _LISTS.words("to_me")
_LAST_OF_A_QUESTION = _LISTS.words("last_of_a_question")
_MEETING = _LISTS.words("meeting")
_THANKS_ALONE = _LISTS.words("thanks_alone")

_CLOSED = (Asked.PHONE_CONFIRM, Asked.SUMMARY_CONFIRM, Asked.NEXT_STEP, Asked.ANYTHING_ELSE, Asked.GREETING)
_LONGEST_ASSENT = 3
_LONGEST_WHO = 5
_LONGEST_GHOST = 8
_TALK = _SPEAK - words("מדבר")
# Here "a mistake in the number" is about the digits, not about whom one has called.
_ABOUT_DIGITS = (Asked.PHONE, Asked.PHONE_CONFIRM, Asked.SUMMARY_CONFIRM)
_AGAINST = _LISTS.words("against")
_BY_PHONE = _LISTS.words("by_phone")


@dataclass(frozen=True, slots=True)
class Acts:
    """The acts heard in an utterance, before slots decide between them."""

    human: bool = False
    goodbye: bool = False
    repeat: bool = False
    whatsapp: bool = False
    names_whatsapp: bool = False
    """The service is named, which "תשלחי לי" leaves open."""
    schedule: bool = False
    busy: bool = False
    """It is a bad moment."""
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
    more_to_say: bool = False
    """The caller is not done: "יש לי עוד שאלה", "אל תנתקי"."""
    asks_who: bool = False
    """Who is speaking, where the call has got to."""


def _human(utterance: Utterance) -> bool:
    if _NOT_HUMAN.within(utterance) and not _CONNECT.within(utterance):
        return False
    if _HUMAN.within(utterance):
        return _CALLS_BACK.isdisjoint(utterance.keys)
    keys = utterance.keys
    if any(match.end < len(keys) and keys[match.end] not in _CONSULTED for match in _TALK_TO.all(utterance)):
        return True
    staff = [index for index, key in enumerate(keys) if key in _STAFF or key[1:] in _STAFF]
    if not staff:
        return False
    speaks = any(key in _SPEAK for key in keys[: staff[-1]])
    asks = bool(staff[-1] >= len(keys) - 2 and set(keys[max(0, staff[-1] - 2) : staff[-1]]) & _ASKS)
    return speaks or asks


def _means_me(utterance: Utterance, match: Match) -> bool:
    """Whether "בי" is "in me": it folds like "ביי"."""
    return utterance.tokens[match.start].text == "בי" and len(utterance) > 1


def _ends_call(utterance: Utterance, asked: Asked) -> bool:
    """Whether the caller wants to end, or has called somebody else."""
    if WRONG_NUMBER.within(utterance):
        return asked not in _ABOUT_DIGITS
    ends = _END_CALL.all(utterance)
    return bool(ends) and all(key in _BESIDE_END for key in utterance.keys[ends[-1].end :])


def _goodbye(utterance: Utterance, asked: Asked) -> bool:
    if _NOT_END.within(utterance):
        return False
    if _ends_call(utterance, asked):
        return True
    closing = [match for match in _GOODBYE.all(utterance) if not _means_me(utterance, match)]
    if closing:
        if any(match.value.lstrip("=") not in _WEAK_GOODBYES for match in closing):
            return not (closing[0].start == 0 and len(utterance) > closing[0].end + 3)
        return asked in (Asked.ANYTHING_ELSE, Asked.NEXT_STEP, Asked.SUMMARY_CONFIRM)
    matches = _GREETING_OR_BYE.all(utterance)
    wished = bool(matches) and _WISHED_BACK.issuperset(utterance.keys[matches[-1].end :])
    return wished and asked is not Asked.GREETING


def _repeat(utterance: Utterance) -> bool:
    keys = utterance.keys
    if not keys:
        return False
    if len(keys) <= 3 and any(key in _REPEAT_ALONE for key in keys):
        alone = all(key in _REPEAT_ALONE or key in _BESIDE_REPEAT for key in keys)
        if alone and (len(keys) <= 2 or keys[-1] in _ASKS_AGAIN):
            return True
    if _NOT_REPEAT.within(utterance):
        return any(
            match.value.lstrip("=") in ("מה אמרת", "מה שאלת", "לא שמעתי", "לא הבנתי", "לחזור על")
            and not _NOT_REPEAT.at(utterance, match.start)
            for match in _REPEAT.all(utterance)
        )
    if any(match.start == 0 or match.value not in _ONLY_FIRST for match in _REPEAT.all(utterance)):
        return True
    return keys[-1] == "שוב" and len(keys) <= 4 and all(key in _BESIDE_AGAIN for key in keys[:-1])


def _takes_call(utterance: Utterance) -> bool:
    """Whether the answer to "a message or a call" is the call: an adviser, or a time for it."""
    if _WHATSAPP.within(utterance) or _HUMAN.within(utterance) or set(utterance.keys) & _NO_CALL_NOW:
        return False
    return bool(set(utterance.keys) & _ADVISER) or bool(callback_words(utterance.text))


def _whatsapp(utterance: Utterance, asked: Asked) -> bool:
    """Whether the caller wants a message; "לא ווטסאפ" and "ולא הודעה" are against it."""
    if _NOT_WHATSAPP.within(utterance):
        return False
    none = fold("אין")
    wanted = [
        match
        for match in _WHATSAPP.all(utterance)
        if utterance.key(match.start - 1) not in _AGAINST
        and not (utterance.key(match.start - 2) == none and utterance.key(match.start - 1) in _TO_ME)
    ]
    if asked is Asked.NEXT_STEP and not wanted and not set(utterance.keys) & _DAY:
        first = any(key in _FIRST_CHOICE for key in utterance.keys)
        return first or utterance.keys[-2:] == (fold("גם"), fold("וגם"))
    return bool(wanted)


def _says_no(utterance: Utterance) -> bool:
    """Whether a lone no answers: it opens or closes the utterance, or there is hardly more; "אני לא מבין" is none."""
    keys = utterance.keys
    if keys in ((fold("אין"),), (fold("כלום"),)):
        return True
    return "לא" in keys and (keys[0] == "לא" or keys[-1] == "לא" or len(keys) <= 3)


def _passing(utterance: Utterance, match: Match) -> bool:
    """Whether "בדיוק" only says when: "אני בדיוק יוצאת מהעבודה"."""
    return match.value == "=בדיוק" and utterance.key(match.start - 1) in words("אני אנחנו")


def _tag_question(utterance: Utterance, asked: Asked) -> bool:
    """Whether "נכון" at the end only asks for assent: "ארנונה זה שבע מאות שקל נכון"."""
    keys = utterance.keys
    return keys[-1:] == (fold("נכון"),) and len(keys) > _LONGEST_ASSENT and asked not in _CLOSED and keys[0] != "כנ"


def _grants(utterance: Utterance, asked: Asked) -> bool:
    """Whether a word of assent opens more than a yes to the number: "אפשר, אבל רק בערב"; "אפשר לחזור" asks."""
    if asked is not Asked.PHONE_CONFIRM:
        return False
    last = utterance.keys[-1:] == ("אפשר",) and "לא" not in utterance.keys
    follows = utterance.key(1)
    goes_on = follows in _AFTER_A_GRANT or follows.startswith("ו")
    return last or (goes_on and utterance.key(0) in _CONFIRM_ALONE - _THANKS_ALONE)


def _asks(utterance: Utterance, asked: Asked) -> bool:
    """Whether the caller asks something, behind a yes or a greeting, too: "כן תגידי לי, יש שם חניה"."""
    if _tag_question(utterance, asked) or utterance.text.rstrip().endswith("?"):
        return True
    opening = 0
    while utterance.key(opening) in _BEFORE_A_QUESTION:
        opening += 1
    last = utterance.key(len(utterance) - 1)
    if last in _LAST_OF_A_QUESTION and len(utterance) > _LONGEST_ASSENT and "לא" not in utterance.keys:
        # "אני רואה שהתקשרתם, זה בקשר למה".
        return True
    asks = utterance.key(opening) in _QUESTIONS and not _NO_MEANS_YES.at(utterance, opening)
    tell = _TELL_ME.at(utterance, opening)
    return asks or (tell is not None and tell.end < len(utterance))


def understand_acts(utterance: Utterance, asked: Asked) -> Acts:
    """Return every act heard in the utterance."""
    offered = asked is Asked.NEXT_STEP and _takes_call(utterance)
    whatsapp = _whatsapp(utterance, asked)
    return Acts(
        human=not offered and _human(utterance) and not _only_asks_who_speaks(utterance),
        goodbye=_goodbye(utterance, asked),
        repeat=_repeat(utterance),
        whatsapp=whatsapp,
        names_whatsapp=whatsapp and _WHATSAPP_NAMED.within(utterance) and _MY_NUMBER.isdisjoint(utterance.keys),
        schedule=(offered or _schedules(utterance, asked)) and not _NOT_SCHEDULE.within(utterance),
        busy=_BUSY.within(utterance),
        confirm=_confirms(utterance, asked),
        deny=(_DENY.within(utterance) or _says_no(utterance)) and not _NO_MEANS_YES.within(utterance),
        refusal=_refuses(utterance, asked),
        no_answer=_NO_ANSWER.within(utterance),
        hold=_holds(utterance),
        abuse=_ABUSE.within(utterance),
        injection=_INJECTION.within(utterance),
        asks_robot=_ROBOT.within(utterance),
        asks_listing=_LISTING.within(utterance),
        question=_asks(utterance, asked),
        ghost=_GHOSTS.within(utterance) and len(utterance) <= _LONGEST_GHOST,
        same_number=any(utterance.key(match.end) != "של" for match in _PHONE_YES.all(utterance)),
        more_to_say=_unopposed(utterance, _MORE_TO_SAY),
        asks_who=len(utterance) <= _LONGEST_WHO and _WHO_IS_THIS.within(utterance),
    )


def _only_asks_who_speaks(utterance: Utterance) -> bool:
    """Whether "am I talking to a human being or to a machine" is no wish for one."""
    keys = set(utterance.keys)
    return _ROBOT.within(utterance) and not keys & _TALK and bool(keys & _HUMAN_BEINGS)


def _unopposed(utterance: Utterance, book: Phrasebook) -> bool:
    """Whether a phrase is said that no "not" stands before."""
    return any(utterance.key(match.start - 1) not in _AGAINST for match in book.all(utterance))


def _schedules(utterance: Utterance, asked: Asked) -> bool:
    """Whether a call at another time is wished for."""
    keys = set(utterance.keys)
    if _unopposed(utterance, _SCHEDULE) or (keys & _MEETING and (asked is Asked.NEXT_STEP or len(utterance) <= 2)):
        return True
    return asked is Asked.NEXT_STEP and bool(keys & _BY_PHONE) and not _WHATSAPP.within(utterance)


def _confirms(utterance: Utterance, asked: Asked) -> bool:
    keys = set(utterance.keys)
    if _grants(utterance, asked) or any(not _passing(utterance, match) for match in _CONFIRM.all(utterance)):
        return True
    return bool(keys) and keys <= _CONFIRM_ALONE and not keys <= _THANKS_ALONE


def _refuses(utterance: Utterance, asked: Asked) -> bool:
    """Whether the caller will not say: refuses, calls it private, or wants to go on."""
    keys = set(utterance.keys)
    if _REFUSAL.within(utterance) or (len(keys) <= 2 and keys & _PRIVATE):
        return True
    return _GO_ON.within(utterance) and len(utterance) <= _LONGEST_ASSENT and asked not in _CLOSED


def _holds(utterance: Utterance) -> bool:
    """Whether the caller asks for a moment, and says nothing else."""
    opens = any(match.start <= 1 for match in HOLD.all(utterance))
    return opens and _HOLD_FILLERS.issuperset(utterance.keys)


def decide(acts: Acts, asked: Asked, *, informed: bool, phone_confirmed: bool) -> Intent:
    """Return the turn's one intent: human > goodbye > repeat > whatsapp/schedule > information > yes/no > unclear."""
    if acts.human:
        return Intent.HUMAN
    if acts.goodbye:
        return Intent.GOODBYE
    if acts.repeat and not (informed and asked is Asked.PHONE):
        return Intent.REPEAT
    closing = asked in (Asked.NEXT_STEP, Asked.ANYTHING_ELSE, Asked.SUMMARY_CONFIRM)
    if acts.whatsapp and (closing or not informed or acts.names_whatsapp):
        return Intent.WHATSAPP
    if phone_confirmed:
        return Intent.CONFIRM
    if _puts_off(acts, asked, informed=informed):
        return Intent.SCHEDULE
    if informed:
        return Intent.PROVIDE_INFO
    if acts.hold or acts.abuse or acts.asks_robot or acts.asks_who:
        return Intent.UNCLEAR
    return _answer(acts, asked)


def _puts_off(acts: Acts, asked: Asked, *, informed: bool) -> bool:
    """Whether the call is to go on at another time."""
    dictates = informed and asked in (Asked.PHONE, Asked.PHONE_CONFIRM)
    return (acts.schedule and not dictates) or (acts.busy and not informed)


def _answer(acts: Acts, asked: Asked) -> Intent:
    """Choose for an utterance that gives no detail."""
    closed = asked in _CLOSED
    if acts.refusal:
        return Intent.DENY
    if acts.no_answer and (not closed or asked is Asked.NEXT_STEP):
        return Intent.PROVIDE_INFO
    if acts.question:
        return Intent.UNCLEAR
    if acts.deny:
        return Intent.DENY
    confirms = acts.confirm or (acts.same_number and asked is Asked.PHONE_CONFIRM)
    return Intent.CONFIRM if confirms else Intent.UNCLEAR
