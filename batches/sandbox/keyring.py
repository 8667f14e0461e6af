"""The API keys of one account: two while a customer replaces one with the other, otherwise one."""

import hmac
import random


class Keyring:
    """The keys that calls may carry, and those that they have used. A webhook carries a used key, chosen at random."""

    def __init__(self, keys: list[str]) -> None:
        self.keys = keys
        self.used: list[str] = []

    def accept(self, given: str) -> bool:
        """Return whether a call's key is valid, and remember that it was used."""
        matching = self.find(given)
        self.used += [key for key in matching if key not in self.used]
        return bool(matching)

    def knows(self, given: str) -> bool:
        """Return whether a key is valid, without counting it as used."""
        return bool(self.find(given))

    def find(self, given: str) -> list[str]:
        return [key for key in self.keys if hmac.compare_digest(given.encode(), key.encode())]

    def choose(self) -> str:
        """Return the key for the next webhook: one that a call has used, or the first before any call."""
        return random.choice(self.used or self.keys[:1])
