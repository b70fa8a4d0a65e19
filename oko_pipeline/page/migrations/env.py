"""Where alembic begins: it runs this module for every command, with the connection of `upgrade.bring_up`."""

from alembic import context

from oko_pipeline.storage.migrations.upgrade import configure

configure(context, context.config.attributes["connection"])
