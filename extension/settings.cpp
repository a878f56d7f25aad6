#include "extension/settings.h"

#include "extension/variables.h"

namespace tenancy {

namespace {

char* shared_schemas = nullptr;
char* tracking_table = nullptr;
int out_of_order = static_cast<int>(core::OutOfOrder::refuse);
int run_as = static_cast<int>(RunAs::automatic);
int lock_timeout_ms = 2000;
int statement_timeout_ms = 0;
int concurrency = 4;
bool asynchronous_commit = true;
int max_attempts = 5;
int retry_delay_ms = 200;
char* variables = nullptr;
int run_retention_minutes = 30 * 24 * 60;

const config_enum_entry kOutOfOrderOptions[] = {
    {"refuse", static_cast<int>(core::OutOfOrder::refuse), false},
    {"apply", static_cast<int>(core::OutOfOrder::apply), false},
    {"skip", static_cast<int>(core::OutOfOrder::skip), false},
    {nullptr, 0, false},
};

const config_enum_entry kRunAsOptions[] = {
    {"auto", static_cast<int>(RunAs::automatic), false},
    {"caller", static_cast<int>(RunAs::caller), false},
    {"owner", static_cast<int>(RunAs::owner), false},
    {nullptr, 0, false},
};

/// SplitIdentifierString scribbles on what it is given and points into it.
bool split_schemas(char* copy, List** names) { return SplitIdentifierString(copy, ',', names) && *names != NIL; }

bool check_shared_schemas(char** value, void**, GucSource) {
  List* names = NIL;
  char* const copy = pstrdup(*value);
  bool const good = split_schemas(copy, &names);
  if (!good) GUC_check_errdetail("It must be a list of schema names, as search_path is, in one pair of quotes.");
  list_free(names);
  pfree(copy);
  return good;
}

bool check_tracking_table(char** value, void**, GucSource) {
  std::size_t const length = strlen(*value);
  if (length >= 1 && length < NAMEDATALEN) return true;
  GUC_check_errdetail("A table's name has 1 to %d bytes.", NAMEDATALEN - 1);
  return false;
}

bool check_variables(char** value, void**, GucSource) {
  try {
    (void)parse_variables(*value);
    return true;
  } catch (const PgError& error) {
    GUC_check_errdetail("%s", error.what());
  } catch (const std::bad_alloc&) {
    GUC_check_errdetail("out of memory");
  }
  GUC_check_errhint("It is a JSON object: SET tenancy.variables = '{\"region\": \"eu\"}'.");
  return false;
}

}  // namespace

void define_settings() {
  DefineCustomStringVariable("tenancy.shared_schemas", "Schemas that all tenants share.",
                             "The first one is migrated by migrations of scope public and both; all of them follow "
                             "the tenant's schema in search_path.",
                             &shared_schemas, "public", PGC_USERSET, GUC_LIST_INPUT, check_shared_schemas, nullptr,
                             nullptr);
  DefineCustomStringVariable("tenancy.tracking_table", "Name of the tracking table in each target schema.", nullptr,
                             &tracking_table, "schema_migrations", PGC_USERSET, 0, check_tracking_table, nullptr,
                             nullptr);
  DefineCustomEnumVariable("tenancy.out_of_order",
                           "What to do with a pending migration that is older than the newest applied one.", nullptr,
                           &out_of_order, static_cast<int>(core::OutOfOrder::refuse), kOutOfOrderOptions, PGC_USERSET,
                           0, nullptr, nullptr, nullptr);
  DefineCustomEnumVariable("tenancy.run_as", "Role that migrations run as.",
                           "auto is the schema's owner when the caller is a superuser and the owner is not, "
                           "else the caller.",
                           &run_as, static_cast<int>(RunAs::automatic), kRunAsOptions, PGC_USERSET, 0, nullptr, nullptr,
                           nullptr);
  DefineCustomIntVariable("tenancy.lock_timeout", "Longest time that a migration waits for one lock; 0 is no limit.",
                          nullptr, &lock_timeout_ms, 2000, 0, INT_MAX, PGC_USERSET, GUC_UNIT_MS, nullptr, nullptr,
                          nullptr);
  DefineCustomIntVariable("tenancy.statement_timeout",
                          "Longest time that one statement of a migration may take; 0 is no limit.", nullptr,
                          &statement_timeout_ms, 0, 0, INT_MAX, PGC_USERSET, GUC_UNIT_MS, nullptr, nullptr, nullptr);
  DefineCustomIntVariable("tenancy.concurrency", "Background workers that a fleet operation uses; 0 is none.", nullptr,
                          &concurrency, 4, 0, 64, PGC_USERSET, 0, nullptr, nullptr, nullptr);
  DefineCustomBoolVariable("tenancy.asynchronous_commit",
                           "Fleet operations wait for the disk and for standbys once, before they report, instead of "
                           "for each target.",
                           nullptr, &asynchronous_commit, true, PGC_USERSET, 0, nullptr, nullptr, nullptr);
  DefineCustomIntVariable("tenancy.max_attempts",
                          "How often a fleet operation tries a target that fails for a lock, a deadlock or a "
                          "serialization failure.",
                          nullptr, &max_attempts, 5, 1, 1000, PGC_USERSET, 0, nullptr, nullptr, nullptr);
  DefineCustomIntVariable("tenancy.retry_delay", "Time before the second attempt; later ones wait twice as long each.",
                          nullptr, &retry_delay_ms, 200, 0, 3600 * 1000, PGC_USERSET, GUC_UNIT_MS, nullptr, nullptr,
                          nullptr);
  DefineCustomIntVariable("tenancy.run_retention", "How long finished runs stay in tenancy.runs; 0 keeps them.",
                          nullptr, &run_retention_minutes, 30 * 24 * 60, 0, INT_MAX, PGC_USERSET, GUC_UNIT_MIN, nullptr,
                          nullptr, nullptr);
  DefineCustomStringVariable("tenancy.variables", "Values of variables in migrations, as a JSON object.",
                             "They win over those that are stored in the table tenancy.variables.", &variables, "",
                             PGC_USERSET, 0, check_variables, nullptr, nullptr);
  MarkGUCPrefixReserved("tenancy");
}

Settings current_settings() {
  Settings settings{{},
                    tracking_table,
                    static_cast<core::OutOfOrder>(out_of_order),
                    static_cast<RunAs>(run_as),
                    std::chrono::milliseconds(lock_timeout_ms),
                    std::chrono::milliseconds(statement_timeout_ms),
                    concurrency,
                    {},
                    asynchronous_commit};
  settings.retry.max_attempts = max_attempts;
  settings.retry.first_delay = std::chrono::milliseconds(retry_delay_ms);
  guarded([&] {
    List* names = NIL;
    char* const copy = pstrdup(shared_schemas);
    split_schemas(copy, &names);
    ListCell* cell;
    foreach (cell, names) settings.shared_schemas.emplace_back(static_cast<char*>(lfirst(cell)));
    list_free(names);
    pfree(copy);
  });
  return settings;
}

core::VariableMap current_variables() { return parse_variables(variables); }

RunAs parse_run_as(std::string_view text) {
  for (const config_enum_entry* option = kRunAsOptions; option->name != nullptr; ++option) {
    if (text == option->name) return static_cast<RunAs>(option->val);
  }
  throw PgError(ERRCODE_INVALID_PARAMETER_VALUE, "run_as \"" + std::string(text) + "\" is not known", {},
                "Say auto, caller or owner.");
}

}  // namespace tenancy
