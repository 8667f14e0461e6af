"""A compact set of item ids that stays small at any size."""

import zlib
from typing import Self


class IdSet:
    """A set of ids, stored as one bit for each number from the lowest to the highest in it."""

    def __init__(self) -> None:
        self.first: int | None = None
        self.bits = bytearray()

    def add(self, number: int) -> None:
        if self.first is None:
            self.first = number // 8 * 8
        if number < self.first:
            lower = number // 8 * 8
            self.bits[:0] = bytes((self.first - lower) // 8)
            self.first = lower
        place = (number - self.first) // 8
        if place >= len(self.bits):
            self.bits.extend(bytes(place - len(self.bits) + 1))
        self.bits[place] |= 1 << number % 8

    def __contains__(self, number: int) -> bool:
        place = number - (self.first or 0)
        return 0 <= place < 8 * len(self.bits) and bool(self.bits[place // 8] >> number % 8 & 1)

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
