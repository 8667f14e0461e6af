SAME, PERHAPS, OTHER = "same", "perhaps", "other"


def compare(first, middle, last, found):
    if not found or not (first or last):
        return ""
    return SAME if any(last.lower() in name.lower() for name in found) else OTHER
