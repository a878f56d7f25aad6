class NameUsers < ActiveRecord::Migration[6.1]
  class User < ActiveRecord::Base; end

  def up
    add_column :users, :name, :string
    User.reset_column_information
    User.find_each { |user| user.update!(name: user.email.split("@").first) }
  end

  def down
    remove_column :users, :name
  end
end
