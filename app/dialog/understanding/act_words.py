"""What callers say for each dialogue act (R10.2, R10.5, R17): the vocabulary of `app.dialog.understanding.acts`."""

from app.dialog.hebrew.lexicon import Lexicon
from app.dialog.hebrew.tokens import Phrasebook

_LISTS = Lexicon("hebrew/acts.toml")

HUMAN = _LISTS.phrases("human")
STAFF = _LISTS.words("staff")
SPEAK = _LISTS.words("speak")
ASKS = _LISTS.words("asks")
TALK_TO = _LISTS.phrases("talk_to")
CONSULTED = _LISTS.words("consulted")
CONNECT = _LISTS.phrases("connect")
NOT_HUMAN = _LISTS.phrases("not_human")
GOODBYE = _LISTS.phrases("goodbye")
END_CALL = _LISTS.phrases("end_call")
BESIDE_END = _LISTS.words("beside_end")
NOT_END = _LISTS.phrases("not_end")
WRONG_NUMBER = _LISTS.phrases("wrong_number")
MORE_TO_SAY = _LISTS.phrases("more_to_say")
WHO_IS_THIS = _LISTS.phrases("who_is_this")
GREETING_OR_BYE = _LISTS.phrases("greeting_or_bye")
REPEAT = _LISTS.phrases("repeat")
REPEAT_ALONE = _LISTS.words("repeat_alone")
BESIDE_AGAIN = _LISTS.words("beside_again")
BESIDE_REPEAT = _LISTS.words("beside_repeat")
NOT_REPEAT = _LISTS.phrases("not_repeat")
_SPELLINGS_OF_WHATSAPP = (
    "וואטסאפ* | ווטסאפ* | ווצאפ* | וואצאפ* | ווטסאב* | וואטסאב* | ווטצאפ* | וואטס* | ווטס* | וואצ* | whatsapp"
)
WHATSAPP_NAMED = Phrasebook(_SPELLINGS_OF_WHATSAPP)
MY_NUMBER = _LISTS.words("my_number")
WHATSAPP = Phrasebook(
    f"""
        {_SPELLINGS_OF_WHATSAPP}
        | =הודעה | הודעת טקסט | =בהודעה | =תסמסי | =תסמס* | =תכתבו לי | =תשלחי לי | =תשלח לי | =תשלחו לי | sms | סמס
        | =אסמס | לסמס | הודעת סיכום | =ותסאפ | =בוטסאפ | ווצ | ווצפ | =ההודעה | =תשלחו הודעה | =סיכום בהודעה | =בכתב
        """
)
NOT_WHATSAPP = _LISTS.phrases("not_whatsapp")
SCHEDULE = _LISTS.phrases("schedule")
NOT_SCHEDULE = _LISTS.phrases("not_schedule")
CONFIRM = _LISTS.phrases("confirm")
CONFIRM_ALONE = _LISTS.words("confirm_alone")
DENY = _LISTS.phrases("deny")
NO_MEANS_YES = _LISTS.phrases("no_means_yes")
REFUSAL = _LISTS.phrases("refusal")
GO_ON = _LISTS.phrases("go_on")
NO_ANSWER = _LISTS.phrases("no_answer")
HOLD = _LISTS.phrases("hold")
HOLD_FILLERS = _LISTS.words("hold_fillers")
ABUSE = _LISTS.phrases("abuse")
INJECTION = _LISTS.phrases("injection")
ROBOT = _LISTS.phrases("robot")
LISTING = _LISTS.phrases("listing")
QUESTIONS = _LISTS.words("questions")
GHOSTS = _LISTS.phrases("ghosts")
PHONE_YES = _LISTS.phrases("phone_yes")
OTHER_NUMBER = _LISTS.words("other_number")
