from datetime import UTC

from django.db import migrations, models

BATCH = 10_000


def note_days(apps, schema_editor):
    """Note the days of what the index has already."""
    Message, SearchDay = apps.get_model("rooms", "Message"), apps.get_model("rooms", "SearchDay")
    known, after = {}, 0
    messages = Message.objects.filter(search_text__isnull=False).order_by("pk")
    while rows := list(messages.filter(pk__gt=after).values_list("pk", "timestamp")[:BATCH]):
        for pk, moment in rows:
            day = known.setdefault(moment.astimezone(UTC).date(), [pk, pk])
            day[1] = pk
        after = rows[-1][0]
    SearchDay.objects.bulk_create(
        SearchDay(day=day, first=first, last=last) for day, (first, last) in known.items()
    )


class Migration(migrations.Migration):
    dependencies = [("rooms", "0027_coming")]

    operations = [
        migrations.CreateModel(
            name="SearchDay",
            fields=[
                ("day", models.DateField(primary_key=True, serialize=False)),
                ("first", models.PositiveBigIntegerField()),
                ("last", models.PositiveBigIntegerField()),
            ],
        ),
        migrations.RunPython(note_days, migrations.RunPython.noop),
    ]
