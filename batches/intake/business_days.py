"""Count business days: all days except Saturdays, Sundays and the federal holidays of the United States.

A holiday on a Saturday is observed on the Friday before, and one on a Sunday on the Monday after (5 U.S.C. 6103).
"""

from datetime import date, timedelta

ONE_DAY = timedelta(days=1)
MONDAY, THURSDAY, FRIDAY, SATURDAY = 0, 3, 4, 5
FIXED_HOLIDAYS = [(1, 1), (6, 19), (7, 4), (11, 11), (12, 25)]
"""Month and day of New Year's Day, Juneteenth, Independence Day, Veterans Day and Christmas Day."""
MONDAY_HOLIDAYS = [(1, 3), (2, 3), (9, 1), (10, 2)]
"""Month and number of the Monday: the birthdays of King and Washington, Labor Day and Columbus Day."""


def add_business_days(start: date, count: int) -> date:
    """Return the day that is `count` business days after `start`, which itself does not count."""
    day = start
    while count:
        day += ONE_DAY
        count -= is_business_day(day)
    return day


def is_business_day(day: date) -> bool:
    return day.weekday() < SATURDAY and not is_holiday(day)


def is_holiday(day: date) -> bool:
    """Return whether a weekday is a federal holiday, or the day on which one is observed."""
    number = (day.day - 1) // 7 + 1
    if day.weekday() == MONDAY and ((day.month, number) in MONDAY_HOLIDAYS or is_last_monday_of_may(day)):
        return True
    is_thanksgiving = day.weekday() == THURSDAY and (day.month, number) == (11, 4)
    days = [day]
    if day.weekday() == FRIDAY:
        days.append(day + ONE_DAY)
    if day.weekday() == MONDAY:
        days.append(day - ONE_DAY)
    return is_thanksgiving or any((each.month, each.day) in FIXED_HOLIDAYS for each in days)


def is_last_monday_of_may(day: date) -> bool:
    return day.month == 5 and (day + 7 * ONE_DAY).month == 6
