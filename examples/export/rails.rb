# Writes the SQL of a Rails application's migrations as files for tenancy:
#
#     createdb scratch
#     DATABASE_URL=postgresql:///scratch bin/rails runner examples/export/rails.rb FOLDER
#
# It runs every migration in that database, which must be empty, and writes down the statements. What a migration does
# to rows in Ruby cannot be seen there: such a file is marked, and is to be finished by hand. Files that are there
# already are kept.
require "fileutils"

# Notes the statements of a migration.
class Recorder
  # What Rails asks and writes for itself, and the transactions, which are tenancy's.
  OWN = /\A\s*(BEGIN|COMMIT|ROLLBACK|SAVEPOINT|RELEASE)\b|schema_migrations|ar_internal_metadata/i

  attr_reader :reads

  def record
    @statements = []
    @reads = false
    ActiveSupport::Notifications.subscribed(method(:note), "sql.active_record") { yield }
    @statements << "SELECT" if @statements.empty?
    @statements.map { |sql| "#{sql.rstrip.delete_suffix(";")};\n" }.join
  end

  private

  def note(_name, _start, _finish, _id, payload)
    return if payload[:name] == "SCHEMA" || payload[:cached] || payload[:sql].match?(OWN)
    return @reads = true if payload[:name].to_s.end_with?(" Load", " Exists?", " Pluck", " Count")
    binds = payload[:type_casted_binds]
    binds = binds.call if binds.respond_to?(:call)
    @statements << payload[:sql].gsub(/\$(\d+)\b/) { binds.to_a.empty? ? $& : connection.quote(binds[$1.to_i - 1]) }
  end
end

def connection
  ActiveRecord::Base.connection
end

def context
  pool = ActiveRecord::Base.connection_pool
  pool.respond_to?(:migration_context) ? pool.migration_context : connection.migration_context
end

def header(migration, recorder)
  lines = []
  lines << "-- MIGRATION_TRANSACTION: off\n" if migration.disable_ddl_transaction
  lines << "-- MIGRATION_UNFINISHED: it works on rows in Ruby: write that in SQL\n" if recorder.reads
  lines.join
end

# The database stays as the migration has left it.
def down_of(migration, recorder)
  down = -> { recorder.record { migration.migrate(:down) } }
  return down.call.tap { migration.migrate(:up) } if migration.disable_ddl_transaction
  sql = nil
  connection.transaction do
    sql = down.call
    raise ActiveRecord::Rollback
  end
  sql
end

def export(migration, folder)
  recorder = Recorder.new
  up = recorder.record { migration.migrate(:up) }
  text = "#{header(migration, recorder)}\n-- UPGRADE\n#{up}"
  begin
    text += "\n-- DOWNGRADE\n#{down_of(migration, recorder)}"
  rescue ActiveRecord::IrreversibleMigration
    warn "#{migration.version} #{migration.name}: irreversible"
  end
  path = File.join(folder, "#{migration.version}_#{migration.name.underscore}.sql")
  File.write(path, text) unless File.exist?(path)
end

folder = ARGV.fetch(0) { abort "usage: bin/rails runner rails.rb FOLDER" }
abort "database #{connection.current_database} is in use: name an empty one" unless connection.tables.empty?
FileUtils.mkdir_p(folder)
ActiveRecord::Migration.verbose = false
context.migrations.each { |migration| export(migration, folder) }
