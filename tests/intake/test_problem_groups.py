"""A list's rows, grouped by problem or warning, with the columns that each group concerns."""

import pytest

from batches.intake import problem_groups
from batches.models import Batch, Item, Upload
from batches.statuses import BatchStatus, CompanyHandling
from batches.tracing.dispatch import refuse_item
from tests.factories import HEADER, people, person, to_csv

pytestmark = pytest.mark.django_db


def list_values(groups):
    return [(group.count, group.title, [name for _, name in group.columns], group.example) for group in groups]


def test_invalid_rows_are_grouped_by_problem_with_the_largest_group_first(make_upload):
    upload = make_upload(
        [
            *people(3),
            person(4, State="Atlantis"),
            person(5, State="Nowhere"),
            person(6, City=""),
            ["Ada", "Abbott", "", "", "", "", ""],
        ]
    )
    assert list_values(problem_groups.list_problems(upload)) == [
        (2, "State is not a US state", ["State"], "Atlantis"),
        (1, "City is empty", ["City"], ""),
        (1, "The row has nothing to search by", ["Address", "City", "State", "Zip", "Phone"], ""),
    ]


def test_rows_with_warnings_are_grouped_too(make_upload):
    rows = [person(1, Phone="555-0100"), person(2), person(3, Phone="555-0101"), person(4, Zip="33602")]
    upload = make_upload(rows)
    assert list_values(problem_groups.list_warnings(upload)) == [
        (2, "Phone could not be read and is left out", ["Phone"], "555-0100"),
        (1, "Zip is not in the state", ["State", "Zip"], "VA · 33602"),
    ]
    phones, zips = problem_groups.list_warnings(upload)
    assert [item.row_number for item in phones.rows] == [2, 4]
    assert [item.row_number for item in zips.rows] == [5]


def test_a_warning_about_a_fixed_state_names_it(make_upload):
    header = ["Name", "Address", "City", "Zip"]
    rows = [["Ada Abbott", f"{n} Oak St", "Dallas", "33602" if n == 2 else "75201"] for n in range(1, 4)]
    upload = make_upload(to_csv(rows, header=header), fixed={"state": "Texas"})
    [group] = problem_groups.list_warnings(upload)
    assert (group.count, group.title, group.example) == (1, "Zip is not in Texas", "33602")


def test_invalid_rows_have_no_warnings(make_upload):
    upload = make_upload([*people(3), person(4, State="Atlantis", Phone="555-0100")])
    assert upload.warnings == []
    [group] = problem_groups.list_problems(upload)
    assert group.title == "State is not a US state; Phone is not a US phone number"
    assert [name for _, name in group.columns] == ["State", "Phone"]


def test_the_problem_of_a_company_without_an_address_mentions_companies(make_upload):
    header = ["Owner", "Mailing Address", "Mailing City", "Mailing State"]
    rows = [["Ada Abbott", "1 Oak St", "Herndon", "VA"]] * 2 + [["BLUE HERON PROPERTIES LLC", "", "Herndon", "VA"]]
    [group] = problem_groups.list_problems(make_upload(to_csv(rows, header=header)))
    assert group.title == "A company or trust needs a mailing address"
    assert [name for _, name in group.columns] == header[1:]


def test_a_column_that_holds_several_fields_is_named_once(make_upload):
    header = ["Owner", "Address", "City State Zip"]
    rows = [["Ada Abbott", f"{n} Oak St", "Herndon VA 20170"] for n in range(1, 5)] + [["Ada Abbott", "5 Oak St", ""]]
    [group] = problem_groups.list_problems(make_upload(to_csv(rows, header=header)))
    assert (group.title, group.columns) == ("City State Zip is empty", [(2, "City State Zip")])


def test_rows_with_too_many_cells_show_all_of_them(make_upload):
    [group] = problem_groups.list_problems(make_upload([*people(3), [*person(4), "", "extra"]]))
    assert group.title == "The row has more cells than there are columns"
    assert [name for _, name in group.columns] == [*HEADER, "Column 8", "Column 9"]


def test_rows_that_were_stored_without_findings_are_grouped_by_column(make_upload):
    rows = [*people(3), person(4, State="Atlantis"), person(5, Phone="555-0100")]
    upload = make_upload(rows)
    Item.objects.update(findings="")
    [problem], [warning] = problem_groups.list_problems(upload), problem_groups.list_warnings(upload)
    assert (problem.title, problem.columns, problem.count) == ("Problem in State", [(4, "State")], 1)
    assert [item.row_number for item in warning.rows] == [6]


def test_skipped_companies_are_not_a_problem(make_upload):
    header = ["Owner", "Address", "City", "State"]
    rows = [["Ada Abbott", "1 Oak St", "Herndon", "VA"]] * 2 + [["BLUE HERON PROPERTIES LLC", "", "", ""]]
    upload = make_upload(to_csv(rows, header=header), settings={"companies": CompanyHandling.LEAVE_OUT})
    assert (problem_groups.list_problems(upload), upload.company_count) == ([], 1)


def test_three_groups_take_as_many_queries_as_one(make_upload, django_assert_num_queries):
    one = make_upload([*people(3), person(4, State="Atlantis")])
    three = make_upload([*people(3), person(4, State="Atlantis"), person(5, City=""), person(6, Zip="", State="X")])
    for pk in (one.pk, three.pk):
        upload = Upload.objects.get(pk=pk)
        with django_assert_num_queries(2):
            problem_groups.list_problems(upload)


def test_a_row_that_the_vendor_refused_is_grouped_as_well(start_upload):
    upload = start_upload([*people(11), person(12, Phone="555-0100")])
    batch = upload.batches.get()
    Batch.objects.update(status=BatchStatus.SUBMITTING)
    batch.refresh_from_db()
    assert refuse_item(batch, upload.items.get(row_number=13), "zip is wrong")
    [group] = problem_groups.list_problems(upload)
    assert (group.title, group.count, len(group.columns)) == ("Other problem", 1, 7)


def test_skipped_companies_have_no_warnings(make_upload):
    header = ["Owner", "Address", "City", "State", "Phone"]
    rows = [[name, "1 Oak St", "Herndon", "VA", "555-0100"] for name in ("Ada Abbott", "Ben Brooks", "ACME LLC")]
    upload = make_upload(to_csv(rows, header=header), settings={"companies": CompanyHandling.LEAVE_OUT})
    [group] = problem_groups.list_warnings(upload)
    assert (group.count, [item.row_number for item in group.rows]) == (2, [2, 3])
