from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("shop", "0002_count"), ("shop", "0002_index")]
    operations = []
