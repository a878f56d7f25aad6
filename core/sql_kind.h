// What kind of statement a text is, as far as carrying it out asks. For whoever has no parser of PostgreSQL at hand;
// the extension asks parse trees the same (statement_kind.h) and must come to the same answers.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tenancy::core {

/// One statement, as split_statements() cut it. The text must outlive the object.
class SqlKind {
 public:
  explicit SqlKind(std::string_view statement);

  /// The command that begins, ends or divides a transaction, such as COMMIT or SAVEPOINT; empty for all else.
  [[nodiscard]] std::string_view transaction_control() const noexcept;

  /// A line such as `\connect`: psql knows it, the server does not.
  [[nodiscard]] bool is_meta_command() const noexcept;

  /// COPY from or to the client.
  [[nodiscard]] bool copies_with_client() const noexcept;

  /// What PostgreSQL runs only outside a transaction block, as a person would name it; empty for all else.
  [[nodiscard]] std::string_view top_level_only() const noexcept;

  /// Maintenance, which a non-transactional migration runs at top level: what is top_level_only(), and what may be,
  /// depending on its object.
  [[nodiscard]] bool runs_at_top_level() const noexcept;

  /// CALL, or DO of code that says COMMIT, ROLLBACK or CALL: it may end transactions by itself, which it can at top
  /// level alone, and when it fails, nobody knows how much of it is done.
  [[nodiscard]] bool may_commit() const noexcept;

  /// Does it wait for other transactions to end, while it lets them read and write?
  [[nodiscard]] bool is_concurrent() const noexcept { return concurrent_at_.has_value(); }

  /// What works on more than one schema, as a person would name it; empty for all else.
  [[nodiscard]] std::string_view beyond_one_schema() const noexcept;

  /// SET or RESET of a setting; of the role.
  [[nodiscard]] bool is_setting() const noexcept;
  [[nodiscard]] bool is_local_setting() const noexcept;
  [[nodiscard]] bool is_role_setting() const noexcept;

  /// SET TRANSACTION with what must come before the first query: REPEATABLE READ, SERIALIZABLE or a snapshot.
  [[nodiscard]] bool sets_isolation() const noexcept;

  /// A command whose effect on the session cannot be put back, or not without harm, as a person would name it; empty
  /// for all else.
  [[nodiscard]] std::string_view session_command() const noexcept;

  /// May it queue constraint triggers: is it anything but plain DDL?
  [[nodiscard]] bool may_write_data() const noexcept;

  /// Does it no more than define, alter or drop objects and the rights on them?
  [[nodiscard]] bool is_definition() const noexcept;

  /// ALTER TYPE … ADD VALUE: what it adds can be used when it is committed.
  [[nodiscard]] bool adds_enum_value() const noexcept;

  /// Can it be run again, as repeatable_text() has it, when nobody knows whether it has been?
  [[nodiscard]] bool is_repeatable() const noexcept;
  /// The statement so that doing it twice does no harm.
  [[nodiscard]] std::string repeatable_text() const;

  /// The statement without CONCURRENTLY, every other byte where it was; nothing for maintenance that a new table does
  /// not need, and that may not run in a transaction.
  [[nodiscard]] std::optional<std::string> transactional_text() const;

  /// The index that CREATE, DROP or REINDEX INDEX names, or the table of REINDEX TABLE and of ALTER TABLE … DETACH
  /// PARTITION, as it stands in the text; empty when it names none.
  [[nodiscard]] std::string object() const;
  /// The table that CREATE INDEX is on, or the partition that is detached, as it stands in the text.
  [[nodiscard]] std::string second_object() const;

  enum class Command { other, create_index, drop_index, reindex, detach_partition };
  /// With is_concurrent(): which of them.
  [[nodiscard]] Command concurrent_command() const noexcept;

 private:
  /// A token outside of parentheses, in capitals where it is a word; what parentheses hold is one `(`.
  struct Word {
    std::string text;
    std::size_t begin = 0;
    std::size_t end = 0;
  };

  void read(std::string_view statement);
  void find_concurrently();
  [[nodiscard]] bool is(std::size_t at, std::string_view word) const noexcept;
  [[nodiscard]] bool begins(std::initializer_list<std::string_view> words) const noexcept;
  [[nodiscard]] std::optional<std::size_t> find(std::string_view word, std::size_t from = 0) const noexcept;
  [[nodiscard]] bool has_if_exists(std::size_t from, std::size_t to) const noexcept;
  [[nodiscard]] std::size_t behind_name(std::size_t at) const noexcept;
  [[nodiscard]] std::string name_at(std::size_t at) const;
  [[nodiscard]] std::size_t behind_index_words() const noexcept;
  [[nodiscard]] std::size_t reindex_kind() const noexcept;
  [[nodiscard]] bool reindexes_one_table() const noexcept;
  [[nodiscard]] bool clusters_all() const noexcept;
  [[nodiscard]] bool makes_table_as() const noexcept;
  [[nodiscard]] bool drops_plain_objects() const noexcept;
  [[nodiscard]] bool alters_repeatably() const noexcept;
  [[nodiscard]] bool creates_repeatably() const noexcept;
  [[nodiscard]] std::size_t behind_create_words() const noexcept;
  [[nodiscard]] bool option_is_on(std::string_view option) const;

  std::string_view text_;
  std::vector<Word> words_;
  std::optional<std::size_t> concurrent_at_;  ///< index of the word CONCURRENTLY, or of the options that hold it
};

/// Does any statement of the script?
[[nodiscard]] bool adds_enum_value(std::string_view script);

}  // namespace tenancy::core
