from django.db import migrations

from rooms.models.search_text import make_index


def make(apps, schema_editor):
    """Add the second index of PostgreSQL where 0025 made the first one alone."""
    if schema_editor.connection.vendor == "postgresql":
        make_index(schema_editor.connection)


class Migration(migrations.Migration):
    dependencies = [("rooms", "0031_exports")]

    operations = [migrations.RunPython(make, migrations.RunPython.noop)]
