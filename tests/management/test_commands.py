import errno
import json
import os
import pwd
from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from batches.file_storage import describe_failure
from batches.models import Item, Upload
from tests.factories import HEADER, answer_for, make_workbook, people, person, to_csv

pytestmark = pytest.mark.django_db


@pytest.fixture
def write(tmp_path):
    """Return a function that writes a file, and returns its path."""

    def write(content, name="people.csv"):
        path = tmp_path / name
        path.write_bytes(content)
        return str(path)

    return write


def test_trace_starts_a_list_and_prints_a_summary(write, capsys):
    path = write(to_csv([*people(12), person(1), person(99, State="Atlantis")]))
    call_command("trace", path, "--name=Mine", "--priority=urgent")
    summary = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert summary == {
        "upload": Upload.objects.get().pk,
        "status": "running",
        "rows": 14,
        "items": 12,
        "batches": 0,
        "matched": 0,
        "no_match": 0,
        "error": 0,
        "missing": 0,
        "invalid": 1,
        "duplicate": 1,
        "reused": 0,
        "suppressed": 0,
        "company": 0,
        "credits": 0,
    }
    assert (Upload.objects.get().name, Upload.objects.get().priority) == ("Mine", 0)


@pytest.mark.parametrize(("options", "items"), [([], 11), (["--with-hidden"], 12)])
def test_trace_reports_what_a_workbook_hides(write, capsys, options, items):
    def hide(book):
        book["People"].row_dimensions[3].hidden = True

    path = write(make_workbook(hide, People=[HEADER, *people(12)]), "people.xlsx")
    call_command("trace", path, *options)
    printed = capsys.readouterr()
    assert json.loads(printed.out.splitlines()[-1])["items"] == items
    assert "1 row of the workbook is hidden" in printed.err


def test_trace_refreshes_stale_answers_only_on_request(write, start_upload, capsys):
    answered_at = timezone.now() - timedelta(days=40)
    for item in start_upload(people(12)).items.all():
        answer = answer_for(item).decode()
        Item.objects.filter(pk=item.pk).update(outcome="matched", answer=answer, answered_at=answered_at)
    path = write(to_csv([*people(12), person(99)]))
    for options, reused in [([], 12), (["--refresh-stale"], 0)]:
        call_command("trace", path, *options)
        assert json.loads(capsys.readouterr().out.splitlines()[-1])["reused"] == reused
    assert Upload.objects.latest("pk").refreshes_stale


def test_trace_takes_columns_by_name_or_number(write, capsys):
    header = ["A", "B", "C", "D", "E"]
    rows = [["Ada", "Abbott", f"{n} Oak St", "Herndon", "VA"] for n in range(12)]
    options = ["--map=first_name=A", "--map=last_name=2", "--map=address=C", "--map=city=D", "--map=state=E"]
    call_command("trace", write(to_csv(rows, header=header)), *options, "--match=phones,emails")
    upload = Upload.objects.get()
    assert upload.mapping == {"first_name": [0], "last_name": [1], "address": [2], "city": [3], "state": [4]}
    assert upload.match_requirements == ["phones", "emails"]


@pytest.mark.parametrize(
    ("content", "options", "reason"),
    [
        (b"", [], "The file is empty"),
        (b"A,B\r\n1x,2x\r\n", [], "Choose a column for at least one of"),
        (to_csv(people(2)), ["--map", "address=Nope"], "there is no column “Nope”"),
        (to_csv(people(2)), ["--map", "nose=City"], "there is no field “nose”"),
        (to_csv(people(2)), ["--match", "faxes"], "--match: faxes is not allowed."),
        (to_csv([person(1, State="Atlantis")]), [], "No row can be traced"),
    ],
)
def test_trace_exits_with_2_and_the_reason_if_the_input_is_refused(write, capsys, content, options, reason):
    with pytest.raises(SystemExit) as raised:
        call_command("trace", write(content), *options)
    assert raised.value.code == 2
    assert reason in capsys.readouterr().err


def test_trace_exits_with_2_if_the_file_is_missing(capsys):
    with pytest.raises(SystemExit) as raised:
        call_command("trace", "/nowhere/people.csv")
    assert raised.value.code == 2
    assert "No such file" in capsys.readouterr().err


def test_a_command_names_the_account_that_may_not_open_a_file():
    sentence = describe_failure(PermissionError(errno.EACCES, "Permission denied", "/backups"))
    account = pwd.getpwuid(os.geteuid()).pw_name
    assert sentence == f"Cannot open /backups: Permission denied. This command runs as the account {account}."


@pytest.mark.parametrize("command", ["backup", "restore"])
def test_a_directory_that_cannot_be_used_is_named(command, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(CommandError, match=r"Cannot open .*/file.*: (Not a directory|File exists)\."):
        call_command(command, str(tmp_path / "file" / "backup"))


def test_trace_prefers_a_given_full_name_to_a_guessed_first_name(write, capsys):
    content = to_csv([["x", "Ada Abbott", "a@example.com"]], header=["First Name", "Owner", "Email"])
    call_command("trace", write(content), "--map=full_name=Owner")
    assert Upload.objects.get().items.get().last_name == "Abbott"


def test_trace_exits_with_2_before_it_creates_a_list_if_the_export_cannot_be_written(write, capsys):
    with pytest.raises(SystemExit) as raised:
        call_command("trace", write(to_csv(people(12))), "--export", "/nowhere/out.csv")
    assert raised.value.code == 2
    assert not Upload.objects.exists()


def test_trace_exits_with_3_after_the_timeout_and_exports_the_results_so_far(write, capsys, tmp_path):
    out = tmp_path / "out.csv"
    with pytest.raises(SystemExit) as raised:
        call_command("trace", write(to_csv(people(12))), "--wait", "--timeout", "0.2", "--export", str(out))
    assert raised.value.code == 3
    assert json.loads(capsys.readouterr().out.splitlines()[-1])["status"] == "running"
    assert len(out.read_bytes().splitlines()) == 13


def test_export_refuses_an_unknown_list_or_outcome(tmp_path):
    with pytest.raises(CommandError, match="no list with number 99"):
        call_command("export", "99", "--out", str(tmp_path / "x.csv"))
    with pytest.raises(CommandError, match="Unknown outcome: lost"):
        call_command("export", "99", "--outcome", "lost", "--out", str(tmp_path / "x.csv"))


def test_first_login_creates_one_login_and_only_in_the_sandbox(capsys, settings, django_user_model):
    settings.IS_SANDBOX = False
    call_command("first_login")
    assert capsys.readouterr().out.startswith("Create the first administrator at http")
    assert not django_user_model.objects.exists()
    settings.IS_SANDBOX = True
    call_command("first_login")
    name, password = capsys.readouterr().out.strip().split(" / ")
    assert django_user_model.objects.get(username=name).check_password(password)
    call_command("first_login")
    assert capsys.readouterr().out == ""


def test_sample_writes_the_sample_list(tmp_path, settings):
    call_command("sample", "--out", str(tmp_path / "sample.csv"))
    assert (tmp_path / "sample.csv").read_bytes() == (settings.BASE_DIR / "static" / "sample.csv").read_bytes()


def test_the_sandboxs_user_cannot_log_in_once_there_is_a_real_key(capsys, settings, client, django_user_model):
    settings.IS_SANDBOX = True
    call_command("first_login")
    name, _, password = capsys.readouterr().out.strip().partition(" / ")
    assert client.login(username=name, password=password)
    settings.IS_SANDBOX = False
    django_user_model.objects.create_superuser("charlie", password="charlie-password")
    call_command("first_login")
    assert "The sandbox's user demo can no longer log in" in capsys.readouterr().out
    assert not client.login(username=name, password=password)
    assert client.login(username="charlie", password="charlie-password")
    call_command("first_login")
    assert capsys.readouterr().out == ""
