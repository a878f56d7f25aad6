#!/usr/bin/ruby
# ActiveRecord's migrations, with one table schema_migrations in each schema.
require "active_record"
require "tmpdir"

mode, source = ARGV
Dir.mktmpdir do |folder|
  files = Dir.glob(File.join(source, "*.up.sql")).sort
  files.each do |file|
    version = File.basename(file, ".up.sql")
    File.write(File.join(folder, "#{version}_step#{version}.rb"), <<~RUBY)
      class Step#{version} < ActiveRecord::Migration[6.1]
        def up
          execute #{File.read(file).dump}
        end
        def down
          execute #{File.read(file.sub(".up.", ".down.")).dump}
        end
      end
    RUBY
  end
  ActiveRecord::Migration.verbose = false
  STDIN.each_line do |line|
    schema, count = line.split
    ActiveRecord::Base.establish_connection(adapter: "postgresql", host: ENV["PGHOST"], username: ENV["PGUSER"],
                                            database: ENV["PGDATABASE"], schema_search_path: schema)
    context = ActiveRecord::MigrationContext.new(folder, ActiveRecord::SchemaMigration)
    if mode == "pending"
      puts "#{schema} #{(context.migrations.map(&:version) - context.get_all_versions).size}"
    elsif count.to_i.positive?
      context.migrate(File.basename(files[count.to_i - 1], ".up.sql").to_i)
    end
    ActiveRecord::Base.remove_connection
  end
end
