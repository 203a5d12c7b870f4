import { homedir } from 'node:os'
import { join } from 'node:path'

const product = 'session-store-operator'

/** What can be made again: built programs and images. Nothing of the test equipment lives in the checkout. */
export const cacheDirectory = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), product)

/** What a running cluster needs: its database, logs, keys and process records. Removed by `down`. */
export const stateDirectory = (name: string): string =>
  join(process.env['XDG_STATE_HOME'] ?? join(homedir(), '.local', 'state'), product, name)
