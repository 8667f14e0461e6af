"""Tell which given names count as the same: spellings and short forms. Pure.

This table is our own. That of the library `nicknames` is too wide for people who share a surname and a house: it pairs
Andrew with Andrea, Mary with Rosemary, and William with Wilma. Names on one line here count as the same name, and pairs
that only the library has are uncertain (`may_be_nickname`).
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


def index_lines() -> dict[str, set[int]]:
    """Return given name → the numbers of its lines."""
    lines_by_name: dict[str, set[int]] = {}
    for number, line in enumerate(LINES.strip().splitlines()):
        for name in line.split():
            lines_by_name.setdefault(name, set()).add(number)
    return lines_by_name


NO_LINES: frozenset[Any] = frozenset()
LINES_BY_NAME = index_lines()
"""Given name → the numbers of its lines. Short forms are on several lines."""


def is_same_name(one: str, other: str) -> bool:
    """Return whether two given names, in capitals, count as the same."""
    return not LINES_BY_NAME.get(one, NO_LINES).isdisjoint(LINES_BY_NAME.get(other, NO_LINES))


@lru_cache(maxsize=1)
def load_nicknames() -> dict[str, frozenset[str]]:
    """Load the library's table once, in capitals. The library's own look-ups copy a set each time."""
    return {
        name.upper(): frozenset(map(str.upper, short)) for name, short in NickNamer.default_lookup().items() if short
    }


def may_be_nickname(one: str, other: str) -> bool:
    """Return whether the library has one of two given names as a nickname of the other."""
    table = load_nicknames()
    return other in table.get(one, NO_LINES) or one in table.get(other, NO_LINES)
