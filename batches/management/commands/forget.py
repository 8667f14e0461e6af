from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from batches.forgetting import erasing, people
from batches.models import ErasureRequest
from batches.models.erasure import REFERENCE


class Command(BaseCommand):
    help = "Find a person in all lists and files, and erase them."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("text", help="A name, an address, a phone or an email.")
        parser.add_argument(
            "--person", action="append", default=[], metavar="KEY", help="Who is meant, by the key that is printed."
        )
        parser.add_argument("--request", type=int, help="The number of the request in the register.")
        parser.add_argument("--reference", default="", help="The reference of a new request, which must not be a name.")
        parser.add_argument("--erase", action="store_true", help="Erase. Without it, only show what would be erased.")

    def handle(
        self, *, text: str, person: list[str], request: int | None, reference: str, erase: bool, **_: Any
    ) -> None:
        if not person:
            self.show_candidates(text)
            return
        selection = people.select(person)
        if not selection:
            raise CommandError("Nobody has these keys. Run the command without --person to see whom it finds.")
        data = erasing.load_person(selection, text)
        if not erase:
            counts = ", ".join(erasing.format_counts(erasing.preview(data)))
            self.stdout.write(f"Would erase: {counts}. Run it again with --erase.")
            return
        entry = find_request(request, reference)
        try:
            counts = ", ".join(erasing.format_counts(erasing.erase(data, entry, None)))
        except erasing.NotYet as problem:
            raise CommandError(str(problem)) from None
        self.stdout.write(f"Erased for {entry}: {counts}.")

    def show_candidates(self, text: str) -> None:
        candidates = people.find_people(text)
        if not candidates:
            raise CommandError("Nobody was found.")
        for each in candidates:
            self.stdout.write(f"{each.key}: {', '.join(filter(None, [each.name, each.address, each.where]))}")
        self.stdout.write("Run it again with --person KEY for everyone who is meant.")


def find_request(pk: int | None, reference: str) -> ErasureRequest:
    """Return an open request, or register a new one."""
    if pk is not None:
        entry = ErasureRequest.objects.open().filter(pk=pk).first()
        if entry is None:
            raise CommandError(f"There is no open request {pk}.")
        return entry
    if not REFERENCE.regex.search(reference):  # type: ignore[union-attr]
        raise CommandError("Give --request, or the reference of a new request: --reference T-1042.")
    return erasing.receive(reference)
