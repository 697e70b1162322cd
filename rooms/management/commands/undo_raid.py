from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from rooms import raids
from rooms.models import Raid
from rooms.raid_form import RaidForm


class Command(BaseCommand):
    help = "Show what a raid made and wrote; with --yes hide the rooms and delete the messages."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--person", default="", help="the name of somebody")
        parser.add_argument("--address", default="", help="everybody who was here from it")
        parser.add_argument("--since", default="", help="a moment, such as 2027-01-31T20:15, in UTC")
        parser.add_argument("--until", default="", help="the same; without it, now")
        parser.add_argument("--only-newcomers", action="store_true", help="who came in that time")
        parser.add_argument("--deactivate", action="store_true", help="deactivate these people, too")
        parser.add_argument("--yes", action="store_true", help="do it")
        parser.add_argument("--go-on", action="store_true", help="finish what was interrupted")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["go_on"]:
            return self.go_on(*Raid.objects.filter(finished_at=None).order_by("pk"))
        fields = {name: options[name] for name in ("person", "address", "since", "until", "only_newcomers")}
        form = RaidForm(fields)
        if not form.is_valid():
            raise CommandError(form.errors.as_text())
        look = raids.look(form.choice)
        self.stdout.write(f"{look.rooms} rooms: {', '.join(look.room_names)}")
        self.stdout.write(f"{look.people} people: {', '.join(look.people_names)}")
        self.stdout.write(f"{look.messages} messages")
        if options["yes"]:
            self.go_on(raids.begin(form.choice, None, options["deactivate"]))
        else:
            self.stdout.write("Nothing was done. With --yes it is.")

    def go_on(self, *found: Raid) -> None:
        for raid in found:
            raids.go_on(raid)
            self.stdout.write(
                f"Hid {raid.rooms_hidden} rooms, deleted {raid.messages_deleted} messages, "
                f"deactivated {raid.people_deactivated} people."
            )
