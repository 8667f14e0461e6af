"""Find a person everywhere, and erase them."""
