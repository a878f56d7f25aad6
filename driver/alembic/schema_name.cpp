#include "driver/alembic/schema_name.h"

#include "core/ascii.h"
#include "core/sql_lexer.h"

namespace tenancy::driver {

namespace {

using Kind = core::SqlToken::Kind;

bool is_name(const core::SqlToken& token, std::string_view schema) {
  if (token.kind == Kind::word) return core::ascii::equals_ignoring_case(token.text, schema);
  if (token.kind != Kind::identifier || token.text.size() < 2) return false;
  return token.text.substr(1, token.text.size() - 2) == schema;
}

class Stripper {
 public:
  Stripper(std::string_view sql, std::string_view schema) : sql_(sql), schema_(schema) {}

  UnqualifiedSql strip() {
    core::SqlLexer lexer{sql_};
    while (const auto token = lexer.next()) {
      if (token->kind == Kind::string) {
        strip_string(*token);
      } else if (is_name(*token, schema_)) {
        const std::size_t end = token->offset + token->text.size();
        if (sql_.substr(end).starts_with('.')) {
          leave_out(token->offset, end + 1);
        } else {
          result_.is_named_still = true;
        }
      }
    }
    result_.sql += sql_.substr(kept_);
    return std::move(result_);
  }

 private:
  void leave_out(std::size_t begin, std::size_t end) {
    result_.sql += sql_.substr(kept_, begin - kept_);
    kept_ = end;
  }

  void strip_string(const core::SqlToken& token) {
    const std::string_view tag = core::leading_dollar_tag(token.text);
    if (!tag.empty() && token.text.size() >= 2 * tag.size()) {
      const std::string_view body = token.text.substr(tag.size(), token.text.size() - 2 * tag.size());
      const UnqualifiedSql inside = without_schema(body, schema_);
      leave_out(token.offset + tag.size(), token.offset + tag.size() + body.size());
      result_.sql += inside.sql;
      result_.is_named_still = result_.is_named_still || inside.is_named_still;
      return;
    }
    const std::size_t begin = token.text.find('\'') + 1;
    std::size_t end = begin;
    for (const std::string& prefix : {std::string(schema_) + ".", "\"" + std::string(schema_) + "\"."}) {
      if (token.text.substr(begin).starts_with(prefix)) end = begin + prefix.size();
    }
    if (end > begin) leave_out(token.offset + begin, token.offset + end);
    if (token.text.find(schema_, end) != std::string_view::npos) result_.is_named_still = true;
  }

  std::string_view sql_;
  std::string_view schema_;
  std::size_t kept_ = 0;  ///< the first byte that is not in the result yet
  UnqualifiedSql result_;
};

}  // namespace

UnqualifiedSql without_schema(std::string_view sql, std::string_view schema) { return Stripper(sql, schema).strip(); }

}  // namespace tenancy::driver
