import type { ReadSessionStore } from '../../api/resources.ts'
import { parseDurationMs } from '../../api/values.ts'
import { sweepTtl, type SweepResult, type TtlLimits } from '../../redis/sweep.ts'
import { presetFor } from '../../sessions/presets.ts'
import { storeUid } from '../names.ts'
import { connectBeside, type AnsweringNode } from '../observe.ts'
import type { StoreRuntime } from '../runtime.ts'
import type { Tally } from './sweeps.ts'

const limitsOf = (store: ReadSessionStore): TtlLimits => {
  const { ttl } = store.spec.sessions
  const preset = presetFor(store.spec.sessions)
  const ms = (duration: string | undefined) => (duration === undefined ? undefined : parseDurationMs(duration))
  return {
    defaultMs: parseDurationMs(ttl.default),
    maxMs: ms(ttl.max),
    absoluteMs: ms(ttl.absolute),
    birth: preset.birth,
    exempt: [...(preset.endless ?? []), ...(ttl.exempt ?? [])],
  }
}

/** True when keys without an end may be right, so that only a look at each tells. */
export const hasExempt = (store: ReadSessionStore): boolean => limitsOf(store).exempt.length > 0

/** Whether sweeps put right what they find. A paused store is looked at, and left as it is. */
export const acts = ({ spec: { sessions, maintenance } }: ReadSessionStore): boolean =>
  sessions.ttl.enforcement === 'Enforce' && !maintenance.paused

/**
 * Sweeps a store if there is anything to be found that Redis' own counts do not tell, and it is time. Resolves with undefined when nobody looked. What is done
 * adds up in `runtime.sweeps`, also when it breaks off. Throws a `RedisError`.
 */
export const sweep = async (
  runtime: StoreRuntime,
  store: ReadSessionStore,
  primary: AnsweringNode,
  signal: AbortSignal,
): Promise<SweepResult | undefined> => {
  const { ttl, keyPrefix } = store.spec.sessions
  const { keys, expires } = primary.state.info.keyspace
  const limits = limitsOf(store)
  const act = acts(store)
  if (ttl.enforcement === 'Disabled' || keys === 0) return undefined
  const limited = limits.maxMs !== undefined || limits.absoluteMs !== undefined
  // Without limits, only keys with no time to live need work, and INFO has just said whether there are any; how many, unless some of them may be right.
  if (!limited && (keys === expires || (!act && limits.exempt.length === 0))) return undefined
  const [uid, generation] = [storeUid(store), store.metadata.generation ?? 0]
  const { sweeps, clock } = runtime
  if (!sweeps.isDue(uid, generation)) return undefined
  return await sweeps.time(uid, generation, async () => {
    // Of its own: a hand-over must not wait behind a page, nor a page's turn behind the writes that it holds.
    const connection = await connectBeside(runtime, store, primary, signal)
    try {
      const onPage = (done: Tally) => sweeps.add(uid, done)
      return await sweepTtl(connection, keyPrefix, limits, act, clock, { signal, onPage })
    } finally {
      connection.close()
    }
  })
}
