import pytest


@pytest.fixture
def write(tmp_path):
    """Write a file, and return its path."""

    def write(content, name="list.csv"):
        path = tmp_path / name
        path.write_bytes(content)
        return path

    return write
