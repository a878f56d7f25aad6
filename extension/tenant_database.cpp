// CALL tenancy.create_tenant_database(): a tenant with a database of its own.
//
// CREATE DATABASE cannot be undone by a rollback, which is why PostgreSQL refuses it inside of transactions. Here it is
// the only thing that its transaction does, which is committed at once; what fails later drops the database again.
#include "extension/fleet_call.h"
#include "extension/procedure.h"

namespace tenancy {

namespace {

Query register_tenant(
    "SELECT tenancy.register_tenant($1, NULL, 'database', $2, NULL, $3, 'active', $4,"
    " coalesce($5, '{}')::pg_catalog.jsonb)");

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

/// What is caught here is the error of a statement, behind which the transaction must be good for more.
void make_tenant(std::initializer_list<Value> arguments) {
  Subtransaction subtransaction;
  try {
    register_tenant.run(arguments);
  } catch (...) {
    subtransaction.roll_back();
    throw;
  }
  subtransaction.commit();
  guarded([] { SPI_commit(); });
}

/// Leaves no trace of a tenant that could not be registered or migrated; adds to `error` what that took.
void take_back(const std::string& id, bool is_registered, const std::string& database, PgError& error) {
  try {
    if (is_registered) forget_tenant.run({id});
    guarded([&] {
      SPI_commit();
      PushActiveSnapshot(GetTransactionSnapshot());
      dropdb(database.c_str(), true, false);
      PopActiveSnapshot();
      SPI_commit();
    });
  } catch (const PgError& second) {
    std::string& detail = error.report().detail;
    detail += (detail.empty() ? "" : " ") + std::string("Dropping database \"") + database +
              "\" failed: " + second.what() + ".";
  }
}

/// Throws the error of a target that failed.
void migrate(Migrator& migrator, const std::string& id, const std::string& revision, const Value& run_as) {
  TenantFilter filter;
  filter.ids = "{" + quoted_element(id) + "}";
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

}  // namespace

TENANCY_SQL_FUNCTION(tenancy_create_tenant_database) {
  return sql_entry([=] {
    require_own_transaction(fcinfo, "create_tenant_database");
    Arguments const arguments(fcinfo);
    std::string const id = arguments.required_text(0, "id");
    std::string const database = arguments.optional_text(1).value_or(id);
    std::string const revision = arguments.required_text(7, "revision");
    if (id.empty()) throw PgError(ERRCODE_INVALID_PARAMETER_VALUE, "a tenant needs an id");
    if (database.size() >= NAMEDATALEN) {
      throw PgError(ERRCODE_NAME_TOO_LONG, "database name \"" + database + "\" is too long",
                    "It has " + std::to_string(database.size()) + " bytes; names have at most " +
                        std::to_string(NAMEDATALEN - 1) + ".",
                    "Give the database a shorter name: database => '…'.");
    }
    if (find_tenant(id)) {
      throw PgError(ERRCODE_UNIQUE_VIOLATION, "tenant \"" + id + "\" is already registered", {},
                    "See tenancy.tenants.");
    }
    require_reach_of_databases();
    ScopedContext const memory(CurrentMemoryContext, "tenancy migrations");
    Migrator migrator(memory.get());
    guarded([] {
      SPI_connect_ext(SPI_OPT_NONATOMIC);
      SPI_commit();
    });
    make_database(database, arguments.optional_text(2), arguments.optional_text(3));
    bool is_registered = false;
    try {
      make_tenant({id, database, arguments.optional_text(4), arguments.optional_text(5), arguments.jsonb(6)});
      is_registered = true;
      if (revision != "base") migrate(migrator, id, revision, arguments.optional_text(8));
    } catch (PgError& error) {
      if (error.stops_the_run()) {
        error.report().hint =
            "The database is made. SELECT * FROM tenancy.status() says whether the tenant is registered.";
        throw;
      }
      take_back(id, is_registered, database, error);
      throw;
    }
    guarded([] { SPI_finish(); });
    return Datum(0);
  });
}

}  // namespace tenancy
