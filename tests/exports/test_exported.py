"""Who was exported before is found without unpacking the same exports again."""

import pytest

from batches.exports.breakdown import make_breakdown
from batches.exports.exported import find_exported, was_exported
from batches.exports.layouts import Layout
from batches.exports.rows import ExportChoices
from batches.id_set import IdSet
from batches.models import Export
from tests.exports.test_files import read_export
from tests.factories import people

pytestmark = pytest.mark.django_db


@pytest.fixture
def make_export(make_upload):
    upload = make_upload(people(1))

    def make(*people, is_complete=True):
        ids = IdSet()
        for pk in people:
            ids.add(pk)
        return Export.objects.create(
            upload=upload, layout="wide", format="csv", item_ids=ids.pack(), is_complete=is_complete
        )

    return make


def list_exported():
    return list(find_exported(Export.objects.filter(is_complete=True)))


def test_exports_made_since_are_added_even_if_they_began_earlier(make_export):
    slow = make_export(3, is_complete=False)
    make_export(40)
    assert list_exported() == [40]
    make_export(5)
    assert list_exported() == [5, 40]
    Export.objects.filter(pk=slow.pk).update(is_complete=True)
    assert list_exported() == [3, 5, 40]


def test_people_of_an_export_that_is_gone_do_not_count(make_export):
    gone = make_export(3)
    make_export(40)
    assert list_exported() == [3, 40]
    gone.delete()
    assert list_exported() == [40]
    Export.objects.all().delete()
    assert was_exported(Export.objects.all()) is None


def test_the_people_of_an_export_are_read_once(make_export, django_assert_num_queries):
    for pk in range(3):
        make_export(pk + 1)
    assert list_exported() == [1, 2, 3]
    with django_assert_num_queries(1):
        assert list_exported() == [1, 2, 3]


def test_each_list_is_remembered_by_itself(make_export):
    export = make_export(3)
    others = Export.objects.exclude(upload=export.upload)
    assert list(find_exported(Export.objects.filter(upload=export.upload))) == [3]
    assert list(find_exported(others)) == []


def test_people_of_earlier_files_are_left_out_on_request(make_upload):
    upload = make_upload(people(3))
    assert len(read_export(upload, without_exported=True)) == 3
    # The file without anybody is an export too.
    assert read_export(upload, without_exported=True) == []
    assert len(read_export(upload)) == 3
    breakdown = make_breakdown(
        upload, upload.items.all(), Layout("people", [("Row", "row")]), ExportChoices(without_exported=True)
    )
    assert (breakdown.kept, breakdown.by_reason) == (0, {"without_exported": 3})
