// Where an object of the catalogue stands, seen from one schema. All of these ereport; call them in a guarded frame.
#pragma once

#include "extension/pg.h"

namespace tenancy {

enum class Place {
  gone,       ///< not in the catalogue: dropped, or not yet visible
  inside,     ///< in the schema, or on a table in it
  outside,    ///< in another schema, or global to the database or the cluster
  temporary,  ///< in the session's temporary schema
  nowhere,    ///< a part of other objects, which stand somewhere
};

/// As the catalogue shows it now: what the current command does is not visible yet.
[[nodiscard]] Place place_of(const ObjectAddress& object, Oid schema);

/// Made together with another object, which is the one to name: row types, array types, the rule of a view.
[[nodiscard]] bool is_byproduct(const ObjectAddress& object);

/// Is it in the catalogue that this syscache is of?
[[nodiscard]] bool object_exists(const ObjectAddress& object, int cache);

/// The value of an Oid column of a catalogue row that has no cache; InvalidOid when the row is gone.
[[nodiscard]] Oid oid_of_row(Oid catalog, AttrNumber key_column, Oid object, AttrNumber value_column);

}  // namespace tenancy
