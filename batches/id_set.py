"""Store the ids of the people in an export in few bytes."""

import zlib
from collections.abc import Iterator
from typing import Self


class IdSet:
    """A set of ids, stored as one bit for each number between the lowest and the highest."""

    def __init__(self) -> None:
        self.first: int | None = None
        """The number of the first bit, a multiple of 8. None if the set is empty."""
        self.bits = bytearray()

    def add(self, number: int) -> None:
        multiple_of_8 = number - number % 8
        if self.first is None:
            self.first = multiple_of_8
        if number < self.first:
            self.bits[:0] = bytes((self.first - multiple_of_8) // 8)
            self.first = multiple_of_8
        index = (number - self.first) // 8
        if index >= len(self.bits):
            self.bits.extend(bytes(index - len(self.bits) + 1))
        self.bits[index] |= 1 << number % 8

    def update(self, other: Self) -> None:
        """Add all ids of another set."""
        if other.first is None:
            return
        if self.first is None:
            self.first = other.first
        if other.first < self.first:
            self.bits[:0] = bytes((self.first - other.first) // 8)
            self.first = other.first
        start = (other.first - self.first) // 8
        end = start + len(other.bits)
        if end > len(self.bits):
            self.bits.extend(bytes(end - len(self.bits)))
        # As one long number each: a loop over the bytes would take seconds for a list of millions.
        both = int.from_bytes(self.bits[start:end], "big") | int.from_bytes(other.bits, "big")
        self.bits[start:end] = both.to_bytes(end - start, "big")

    def __contains__(self, number: int) -> bool:
        offset = number - (self.first or 0)
        return 0 <= offset < 8 * len(self.bits) and bool(self.bits[offset // 8] >> number % 8 & 1)

    def __iter__(self) -> Iterator[int]:
        """Yield the ids in order."""
        for place, byte in enumerate(self.bits):
            for bit in range(8):
                if byte >> bit & 1:
                    yield (self.first or 0) + 8 * place + bit

    def __len__(self) -> int:
        return sum(byte.bit_count() for byte in self.bits)

    def pack(self) -> bytes:
        """Return the set as bytes, to be stored."""
        return b"" if self.first is None else self.first.to_bytes(8, "big") + zlib.compress(bytes(self.bits))

    @classmethod
    def unpack(cls, packed: bytes) -> Self:
        """Return the set that `pack` turned into bytes."""
        ids = cls()
        if packed:
            ids.first = int.from_bytes(packed[:8], "big")
            ids.bits = bytearray(zlib.decompress(packed[8:]))
        return ids
