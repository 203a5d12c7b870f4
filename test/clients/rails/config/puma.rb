# frozen_string_literal: true

# A thread for each request that a test holds open, and some to spare.
threads 8, 260
bind "tcp://0.0.0.0:#{ENV.fetch('PORT', '3000')}"
environment 'production'
log_requests false
