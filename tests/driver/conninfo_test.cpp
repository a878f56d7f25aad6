#include "driver/connection/conninfo.h"

#include <gmock/gmock.h>

#include <cstdlib>
#include <stdexcept>

namespace tenancy::driver {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using testing::Optional;
using testing::ThrowsMessage;

/// An environment variable for as long as a test lasts.
class Variable {
 public:
  Variable(const char* name, const char* value) : name_(name) { setenv(name, value, 1); }
  ~Variable() { unsetenv(name_); }

 private:
  const char* name_;
};

TEST(Conninfo, ReadsKeywordsAndUris) {
  const Conninfo words = Conninfo::parse("host=db1 dbname='my app' connect_timeout=3");
  EXPECT_THAT(words.get("host"), Optional(std::string_view("db1")));
  EXPECT_THAT(words.get("dbname"), Optional(std::string_view("my app")));
  EXPECT_FALSE(words.get("port").has_value());
  EXPECT_FALSE(words.has_password());

  const Conninfo uri = Conninfo::parse("postgresql://ann:p%40ss@db1,db2:6432/app?sslmode=require");
  EXPECT_THAT(uri.get("host"), Optional(std::string_view("db1,db2")));
  EXPECT_THAT(uri.get("password"), Optional(std::string_view("p@ss")));
  EXPECT_THAT(uri.get("sslmode"), Optional(std::string_view("require")));
  EXPECT_TRUE(uri.has_password());
  EXPECT_TRUE(Conninfo::parse("").parameters().empty());
}

TEST(Conninfo, SetsReplacesAndTakesAway) {
  Conninfo conninfo = Conninfo::parse("host=db1 dbname=app");
  conninfo.set("port", "6432");
  conninfo.set("host", "db2");
  EXPECT_EQ(conninfo.masked(), "dbname=app host=db2 port=6432");
  conninfo.set("port", "");
  conninfo.set("user", "");
  EXPECT_EQ(conninfo.masked(), "dbname=app host=db2");
  EXPECT_EQ(conninfo.with_database("it's").masked(), "dbname='it\\'s' host=db2");
  EXPECT_EQ(conninfo.masked(), "dbname=app host=db2");
}

TEST(Conninfo, MasksSecrets) {
  const Conninfo conninfo = Conninfo::parse("postgres://ann:secret@db1/app?sslpassword=secret");
  EXPECT_THAT(conninfo.masked(), AllOf(HasSubstr("password=***"), HasSubstr("sslpassword=***"), HasSubstr("user=ann")));
  EXPECT_THAT(conninfo.masked(), Not(HasSubstr("secret")));
}

TEST(Conninfo, MaskedTextIsReadAsItWas) {
  Conninfo conninfo;
  conninfo.set("dbname", "a b\\'c");
  conninfo.set("options", "-c a=b");
  EXPECT_EQ(Conninfo::parse(conninfo.masked()).parameters(), conninfo.parameters());
}

TEST(Conninfo, SaysWhatIsWrongWithoutAPassword) {
  const auto parse = [](const char* text) { return [text] { Conninfo::parse(text); }; };
  EXPECT_THAT(parse("hots=db1"), ThrowsMessage<std::invalid_argument>(HasSubstr("invalid connection option \"hots\"")));
  EXPECT_THAT(parse("host"), ThrowsMessage<std::invalid_argument>(HasSubstr("missing \"=\" after \"host\"")));
  for (const char* text :
       {"password=my secret", "host=db1 password='secret", "postgres://ann:secret@db1:port:x/", "postgres://ann:secret",
        "postgres://ann:my@secret@db1/app", "postgresql://ann:secret@[db1/app", "password=my secret=1",
        "postgres://db1/app?password=secret&x=secret", "postgres://ann:%zzsecret@db1/"}) {
    EXPECT_THAT(parse(text), ThrowsMessage<std::invalid_argument>(Not(HasSubstr("secret")))) << text;
  }
}

TEST(Conninfo, KnowsWhatIsInForce) {
  const Variable host("PGHOST", "elsewhere");
  const Variable port("PGPORT", "6432");
  const Variable password("PGPASSWORD", "hidden");
  const Conninfo in_force = Conninfo::parse("host=db1 user=ann target_session_attrs=read-write").in_force();
  EXPECT_THAT(in_force.get("host"), Optional(std::string_view("db1")));
  EXPECT_THAT(in_force.get("port"), Optional(std::string_view("6432")));
  EXPECT_THAT(in_force.get("user"), Optional(std::string_view("ann")));
  EXPECT_THAT(in_force.get("dbname"), Optional(std::string_view("ann")));
  EXPECT_THAT(in_force.get("target_session_attrs"), Optional(std::string_view("read-write")));
  EXPECT_THAT(in_force.masked(), AllOf(HasSubstr("password=***"), Not(HasSubstr("hidden"))));
}

TEST(Conninfo, TakesAServiceFileInForce) {
  const std::string file = testing::TempDir() + "/pg_service.conf";
  std::FILE* const out = std::fopen(file.c_str(), "w");
  ASSERT_NE(out, nullptr);
  std::fputs("[prod]\nhost=db7\nport=7777\ndbname=fleet\n", out);
  std::fclose(out);
  const Variable variable("PGSERVICEFILE", file.c_str());
  const Conninfo in_force = Conninfo::parse("service=prod dbname=app").in_force();
  EXPECT_THAT(in_force.get("host"), Optional(std::string_view("db7")));
  EXPECT_THAT(in_force.get("port"), Optional(std::string_view("7777")));
  EXPECT_THAT(in_force.get("dbname"), Optional(std::string_view("app")));
  std::remove(file.c_str());
}

}  // namespace
}  // namespace tenancy::driver
