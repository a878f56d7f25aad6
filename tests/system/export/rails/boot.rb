# What bin/rails does, as far as migrations need it.
require "active_record"

ActiveRecord::Base.establish_connection(ENV["DATABASE_URL"])
ActiveRecord::Migrator.migrations_paths = [File.join(__dir__, "db/migrate")]
