// CALL tenancy.create_tenant_database(): a tenant with a database of its own.
//
// CREATE DATABASE cannot be undone by a rollback, which is why PostgreSQL refuses it inside of transactions. Here it is
// the only thing that its transaction does, which is committed at once; what fails later drops the database again.
#include "core/text_array.h"
#include "extension/fleet_call.h"
#include "extension/procedure.h"

namespace tenancy {

namespace {

struct NewTenant {
  std::string id, database, revision, set;
  Value run_as;
};

Query register_tenant(
    "SELECT tenancy.register_tenant($1, NULL, 'database', $2, NULL, $3, 'active', $4,"
    " coalesce($5, '{}')::pg_catalog.jsonb, coalesce($6, '{}')::pg_catalog.text[])");

Query set_variables(
    "SELECT tenancy.set_variable(key, value, $1) FROM pg_catalog.jsonb_each_text($2::pg_catalog.jsonb)");

Query forget_tenant("SELECT tenancy.deregister_tenant($1)");

void make_database(const std::string& name, const Value& database_template, const Value& owner) {
  guarded([&] {
    auto* const statement = makeNode(CreatedbStmt);
    auto const add = [&](const char* option, const std::string& value) {
      Node* const text = reinterpret_cast<Node*>(makeString(pstrdup(value.c_str())));
      statement->options = lappend(statement->options, makeDefElem(pstrdup(option), text, -1));
    };
    statement->dbname = pstrdup(name.c_str());
    if (database_template) add("template", *database_template);
    if (owner) add("owner", *owner);
    PushActiveSnapshot(GetTransactionSnapshot());
    createdb(make_parsestate(nullptr), statement);
    PopActiveSnapshot();
    SPI_commit();
  });
}

/// Another session may have taken the id meanwhile: then the tenant is that session's.
void enter_tenant(const std::string& id, const std::string& database, const Arguments& arguments) {
  Subtransaction subtransaction;
  try {
    register_tenant.run({id, database, arguments.optional_text(4), arguments.optional_text(5), arguments.jsonb(6),
                         arguments.array(10)});
    set_variables.run({id, arguments.jsonb(9)});
  } catch (...) {
    subtransaction.roll_back();
    throw;
  }
  subtransaction.commit();
  guarded([] { SPI_commit(); });
}

/// Leaves no trace of a tenant that could not be registered or migrated; adds to `error` what that took.
void take_back(const NewTenant& tenant, bool is_registered, PgError& error) {
  try {
    if (is_registered) forget_tenant.run({tenant.id});
    guarded([&] {
      SPI_commit();
      PushActiveSnapshot(GetTransactionSnapshot());
      dropdb(tenant.database.c_str(), true, false);
      PopActiveSnapshot();
      SPI_commit();
    });
  } catch (const PgError& second) {
    std::string& detail = error.report().detail;
    detail += (detail.empty() ? "" : " ") + std::string("Dropping database \"") + tenant.database +
              "\" failed: " + second.what() + ".";
  }
}

/// For an error behind which this transaction can do nothing more.
void say_what_is_left(PgError& error, const std::string& database, bool is_registered) {
  error.report().hint =
      "Database \"" + database + "\" is made" +
      (is_registered ? ", and the tenant is registered: CALL tenancy.rollout() goes on, or drop both." : ": drop it.");
}

/// Throws the error of a target that failed.
void migrate(Migrator& migrator, const std::string& id, const std::string& revision, const Value& run_as) {
  TenantFilter filter;
  filter.ids = core::text_array(std::span(&id, 1));
  RunPlan plan = plan_run(migrator, filter, make_request(core::Direction::up, revision, run_as), {});
  plan.revision = revision;
  plan.filter = recorded_filter(filter);
  std::erase_if(plan.targets, [](const FleetTarget& target) { return target.target.database.empty(); });
  FleetRun run(migrator, std::move(plan));
  for (const Outcome& outcome :
       run.run(SessionExecutor::Mode::committing, 1, [](const FleetTarget&, const Outcome&) {})) {
    if (!outcome.success) throw to_error(outcome);
  }
}

void require_names(const NewTenant& tenant) {
  if (tenant.id.empty()) throw PgError(ERRCODE_INVALID_PARAMETER_VALUE, "a tenant needs an id");
  if (tenant.database.size() >= NAMEDATALEN) {
    throw PgError(ERRCODE_NAME_TOO_LONG, "database name \"" + tenant.database + "\" is too long",
                  "It has " + std::to_string(tenant.database.size()) + " bytes; names have at most " +
                      std::to_string(NAMEDATALEN - 1) + ".",
                  "Give the database a shorter name: database => '…'.");
  }
  if (find_tenant(tenant.id)) {
    throw PgError(ERRCODE_UNIQUE_VIOLATION, "tenant \"" + tenant.id + "\" is already registered", {},
                  "See tenancy.tenants.");
  }
}

void check_request(Migrator& migrator, const NewTenant& tenant) {
  if (tenant.revision == "base") return;
  Target const target{tenant.id, "public", core::TargetKind::combined, tenant.set, tenant.database};
  migrator.check_request(target, make_request(core::Direction::up, tenant.revision, tenant.run_as));
}

/// Its database is made: registers and migrates it, or drops the database.
void enter_and_migrate(Migrator& migrator, const NewTenant& tenant, const Arguments& arguments) {
  bool is_registered = false;
  try {
    enter_tenant(tenant.id, tenant.database, arguments);
    is_registered = true;
    if (tenant.revision != "base") migrate(migrator, tenant.id, tenant.revision, tenant.run_as);
  } catch (PgError& error) {
    if (error.from_server() && (is_registered || error.stops_the_run())) {
      say_what_is_left(error, tenant.database, is_registered);
      throw;
    }
    take_back(tenant, is_registered, error);
    throw;
  }
}

}  // namespace

TENANCY_SQL_FUNCTION(tenancy_create_tenant_database) {
  return sql_entry([=] {
    require_own_transaction(fcinfo, "create_tenant_database");
    Arguments const arguments(fcinfo);
    std::string const id = arguments.required_text(0, "id");
    NewTenant const tenant{id, arguments.optional_text(1).value_or(id), arguments.required_text(7, "revision"),
                           arguments.optional_text(4).value_or(std::string(core::kDefaultSet)),
                           arguments.optional_text(8)};
    require_names(tenant);
    require_reach_of_databases();
    ScopedContext const memory(CurrentMemoryContext, "tenancy migrations");
    Migrator migrator(memory.get());
    check_request(migrator, tenant);
    guarded([] {
      SPI_connect_ext(SPI_OPT_NONATOMIC);
      SPI_commit();
    });
    make_database(tenant.database, arguments.optional_text(2), arguments.optional_text(3));
    enter_and_migrate(migrator, tenant, arguments);
    guarded([] { SPI_finish(); });
    return Datum(0);
  });
}

}  // namespace tenancy
