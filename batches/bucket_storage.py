"""A bucket in object storage that speaks S3. It is imported only if FILES_BUCKET is set."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import PurePosixPath
from typing import Any, NoReturn

from boto3.exceptions import Boto3Error
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from django.core.files.base import File
from storages.backends.s3 import S3Storage

MISSING = {"404", "NoSuchKey"}
MAX_MEMORY = 1 << 20
"""Bytes of an opened file that are kept in memory. The rest is in a temporary file."""


@contextmanager
def as_os_errors() -> Iterator[None]:
    """Raise what callers of a storage expect: FileNotFoundError or OSError."""
    try:
        yield
    except ClientError as error:
        if error.response.get("Error", {}).get("Code") in MISSING:
            raise FileNotFoundError("The file is not in the bucket.") from error
        raise OSError(f"The bucket refused the request: {type(error).__name__}") from error
    except (BotoCoreError, Boto3Error) as error:
        raise OSError(f"The bucket cannot be reached: {type(error).__name__}") from error


class BucketStorage(S3Storage):
    """Files in a bucket: private, never overwritten, and without links for browsers."""

    client_config: Any

    def get_default_settings(self) -> dict[str, Any]:
        return super().get_default_settings() | {
            "file_overwrite": False,
            "client_config": Config(connect_timeout=5, read_timeout=60, retries={"mode": "standard"}),
        }

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        if self.endpoint_url:
            # Few servers other than Amazon's have an address for each bucket.
            self.client_config = self.client_config.merge(Config(s3={"addressing_style": "path"}))

    def get_available_name(self, name: str, max_length: int | None = None) -> str:
        """Return a random variant of a name. Two hosts may save a file of the same name at the same moment."""
        path = PurePosixPath(name)
        variant = self.get_alternative_name(str(path.with_suffix("")), path.suffix)
        with as_os_errors():
            return super().get_available_name(variant, max_length)

    def url(self, *_args: Any, **_options: Any) -> NoReturn:
        raise NotImplementedError("Stored files are private. Nobody gets a link to them.")

    def put(self, name: str, content: File) -> None:
        """Store a file under exactly this name, in place of any other."""
        self._save(name, content)

    def _open(self, name: str, mode: str = "rb") -> File:
        with as_os_errors():
            out = tempfile.SpooledTemporaryFile(max_size=MAX_MEMORY)  # noqa: SIM115 - the caller closes it
            self.download(name, out)
            out.seek(0)
            return File(out, name)

    def _save(self, name: str, content: File) -> str:
        with as_os_errors():
            return super()._save(name, content)

    def delete(self, name: str) -> None:
        with as_os_errors():
            super().delete(name)

    def exists(self, name: str) -> bool:
        with as_os_errors():
            return super().exists(name)

    def size(self, name: str) -> int:
        with as_os_errors():
            return super().size(name)

    def get_modified_time(self, name: str) -> datetime:
        with as_os_errors():
            return super().get_modified_time(name)

    def download(self, name: str, out: Any) -> None:
        """Write a file's content, a piece at a time."""
        with as_os_errors():
            self.bucket.Object(name).download_fileobj(out, Config=self.transfer_config)

    def list_months(self, folder: str) -> list[str]:
        """Return the monthly folders, the latest last, as prefixes of file names: `uploads/2026/11/`."""
        with as_os_errors():
            years = [year for year in self.listdir(folder)[0] if year.isdecimal()]
            months = [f"{folder}/{year}/{month}/" for year in years for month in self.listdir(f"{folder}/{year}")[0]]
        return sorted(months)

    def list_old(self, month: str, before: datetime) -> Iterator[str]:
        """Yield the names of a month's files that were last written before a moment."""
        with as_os_errors():
            for found in self.bucket.objects.filter(Prefix=month):
                if found.last_modified < before:
                    yield found.key
