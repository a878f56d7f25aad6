// Connection strings, as libpq understands them: keyword/value pairs, URIs, service names, PG* variables, .pgpass.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tenancy::driver {

/// The parameters of a connection. What is not said is libpq's to find: environment, service file, .pgpass.
class Conninfo {
 public:
  Conninfo() = default;
  /// Throws std::invalid_argument, with libpq's words but never with a password, for what libpq cannot parse.
  static Conninfo parse(std::string_view text);

  /// Sets or replaces a parameter, such as dbname; an empty value takes it away.
  void set(std::string_view keyword, std::string_view value);
  [[nodiscard]] std::optional<std::string_view> get(std::string_view keyword) const noexcept;
  [[nodiscard]] bool has_password() const noexcept;

  /// The same cluster, another database.
  [[nodiscard]] Conninfo with_database(std::string_view database) const;

  /// With what libpq takes from its environment, a service file and its own defaults, but for .pgpass. Does not
  /// connect. A service that libpq does not find leaves nothing but what is said here.
  [[nodiscard]] Conninfo in_force() const;

  /// Keyword/value text with every secret (password, sslpassword) as ***.
  [[nodiscard]] std::string masked() const;

  /// For PQconnectStartParams.
  [[nodiscard]] const std::vector<std::pair<std::string, std::string>>& parameters() const noexcept {
    return parameters_;
  }

 private:
  std::vector<std::pair<std::string, std::string>> parameters_;
};

}  // namespace tenancy::driver
