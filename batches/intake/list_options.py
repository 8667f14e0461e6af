"""What is told about a list in words, over the shell or the API: its columns, what is the same for all rows, options.

Columns that are not told are read as they were guessed. `called` is the name of the setting where it was told.
"""

from batches.intake.uploads import LONGEST_LOOK_BACK
from batches.mapping.fields import FIXABLE, FULL_NAME, MAPPABLE, NAME_PARTS
from batches.vendor.protocol import REQUIREMENTS

OPTIONS = ["name_order", "companies", "co_owners", "look_back"]


class Refused(Exception):
    """What was told cannot be done; the text says why."""


def read_mapping(upload, told, called):
    """Overlay the guessed mapping with what the caller specified, as field → positions.

    Told is FIELD=COLUMN. A column is named, or numbered from 1, and FIELD= means none. Raises Refused.
    """
    columns, told_fields = dict(upload.mapping), name_fields(told)
    if FULL_NAME in told_fields:
        columns = {field: position for field, position in columns.items() if field not in NAME_PARTS}
    for setting in told:
        field, _, column = setting.partition("=")
        refuse_unknown_field(field, called)
        columns.pop(field, None)
        if column:
            columns[field] = find_columns(upload, column, called)
    if FULL_NAME in columns and NAME_PARTS & set(columns):
        if FULL_NAME in told_fields:
            raise Refused(f"{called}: give either full_name or first_name and last_name.")
        del columns[FULL_NAME]
    return columns


def name_fields(told):
    return {setting.partition("=")[0] for setting in told}


def refuse_unknown_field(field, called):
    if field not in MAPPABLE:
        raise Refused(f"{called}: there is no field {field!r}; there are {', '.join(MAPPABLE)}.")


def find_columns(upload, text, called):
    """Positions of the columns that are named, or numbered from 1, with + between those that are joined."""
    if text in upload.columns:
        return [upload.columns.index(text)]
    if text.isdecimal() and 1 <= int(text) <= len(upload.columns):
        return [int(text) - 1]
    if "+" in text:
        return [position for part in text.split("+") for position in find_columns(upload, part.strip(), called)]
    raise Refused(f"{called}: there is no column {text!r}; there are {', '.join(upload.columns)}.")


def read_fixed(told, called):
    """Field → value of FIELD=VALUE. Raises Refused."""
    fixed = dict(setting.partition("=")[::2] for setting in told)
    if unknown := set(fixed) - set(FIXABLE):
        raise Refused(f"{called}: {', '.join(unknown)} cannot be the same for all rows; {', '.join(FIXABLE)} can.")
    return fixed


def refuse_odd_match(match, called):
    if unknown := set(match) - set(REQUIREMENTS):
        raise Refused(f"{called} takes {' and '.join(REQUIREMENTS)}, not {', '.join(unknown)}.")


def refuse_odd_look_back(days, called):
    """`days` may be None, where nothing was told."""
    if days is not None and not 0 <= days <= LONGEST_LOOK_BACK:
        raise Refused(f"{called} takes days from 0 to {LONGEST_LOOK_BACK}.")


def keep_told(options):
    """Of the options those that were told."""
    return {name: options[name] for name in OPTIONS if options[name] is not None}
