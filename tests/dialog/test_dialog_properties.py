"""Whatever callers mean, in whatever order, every line the agent can say keeps the rules."""

import json
from dataclasses import replace

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.dialog.dialog import Dialog, DialogSettings
from app.dialog.domain import Understanding
from app.dialog.lines.book import opening
from app.dialog.lines.checks import check_line
from app.dialog.plan import Plan
from tests.dialog.strategies import PHONES, TODAY, Scripted, understandings

Act = tuple[str, Understanding | str]
ACTS: st.SearchStrategy[list[Act]] = st.lists(
    st.one_of(
        st.tuples(st.just("hear"), understandings()),
        st.tuples(st.just("hear"), understandings()),
        st.tuples(st.just("hear"), understandings()),
        st.tuples(st.just("silence"), st.just("")),
        st.tuples(st.just("keys"), st.sampled_from(["0541234567", "054#", "*", "1", "036123456"])),
        st.tuples(st.just("warning"), st.just("")),
        st.tuples(st.just("restart"), st.just("")),
    ),
    max_size=20,
)


def play(dialog: Dialog, parser: Scripted, act: Act) -> Plan | None:
    """Do one thing to the dialog."""
    kind, what = act
    match kind:
        case "hear":
            assert isinstance(what, Understanding)
            parser.next = what
            return dialog.hear("דברי הפונה")
        case "silence":
            return dialog.no_input()
        case "keys":
            plans = [dialog.dtmf(key) for key in str(what)]
            return next((plan for plan in plans if plan), None)
        case "warning":
            return dialog.max_length_warning()
    return dialog.resume()


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    acts=ACTS,
    number=st.sampled_from([None, "anonymous", *PHONES]),
    office=st.sampled_from(["AgentLocator", "נדל״ן 24/7", "כהן"]),
)
def test_every_line_of_every_talk_is_valid(acts: list[Act], number: str | None, office: str) -> None:
    """R10.4: 12 to 20 words, one question at the end, nothing invented, no repeated opening."""
    parser = Scripted()
    dialog = Dialog(DialogSettings(office_name=office), TODAY, number, parser)
    last, plan = "", dialog.greet()
    for act in [*acts, ("end", "")]:
        assert check_line(plan.line, replace(plan.context, last_opening=last)) == (), (plan.line, plan.context, act)
        assert opening(plan.line) != last
        assert plan.ends_call == plan.context.closing
        last = opening(plan.line)
        dialog.said(plan.line)
        if plan.ends_call or act[0] == "end":
            break
        refused = set(dialog.memory.refused)
        said = play(dialog, parser, act)
        if said is None:
            dialog.memory.last_opening = last = ""
            said = dialog.resume()
        plan = said
        assert json.loads(json.dumps(dialog.state))
        if plan.asked.value in refused & set(dialog.memory.refused):
            # A declined topic is only ever touched again by a repeat of the very question.
            assert act[0] != "hear" or plan.asked.value == "phone"


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(acts=ACTS, more=ACTS)
def test_a_restored_dialog_says_what_the_first_would_have_said(acts: list[Act], more: list[Act]) -> None:
    """R18: a call that moves to another instance goes on where it was."""
    parser = Scripted()
    first = Dialog(DialogSettings(), TODAY, "+972541234567", parser)
    first.greet()
    for act in acts:
        play(first, parser, act)
    second = Dialog.restore(DialogSettings(), TODAY, json.loads(json.dumps(first.state)), parser)
    assert second.history == first.history
    for act in more[:5]:
        one, two = play(first, parser, act), play(second, parser, act)
        assert (one and one.line) == (two and two.line)


@settings(max_examples=5, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(number=st.sampled_from([None, "+972541234567"]))
def test_no_talk_goes_on_for_ever_without_getting_anywhere(number: str | None) -> None:
    """R10.4: an answer that is never understood leads to an offer to call back, and then to the end."""
    parser = Scripted()
    dialog = Dialog(DialogSettings(), TODAY, number, parser)
    plan = dialog.greet()
    for _ in range(60):
        if plan.ends_call:
            break
        plan = dialog.hear("מממ")
    assert plan.ends_call
