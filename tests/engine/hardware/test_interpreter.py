from octavo.engine.hardware.interpreter import USUAL_SECONDS, interpreter_seconds


def test_a_computer_is_told_in_the_unit_of_the_one_where_the_constants_were_measured():
    assert 1 / 20 < interpreter_seconds() / USUAL_SECONDS < 100
