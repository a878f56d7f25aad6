#include "core/variables.h"

#include <map>

#include "tests/core/error_matchers.h"

namespace tenancy::core {
namespace {

const std::map<std::string, std::string, std::less<>> kValues{{"schema", "acme \"eu\""},
                                                              {"tenant", "o'neil"},
                                                              {"path", "a\\b'c"},
                                                              {"limit", "10"},
                                                              {"flyway:defaultSchema", "acme"},
                                                              {"tag", "x $$ y"},
                                                              {"empty", ""},
                                                              {"a--b", "dashes"},
                                                              {"t.x", "dots"}};

std::optional<std::string> value_of(std::string_view name) {
  const auto found = kValues.find(name);
  return found == kValues.end() ? std::nullopt : std::optional{found->second};
}

std::string rendered(const std::string& sql, VariableSyntax syntax = VariableSyntax::braces) {
  return VariableText({sql, 10}, syntax, "1.sql").render(value_of);
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
           {"SELECT {{ empty }}, '${limit}'", "SELECT '', '${limit}'"},
       }) {
    EXPECT_EQ(rendered(c.sql), c.rendered) << c.sql;
  }
}

TEST(Variables, OfFlywayAreRaw) {
  EXPECT_EQ(rendered("ALTER TABLE ${flyway:defaultSchema}.t_${limit} SET x = '${tenant}' -- ${nobody}",
                     VariableSyntax::dollar),
            "ALTER TABLE \"acme\".t_10 SET x = 'o''neil' -- ${nobody}");
  EXPECT_EQ(rendered("$$ ${limit} $1 {{x}} $$", VariableSyntax::dollar), "$$ 10 $1 {{x}} $$");
}

TEST(Variables, AreNamedOnce) {
  const VariableText text({"{{ b }} '{{ a }}' {{ b | raw }} $$ {{ schema }} $$", 1}, VariableSyntax::braces, "1.sql");
  EXPECT_THAT(text.names(), testing::ElementsAre("b", "a", "schema"));
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
           {"{{ empty | identifier }}", ErrorKind::bad_value, 10,
            "the value of variable empty is empty, which no name can be"},
       }) {
    const auto error = error_in(c.sql);
    EXPECT_THAT(error, IsErrorAt(c.kind, c.line, c.message)) << c.sql;
    EXPECT_EQ(error->file(), "1.sql");
  }
  EXPECT_THAT(error_in("SELECT ${1}", VariableSyntax::dollar),
              IsErrorAt(ErrorKind::bad_file, 10, "these braces hold no variable"));
}

}  // namespace
}  // namespace tenancy::core
