from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("stock", "0001_initial")]
    operations = [migrations.AddField("Item", "price", models.DecimalField(max_digits=9, decimal_places=2, default=0))]
