// The library: what PostgreSQL loads.
#include "extension/migration_watch.h"
#include "extension/settings.h"

#pragma GCC visibility push(default)
extern "C" {
PG_MODULE_MAGIC;
void _PG_init(void);
}
#pragma GCC visibility pop

void _PG_init(void) {
  tenancy::define_settings();
  tenancy::install_watch_hooks();
}
