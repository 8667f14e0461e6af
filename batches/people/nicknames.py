"""Given names that count as the same: spellings and short forms. Pure.

This is our own table in addition to the library `nicknames`, whose pairs are too wide for people who share a surname
and a house: it contains Andrew and Andrea, Mary and Rosemary, William and Wilma. Names on one line here count as
the same name; pairs that only the library has are uncertain (`is_perhaps_short`).
"""

from functools import lru_cache
from typing import Any

from nicknames import NickNamer

LINES = """
    ABRAHAM ABE ABRAM
    ALAN ALLAN ALLEN AL
    ALBERT AL BERT
    ALEXANDER ALEX ALEC SANDY
    ALEXANDRA ALEX SANDY
    ALFRED ALF FRED AL
    ALISON ALLISON ALLYSON
    ANDREW ANDY DREW
    ANN ANNE ANNIE
    ANTHONY ANTONY TONY
    ANTONIO TONY TONO
    ARTHUR ART ARTIE
    BARBARA BARB BARBIE BABS
    BENJAMIN BEN BENNY BENJI
    BERNARD BERNIE
    BRADLEY BRAD
    BRIAN BRYAN
    CALVIN CAL
    CARL KARL
    CATHERINE KATHERINE KATHRYN CATHRYN KATHARINE CATHY KATHY KATE KATIE
    CHARLES CHARLIE CHARLEY CHUCK CHAS
    CHRISTINE KRISTINE CHRIS KRIS CHRISTY TINA
    CHRISTINA KRISTINA CHRIS KRIS CHRISTY TINA
    CHRISTOPHER KRISTOPHER CHRIS KRIS TOPHER
    CLIFFORD CLIFF
    CYNTHIA CINDY
    DANIEL DAN DANNY
    DARRYL DARYL DARRELL
    DAVID DAVE DAVEY
    DEBORAH DEBRA DEBBIE DEB
    DENNIS DENIS DENNY
    DOLORES DELORES
    DONALD DON DONNIE
    DOROTHY DOT DOTTIE DOLLY
    DOUGLAS DOUG
    EDUARDO EDDIE LALO
    EDWARD ED EDDIE NED TED
    EDWIN ED EDDIE
    ELIZABETH ELISABETH LIZ LIZZIE BETH BETTY BETSY BETTE ELIZA LIBBY
    ERIC ERIK
    ERICA ERIKA
    EUGENE GENE
    FLORENCE FLO
    FRANCES FRAN FRANNIE
    FRANCIS FRANK
    FRANCISCO PACO PANCHO
    FRANKLIN FRANK
    FREDERICK FREDRICK FRED FREDDIE FREDDY
    GEOFFREY JEFFREY JEFFERY JEFF GEOFF
    GERALD JERRY GERRY
    GERALDINE GERRY JERI
    GLEN GLENN
    GREGORY GREG GREGG
    GUADALUPE LUPE LUPITA
    HAROLD HAL
    HARRY HENRY HANK
    IGNACIO NACHO
    ISABEL ISABELLE ISABELLA IZZY
    JACK JOHN JON JOHNNY JOHNNIE
    JACOB JAKE
    JACQUELINE JACKIE JACQUELYN
    JAMES JIM JIMMY JIMMIE JAMIE
    JANICE JAN
    JENNIFER JEN JENNY JENN
    JESUS CHUY
    JONATHAN JONATHON JON
    JOSE PEPE
    JOSEPH JOE JOEY
    JOSEPHINE JO JOSIE
    JOSHUA JOSH
    JUDITH JUDY JUDI
    KATHLEEN CATHLEEN KATHY CATHY
    KENNETH KEN KENNY
    KIMBERLY KIMBERLEY KIM
    KRISTEN KRISTIN KRISTY
    LAWRENCE LAURENCE LARRY
    LEONARD LEN LENNY
    LESLIE LESLEY LES
    LILLIAN LILIAN LILLIE
    LINDSAY LINDSEY
    LORI LAURIE
    LOUIS LEWIS LOU
    LUIS LUCHO
    MANUEL MANNY MANOLO
    MARC MARK
    MARGARET PEGGY PEG MAGGIE MARGE MARGIE MEG
    MARJORIE MARGERY MARGIE MARGE
    MARTIN MARTY
    MATTHEW MATHEW MATT
    MICHAEL MICHEAL MIKE MICK MICKEY
    MICHELE MICHELLE SHELLY
    MIGUEL MIKE
    MILDRED MILLIE
    MITCHELL MITCH
    NANCY NAN
    NATHANIEL NATHAN NATE NAT
    NICHOLAS NICOLAS NICK NICKY
    PAMELA PAM
    PATRICIA PAT PATTY PATTI PATSY TRISH
    PATRICK PAT PADDY
    PETER PETE
    PHILIP PHILLIP PHIL
    RACHEL RACHAEL
    RANDALL RANDY
    RAYMOND RAY
    REBECCA BECKY BECCA REBEKAH
    RICHARD RICK RICKY DICK RICH RICHIE
    ROBERT ROB ROBBIE BOB BOBBY
    ROBERTA BOBBIE
    ROBERTO BETO
    ROGER RODGER
    RONALD RON RONNIE
    RUSSELL RUSS
    SAMANTHA SAM
    SAMUEL SAM SAMMY
    SARAH SARA SALLY
    SEAN SHAWN SHAUN
    SHERRI SHERRY SHERI
    SIDNEY SYDNEY SID
    SONIA SONYA
    STACEY STACY
    STANLEY STAN
    STEPHEN STEVEN STEPHAN STEVE
    STUART STEWART STU
    SUSAN SUZANNE SUE SUSIE SUZIE
    TERESA THERESA TERRY TERRI
    TERRENCE TERRANCE TERENCE TERRY
    THEODORE TED TEDDY THEO
    THOMAS TOM TOMMY
    TIMOTHY TIM TIMMY
    TRACY TRACEY
    VICTORIA VICKI VICKY VICKIE TORI
    VINCENT VINCE VINNIE
    VIRGINIA GINNY
    WALTER WALT
    WESLEY WES
    WILLIAM BILL BILLY WILL WILLIE LIAM
    ZACHARY ZACHERY ZACH ZACK
"""


def number_lines() -> dict[str, set[int]]:
    numbers: dict[str, set[int]] = {}
    for number, line in enumerate(LINES.strip().splitlines()):
        for word in line.split():
            numbers.setdefault(word, set()).add(number)
    return numbers


EMPTY: frozenset[Any] = frozenset()
NUMBERS = number_lines()
"""Given name → its lines; short forms are on several lines."""


def is_one_name(one: str, other: str) -> bool:
    """Return whether two given names, in capitals, are on one line."""
    return not NUMBERS.get(one, EMPTY).isdisjoint(NUMBERS.get(other, EMPTY))


@lru_cache(maxsize=1)
def load_nicknames() -> dict[str, frozenset[str]]:
    """Load the library's table in capitals, once, from its file, because its own look-ups copy a set each time."""
    return {
        name.upper(): frozenset(map(str.upper, short)) for name, short in NickNamer.default_lookup().items() if short
    }


def is_perhaps_short(one: str, other: str) -> bool:
    """Return whether the library has one as a nickname of the other."""
    table = load_nicknames()
    return other in table.get(one, EMPTY) or one in table.get(other, EMPTY)
