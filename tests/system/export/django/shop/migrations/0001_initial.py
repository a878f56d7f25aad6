import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("stock", "0002_price")]
    operations = [
        migrations.CreateModel(
            "Line",
            [
                ("id", models.BigAutoField(primary_key=True)),
                ("order", models.IntegerField()),
                ("item", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to="stock.item")),
            ],
        ),
        migrations.AlterUniqueTogether("Line", {("order", "item")}),
    ]
