#include "driver/connection/conninfo.h"

#include <libpq-fe.h>

#include <algorithm>
#include <memory>
#include <new>
#include <stdexcept>

namespace tenancy::driver {
namespace {

using Options = std::unique_ptr<PQconninfoOption, void (*)(PQconninfoOption*)>;

bool is_secret(std::string_view keyword) {
  return keyword == "password" || keyword == "sslpassword" || keyword == "oauth_client_secret";
}

/// libpq quotes what it does not understand, and that may be a part of a password.
std::string without_quoted(std::string_view message) {
  std::string text;
  bool is_quoted = false;
  for (const char c : message) {
    if (c == '"') {
      text += is_quoted ? "***\"" : "\"";
      is_quoted = !is_quoted;
    } else if (!is_quoted) {
      text += c;
    }
  }
  return text;
}

std::string quoted(std::string_view value) {
  const bool is_plain = !value.empty() && value.find_first_of(" \t\n\r\f\v'\\") == std::string_view::npos;
  if (is_plain) return std::string(value);
  std::string text = "'";
  for (const char c : value) {
    if (c == '\'' || c == '\\') text += '\\';
    text += c;
  }
  return text + "'";
}

/// A URI that is written wrongly has (a part of) its password where the host or the port belongs, and these are
/// printed.
void check_place(const Conninfo& conninfo) {
  if (conninfo.get("host").value_or("").find('@') != std::string_view::npos) {
    throw std::invalid_argument(
        "the host of a connection string contains an @: in a URI's user and password write %40");
  }
  if (conninfo.get("port").value_or("").find_first_not_of("0123456789,") != std::string_view::npos) {
    throw std::invalid_argument("the port of a connection string is not a number");
  }
}

}  // namespace

Conninfo Conninfo::parse(std::string_view text) {
  const std::string terminated(text);
  if (terminated.find('\0') != std::string::npos) throw std::invalid_argument("a connection string has a zero byte");
  char* message = nullptr;
  const Options options(PQconninfoParse(terminated.c_str(), &message), PQconninfoFree);
  const std::unique_ptr<char, void (*)(void*)> owner(message, PQfreemem);
  if (!options) {
    if (message == nullptr) throw std::bad_alloc();
    std::string words = message;
    while (words.ends_with('\n')) words.pop_back();
    const bool may_have_secret =
        terminated.find("password") != std::string::npos || terminated.find('@') != std::string::npos;
    throw std::invalid_argument(may_have_secret ? without_quoted(words) : words);
  }
  Conninfo conninfo;
  for (const PQconninfoOption* option = options.get(); option->keyword != nullptr; ++option) {
    if (option->val != nullptr) conninfo.set(option->keyword, option->val);
  }
  check_place(conninfo);
  return conninfo;
}

void Conninfo::set(std::string_view keyword, std::string_view value) {
  const auto found = std::find_if(parameters_.begin(), parameters_.end(),
                                  [keyword](const auto& parameter) { return parameter.first == keyword; });
  if (value.empty()) {
    if (found != parameters_.end()) parameters_.erase(found);
  } else if (found != parameters_.end()) {
    found->second = value;
  } else {
    parameters_.emplace_back(keyword, value);
  }
}

std::optional<std::string_view> Conninfo::get(std::string_view keyword) const noexcept {
  for (const auto& [name, value] : parameters_) {
    if (name == keyword) return value;
  }
  return std::nullopt;
}

bool Conninfo::has_password() const noexcept { return get("password").has_value(); }

Conninfo Conninfo::with_database(std::string_view database) const {
  Conninfo other = *this;
  other.set("dbname", database);
  return other;
}

Conninfo Conninfo::in_force() const {
  // libpq tells what is in force of connections only. This one never begins: the last thing that libpq checks before it
  // does is wrong.
  constexpr const char* kRefused = "target_session_attrs";
  std::vector<const char*> keywords;
  std::vector<const char*> values;
  for (const auto& [keyword, value] : parameters_) {
    if (keyword == kRefused) continue;
    keywords.push_back(keyword.c_str());
    values.push_back(value.c_str());
  }
  keywords.insert(keywords.end(), {kRefused, nullptr});
  values.insert(values.end(), {"none of them", nullptr});
  const std::unique_ptr<PGconn, void (*)(PGconn*)> connection(PQconnectStartParams(keywords.data(), values.data(), 0),
                                                              PQfinish);
  const Options options(PQconninfo(connection.get()), PQconninfoFree);
  if (!connection || !options) throw std::bad_alloc();
  Conninfo all = *this;
  for (const PQconninfoOption* option = options.get(); option->keyword != nullptr; ++option) {
    if (option->val != nullptr && option->keyword != std::string_view(kRefused)) all.set(option->keyword, option->val);
  }
  return all;
}

std::string Conninfo::masked() const {
  std::string text;
  for (const auto& [keyword, value] : parameters_) {
    if (!text.empty()) text += ' ';
    text += keyword + "=" + (is_secret(keyword) ? "***" : quoted(value));
  }
  return text;
}

}  // namespace tenancy::driver
