import pytest


@pytest.fixture
def write(tmp_path):
    """Return a function that writes a file, and returns its path."""

    def write(content, name="list.csv"):
        path = tmp_path / name
        path.write_bytes(content)
        return path

    return write
