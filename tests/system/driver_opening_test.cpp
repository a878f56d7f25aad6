// How connections of the driver come about, or do not.
#include <gmock/gmock.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <boost/asio/ip/tcp.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "tests/system/driver_session.h"
#include "tests/system/fault_proxy.h"
#include "tests/system/shell.h"

namespace tenancy::test {
namespace {

namespace asio = boost::asio;
namespace fs = std::filesystem;

using driver::is_transient;
using driver::ServerError;
using std::chrono::seconds;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

/// An environment variable for as long as a test lasts.
class Variable {
 public:
  Variable(const char* name, const std::string& value) : name_(name) { setenv(name, value.c_str(), 1); }
  ~Variable() { unsetenv(name_); }

 private:
  const char* name_;
};

/// A port of this machine that nobody listened on a moment ago.
std::string free_port() {
  asio::io_context context;
  const asio::ip::tcp::acceptor acceptor(context, {asio::ip::address_v4::loopback(), 0});
  return std::to_string(acceptor.local_endpoint().port());
}

void write(const fs::path& file, const std::string& text) {
  std::ofstream out(file);
  out << text;
  ASSERT_TRUE(out.flush().good()) << file;
}

class DriverOpening : public DriverSessionTest {};

TEST_F(DriverOpening, NamesWhereItWasToLead) {
  const ServerError error = error_of_open(cluster().conninfo("nowhere") + " password=secret");
  EXPECT_EQ(error.sqlstate(), "3D000");
  EXPECT_EQ(error.report().message, "cannot connect to database \"nowhere\" on host \"" + cluster().sockets().string() +
                                        "\", port 5432, as user \"postgres\": database \"nowhere\" does not exist");
  EXPECT_FALSE(is_transient(error.report()));
  EXPECT_EQ(error_of_open(cluster().conninfo() + " user=nobody_of_that_name").sqlstate(), "28000");
}

TEST_F(DriverOpening, CannotReachWhatDoesNotListen) {
  const ServerError refused = error_of_open("host=127.0.0.1 user=ann dbname=app port=" + free_port());
  EXPECT_EQ(refused.sqlstate(), "08001");
  EXPECT_THAT(refused.what(),
              AllOf(HasSubstr("database \"app\" on host \"127.0.0.1\""), HasSubstr("Connection refused")));
  EXPECT_TRUE(is_transient(refused.report()));

  const ServerError missing = error_of_open("host=/no/such/folder");
  EXPECT_THAT(missing.what(), HasSubstr("No such file or directory"));
  EXPECT_TRUE(is_transient(missing.report()));

  const ServerError unknown = error_of_open("host=no-such-host.invalid");
  EXPECT_THAT(unknown.what(), HasSubstr("could not translate host name \"no-such-host.invalid\""));
  EXPECT_EQ(unknown.sqlstate(), "08001");

  EXPECT_THAT(error_of_open("service=none_of_that_name").what(), HasSubstr("service \"none_of_that_name\" not found"));
  EXPECT_FALSE(is_transient(error_of_open("sslmode=nonsense").report()));
}

TEST_F(DriverOpening, TriesHostsAndAddressesInTurn) {
  const FaultProxy proxy(cluster().sockets());
  // A name, of which one address is that of the proxy.
  std::string by_name = proxy.tcp_conninfo(database());
  by_name.replace(by_name.find("127.0.0.1"), 9, "localhost");
  for (int i = 0; i < 2; ++i) {
    driver::Connection session = open(by_name);
    expect_usable(session);
  }
  const std::string good = cluster().sockets().string();
  driver::Connection session =
      open("host=no-such-host.invalid,/no/such/folder," + good + " user=postgres dbname=" + database());
  expect_usable(session);
}

TEST_F(DriverOpening, TakesItsParametersFromEnvironmentAndService) {
  const Variable host("PGHOST", cluster().sockets());
  const Variable user("PGUSER", "postgres");
  const Variable encoding("PGCLIENTENCODING", "LATIN1");
  driver::Connection session = open("dbname=" + database());
  EXPECT_EQ(value(session, "SELECT 'ä'"), "ä");

  const fs::path file = fs::path(testing::TempDir()) / "driver_opening_service.conf";
  write(file, "[fleet]\ndbname=" + database() + "\napplication_name=by_service\n");
  const Variable services("PGSERVICEFILE", file);
  driver::Connection by_service = open("service=fleet");
  EXPECT_EQ(value(by_service, "SHOW application_name"), "by_service");
  fs::remove(file);
}

/// Clusters of their own, for what they are to be like.
class DriverOpeningElsewhere : public DriverOpening {
 protected:
  /// Replaces who may come in, and how.
  static void allow(Cluster& server, const std::string& rules) {
    write(server.data() / "pg_hba.conf", rules);
    server.restart();
  }

  /// A certificate that a server is to show, and its key, in its data folder.
  static void certify(Cluster& server) {
    const std::string name = (server.data() / "server").string();
    const std::string command =
        "openssl req -new -x509 -nodes -days 2 -subj /CN=localhost -addext "
        "subjectAltName=DNS:localhost -keyout " +
        shell_word(name + ".key") + " -out " + shell_word(name + ".crt") + " 2>/dev/null";
    ASSERT_EQ(std::system(command.c_str()), 0);
    struct stat owner {};
    ASSERT_EQ(stat(server.data().c_str(), &owner), 0);
    for (const char* kind : {".key", ".crt"}) {
      ASSERT_EQ(chown((name + kind).c_str(), owner.st_uid, owner.st_gid), 0);
      ASSERT_EQ(chmod((name + kind).c_str(), 0600), 0);
    }
    server.set("ssl", "on");
  }
};

TEST_F(DriverOpeningElsewhere, AsksForAPassword) {
  Cluster server;
  server.connect().exec("CREATE ROLE ann LOGIN PASSWORD 'open sesame'");
  allow(server, "local all postgres trust\nlocal all all scram-sha-256\n");
  const std::string ann = server.conninfo() + " user=ann";
  driver::Connection session = open(ann + " password='open sesame'");
  expect_usable(session);

  const ServerError wrong = error_of_open(ann + " password=guessed");
  EXPECT_EQ(wrong.sqlstate(), "28P01");
  EXPECT_THAT(wrong.what(),
              AllOf(HasSubstr("as user \"ann\": password authentication failed"), Not(HasSubstr("guessed"))));
  EXPECT_FALSE(is_transient(wrong.report()));
  const ServerError none = error_of_open(ann);
  EXPECT_THAT(none.what(), HasSubstr("no password supplied"));
  EXPECT_FALSE(is_transient(none.report()));
}

TEST_F(DriverOpeningElsewhere, EncryptsAsSslmodeSays) {
  const std::string port = free_port();
  Cluster server{{"listen_addresses", "127.0.0.1"}, {"port", port}};
  const std::string by_tcp = "host=localhost user=postgres dbname=postgres port=" + port;
  const ServerError plain = error_of_open(by_tcp + " sslmode=require");
  EXPECT_THAT(plain.what(), HasSubstr("server does not support SSL, but SSL was required"));
  EXPECT_FALSE(is_transient(plain.report()));

  certify(server);
  allow(server, "local all all trust\nhostssl all all all trust\n");
  const fs::path certificate = fs::path(testing::TempDir()) / "driver_opening.crt";
  fs::copy_file(server.data() / "server.crt", certificate, fs::copy_options::overwrite_existing);
  // Against the certificate's name, although the address was looked up before.
  driver::Connection session = open(by_tcp + " sslmode=verify-full sslrootcert=" + certificate.string());
  EXPECT_EQ(value(session, "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()"), "t");
  const std::string large(5'000'000, 'x');
  EXPECT_EQ(value(session, "SELECT $1", driver::parameters(large)), large);
  EXPECT_EQ(error_of(session.query("SELECT pg_sleep(60)", {}, in(std::chrono::milliseconds(50)))).kind(),
            ServerError::Kind::timed_out);
  expect_usable(session);

  EXPECT_EQ(error_of_open(by_tcp + " sslmode=disable").sqlstate(), "28000");
  fs::remove(certificate);
  for (const char* wrong : {"sslmode=verify-full sslrootcert=/no/such/file", "sslmode=verify-full host=127.0.0.1"}) {
    EXPECT_FALSE(is_transient(error_of_open(by_tcp + " " + wrong).report()));
  }
}

TEST_F(DriverOpeningElsewhere, MayComeAgainToAServerThatIsFull) {
  Cluster server{{"max_connections", "5"}, {"superuser_reserved_connections", "0"}};
  std::vector<driver::Connection> sessions;
  while (sessions.size() < 5) {
    try {
      sessions.push_back(open(server.conninfo()));
    } catch (const ServerError& error) {
      // Those who waited for the server to start have not gone yet.
      ASSERT_EQ(error.sqlstate(), "53300") << error.what();
    }
  }
  const ServerError full = error_of_open(server.conninfo());
  EXPECT_EQ(full.sqlstate(), "53300");
  EXPECT_TRUE(is_transient(full.report()));
  EXPECT_THAT(full.what(), HasSubstr("too many clients already"));
}

TEST_F(DriverOpeningElsewhere, MayComeAgainToAServerThatRestarts) {
  Cluster server;
  driver::Connection session = open(server.conninfo());
  // It waits for those who are there, and lets nobody else in.
  kill(server.postmaster_pid(), SIGTERM);
  const driver::Deadline deadline = in(seconds(30));
  std::optional<ServerError> refusal;
  while (!refusal && std::chrono::steady_clock::now() < deadline) {
    try {
      open(server.conninfo());
    } catch (const ServerError& error) {
      refusal = error;
    }
  }
  ASSERT_TRUE(refusal.has_value());
  EXPECT_EQ(refusal->kind(), ServerError::Kind::unreached);
  EXPECT_EQ(refusal->sqlstate(), "57P03");
  EXPECT_TRUE(is_transient(refusal->report()));
  expect_usable(session);

  server.restart();
  const ServerError lost = error_of(session.query("SELECT 1"));
  EXPECT_EQ(lost.kind(), ServerError::Kind::lost);
  EXPECT_TRUE(is_transient(lost.report()));
  driver::Connection again = open(server.conninfo());
  expect_usable(again);
}

}  // namespace
}  // namespace tenancy::test
