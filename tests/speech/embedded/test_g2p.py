"""Pointed Hebrew sounds as Israelis say it (R15)."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.speech.embedded import g2p
from app.speech.embedded.kokoro import TOKENS


@pytest.mark.parametrize(
    ("pointed", "sound"),
    [
        # plain syllables, begadkefat, shin and sin
        ("שָׁלוֹם", "ʃalˈom"),
        ("דִּירָה", "diɾˈa"),
        ("כּוֹתֵב", "kotˈev"),
        ("שִׂמְחָה", "simxˈa"),
        ("תַּקְצִיב", "takʦˈiv"),
        # matres and double letters
        ("קוֹרְאִים", "koɾˈim"),
        ("הַכַּוָּונָה", "hakavanˈa"),
        ("לְוַודֵּא", "levadˈe"),
        ("שֶׁיּוֹעֵץ", "ʃejoˈeʦ"),
        ("לְהִתְרָאוֹת", "lehitɾaˈot"),
        ("עַכְשָׁיו", "axʃˈav"),
        ("לִפְנֵי", "lifnˈej"),
        # shva
        ("רְחוֹב", "ɾexˈov"),
        ("שְׁמוּאֵל", "ʃmuˈel"),
        ("מְדַבְּרִים", "medabɾˈim"),
        ("נִשְׁמְרוּ", "niʃmeɾˈu"),
        ("שֶׁנְּסַיֵּים", "ʃenesajˈem"),
        # furtive patah
        ("נוֹחַ", "nˈoax"),
        ("שָׁבוּעַ", "ʃavˈua"),
        ("גָּבוֹהַּ", "ɡavˈoa"),
        # stress drawn back
        ("כֶּסֶף", "kˈesef"),
        ("קוֹדֶם", "kˈodem"),
        ("מְחַפֶּשֶׂת", "mexapˈeset"),
        ("בַּיִת", "bˈajit"),
        ("רָשַׁמְתִּי", "ɾaʃˈamti"),
        ("אֵלֵינוּ", "elˈenu"),
        ("אֶשְׁאַל", "eʃˈal"),
        # geresh
        ("צִ'יפְּס", "ʧˈips"),
        # half vowels, the small qamats, the qubuts
        ("צָהֳרַיִם", "ʦahoɾˈajim"),
        ("אֱמֶת", "emˈet"),
        ("חׇכְמָה", "xoxmˈa"),
        ("קֻבָּה", "kubˈa"),
        # a holam without its vav, and a vav that has a holam of its own
        ("רֹאשׁ", "ɾˈoʃ"),
        ("מִצְוֹת", "miʦvˈot"),
        ("חֹדֶשׁ", "xˈodeʃ"),
        # a shva that begins a word: heard after what cannot be followed, and not elsewhere
        ("מְאוֹד", "meˈod"),
        ("יְלָדִים", "jeladˈim"),
        ("לְבָנִים", "levanˈim"),
        ("וְזֶה", "vezˈe"),
        ("כְּלָבִים", "klavˈim"),
        ("שְׁתַּיִם", "ʃtˈajim"),
        ("שֶׁיְּדַבֵּר", "ʃejedabˈeɾ"),
        ("הִתְקַשְּׁרוּ", "hitkaʃɾˈu"),
        # a letter that is there and not said
        ("בָּתִּים", "batˈim"),
        ("יִשְׂרָאֵל", "jisɾaˈel"),
        ("שְׁנֵיהֶם", "ʃnehˈem"),
        ("חַי", "xˈaj"),
        ("תַּפּוּחַ", "tapˈuax"),
        ("רֵיחַ", "ɾˈeax"),
        ("פֶּתַח", "pˈetax"),
        ("שַׁעַר", "ʃˈaaɾ"),
        ("סֵפֶר", "sˈefeɾ"),
        ("בְּעֵרֶךְ", "beˈeɾex"),
        ("שֶׁלָּנוּ", "ʃelˈanu"),
        ("פָּנִיתִי", "panˈiti"),
        ("כְּתַבְתֶּן", "ktˈavten"),
        ("קִבַּלְתָּם", "kibˈaltam"),
        ("וְאַתֶּם", "veatˈem"),
        ("גִ'ירָף", "ʤiɾˈaf"),
        ("זָ'קֶט", "ʒakˈet"),
        # a point where no point can stand is a slip of the model's
        ("הַגָּדוֹלָ", "haɡadˈol"),
        # lexicon, with and without prefixes
        ("רֶגַע", "ɾˈeɡa"),
        ("בְּחוֹלוֹן", "bexolˈon"),
        ("וּלְנָתַנְיָה", "ulenatˈanja"),
    ],
)
def test_words_sound_right(pointed: str, sound: str) -> None:
    """R15: one row a rule."""
    assert g2p.word(pointed) == sound


@pytest.mark.parametrize(
    ("pointed", "sound"),
    [
        ("שְׁלוֹשׁ עֶשְׂרֵה", "ʃlˈoʃ esɾˈe"),
        ("אַרְבָּעָה עָשָׂר", "aɾbaˈa asˈaɾ"),
        ("עֲשָׂרָה", "asaɾˈa"),
        ("בְּאֵר שֶׁבַע", "beˈeɾ ʃˈeva"),
        ("שֶׁבַע", "ʃˈeva"),
    ],
)
def test_some_words_are_read_by_their_neighbour(pointed: str, sound: str) -> None:
    """R9.6: teens and two-word places."""
    assert g2p.phonemes(pointed) == sound


def test_pauses_stay_and_the_rest_is_dropped() -> None:
    """R15: what cannot be said does not disturb."""
    assert g2p.phonemes("שָׁלוֹם, (abc 7) כֵּן?") == "ʃalˈom, kˈen?"


@given(st.text(alphabet=st.sampled_from([*"אבגדהוזחטיכלמנסעפצקרשתךםןףץ \"'-,.?x7", *map(chr, range(0x5B0, 0x5C3))])))
def test_any_text_can_be_said(text: str) -> None:
    """R15: nothing chokes it, and only sounds the voice knows come out."""
    assert set(g2p.phonemes(text)) <= set(TOKENS)


def test_the_lexicon_is_well_formed() -> None:
    """R15: every entry has Hebrew on the left, and as many stressed vowels as words (at most) on the right."""
    for hebrew, sound in g2p.lexicon().items():
        assert re.fullmatch("[א-ת' ]+", hebrew)
        assert set(sound) <= set(TOKENS), hebrew
        assert 1 <= sound.count("ˈ") <= len(hebrew.split()) + 1, hebrew
