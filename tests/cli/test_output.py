"""Tables and facts on terminals of any width."""

from __future__ import annotations

import sys

import pytest

from octavo.cli.output import print_facts, print_sentence, print_table

ROWS = [("F16", "5.3 MB", "119 MB", "runs well"), ("Q4_K_M", "1.7 MB", "115 MB", "runs well")]
HEADINGS = ("", "FILE", "MEMORY", "VERDICT")


@pytest.fixture
def terminal(monkeypatch, capsys):
    """``terminal(40)``: standard output is a terminal of 40 columns."""

    def make(columns):
        monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
        monkeypatch.setenv("COLUMNS", str(columns))

    return make


def lines(capsys):
    return capsys.readouterr().out.splitlines()


def test_a_table_that_fits_stands_in_one_piece(terminal, capsys):
    terminal(80)
    print_table(HEADINGS, ROWS, right=" rr")

    assert lines(capsys) == [
        "          FILE  MEMORY  VERDICT",
        "F16     5.3 MB  119 MB  runs well",
        "Q4_K_M  1.7 MB  115 MB  runs well",
    ]


def test_a_table_that_does_not_fit_is_cut_between_columns(terminal, capsys):
    terminal(24)
    print_table(HEADINGS, ROWS, right=" rr")

    assert lines(capsys) == [
        "          FILE  MEMORY",
        "F16     5.3 MB  119 MB",
        "Q4_K_M  1.7 MB  115 MB",
        "",
        "        VERDICT",
        "F16     runs well",
        "Q4_K_M  runs well",
    ]


def test_a_program_gets_whole_lines(monkeypatch, capsys):
    monkeypatch.setenv("COLUMNS", "10")
    print_table(HEADINGS, ROWS)
    print_facts([("Verdict", "it runs well on this computer, with room to spare")])

    assert [each.split()[0] for each in lines(capsys)] == ["FILE", "F16", "Q4_K_M", "Verdict"]


def test_sentences_are_broken_between_words(terminal, capsys):
    terminal(20)
    print_sentence("It runs well on this computer.")

    assert lines(capsys) == ["It runs well on this", "computer."]


def test_long_facts_go_on_under_their_value(terminal, capsys):
    terminal(36)
    print_facts([("Name", "Demo"), ("Verdict", "it runs well on this computer, with room to spare")])

    assert lines(capsys) == [
        "Name     Demo",
        "Verdict  it runs well on this",
        "         computer, with room to",
        "         spare",
    ]
