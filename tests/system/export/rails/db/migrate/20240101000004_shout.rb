class Shout < ActiveRecord::Migration[6.1]
  def up
    execute "CREATE FUNCTION shout(text) RETURNS text LANGUAGE sql AS $$ SELECT upper($1) $$;"
  end

  def down
    drop_table :users
    raise ActiveRecord::IrreversibleMigration
  end
end
