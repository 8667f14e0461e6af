import json

import pytest
from django.core.management import CommandError, call_command

from batches.models import Upload
from tests.factories import people, person, to_csv

pytestmark = pytest.mark.django_db


@pytest.fixture
def write(tmp_path):
    def write(content):
        path = tmp_path / "people.csv"
        path.write_bytes(content)
        return str(path)

    return write


def test_trace_starts_a_list_and_prints_a_summary(write, capsys):
    call_command(
        "trace",
        write(to_csv([*people(12), person(1), person(99, State="Atlantis")])),
        "--name",
        "Mine",
        "--priority",
        "urgent",
    )
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


def test_columns_may_be_given_by_name_or_number(write, capsys):
    header = ["A", "B", "C", "D", "E"]
    rows = [["Ada", "Abbott", f"{n} Oak St", "Herndon", "VA"] for n in range(12)]
    given = ["first_name=A", "last_name=2", "address=C", "city=D", "state=E"]
    call_command(
        "trace",
        write(to_csv(rows, header=header)),
        *(f"--map={setting}" for setting in given),
        "--match",
        "phones,emails",
    )
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
def test_refused_input_exits_with_2_and_the_reason(write, capsys, content, options, reason):
    with pytest.raises(SystemExit) as exit_:
        call_command("trace", write(content), *options)
    assert exit_.value.code == 2
    assert reason in capsys.readouterr().err


def test_a_missing_file_exits_with_2(capsys):
    with pytest.raises(SystemExit) as exit_:
        call_command("trace", "/nowhere/people.csv")
    assert exit_.value.code == 2
    assert "No such file" in capsys.readouterr().err


def test_a_given_full_name_overrides_a_guess(write, capsys):
    header = ["First Name", "Owner", "Email"]
    call_command(
        "trace", write(to_csv([["x", "Ada Abbott", "a@example.com"]], header=header)), "--map", "full_name=Owner"
    )
    assert Upload.objects.get().items.get().last_name == "Abbott"


def test_an_export_that_cannot_be_written_is_refused_before_anything_is_spent(write, capsys):
    with pytest.raises(SystemExit) as exit_:
        call_command("trace", write(to_csv(people(12))), "--export", "/nowhere/out.csv")
    assert exit_.value.code == 2
    assert not Upload.objects.exists()


def test_waiting_longer_than_the_timeout_exits_with_3(write, capsys, tmp_path):
    out = tmp_path / "out.csv"
    with pytest.raises(SystemExit) as exit_:
        call_command("trace", write(to_csv(people(12))), "--wait", "--timeout", "0.2", "--export", str(out))
    assert exit_.value.code == 3
    assert json.loads(capsys.readouterr().out.splitlines()[-1])["status"] == "running"
    assert len(out.read_bytes().splitlines()) == 13


def test_exports_of_nothing_are_refused(tmp_path):
    with pytest.raises(CommandError, match="no list with number 99"):
        call_command("export", "99", "--out", str(tmp_path / "x.csv"))
    with pytest.raises(CommandError, match="Unknown outcome: lost"):
        call_command("export", "99", "--outcome", "lost", "--out", str(tmp_path / "x.csv"))


def test_the_first_login_is_created_once_and_only_in_the_sandbox(capsys, settings, django_user_model):
    settings.IS_SANDBOX = False
    call_command("first_login")
    assert not django_user_model.objects.exists()
    settings.IS_SANDBOX = True
    call_command("first_login")
    name, password = capsys.readouterr().out.strip().split(" / ")
    assert django_user_model.objects.get(username=name).check_password(password)
    call_command("first_login")
    assert capsys.readouterr().out == ""


def test_the_sample_list_is_the_output_of_the_command(tmp_path):
    from django.conf import settings  # noqa: PLC0415

    call_command("sample", "--out", str(tmp_path / "sample.csv"))
    assert (tmp_path / "sample.csv").read_bytes() == (settings.BASE_DIR / "static" / "sample.csv").read_bytes()
