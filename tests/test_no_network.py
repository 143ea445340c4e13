import socket

import pytest
from tests.fixtures.no_network import TouchedNetwork


def test_a_connection_would_fail_the_suite():
    with socket.socket() as door, pytest.raises(TouchedNetwork):
        door.connect(("127.0.0.1", 9))


def test_looking_up_a_name_would_fail_the_suite():
    with pytest.raises(TouchedNetwork):
        socket.getaddrinfo("localhost", 80)
