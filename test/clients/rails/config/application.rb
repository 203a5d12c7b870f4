# frozen_string_literal: true

# A small Rails application as it would run in production, with its sessions in Redis through redis-actionpack.
#   BINDING_DIR           where the client Secret is mounted (default /bindings/sessions)
#   STORE                 `cache`: Rails' own cache store in place of redis-actionpack
#   EXPIRE_AFTER_SECONDS  the session store's `expire_after`; absent, sessions never expire (redis-store's default)
require 'rails'
require 'action_controller/railtie'
require 'redis-actionpack'

# Without expire_after redis-rack 2.1.2 hands redis-store 1.9 options that are no Hash, and every request that has a session fails; 2.1.3 hands
# it a Hash (redis-rack issue 60). Debian has 2.1.2, so that is done here.
ActionDispatch::Session::RedisStore.prepend(
  Module.new do
    def write_session(request, session_id, session, options)
      super(request, session_id, session, options.to_hash)
    end
  end
)

class Application < Rails::Application
  binding_dir = ENV.fetch('BINDING_DIR', '/bindings/sessions')
  expire_after = ENV['EXPIRE_AFTER_SECONDS']
  ca_file = File.join(binding_dir, 'ca.crt')
  encryption = File.exist?(ca_file) ? { ssl_params: { ca_file: ca_file } } : nil

  config.root = File.dirname(__dir__)
  config.load_defaults 6.1
  config.eager_load = true
  config.cache_classes = true
  config.consider_all_requests_local = false
  config.secret_key_base = 'only-for-tests' * 5
  config.hosts.clear
  uri = File.read(File.join(binding_dir, 'uri')).strip
  common = { key: 'sid', expire_after: expire_after && Integer(expire_after) }.compact
  if ENV['STORE'] == 'cache'
    prefix = File.read(File.join(binding_dir, 'key-prefix')).strip
    cache = ActiveSupport::Cache::RedisCacheStore.new(url: uri, namespace: prefix, **(encryption || {}))
    config.session_store :cache_store, cache: cache, **common
  else
    config.session_store :redis_store, servers: [uri, encryption].compact, threadsafe: true, **common
  end
  # Requests and errors, without parameters: neither session ids nor key names reach the log.
  config.logger = ActiveSupport::Logger.new($stdout)
  config.log_level = :warn
  config.filter_parameters += [/.*/]

  routes.append do
    get 'healthz', to: 'sessions#healthz'
    post 'release', to: 'sessions#release'
    get 'held', to: 'sessions#held'
    post 'login', to: 'sessions#login'
    get 'me', to: 'sessions#me'
    get 'change', to: 'sessions#change'
    get 'hold', to: 'sessions#hold'
    post 'logout', to: 'sessions#logout'
  end
end

$stdout.sync = true
Rails.application.initialize!
