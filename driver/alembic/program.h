// The Python program that reads a project of Alembic: render.py, as text.
#pragma once

namespace tenancy::driver {

extern const char* const kRenderProgram;

}  // namespace tenancy::driver
