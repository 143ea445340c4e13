from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from octavo.engine.calibrate.factor import factor_in_place


@pytest.mark.parametrize("n", [1, 7, 256, 300, 2400])
def test_the_upper_factor_is_found_in_the_matrix_itself(n):
    random = np.random.default_rng(n)
    inputs = random.normal(size=(n, min(n, 40)))
    matrix = inputs @ inputs.T / n + np.diag(random.uniform(0.1, 1, n))
    found = matrix.astype(np.float32)

    factor_in_place(found)

    upper = np.triu(found).astype(np.float64)
    assert np.abs(upper @ upper.T - matrix).max() < 1e-5 * np.abs(matrix).max()
    assert (np.diag(upper) > 0).all()


def test_threads_change_nothing():
    inputs = np.random.default_rng(0).standard_normal((1200, 1200), dtype=np.float32)
    alone = inputs @ inputs.T + 1200 * np.eye(1200, dtype=np.float32)
    shared = alone.copy()

    factor_in_place(alone)
    with ThreadPoolExecutor(3) as threads:
        factor_in_place(shared, threads.map)

    assert (alone == shared).all()
