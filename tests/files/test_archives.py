import zipfile

import pytest

from batches.files import archives
from batches.files.file_format import UnreadableFile
from batches.files.isolated_reader import unpacked


@pytest.fixture
def archive(tmp_path):
    path = tmp_path / "lists.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("703/dnc.txt", "7035550100\n" * 1_000)
        file.writestr("../dnc.txt", "7035550101\n" * 1_000)
    return path


def test_files_are_unpacked_into_a_directory_whatever_their_names_say(archive):
    with unpacked(archive) as files:
        assert [file.name for file in files] == ["dnc.txt", "dnc.txt"]
        assert [file.path.read_text()[:10] for file in files] == ["7035550100", "7035550101"]
        directory = files[0].path.parent
        assert sorted(path.name for path in directory.iterdir()) == ["0", "1"]
    assert not directory.exists()


def test_an_archive_that_is_too_large_when_unpacked_is_refused(archive, tmp_path, monkeypatch):
    monkeypatch.setattr(archives, "MAX_UNPACKED_BYTES", 15_000)
    with pytest.raises(UnreadableFile, match="too large when unpacked"):
        archives.unpack(archive, tmp_path)


def test_a_damaged_archive_is_refused(archive):
    content = bytearray(archive.read_bytes())
    start = content.index(b"dnc.txt") + len(b"dnc.txt")
    content[start : start + 20] = bytes(20)
    archive.write_bytes(content)
    with pytest.raises(UnreadableFile, match="damaged or locked"), unpacked(archive):
        pass


def test_a_file_that_is_no_archive_is_itself(tmp_path):
    path = tmp_path / "dnc.txt"
    path.write_text("7035550100\n")
    with unpacked(path) as files:
        assert files == [("", path)]
