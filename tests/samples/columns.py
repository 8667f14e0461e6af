"""A short notation for lists: `NAME=kind; NAME=value/value/…; NAME`. A kind stands for the values listed below."""

from batches.mapping.guessing import guess_mapping

VALUES = {
    "full_name": ["HOLLOWAY MARGARET A", "PRUITT DENNIS", "WESTBROOK CAROL J", "KESSLER RAYMOND L"],
    "first_name": ["Margaret", "Dennis", "Carol", "Raymond"],
    "last_name": ["Holloway", "Pruitt", "Westbrook", "Kessler"],
    "address": ["1204 N Maple St", "38 Oak Hollow Dr", "5517 S State Ave", "900 E Birchwood Ln"],
    "number": ["1204", "38", "5517", "900"],
    "direction": ["N", "", "S", "E"],
    "street": ["Maple", "Oak Hollow", "State", "Birchwood"],
    "type": ["St", "Dr", "Ave", "Ln"],
    "typed_street": ["Maple St", "Oak Hollow Dr", "State Ave", "Birchwood Ln"],
    "city": ["Mesa", "Tempe", "Mesa", "Scottsdale"],
    "state": ["AZ"] * 4,
    "zip": ["85201", "85281", "85204", "85251"],
    "whole": [
        "1204 N Maple St, Mesa, AZ 85201",
        "38 Oak Hollow Dr, Tempe, AZ 85281",
        "5517 S State Ave, Mesa, AZ 85204",
        "900 E Birchwood Ln, Scottsdale, AZ 85251",
    ],
    "mail_address": ["410 W Harbor St", "1650 Pine Knoll Dr", "PO Box 771", "900 E Birchwood Ln"],
    "mail_city": ["Mesa", "Phoenix", "San Diego", "Scottsdale"],
    "mail_state": ["AZ", "AZ", "CA", "AZ"],
    "mail_zip": ["85203", "85016", "92101", "85251"],
    "mail_place": ["Mesa AZ 85203", "Phoenix AZ 85016", "San Diego CA 92101", "Scottsdale AZ 85251"],
    "phone": ["(480) 555-0101", "(602) 555-0102", "", "480.555.0104"],
    "email": ["margaret@example.com", "", "carol@example.com", "ray@example.com"],
}


ROW_COUNT = 4


def guess(header):
    """Return field → names of its columns, and the fields that are asked about."""
    names, values_by_column = [], []
    for entry in header.strip().replace("\n", ";").split(";"):
        name, _, held = entry.strip().partition("=")
        names.append(name)
        values_by_column.append(VALUES[held] if held in VALUES else held.split("/"))
    rows = [[values[row % len(values)] for values in values_by_column] for row in range(ROW_COUNT)]
    guesses = guess_mapping(names, rows)
    mapping = {field: [names[position] for position in positions] for field, positions in guesses.mapping.items()}
    return mapping, set(guesses.doubts)
