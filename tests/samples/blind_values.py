"""Kinds of values that were once read wrong in lists written down before the rules were tried. All people are invented.

Each row has what is in the file, followed by what is to be read from it.
"""

NAMES = [
    # order, full name → first name, middle name, last name
    ("last_first", "FITZ PATRICK MAEVE", "Maeve", "", "Fitz Patrick"),
    ("last_first", "FITZ HENRY", "Henry", "", "Fitz"),
    ("last_first", "ROGER M", "Roger", "M", ""),
    ("last_first", "SMITH M", "M", "", "Smith"),
    ("last_first", "PERRY M", "M", "", "Perry"),
    ("first_last", "Roger M.", "Roger", "M.", ""),
    ("first_last", "M Abernathy", "M", "", "Abernathy"),
]
LACKING_SURNAMES = ["ROGER M", "PERRY M"]
KINDS = [
    # full name → kind, and what the review asks about it
    ("GOLDMAN SACHS", "company", None),
    ("Wells Fargo Home", "company", None),
    ("Cushman & Wakefield", "company", None),
    ("J.P. Morgan Chase", "company", None),
    ("GOLDMAN HARRIET", "person", None),
    ("WELLS TERRENCE", "person", None),
    ("EDWARD JONES", "person", "perhaps_company"),
    ("JONES EDWARD R", "person", None),
    ("WILLOW BEND MOBILE HOME COURT", "company", None),
    ("Lakeside MHP", "company", None),
    ("HARRIS ESTHER CHAPEL", "person", "perhaps_company"),
    ("CHAPEL PARISH", "church", "perhaps_person"),
    ("NEW HOPE CHAPEL", "church", None),
]
HIDDEN_OWNERS = ["NAME CONFIDENTIAL PER FS 119", "OWNER UNAVAILABLE PURSUANT TO STATUTE", "REDACTED FSS 119.07"]
STREETS = [
    # street → street, unit
    ("77 Spruce St 3", "77 Spruce St", "3"),
    ("77 N SPRUCE AVE 1204", "77 N SPRUCE AVE", "1204"),
    ("4410 W 1st St 2", "4410 W 1st St", "2"),
    ("5600 N Avenue 64", "5600 N Avenue 64", ""),
    ("100 AVENUE 5", "100 AVENUE 5", ""),
    ("1234 LEE RD 145", "1234 LEE RD 145", ""),
    ("77 Hwy 12", "77 Hwy 12", ""),
    ("12 COUNTY ST 9", "12 COUNTY ST 9", ""),
    ("77 SPRUCE ST UP", "77 SPRUCE ST", "Uppr"),
    ("77 Spruce St Dn", "77 Spruce St", "Lowr"),
    ("77 SPRUCE ST 2ND FLOOR REAR", "77 SPRUCE ST", "Fl 2 Rear"),
]
WHOLE_ADDRESSES = [
    # whole address → street, unit, city
    ("77 Spruce St, Tampa", "77 Spruce St", "", "Tampa"),
    ("77 Spruce St, Apt 4, Coeur d'Alene", "77 Spruce St", "Apt 4", "Coeur d'Alene"),
    ("77 Spruce St, Rear", "77 Spruce St", "Rear", ""),
    ("77 Spruce, North", "77 Spruce North", "", ""),
    ("77 Spruce St, Off Main St", "77 Spruce St Off Main St", "", ""),
]
