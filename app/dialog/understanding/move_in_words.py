"""What callers say for when they want to move in (R10.2): the vocabulary of `app.dialog.understanding.move_in`."""

from app.dialog.hebrew.lexicon import Lexicon
from app.dialog.hebrew.times.holidays import HOLIDAYS
from app.dialog.hebrew.tokens import Phrasebook, fold

_LISTS = Lexicon("hebrew/timing.toml")

_CALENDAR = Lexicon("hebrew/calendar.toml")
MONTHS = {name: int(number) for name, number in _CALENDAR.valued("months").items()}
SEASONS: dict[str, tuple[int, ...]] = {fold(name): tuple(months) for name, months in _CALENDAR.table("seasons").items()}
IMMEDIATE = _LISTS.phrases("immediate")
IMMEDIATE_ASKED = _LISTS.phrases("immediate_asked")
FLEXIBLE = _LISTS.phrases("flexible")
FLEXIBLE_ASKED = _LISTS.phrases("flexible_asked")
GO_INTO = _LISTS.phrases("go_into")
NO_HASTE = _LISTS.words("no_haste")
HASTE = _LISTS.words("haste")
NEW_CLAUSE = _LISTS.words("new_clause")
FLEXIBLE_WORD = _LISTS.phrases("flexible_word")
AHEAD = _LISTS.words("ahead")
NOW_FILLERS = _LISTS.words("now_fillers")
BORN = _LISTS.words("born")
AT_ONCE = _LISTS.words("at_once")
LIVING_NOW = _LISTS.words("living_now")
PAST = _LISTS.words("past")
ENTRY = _LISTS.words("entry")
EDGE = _LISTS.words("edge")
OTHER_TOPICS = _LISTS.words("other_topics")
AROUND_A_NUMBER = _LISTS.words("around_a_number")
MOST_MONTHS = 24
FARTHEST_MONTHS = 60
NO_PAST = _LISTS.words("no_past")
ENDS = _LISTS.words("ends")
HOLIDAY_BOOK = Phrasebook({**{name: name for name in HOLIDAYS}, "החגים": fold("חגים"), "הפסח": "פסח"})
SCHOOL = _LISTS.phrases("school")
ACADEMIC = _LISTS.phrases("academic")
SUMMER_BREAK = _LISTS.phrases("summer_break")
AFTER_WEEKDAY = Lexicon("hebrew/dates.toml").words("after_weekday")
