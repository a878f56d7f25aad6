// The border between C++ and PostgreSQL: errors cross it whole, in both directions.
//
// PostgreSQL raises errors by longjmp, C++ by exceptions, and neither may pass through the other's frames.
//   guarded(fn)    runs PostgreSQL code; its longjmp becomes a PgError exception
//   sql_entry(fn)  is the outermost C++ frame of an SQL function; exceptions become ereport there
// Between the two there is only C++. Inside a guarded function no local may have a destructor (a longjmp
// skips it): pointers, references to objects outside, and plain values are fine.
#pragma once

#include "extension/pg.h"

#include "core/error.h"

namespace tenancy {

/// A PostgreSQL error as a value: all of ErrorData that a client or a log can see. Empty text: not set.
struct ErrorReport {
  int sqlerrcode = 0;
  std::string message, detail, detail_log, hint, context;
  std::string schema_name, table_name, column_name, datatype_name, constraint_name;
  std::string internal_query;
  int cursor_position = 0;         ///< 1-based character in the statement that was analysed; 0: none
  int internal_position = 0;       ///< 1-based character in internal_query; 0: none
  const char* filename = nullptr;  ///< of the server's source; a literal
  int lineno = 0;
  const char* funcname = nullptr;
  bool to_server_log = true;
};

/// Thrown by guarded(), and by this extension's own code for its own errors.
class PgError : public std::exception {
 public:
  /// An error of our own.
  PgError(int sqlerrcode, std::string message, std::string detail = {}, std::string hint = {});
  /// An error that the server raised.
  explicit PgError(ErrorReport report) noexcept : report_(std::move(report)), from_server_(true) {}

  [[nodiscard]] const char* what() const noexcept override { return report_.message.c_str(); }
  [[nodiscard]] const ErrorReport& report() const noexcept { return report_; }
  [[nodiscard]] ErrorReport& report() noexcept { return report_; }
  [[nodiscard]] int sqlerrcode() const noexcept { return report_.sqlerrcode; }
  /// Puts "place: " before the message.
  void prefix(const std::string& place) { report_.message = place + ": " + report_.message; }
  /// The five characters of the SQLSTATE.
  [[nodiscard]] std::string sqlstate() const;
  /// Its CONTEXT already holds what the callers of the failing code had to say.
  [[nodiscard]] bool from_server() const noexcept { return from_server_; }
  /// A request to stop (cancel, shutdown) or a lack of shared resources: no other target can do better.
  [[nodiscard]] bool stops_the_run() const noexcept;
  /// Makes an error a matter of its target alone, whatever its SQLSTATE.
  void confine_to_target() noexcept { confined_ = true; }

 private:
  ErrorReport report_;
  bool from_server_ = false;
  bool confined_ = false;
};

/// A core error with the SQLSTATE of its kind.
[[nodiscard]] PgError to_pg_error(const core::Error& error);

namespace detail {
/// Takes the current error off PostgreSQL's stack and throws it. In `context`, with error handling restored.
[[noreturn]] void throw_current_error(MemoryContext context);
/// Keeps an exception for raise_kept(): the only state that survives leaving a catch block.
void keep_error(PgError&& error) noexcept;
void keep_out_of_memory() noexcept;
void keep_unexpected(const char* what) noexcept;
[[noreturn]] void raise_kept();
}  // namespace detail

/// Runs `fn`, which may ereport. On an error: restores the memory context and the error handling of the
/// caller, then throws PgError. It does not roll anything back; whoever catches it and goes on must have
/// started a subtransaction. Exceptions of C++ pass through.
template <typename Fn>
auto guarded(Fn&& fn) -> std::invoke_result_t<Fn> {
  using Result = std::invoke_result_t<Fn>;
  static_assert(std::is_void_v<Result> || std::is_trivially_copyable_v<Result>);
  sigjmp_buf* const outer_stack = PG_exception_stack;
  ErrorContextCallback* const outer_callbacks = error_context_stack;
  MemoryContext const outer_context = CurrentMemoryContext;
  sigjmp_buf here;
  if (sigsetjmp(here, 0) == 0) {
    PG_exception_stack = &here;
    try {
      if constexpr (std::is_void_v<Result>) {
        fn();
        PG_exception_stack = outer_stack;
        return;
      } else {
        Result result = fn();
        PG_exception_stack = outer_stack;
        return result;
      }
    } catch (...) {
      PG_exception_stack = outer_stack;
      error_context_stack = outer_callbacks;
      throw;
    }
  }
  PG_exception_stack = outer_stack;
  error_context_stack = outer_callbacks;
  detail::throw_current_error(outer_context);
}

/// The body of every SQL function: runs `fn` and turns what it throws into an error of PostgreSQL, once all
/// destructors have run and the catch block is left.
template <typename Fn>
Datum sql_entry(Fn&& fn) {
  try {
    return fn();
  } catch (PgError& error) {
    detail::keep_error(std::move(error));
  } catch (const core::Error& error) {
    try {
      detail::keep_error(to_pg_error(error));
    } catch (...) {
      detail::keep_out_of_memory();
    }
  } catch (const std::bad_alloc&) {
    detail::keep_out_of_memory();
  } catch (const std::exception& error) {
    detail::keep_unexpected(error.what());
  } catch (...) {
    detail::keep_unexpected("unknown exception");
  }
  detail::raise_kept();
}

/// A subtransaction around one target: begun, and ended by exactly one of commit() and roll_back(). Nothing
/// is done by a destructor: a subtransaction that an exception passes is ended by its outer transaction.
class Subtransaction {
 public:
  /// Begins; throws PgError.
  Subtransaction();
  Subtransaction(const Subtransaction&) = delete;
  Subtransaction& operator=(const Subtransaction&) = delete;
  /// Both restore the caller's memory context and resource owner; both throw PgError.
  void commit();
  void roll_back();

 private:
  MemoryContext context_;
  ResourceOwner owner_;
};

/// A memory context that lives as long as the object.
class ScopedContext {
 public:
  /// A child of `parent`, which must outlive the object.
  explicit ScopedContext(MemoryContext parent, const char* literal_name);
  ~ScopedContext() { MemoryContextDelete(context_); }
  ScopedContext(const ScopedContext&) = delete;
  ScopedContext& operator=(const ScopedContext&) = delete;
  [[nodiscard]] MemoryContext get() const noexcept { return context_; }

 private:
  MemoryContext context_;
};

/// Makes a memory context the current one, from construction to destruction, and then empties it.
class TemporaryContext {
 public:
  explicit TemporaryContext(MemoryContext context) noexcept
      : context_(context), outer_(MemoryContextSwitchTo(context)) {}
  ~TemporaryContext() {
    MemoryContextSwitchTo(outer_);
    MemoryContextReset(context_);
  }
  TemporaryContext(const TemporaryContext&) = delete;
  TemporaryContext& operator=(const TemporaryContext&) = delete;

 private:
  MemoryContext context_;
  MemoryContext outer_;
};

}  // namespace tenancy
