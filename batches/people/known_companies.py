"""Well-known companies whose names consist of the names of people, so that no other rule can tell them. Pure.

They are national banks, lenders, brokers, builders and chains, which own houses or hold mortgages in every county.
Those that are only one word are recognised without a list.
"""


def read_phrases(text: str) -> frozenset[str]:
    return frozenset(phrase.strip() for line in text.splitlines() for phrase in line.split(",") if phrase.strip())


COMPANIES = read_phrases(
    """
    WELLS FARGO, JPMORGAN CHASE, JP MORGAN CHASE, J P MORGAN CHASE, GOLDMAN SACHS, BEAR STEARNS, LEHMAN BROTHERS
    SALOMON BROTHERS, PAINE WEBBER, CREDIT SUISSE, PIPER JAFFRAY, FIFTH THIRD, BNY MELLON, WASHINGTON MUTUAL
    SALLIE MAE, GINNIE MAE, TOLL BROTHERS, COLDWELL BANKER, CUSHMAN WAKEFIELD, CUSHMAN & WAKEFIELD
    EXXON MOBIL, CONOCO PHILLIPS, BMO HARRIS, HARRIS TEETER, NEIMAN MARCUS, CANTOR FITZGERALD
    BERKSHIRE HATHAWAY, HANCOCK WHITNEY, STIFEL NICOLAUS, KIDDER PEABODY, ERNST & YOUNG, ANHEUSER BUSCH
    ARCHER DANIELS MIDLAND, KIMBERLY CLARK, JOHNSON & JOHNSON, PITNEY BOWES, BLACK & DECKER, CHASE MANHATTAN
    MARCUS & MILLICHAP, JONES LANG LASALLE, LIBERTY MUTUAL, MASS MUTUAL, BASKIN ROBBINS, BARNES & NOBLE
    TIM HORTONS, HOWARD JOHNSONS, RITE AID, WAL MART
    """
)
"""Names of companies that no person has. A branch or a department can follow them."""
ALSO_PEOPLE = read_phrases(
    """
    JP MORGAN, J P MORGAN, MERRILL LYNCH, MORGAN STANLEY, SMITH BARNEY, DEAN WITTER, CHARLES SCHWAB, EDWARD JONES
    RAYMOND JAMES, PIPER SANDLER, JOHN HANCOCK, MR COOPER, FARMER MAC, D R HORTON, DR HORTON, K HOVNANIAN
    TAYLOR MORRISON, RYAN HOMES, DAVID WEEKLEY, WILLIAM LYON, HOWARD HUGHES, DOUGLAS ELLIMAN, KELLER WILLIAMS
    LONG & FOSTER, GRUBB & ELLIS, JOHN DEERE, HARLEY DAVIDSON, SHERWIN WILLIAMS, ELI LILLY, KENNETH COLE, WILLIAM BLAIR,
    EDWARD D JONES, A G EDWARDS, BURGER KING, HOWARD JOHNSON
    """
)
"""Names of companies that are also those of people."""
FIRST_WORDS = frozenset(phrase.split()[0] for phrase in COMPANIES | ALSO_PEOPLE)


def is_company(words: list[str]) -> bool:
    """Return whether these words in capitals are or begin with the name of a well-known company."""
    return any(" ".join(words[:count]) in COMPANIES for count in (2, 3, 4))


def may_be_company(words: list[str]) -> bool:
    """Return whether these words in capitals are the name of a well-known company that a person can have as well."""
    return " ".join(words) in ALSO_PEOPLE
