#include "extension/catalogue.h"

#include "core/message.h"
#include "core/text_array.h"
#include "extension/session.h"
#include "extension/spi.h"

namespace tenancy {

namespace {

// In the search_path is the schema that is looked at, so that its own objects come without its name; so every other
// name here is qualified.
Query select_catalogue(R"(
WITH place AS MATERIALIZED (SELECT oid FROM pg_catalog.pg_namespace WHERE nspname OPERATOR(pg_catalog.=) $1),
left_out AS MATERIALIZED (
  SELECT c.oid FROM pg_catalog.pg_class AS c, place WHERE c.relnamespace OPERATOR(pg_catalog.=) place.oid AND c.relname::pg_catalog.text OPERATOR(pg_catalog.=) ANY ($2::pg_catalog.text[])),
part AS MATERIALIZED (
  SELECT d.objid FROM pg_catalog.pg_depend AS d WHERE d.classid OPERATOR(pg_catalog.=) 'pg_catalog.pg_class'::pg_catalog.regclass AND d.refclassid OPERATOR(pg_catalog.=) 'pg_catalog.pg_class'::pg_catalog.regclass
     AND d.deptype::pg_catalog.text OPERATOR(pg_catalog.=) ANY ('{a,i}'::pg_catalog.text[]) AND EXISTS (SELECT FROM left_out WHERE left_out.oid OPERATOR(pg_catalog.=) d.refobjid)),
kept AS MATERIALIZED (
  SELECT c.* FROM pg_catalog.pg_class AS c, place WHERE c.relnamespace OPERATOR(pg_catalog.=) place.oid
     AND NOT EXISTS (SELECT FROM left_out WHERE left_out.oid OPERATOR(pg_catalog.=) c.oid)
     AND NOT EXISTS (SELECT FROM part WHERE part.objid OPERATOR(pg_catalog.=) c.oid)
     AND NOT EXISTS (SELECT FROM pg_catalog.pg_index AS i, left_out WHERE i.indexrelid OPERATOR(pg_catalog.=) c.oid AND i.indrelid OPERATOR(pg_catalog.=) left_out.oid)),
tables AS MATERIALIZED (SELECT * FROM kept WHERE relkind::pg_catalog.text OPERATOR(pg_catalog.=) ANY ('{r,p,f,v,m,c}'::pg_catalog.text[]))
SELECT e.object, e.parent, e.definition FROM (
SELECT 'table ' OPERATOR(pg_catalog.||) t.relname AS object, '' AS parent,
       pg_catalog.concat_ws(' ', t.relkind::pg_catalog.text, CASE WHEN t.relpersistence OPERATOR(pg_catalog.<>) 'p' THEN 'unlogged' END,
              CASE WHEN t.relkind::pg_catalog.text OPERATOR(pg_catalog.=) ANY ('{v,m}'::pg_catalog.text[]) THEN pg_catalog.pg_get_viewdef(t.oid) END,
              CASE WHEN t.relkind OPERATOR(pg_catalog.=) 'p' THEN pg_catalog.pg_get_partkeydef(t.oid) END, pg_catalog.pg_get_expr(t.relpartbound, t.oid),
              CASE WHEN t.relrowsecurity THEN 'row level security' END,
              CASE WHEN t.relforcerowsecurity THEN 'forced' END) AS definition
  FROM tables AS t
UNION ALL
SELECT 'column ' OPERATOR(pg_catalog.||) t.relname OPERATOR(pg_catalog.||) '.' OPERATOR(pg_catalog.||) a.attname, 'table ' OPERATOR(pg_catalog.||) t.relname,
       pg_catalog.concat_ws(' ', pg_catalog.format_type(a.atttypid, a.atttypmod), CASE WHEN a.attnotnull THEN 'NOT NULL' END,
              CASE WHEN a.attcollation OPERATOR(pg_catalog.<>) ty.typcollation THEN 'COLLATE ' OPERATOR(pg_catalog.||) a.attcollation::pg_catalog.regcollation::pg_catalog.text END,
              CASE WHEN a.attidentity OPERATOR(pg_catalog.<>) '' THEN 'identity ' OPERATOR(pg_catalog.||) a.attidentity::pg_catalog.text END,
              CASE WHEN a.attgenerated OPERATOR(pg_catalog.<>) '' THEN 'generated' END,
              'DEFAULT ' OPERATOR(pg_catalog.||) pg_catalog.pg_get_expr(d.adbin, d.adrelid))
  FROM tables AS t JOIN pg_catalog.pg_attribute AS a ON a.attrelid OPERATOR(pg_catalog.=) t.oid AND a.attnum OPERATOR(pg_catalog.>) 0 AND NOT a.attisdropped
  JOIN pg_catalog.pg_type AS ty ON ty.oid OPERATOR(pg_catalog.=) a.atttypid
  LEFT JOIN pg_catalog.pg_attrdef AS d ON d.adrelid OPERATOR(pg_catalog.=) a.attrelid AND d.adnum OPERATOR(pg_catalog.=) a.attnum
 WHERE t.relkind::pg_catalog.text OPERATOR(pg_catalog.=) ANY ('{r,p,f,c}'::pg_catalog.text[])
UNION ALL
SELECT 'constraint ' OPERATOR(pg_catalog.||) co.conname OPERATOR(pg_catalog.||) ' of ' OPERATOR(pg_catalog.||) t.relname, 'table ' OPERATOR(pg_catalog.||) t.relname,
       pg_catalog.pg_get_constraintdef(co.oid)
  FROM tables AS t JOIN pg_catalog.pg_constraint AS co ON co.conrelid OPERATOR(pg_catalog.=) t.oid AND co.contype::pg_catalog.text OPERATOR(pg_catalog.<>) ALL ('{t,n}'::pg_catalog.text[])
UNION ALL
SELECT 'index ' OPERATOR(pg_catalog.||) c.relname, 'table ' OPERATOR(pg_catalog.||) t.relname,
       pg_catalog.concat_ws(' ', pg_catalog.pg_get_indexdef(c.oid, 0, true), CASE WHEN NOT i.indisvalid THEN 'INVALID' END)
  FROM tables AS t JOIN pg_catalog.pg_index AS i ON i.indrelid OPERATOR(pg_catalog.=) t.oid JOIN kept AS c ON c.oid OPERATOR(pg_catalog.=) i.indexrelid
 WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_constraint AS co WHERE co.conindid OPERATOR(pg_catalog.=) i.indexrelid
                      AND co.conrelid OPERATOR(pg_catalog.=) i.indrelid)
UNION ALL
SELECT 'trigger ' OPERATOR(pg_catalog.||) g.tgname OPERATOR(pg_catalog.||) ' of ' OPERATOR(pg_catalog.||) t.relname, 'table ' OPERATOR(pg_catalog.||) t.relname,
       pg_catalog.concat_ws(' ', pg_catalog.pg_get_triggerdef(g.oid, true), CASE WHEN g.tgenabled OPERATOR(pg_catalog.<>) 'O' THEN g.tgenabled::pg_catalog.text END)
  FROM tables AS t JOIN pg_catalog.pg_trigger AS g ON g.tgrelid OPERATOR(pg_catalog.=) t.oid AND NOT g.tgisinternal
UNION ALL
SELECT 'policy ' OPERATOR(pg_catalog.||) p.polname OPERATOR(pg_catalog.||) ' of ' OPERATOR(pg_catalog.||) t.relname, 'table ' OPERATOR(pg_catalog.||) t.relname,
       pg_catalog.concat_ws(' ', p.polcmd::pg_catalog.text, p.polpermissive::pg_catalog.text, p.polroles::pg_catalog.regrole[]::pg_catalog.text,
              pg_catalog.pg_get_expr(p.polqual, p.polrelid), 'CHECK ' OPERATOR(pg_catalog.||) pg_catalog.pg_get_expr(p.polwithcheck, p.polrelid))
  FROM tables AS t JOIN pg_catalog.pg_policy AS p ON p.polrelid OPERATOR(pg_catalog.=) t.oid
UNION ALL
SELECT 'sequence ' OPERATOR(pg_catalog.||) c.relname, '',
       pg_catalog.concat_ws(' ', pg_catalog.format_type(s.seqtypid, NULL), s.seqstart::pg_catalog.text, s.seqincrement::pg_catalog.text, s.seqmin::pg_catalog.text,
              s.seqmax::pg_catalog.text, s.seqcycle::pg_catalog.text)
  FROM kept AS c JOIN pg_catalog.pg_sequence AS s ON s.seqrelid OPERATOR(pg_catalog.=) c.oid
UNION ALL
SELECT 'function ' OPERATOR(pg_catalog.||) p.proname OPERATOR(pg_catalog.||) '(' OPERATOR(pg_catalog.||) pg_catalog.pg_get_function_identity_arguments(p.oid) OPERATOR(pg_catalog.||) ')', '',
       pg_catalog.concat_ws(' ', p.prokind::pg_catalog.text, pg_catalog.pg_get_function_arguments(p.oid), pg_catalog.pg_get_function_result(p.oid), l.lanname::pg_catalog.text,
              p.provolatile::pg_catalog.text, p.proparallel::pg_catalog.text, p.prosecdef::pg_catalog.text, p.proisstrict::pg_catalog.text, p.proleakproof::pg_catalog.text,
              p.proconfig::pg_catalog.text, p.probin, p.prosrc, pg_catalog.pg_get_function_sqlbody(p.oid))
  FROM pg_catalog.pg_proc AS p JOIN place ON p.pronamespace OPERATOR(pg_catalog.=) place.oid JOIN pg_catalog.pg_language AS l ON l.oid OPERATOR(pg_catalog.=) p.prolang
UNION ALL
SELECT 'type ' OPERATOR(pg_catalog.||) ty.typname, '',
       pg_catalog.concat_ws(' ', ty.typtype::pg_catalog.text,
              (SELECT pg_catalog.string_agg(pg_catalog.quote_literal(v.enumlabel), ', ' ORDER BY v.enumsortorder)
                 FROM pg_catalog.pg_enum AS v WHERE v.enumtypid OPERATOR(pg_catalog.=) ty.oid),
              CASE WHEN ty.typtype OPERATOR(pg_catalog.=) 'd' THEN pg_catalog.format_type(ty.typbasetype, ty.typtypmod) END,
              CASE WHEN ty.typnotnull THEN 'NOT NULL' END, 'DEFAULT ' OPERATOR(pg_catalog.||) ty.typdefault,
              (SELECT pg_catalog.string_agg(pg_catalog.pg_get_constraintdef(co.oid), ' ' ORDER BY co.conname)
                 FROM pg_catalog.pg_constraint AS co WHERE co.contypid OPERATOR(pg_catalog.=) ty.oid))
  FROM pg_catalog.pg_type AS ty JOIN place ON ty.typnamespace OPERATOR(pg_catalog.=) place.oid
 WHERE ty.typtype::pg_catalog.text OPERATOR(pg_catalog.=) ANY ('{d,e,r}'::pg_catalog.text[])
) AS e ORDER BY e.object COLLATE pg_catalog."C"
)");

/// Definitions of functions and views are long: what is before the difference is cut off, and quoted_text() cuts the
/// end.
std::string shown(std::string_view definition, std::size_t difference) {
  constexpr std::size_t kFits = 80;
  constexpr std::size_t kBefore = 30;
  if (definition.size() <= kFits || difference <= kBefore) return core::quoted_text(definition);
  std::size_t begin = difference - kBefore;
  while (begin > 0 && (static_cast<unsigned char>(definition[begin]) & 0xC0) == 0x80) --begin;
  return core::quoted_text("..." + std::string(definition.substr(begin)));
}

std::string line_for(const CatalogueEntry& actual, const CatalogueEntry& expected) {
  const std::string& here = actual.definition;
  const std::string& there = expected.definition;
  std::size_t const difference =
      std::mismatch(here.begin(), here.end(), there.begin(), there.end()).first - here.begin();
  return actual.object + ": " + shown(here, difference) + ", in the reference " + shown(there, difference);
}

/// Adds what only one of the two has; what is missing with its table is passed by.
class Lines {
 public:
  void add_one_sided(const CatalogueEntry& entry, const char* what) {
    if (entry.parent.empty()) missing_.push_back(entry.object);
    one_sided_.emplace_back(&entry, what);
  }
  void add(std::string line) { lines_.push_back(std::move(line)); }

  std::vector<std::string> finish() && {
    for (const auto& [entry, what] : one_sided_) {
      if (std::find(missing_.begin(), missing_.end(), entry->parent) == missing_.end()) {
        lines_.push_back(entry->object + ": " + what);
      }
    }
    std::sort(lines_.begin(), lines_.end());
    return std::move(lines_);
  }

 private:
  std::vector<std::string> lines_;
  std::vector<std::string> missing_;
  std::vector<std::pair<const CatalogueEntry*, const char*>> one_sided_;
};

}  // namespace

std::vector<CatalogueEntry> read_catalogue(const std::string& schema, const std::vector<std::string>& left_out) {
  std::array<std::string, 1> const path{schema};
  SettingsScope const settings(path, std::chrono::milliseconds(LockTimeout), false);
  std::vector<CatalogueEntry> entries;
  for (Row& row : select_catalogue.run({schema, core::text_array(left_out)})) {
    entries.push_back({std::move(*row[0]), std::move(*row[1]), row[2].value_or("")});
  }
  return entries;
}

std::vector<std::string> differences(const std::vector<CatalogueEntry>& actual,
                                     const std::vector<CatalogueEntry>& expected) {
  Lines lines;
  auto here = actual.begin();
  auto there = expected.begin();
  while (here != actual.end() || there != expected.end()) {
    if (there == expected.end() || (here != actual.end() && here->object < there->object)) {
      lines.add_one_sided(*here++, "not in the reference");
    } else if (here == actual.end() || there->object < here->object) {
      lines.add_one_sided(*there++, "missing");
    } else {
      if (here->definition != there->definition) lines.add(line_for(*here, *there));
      ++here;
      ++there;
    }
  }
  return std::move(lines).finish();
}

}  // namespace tenancy
