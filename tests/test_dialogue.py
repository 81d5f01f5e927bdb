"""plexus whatif --interactive: what one more sentence makes of what is supposed, and the loop on a terminal."""

from __future__ import annotations

import sys
from datetime import date
from functools import cache

import pytest
from click.testing import CliRunner
from conftest import CASES, case_named

from reasoner.cli import main
from reasoner.errors import SuppositionError
from reasoner.model import Recommendation, Status
from reasoner.questioning.dialogue import HELP, Dialogue, open_dialogue, step
from reasoner.questioning.questioned import question

PENDED = str(CASES / "injection-undocumented")


@cache
def start(name: str = "injection-undocumented") -> Dialogue:
    q = question(case_named(name).request, as_of=date(2026, 3, 1))
    return open_dialogue(q.case(1, supposed=False))


def said(*sentences: str) -> tuple[Dialogue, str]:
    """A conversation after some sentences, and the last answer."""
    dialogue, answer = start(), ""
    for sentence in sentences:
        dialogue, answer = step(dialogue, sentence)
    return dialogue, answer


def test_a_status_by_number_or_by_id():
    number = start().numbers["injection"]
    for sentence in (f"{number} met", "injection met", "injection=met", "  injection   met "):
        dialogue, answer = said(sentence)
        assert answer == ""
        assert dialogue.now.statuses == {"injection": Status.MET}
        assert dialogue.outcome().recommendation is Recommendation.APPROVE


def test_a_reading():
    for sentence in ("A10 any-one", "a10=any-one"):
        dialogue, answer = said(sentence)
        assert answer == ""
        assert dialogue.now.readings == {"A10": "any-one"}
        assert dialogue.outcome().recommendation is Recommendation.APPROVE


def test_statuses_and_readings_add_up_and_are_taken_back_one_by_one():
    dialogue, _ = said("injection unmet", "A10 any-one", "symptoms conflicting")
    assert dialogue.outcome().recommendation is Recommendation.PEND
    dialogue, _ = step(dialogue, "symptoms -")
    assert dialogue.outcome().recommendation is Recommendation.APPROVE
    dialogue, _ = step(dialogue, "A10 -")
    assert dialogue.now.statuses == {"injection": Status.UNMET} and dialogue.now.readings == {}


def test_a_reading_that_is_said_goes_before_one_of_the_options():
    q = question(case_named("injection-undocumented").request, as_of=date(2026, 3, 1), readings={"0587:A10": "any-one"})
    dialogue, _ = step(open_dialogue(q.case(1, supposed=True)), "A10 each-listed")
    assert dialogue.outcome().recommendation is Recommendation.PEND


def test_undo_goes_back_step_by_step_and_reset_is_a_step_too():
    dialogue, _ = said("injection met", "symptoms unmet", "undo")
    assert dialogue.now.statuses == {"injection": Status.MET}
    dialogue, _ = step(dialogue, "reset")
    assert not dialogue.now
    dialogue, _ = step(dialogue, "undo")
    assert dialogue.now.statuses == {"injection": Status.MET}
    dialogue, _ = step(dialogue, "u")
    dialogue, answer = step(dialogue, "undo")
    assert not dialogue.now and answer == "There is nothing to take back."


def test_saying_the_same_again_is_no_step():
    dialogue, _ = said("injection met", "injection met")
    assert len(dialogue.past) == 1


NOT_UNDERSTOOD = {
    "injektion met": "Did you mean injection?",
    "99 met": "There is no criterion 99. Numbers: 1 to 9.",
    "injection meet": "Did you mean met?",
    "treatments met": "is a group",
    "A10 some": "A10 has no reading 'some'",
    "A99 any": "no criterion 'A99'",
    "undoo": "Did you mean undo?",
    "what now please": "is not understood",
}


@pytest.mark.parametrize("sentence", NOT_UNDERSTOOD)
def test_what_is_not_understood_changes_nothing_and_is_answered(sentence):
    dialogue, answer = said("injection met", sentence)
    assert NOT_UNDERSTOOD[sentence] in answer
    assert dialogue.now.statuses == {"injection": Status.MET} and len(dialogue.past) == 1


def test_help_show_and_quit():
    assert said("help")[1] == said("?")[1] == said("")[1] == HELP
    dialogue, answer = said("injection met", "show")
    assert answer == "" and dialogue.now
    dialogue, answer = step(dialogue, "quit")
    assert dialogue.over and "supposed" in answer
    assert said("q")[0].over


def test_a_reading_under_which_the_policy_does_not_govern_still_has_an_outcome():
    dialogue, _ = said("injection met", "A23 plexus-codes")
    assert dialogue.outcome().recommendation is Recommendation.APPROVE  # G54.1 is a code of the plexus
    q = question(case_named("diagnosis-not-coded").request, as_of=date(2026, 3, 1))
    dialogue, _ = step(open_dialogue(q.case(1, supposed=False)), "A23 plexus-codes")
    dialogue, _ = step(dialogue, "injection unmet")
    assert dialogue.outcome().recommendation is Recommendation.NOT_APPLICABLE


def test_a_line_without_criteria_has_nothing_to_talk_about():
    q = question(case_named("procedure-of-another-policy").request, as_of=date(2026, 3, 1))
    with pytest.raises(SuppositionError, match="has no criterion to suppose a status of"):
        open_dialogue(q.case(1, supposed=False))


# ---- On a terminal ---------------------------------------------------------------------------------


@pytest.fixture
def terminal(monkeypatch):
    monkeypatch.setattr(sys.modules["reasoner.cli.whatif"], "on_terminal", lambda: True)

    def talk(*arguments: str, input: str):
        return CliRunner().invoke(main, ["whatif", *arguments, "-i", "--as-of", "2026-03-01"], input=input)

    return talk


def test_the_loop_shows_asks_and_ends(terminal):
    done = terminal(PENDED, input="injection met\nundo\nnonsense\nquit\n")
    assert done.exit_code == 0
    first, met, undone, *_ = done.stdout.split("suppose> ")
    assert "As it is: PEND" in first and "HYPOTHETICAL" not in first
    assert "8. injection" not in first and ". injection-based treatment exhausted (injection): ○ undocumented" in first
    assert "HYPOTHETICAL, if so: APPROVE" in met and "injection is met." in met
    assert "HYPOTHETICAL" not in undone
    assert "'nonsense' is not understood" in done.stdout
    assert done.stdout.rstrip().endswith("Nothing was changed: all of this was supposed.")


def test_the_end_of_input_ends_it_quietly(terminal):
    done = terminal(PENDED, input="injection met\n")
    assert done.exit_code == 0 and "Aborted" not in done.output


def test_what_the_options_suppose_holds_from_the_start(terminal):
    done = terminal(PENDED, "--set", "symptoms=to-judge", "--reading", "A10=any-one", input="quit\n")
    assert "symptoms is to-judge." in done.stdout and "A10 is read as “any-one”." in done.stdout
    assert "HYPOTHETICAL, if so: PEND" in done.stdout


def test_without_a_terminal_it_says_what_to_do_instead():
    done = CliRunner().invoke(main, ["whatif", PENDED, "--interactive"], input="quit\n")
    assert done.exit_code == 2
    assert "--interactive needs a terminal for input and output; use --set, --add and --reading." in done.stderr


def test_it_takes_no_form_and_no_file(terminal, tmp_path):
    assert terminal(PENDED, "--format", "json", input="").exit_code == 2
    assert terminal(PENDED, "-o", str(tmp_path / "x.txt"), input="").exit_code == 2
    assert terminal("-", input="").exit_code == 2


def test_one_line_is_talked_about(terminal):
    several = terminal(str(CASES / "two-sides-on-two-lines"), input="quit\n")
    assert several.exit_code == 2 and "Name one line with --line; lines: 1, 2." in several.stderr
    assert terminal(str(CASES / "two-sides-on-two-lines"), "--line", "2", input="quit\n").exit_code == 0


# ---- What is being done ----------------------------------------------------------------------------


def test_when_the_time_is_up_it_says_what_it_is_at(capsys):
    from reasoner.cli.whatif import Watch

    watch = Watch(60, shown=lambda: False)
    watch("line 1: reading 3 of 58")
    watch._late()
    err = capsys.readouterr().err
    assert err == "The time of 60 s is up. At this moment: line 1: reading 3 of 58. What follows is left out.\n"


def test_progress_is_shown_on_a_terminal_only_and_wiped_at_the_end(capsys):
    from reasoner.cli.whatif import Watch

    for shown in (False, True):
        with Watch(60, shown=lambda shown=shown: shown) as watch:
            watch._begin -= 2  # as if it had been at work for two seconds
            watch("line 1: reading 3 of 58")
        err = capsys.readouterr().err
        assert err.rstrip() == ("line 1: reading 3 of 58 ..." if shown else "")
        assert err.endswith(f"\r{' ' * 27}\r") is shown
