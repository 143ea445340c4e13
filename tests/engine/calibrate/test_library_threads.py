import threadpoolctl

from octavo.engine.calibrate.library_threads import keep_products_in_one_thread


def test_no_library_of_matrix_products_starts_threads():
    keep_products_in_one_thread()

    libraries = [each for each in threadpoolctl.threadpool_info() if each["user_api"] == "blas"]
    assert {each["num_threads"] for each in libraries} <= {1}
