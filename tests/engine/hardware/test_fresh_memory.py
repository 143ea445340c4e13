from octavo.engine.hardware.fresh_memory import fresh_memory_seconds


def test_a_gigabyte_takes_between_a_hundredth_of_a_second_and_a_minute():
    assert 1e-11 < fresh_memory_seconds() < 6e-8
