import type { ReadSessionStore } from '../../api/resources.ts'
import { recordOwnAct } from '../record-own-act.ts'
import type { StoreRuntime } from '../runtime.ts'
import type { Sessions } from './counts.ts'

/** So long at least lies between two records of a store, in ms: a library that never sets an end is corrected all the time. */
const intervalMs = 3_600_000

/** Puts what sweeps did since the last record on record, in sum; resolves with the counts that say so. */
export const recordEnforcement = async (
  runtime: StoreRuntime,
  store: ReadSessionStore,
  counts: Sessions,
  signal: AbortSignal,
): Promise<Sessions> => {
  const { recorded, correctedTotal, endedTotal = 0 } = counts
  const now = runtime.clock.now()
  const [corrected, ended] = [correctedTotal - (recorded?.corrected ?? 0), endedTotal - (recorded?.ended ?? 0)]
  const isEarly = recorded !== undefined && now.getTime() - Date.parse(recorded.at) < intervalMs
  if (corrected + ended === 0 || isEarly) return counts
  await recordOwnAct(
    runtime,
    store,
    {
      type: 'PolicyEnforced',
      reason: `sweeps set or shortened ${corrected} times to live, and ended ${ended} sessions for their age`,
      details: { corrected, ended, correctedTotal, endedTotal },
    },
    (details) => details['correctedTotal'] === correctedTotal && details['endedTotal'] === endedTotal,
    signal,
  )
  return { ...counts, recorded: { corrected: correctedTotal, ended: endedTotal, at: now.toISOString() } }
}
