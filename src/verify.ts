import { runVerify } from './audit/verify-command.ts'

// Node's own exit code for a crash is 1, which here means that a record does not hold. A reader that closes our output early is no such thing.
const unread = 2
process.stdout.on('error', () => process.exit(unread))

try {
  process.exitCode = await runVerify(process.argv)
} catch (error) {
  process.stderr.write(`error: ${error instanceof Error ? (error.stack ?? error.message) : 'unknown'}\n`)
  process.exitCode = unread
}
