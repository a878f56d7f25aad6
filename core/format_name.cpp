#include "core/format_name.h"

#include "core/file_name.h"
#include "core/flyway.h"
#include "core/pop.h"
#include "core/prisma.h"

namespace tenancy::core {

namespace {

/// The shapes of names that a format knows: one file, a pair of files, a folder.
struct Shapes {
  bool whole = false;
  bool pair = false;
  bool folder = false;
};

Shapes shapes_of(Format format) noexcept {
  switch (format) {
    case Format::own:
      return {true, true, true};
    case Format::golang_migrate:
      return {false, true, false};
    case Format::diesel:
      return {false, false, true};
    case Format::node_pg_migrate:
      return {true, true, false};
    default:
      return {true, false, false};
  }
}

bool has_shape(const FileName& name, Shapes shapes) noexcept {
  if (name.part == FilePart::whole) return shapes.whole;
  return name.identity.ends_with('/') ? shapes.folder : shapes.pair;
}

std::optional<FormatName> parse_plain_name(Format format, std::string_view name) {
  const std::optional<FileName> parsed = parse_file_name(name);
  if (!parsed || !has_shape(*parsed, shapes_of(format))) return std::nullopt;
  FormatName result;
  result.part = parsed->part;
  result.stem = parsed->stem;
  result.identity = parsed->identity;
  if (const auto stem = split_stem(parsed->stem)) {
    result.version = stem->version;
    result.description = words_of(stem->rest);
  }
  return result;
}

}  // namespace

std::optional<FormatName> parse_format_name(Format format, std::string_view name) {
  if (is_hidden(name)) return std::nullopt;
  switch (format) {
    case Format::flyway:
      return parse_flyway_name(name);
    case Format::prisma:
      return parse_prisma_name(name);
    case Format::pop:
      return parse_pop_name(name);
    case Format::sqitch:
      return std::nullopt;
    default:
      return parse_plain_name(format, name);
  }
}

}  // namespace tenancy::core
