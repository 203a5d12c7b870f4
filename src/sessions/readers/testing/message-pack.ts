/** A session as Flask-Session 0.8 has msgspec 0.22 write it: all sorts of values, with the owner where Flask-Login has it. */
export const flask = Buffer.from(
  'hqpfcGVybWFuZW50w6hfdXNlcl9pZKI0MqZfZnJlc2jDpGNhcnSYAf/NASzS//9jwM8AAAEAAAAAAMs/+AAAAAAAAMDEAf+jYmlnz4AAAAAAAAAApG5hbWWiw7w=',
  'base64',
)
