"""Matrix products stay in the thread that asks for them.

The library behind numpy (OpenBLAS) starts threads of its own, which wait for one another in loops: on two cores they
took ten times the processor's time that one alone takes for a matrix of 576 columns, and four times for 4,096.
Calibration shares its work among its own threads instead, and its results do not depend on their number.
"""

from __future__ import annotations

from functools import cache


@cache
def keep_products_in_one_thread() -> None:
    """Give the library one thread, from now on and for the whole process."""
    from threadpoolctl import threadpool_limits

    threadpool_limits(limits=1, user_api="blas")
