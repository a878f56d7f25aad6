#include "core/variables.h"

#include "tests/core/error_matchers.h"

namespace tenancy::core {
namespace {

const TargetVariables kVariables{.schema = "acme \"eu\"",
                                 .tenant = "o'neil",
                                 .shared_schema = "public",
                                 .tracking_table = "schema_migrations",
                                 .given = {{"path", "a\\b'c"},
                                           {"limit", "10"},
                                           {"tag", "x $$ y"},
                                           {"empty", ""},
                                           {"dollar", "$a$"},
                                           {"lines", "a\nb\nc"},
                                           {"a--b", "dashes"},
                                           {"t.x", "dots"},
                                           {"schema", "stray"},
                                           {"tenant", "stray"}}};

std::string rendered(const std::string& sql, VariableSyntax syntax = VariableSyntax::braces) {
  return VariableText({sql, 10}, syntax, "sql/1.sql").render(kVariables).sql;
}

std::optional<Error> error_in(const std::string& sql, VariableSyntax syntax = VariableSyntax::braces) {
  return error_of([&] { return rendered(sql, syntax); });
}

TEST(Variables, AreQuotedAsTheirPlaceAsks) {
  struct Case {
    const char* sql;
    const char* rendered;
  };
  for (const Case& c : std::initializer_list<Case>{
           {"", ""},
           {"SELECT 1", "SELECT 1"},
           {"{{schema}}.t", "\"acme \"\"eu\"\"\".t"},
           {"SELECT {{ tenant }}, {{\n limit | raw }};", "SELECT 'o''neil', 10;"},
           {"{{ tenant | identifier }} {{ schema | literal }}", "\"o'neil\" 'acme \"eu\"'"},
           {"SELECT{{ path }}", "SELECT E'a\\\\b''c'"},
           {"'for {{ tenant }}' \"{{schema}}\"", "'for o''neil' \"acme \"\"eu\"\"\""},
           {"E'{{ path }}' '{{ path }}'", "E'a\\\\b''c' 'a\\b''c'"},
           {"$$ SELECT {{ tenant }} || '{{tenant}}' $$", "$$ SELECT 'o''neil' || 'o''neil' $$"},
           {"$a$ $$ {{ limit|raw }} $$ $a$ {{limit|raw}}", "$a$ $$ 10 $$ $a$ 10"},
           {"-- {{ nobody }} {{\n/* {{ nobody }} */ {{limit|raw}}", "-- {{ nobody }} {{\n/* {{ nobody }} */ 10"},
           {"{{ a--b }} {{ t.x }}", "'dashes' 'dots'"},
           {"SELECT '{{1,2},{3,4}}', '{{ nob ody }}', '{{'", "SELECT '{{1,2},{3,4}}', '{{ nob ody }}', '{{'"},
           {"$$ '{{ dollar }}' $$ '{{ dollar }}$'", "$$ '$a$' $$ '$a$$'"},
           {"SELECT {{ empty }}, '${limit}'", "SELECT '', '${limit}'"},
       }) {
    EXPECT_EQ(rendered(c.sql), c.rendered) << c.sql;
  }
}

TEST(Variables, OfFlywayAreRaw) {
  EXPECT_EQ(rendered("ALTER TABLE ${flyway:defaultSchema}.t_${limit} SET x = '${tenant}' -- ${nobody}",
                     VariableSyntax::dollar),
            "ALTER TABLE \"acme \"\"eu\"\"\".t_10 SET x = 'o''neil' -- ${nobody}");
  EXPECT_EQ(rendered("${flyway:table} ${flyway:filename}", VariableSyntax::dollar), "schema_migrations 1.sql");
  EXPECT_EQ(rendered("$$ ${limit} $1 {{x}} $$", VariableSyntax::dollar), "$$ 10 $1 {{x}} $$");
}

TEST(Variables, AreNamedOnce) {
  const VariableText text({"{{ b }} '{{ a }}' {{ b | raw }} $$ {{ schema }} $$", 1}, VariableSyntax::braces, "1.sql");
  EXPECT_THAT(text.names(), testing::ElementsAre("b", "a", "schema"));
}

TEST(Variables, KeepTheLinesOfTheirFile) {
  const SqlSection section =
      VariableText({"a\n{{ lines }}\nb\n{{\n\nempty\n}} c\n{{ limit }} d", 10}, VariableSyntax::braces, "")
          .render(kVariables);
  EXPECT_EQ(section.sql, "a\n'a\nb\nc'\nb\n'' c\n'10' d");
  const auto line_of = [&](const char* text) { return section.line_at(section.sql.find(text)); };
  EXPECT_EQ(line_of("a\n"), 10);
  EXPECT_EQ(line_of("'a"), 11);
  EXPECT_EQ(line_of("c'"), 11);
  EXPECT_EQ(line_of("b\n''"), 12);
  EXPECT_EQ(line_of("''"), 13);
  EXPECT_EQ(line_of(" c"), 16);
  EXPECT_EQ(line_of(" d"), 17);
}

TEST(Variables, AreSampledUnlessAnyIsRaw) {
  const auto sample = [](const char* sql) { return VariableText({sql, 1}, VariableSyntax::braces, "").sample(); };
  EXPECT_EQ(sample("{{ schema }}.t '{{ a }}' {{ b }}")->sql, "\"x\".t 'x' 'x'");
  EXPECT_FALSE(sample("{{ a }} {{ b | raw }}"));
}

TEST(Variables, HaveNamesOfTheirOwn) {
  EXPECT_NO_THROW(check_variable_name("region.eu-1"));
  EXPECT_THAT(error_of([] { check_variable_name("1st"); }),
              IsError(ErrorKind::bad_value, "\"1st\" is not a name for a variable"));
  EXPECT_THAT(error_of([] { check_variable_name("flyway:table"); }),
              IsError(ErrorKind::bad_value, "variable flyway:table is built in: each target has its own value"));
}

TEST(Variables, OfTheTenantAreGivenWhereNoneIsRegistered) {
  const VariableText text({"{{ tenant }}", 3}, VariableSyntax::braces, "");
  EXPECT_EQ(text.render({.given = {{"tenant", "a"}}}).sql, "'a'");
  EXPECT_THAT(error_of([&] { return text.render({}); }),
              IsErrorAt(ErrorKind::bad_value, 3,
                        "variable tenant has no value: this is not the schema of one registered tenant"));
}

TEST(Variables, MayBeForOneSetAlone) {
  const VariableMap values{{"region", "eu"}, {"users@region", "us"}, {"users@seats", "3"}, {"other@seats", "4"}};
  EXPECT_EQ(values_for_set(values, "users"), (VariableMap{{"region", "us"}, {"seats", "3"}}));
  EXPECT_EQ(values_for_set(values, "default"), (VariableMap{{"region", "eu"}}));
}

TEST(Variables, RefusesWhatCannotBeReplaced) {
  struct Case {
    const char* sql;
    ErrorKind kind;
    int line;
    const char* message;
  };
  for (const Case& c : std::initializer_list<Case>{
           {"SELECT 1;\nSELECT {{ nobody }};", ErrorKind::bad_value, 11, "variable nobody has no value"},
           {"SELECT '\n\n{{ nobody }}';", ErrorKind::bad_value, 12, "variable nobody has no value"},
           {"SELECT {{ 1 }}", ErrorKind::bad_file, 10, "these braces hold no variable"},
           {"SELECT {{ limit }", ErrorKind::bad_file, 10, "these braces hold no variable"},
           {"\nSELECT {{ limit | quoted }}", ErrorKind::bad_file, 11, "\"quoted\" is not a filter"},
           {"SELECT {{ limit | }}", ErrorKind::bad_file, 10, "these braces hold no variable"},
           {"SELECT '{{ limit | raw }}'", ErrorKind::bad_file, 10, "a filter stands within quotes: raw"},
           {"$$ {{ tag | raw }} $$", ErrorKind::bad_value, 10,
            "the value of variable tag would end the dollar quote $$ that it stands in"},
           {"$$ $a$ '{{ tag }}' $a$ $$", ErrorKind::bad_value, 10,
            "the value of variable tag would end the dollar quote $$ that it stands in"},
           {"$$ '{{ dollar }}$' $$", ErrorKind::bad_value, 10,
            "the value of variable dollar would end the dollar quote $$ that it stands in"},
           {"$$ '{{ dollar }}{{ dollar }}' $$", ErrorKind::bad_value, 10,
            "the value of variable dollar would end the dollar quote $$ that it stands in"},
           {"E'\\\\{{ path }}', E'\\{{ path }}'", ErrorKind::bad_file, 10, "a backslash stands before the braces"},
           {"{{ empty | identifier }}", ErrorKind::bad_value, 10,
            "the value of variable empty is empty, which no name can be"},
       }) {
    const auto error = error_in(c.sql);
    EXPECT_THAT(error, IsErrorAt(c.kind, c.line, c.message)) << c.sql;
    EXPECT_EQ(error->file(), "sql/1.sql");
  }
  EXPECT_THAT(error_in("SELECT ${1}", VariableSyntax::dollar),
              IsErrorAt(ErrorKind::bad_file, 10, "these braces hold no variable"));
}

}  // namespace
}  // namespace tenancy::core
