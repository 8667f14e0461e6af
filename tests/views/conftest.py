import pytest


@pytest.fixture
def staff(client, charlie):
    client.force_login(charlie)
    return client
