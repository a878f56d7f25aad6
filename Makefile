# The extension's PGXS build and the project's front door.
#
#   make                build the extension (PG_CONFIG=… chooses the PostgreSQL, WERROR=1 makes warnings errors)
#   make install        install it into that PostgreSQL (DESTDIR as usual); make uninstall takes it out again
#   make driver         build the driver, the binary tenancy, in build/driver (installs the packages that it needs)
#   make install-driver install it with its manual page and completions (DESTDIR, PREFIX=/usr/local); make install does
#                       that too when it has been built, and make uninstall takes it out
#   make migrate-status, migrate-public, migrate-tenants, migrate-tenant TENANT=acme, migrate-all
#                       the driver's commands (ARGS="--env prod" and other options; TENANCY=/path/to/tenancy)
#   make demo           install packages, build, start a private cluster, create and migrate a small fleet
#   make demo-stop      stop that cluster and remove it
#   make check          install packages, build everything, run every test
#   make bench          measure it against other ways to migrate a fleet (SIZE=10000 WORKERS="1 2 4" RUNS=3
#                       XARGS_SIZE=500 ALEMBIC_SIZE=50 DATABASES=200; see bench/main.py), takes an hour
#   make clean          remove the extension's objects; make distclean removes the whole build folder
#
# The source tree stays clean: objects are compiled in build/extension-<major version>, by this same
# Makefile, which PGXS knows as a VPATH build.

PG_CONFIG ?= $(if $(PG_MAJOR),/usr/lib/postgresql/$(PG_MAJOR)/bin/pg_config,pg_config)

ifndef VPATH

root := $(CURDIR)
PREFIX ?= /usr/local
migrate_goals := migrate-status migrate-public migrate-tenants migrate-tenant migrate-all
front_door := demo demo-stop check bench distclean driver install-driver uninstall-driver $(migrate_goals)
built_driver := $(root)/build/driver/driver/tenancy
TENANCY ?= $(if $(wildcard $(built_driver)),$(built_driver),tenancy)
jobs = $(if $(findstring jobserver,$(MAKEFLAGS)),,-j$(shell nproc))

all:

.NOTPARALLEL:
.PHONY: $(front_door)

demo:
	@.ci/demo start

demo-stop:
	@.ci/demo stop

check:
	@.ci/check

bench: driver
	@TENANCY=$(built_driver) .ci/bench

driver:
	@! command -v dpkg-query >/dev/null || .ci/packages driver
	@cmake --preset driver --log-level=WARNING
	@env -u MAKEFLAGS -u MFLAGS -u MAKELEVEL cmake --build --preset driver --parallel $(shell nproc)

install-driver:
	@test -x $(built_driver) || { echo "make driver comes first" >&2; exit 1; }
	@DESTDIR="$(DESTDIR)" cmake --install build/driver --prefix "$(abspath $(PREFIX))"

uninstall-driver:
	@test ! -e build/driver/install_manifest.txt || \
	  sed 's|^|$(DESTDIR)|' build/driver/install_manifest.txt | xargs -d '\n' rm -fv

migrate-status:
	@$(TENANCY) status $(ARGS)

migrate-public migrate-tenants migrate-all: migrate-%:
	@$(TENANCY) migrate $* $(ARGS)

migrate-tenant:
	@test -n "$(TENANT)" || { echo "say which: make migrate-tenant TENANT=acme" >&2; exit 2; }
	@$(TENANCY) migrate tenant "$(TENANT)" $(ARGS)

distclean:
	@.ci/demo stop
	rm -rf build

# The driver goes along when it has been built.
ifneq ($(wildcard $(built_driver)),)
install: install-driver
uninstall: uninstall-driver
endif

# Nothing of PostgreSQL need be installed for the goals above, so pg_config is asked only here.
extension_goals := $(filter-out $(front_door),$(or $(MAKECMDGOALS),all))
.PHONY: $(extension_goals)
$(extension_goals): major = $(shell $(PG_CONFIG) --version | sed -E 's/^[^0-9]*([0-9]+).*/\1/')
$(extension_goals): objects = build/extension-$(or $(major),$(error no pg_config: "$(PG_CONFIG)"))
$(extension_goals):
	@mkdir -p $(objects)/core $(objects)/extension
	@$(MAKE) --no-print-directory $(jobs) -C $(objects) -f $(root)/Makefile VPATH=$(root) $@

else

MODULE_big = tenancy
EXTENSION = extension/tenancy
DATA = $(patsubst $(VPATH)/%,%,$(wildcard $(VPATH)/sql/tenancy--*.sql))
OBJS = $(patsubst $(VPATH)/%.cpp,%.o,$(wildcard $(VPATH)/core/*.cpp $(VPATH)/extension/*.cpp))

PG_CPPFLAGS = -isystem $(shell $(PG_CONFIG) --includedir-server)
PG_CXXFLAGS = -std=c++20 -Wall -Wextra -Wno-register $(if $(filter 1,$(WERROR)),-Werror) -fvisibility=hidden -MMD -MP
# The C++ runtime is linked in: to load it would take every new session longer than the library itself.
SHLIB_LINK = -Wl,-Bstatic -lstdc++ -Wl,-Bdynamic -static-libgcc -Wl,--exclude-libs,ALL -Wl,--gc-sections
EXTRA_CLEAN = $(OBJS:.o=.d) pg_config.stamp

# PGXS would make LLVM bitcode too, without the flags above, and PostgreSQL inlines nothing of ours.
override with_llvm = no

PGXS := $(shell $(PG_CONFIG) --pgxs)
include $(PGXS)

# System headers are in no .d file: another server, or another minor version of it, means to compile anew.
pg_config := $(shell $(PG_CONFIG))
ifneq ($(pg_config),$(shell cat pg_config.stamp 2>/dev/null))
$(file >pg_config.stamp,$(pg_config))
endif
$(OBJS): pg_config.stamp

-include $(OBJS:.o=.d)

endif
