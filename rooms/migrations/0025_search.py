import django.db.models.deletion
from django.db import migrations, models

from rooms.models.search_text import make_index, remove_index


def make(apps, schema_editor):
    make_index(schema_editor.connection)


def remove(apps, schema_editor):
    remove_index(schema_editor.connection)


class Migration(migrations.Migration):
    dependencies = [("rooms", "0024_hidden_chats")]

    operations = [
        migrations.CreateModel(
            name="SearchProgress",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("reached", models.PositiveBigIntegerField(default=0)),
                ("settled", models.PositiveBigIntegerField(default=0)),
                ("noted", models.PositiveBigIntegerField(default=0)),
                ("noted_before", models.PositiveBigIntegerField(default=0)),
                ("leased_by", models.UUIDField(null=True)),
                ("leased_until", models.DateTimeField(null=True)),
            ],
        ),
        migrations.CreateModel(
            name="SearchText",
            fields=[
                (
                    "message",
                    models.OneToOneField(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="search_text",
                        serialize=False,
                        to="rooms.message",
                    ),
                ),
                ("folded", models.TextField()),
                ("has_link", models.BooleanField()),
                ("written_at", models.DateTimeField()),
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=models.Q(("has_link", True)), fields=["message"], name="text_with_link"
                    )
                ],
            },
        ),
        migrations.RunPython(make, remove),
    ]
