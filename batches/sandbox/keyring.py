"""The API keys of one account. There are two while a customer rotates them."""

import hmac
import random


class Keyring:
    """Accepts any of `keys`. A webhook carries one that a call has used; once several have been used, any of them."""

    def __init__(self, keys: list[str]) -> None:
        self.keys = keys
        self.used: list[str] = []

    def accept(self, given: str) -> bool:
        """Return whether a call's key is valid, and remember that it was used."""
        matching = [key for key in self.keys if hmac.compare_digest(given.encode(), key.encode())]
        self.used += [key for key in matching if key not in self.used]
        return bool(matching)

    def choose(self) -> str:
        """Return the key of the next webhook."""
        return random.choice(self.used or self.keys[:1])
