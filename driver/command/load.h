// Migrations into the control database that the settings name.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <vector>

#include "driver/command/context.h"
#include "driver/files/store_loader.h"

namespace tenancy::driver {

/// load_migrations() over a session of its own, within target_timeout. Throws ServerError.
[[nodiscard]] boost::asio::awaitable<LoadResult> load_into_store(Context& context,
                                                                 std::vector<core::Migration> migrations, bool keep);

/// What `tenancy load FOLDER` does.
ExitCode load_folder(Context& context, const std::string& folder);

}  // namespace tenancy::driver
