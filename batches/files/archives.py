"""Unpack zip archives of files with phone numbers. Pure; called only in the process that reads uploaded files."""

import zipfile
import zlib
from pathlib import Path

from batches.files.file_format import UnreadableFile

SIGNATURES = (b"PK\x03\x04", b"PK\x05\x06")
"""First bytes of zip archives; those of the second kind are empty."""
WORKBOOK_PART = "[Content_Types].xml"
MAX_FILES = 1_000
"""Maximum number of files in an archive. There are fewer area codes."""
MAX_UNPACKED_BYTES = 8 << 30
"""Maximum size of all files in an archive: twice that of all numbers of the national registry."""
COPY_BYTES = 1 << 20


def unpack(path: str | Path, directory: str | Path) -> list[str]:
    """Write the files of an archive to `directory`, as 0, 1 and so on. Return their names, or none for a workbook.

    Raise UnreadableFile if there is no file in it, or if it cannot be unpacked.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            if WORKBOOK_PART in archive.namelist():
                return []
            members = [each for each in archive.infolist() if is_content(each)]
            check_count(len(members))
            write_members(archive, members, Path(directory))
            return [Path(each.filename).name for each in members]
    except (zipfile.BadZipFile, zlib.error, RuntimeError, NotImplementedError, EOFError):
        raise UnreadableFile("The zip archive is damaged or locked. Unpack it, and load the files in it.") from None


def check_count(count: int) -> None:
    """Raise UnreadableFile if an archive has no file or too many."""
    if not count:
        raise UnreadableFile("The zip archive has no file in it, or only empty ones.")
    if count > MAX_FILES:
        raise UnreadableFile(f"The zip archive has {count:,} files in it. At most {MAX_FILES:,} can be loaded at once.")


def write_members(archive: zipfile.ZipFile, members: list[zipfile.ZipInfo], directory: Path) -> None:
    """Write members to files. Their size is measured meanwhile: what an archive says about itself may be wrong."""
    size = 0
    for position, member in enumerate(members):
        with archive.open(member) as source, (directory / str(position)).open("wb") as file:
            while piece := source.read(COPY_BYTES):
                size += len(piece)
                if size > MAX_UNPACKED_BYTES:
                    raise UnreadableFile("The zip archive is too large when unpacked. Split it by area codes.")
                file.write(piece)


def is_content(member: zipfile.ZipInfo) -> bool:
    """Return whether a member of an archive is a file with content, and not one that a Mac adds."""
    name = Path(member.filename)
    is_added = "__MACOSX" in name.parts or name.name.startswith(".")
    return not member.is_dir() and not is_added and member.file_size > 0
