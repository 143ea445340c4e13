from octavo.engine.estimate.comfortable import comfortable

GB = 10**9


def test_more_memory_makes_room_for_larger_models():
    assert 6e9 < comfortable(8 * GB, 0.0).fitting < 9e9
    assert 13e9 < comfortable(16 * GB, 0.0).fitting < 18e9


def test_bandwidth_bounds_what_is_quick():
    size = comfortable(16 * GB, 25e9)

    assert 3e9 < size.quick < 4e9
    assert comfortable(16 * GB, 50e9).quick == 2 * size.quick


def test_what_is_quick_fits_too():
    size = comfortable(4 * GB, 1e12)

    assert size.quick == size.fitting


def test_nothing_fits_into_nothing():
    assert comfortable(0, 25e9).fitting == 0
    assert comfortable(200_000_000, 25e9).fitting == 0  # the program itself takes that much
