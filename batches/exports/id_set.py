"""Which of many numbers are in a set, as a row of bits that stays small however many there are. Pure."""

import zlib


class Members:
    """Numbers of items, one bit for each from the lowest to the highest that is in it."""

    def __init__(self):
        self.first = None
        self.bits = bytearray()

    def add(self, number):
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

    def __contains__(self, number):
        place = number - (self.first or 0)
        return 0 <= place < 8 * len(self.bits) and bool(self.bits[place // 8] >> number % 8 & 1)

    def pack(self):
        """As bytes, to be kept."""
        return b"" if self.first is None else self.first.to_bytes(8, "big") + zlib.compress(bytes(self.bits))

    @classmethod
    def unpack(cls, packed):
        members = cls()
        if packed:
            members.first = int.from_bytes(packed[:8], "big")
            members.bits = bytearray(zlib.decompress(packed[8:]))
        return members
