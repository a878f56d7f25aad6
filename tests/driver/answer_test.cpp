#include "driver/connection/answer.h"

#include <gmock/gmock.h>

namespace tenancy::driver {
namespace {

using testing::EndsWith;
using testing::Eq;

const Endpoint kEndpoint{.host = "db1", .port = "6432", .database = "app", .user = "ann"};

struct Case {
  const char* name;
  const char* words;  ///< libpq's
  const char* sqlstate;
  const char* reason;
  const char* detail;
  const char* hint;
  bool transient;
};

void PrintTo(const Case& value, std::ostream* out) { *out << value.name; }

class Unreached : public testing::TestWithParam<Case> {};

TEST_P(Unreached, TellsWhy) {
  const ServerReport report = unreached_report(kEndpoint, GetParam().words);
  EXPECT_EQ(report.severity, "FATAL");
  EXPECT_EQ(report.sqlstate, GetParam().sqlstate);
  EXPECT_EQ(report.message, std::string("cannot connect to database \"app\" on host \"db1\", port 6432, as user "
                                        "\"ann\": ") +
                                GetParam().reason);
  EXPECT_EQ(report.detail, GetParam().detail);
  EXPECT_EQ(report.hint, GetParam().hint);
  EXPECT_EQ(is_transient(report), GetParam().transient);
}

INSTANTIATE_TEST_SUITE_P(
    Words, Unreached,
    testing::Values(
        Case{"Password",
             "connection to server at \"db1\" (10.0.0.1), port 6432 failed: FATAL:  28P01: password authentication "
             "failed for user \"ann\"\nLOCATION:  auth_failed, auth.c:334\n",
             "28P01", "password authentication failed for user \"ann\"", "", "", false},
        Case{"DetailAndHint",
             "connection to server on socket \"/tmp/.s.PGSQL.6432\" failed: FATAL:  57P03: the database system is not "
             "accepting connections\nDETAIL:  Hot standby mode is disabled.\nHINT:  Wait.\nLOCATION:  x, y.c:1\n",
             "57P03", "the database system is not accepting connections", "Hot standby mode is disabled.", "Wait.",
             true},
        Case{"Full",
             "connection to server at \"db1\" (10.0.0.1), port 6432 failed: FATAL:  53300: sorry, too many clients "
             "already\nLOCATION:  InitProcess, proc.c:357\n",
             "53300", "sorry, too many clients already", "", "", true},
        Case{
            "Refused",
            "connection to server at \"db1\" (10.0.0.1), port 6432 failed: Connection refused\n\tIs the server running "
            "on that host and accepting TCP/IP connections?\n",
            "08001", "Connection refused", "", "Is the server running on that host and accepting TCP/IP connections?",
            true},
        Case{"LastOfSeveral",
             "connection to server at \"db1\" (::1), port 6432 failed: Connection refused\n\tIs the server running on "
             "that host and accepting TCP/IP connections?\nconnection to server at \"db1\" (10.0.0.1), port 6432 "
             "failed: "
             "FATAL:  3D000: database \"app\" does not exist\nLOCATION:  InitPostgres, postinit.c:905\n",
             "3D000", "database \"app\" does not exist", "", "", false},
        Case{"NoTls",
             "connection to server at \"db1\" (10.0.0.1), port 6432 failed: server does not support SSL, but SSL was "
             "required\n",
             "08001", "server does not support SSL, but SSL was required", "", "", false},
        Case{"Certificate",
             "connection to server at \"db1\" (10.0.0.1), port 6432 failed: SSL error: certificate verify failed\n",
             "08001", "SSL error: certificate verify failed", "", "", false},
        Case{"CutOff",
             "connection to server at \"db1\" (10.0.0.1), port 6432 failed: server closed the connection unexpectedly\n"
             "\tThis probably means the server terminated abnormally\n\tbefore or while processing the request.\n",
             "08001", "server closed the connection unexpectedly", "",
             "This probably means the server terminated abnormally\nbefore or while processing the request.", true},
        Case{"NoSocket",
             "connection to server on socket \"/tmp/.s.PGSQL.6432\" failed: No such file or directory\n\tIs the server "
             "running locally and accepting connections on that socket?\n",
             "08001", "No such file or directory", "",
             "Is the server running locally and accepting connections on that socket?", true},
        Case{"NoPassword",
             "connection to server at \"db1\" (10.0.0.1), port 6432 failed: fe_sendauth: no password supplied\n",
             "08001", "fe_sendauth: no password supplied", "", "", false},
        Case{"PoolerFull",
             "connection to server on socket \"/tmp/.s.PGSQL.6432\" failed: FATAL:  08P01: no more connections allowed "
             "(max_client_conn)\n",
             "08P01", "no more connections allowed (max_client_conn)", "", "", true},
        Case{"PoolerRefuses",
             "connection to server on socket \"/tmp/.s.PGSQL.6432\" failed: FATAL:  08P01: unsupported startup "
             "parameter: options\n",
             "08P01", "unsupported startup parameter: options", "", "", false},
        Case{"NoService", "definition of service \"prod\" not found\n", "08001",
             "definition of service \"prod\" not found", "", "", false},
        Case{"UnknownHost", "could not translate host name \"db1\" to address: Name or service not known", "08001",
             "could not translate host name \"db1\" to address: Name or service not known", "", "", false},
        Case{"NameServer", "could not translate host name \"db1\" to address: Temporary failure in name resolution",
             "08001", "could not translate host name \"db1\" to address: Temporary failure in name resolution", "", "",
             true},
        Case{"Late", "the server did not answer in time", "08001", "the server did not answer in time", "", "", true}),
    [](const auto& info) { return std::string(info.param.name); });

TEST(LostReport, IsTheFirstLine) {
  const ServerReport report = lost_report("server closed the connection unexpectedly\n\tThis probably means\n");
  EXPECT_EQ(report.message, "connection lost: server closed the connection unexpectedly");
  EXPECT_EQ(report.sqlstate, "08006");
  EXPECT_TRUE(is_transient(report));
}

TEST(IsTransient, IsSoForAServerThatStopsOrStarts) {
  for (const char* state : {"57P01", "57P02", "57P03", "53300"}) {
    EXPECT_TRUE(is_transient({.sqlstate = state, .message = "m"})) << state;
  }
  for (const char* state : {"28P01", "28000", "3D000", "42501", "53200", "55000", "0A000"}) {
    EXPECT_FALSE(is_transient({.sqlstate = state, .message = "Connection refused"})) << state;
  }
}

}  // namespace
}  // namespace tenancy::driver
