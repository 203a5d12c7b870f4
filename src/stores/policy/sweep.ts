import type { ReadSessionStore } from '../../api/resources.ts'
import { parseDurationMs } from '../../api/values.ts'
import type { Keyspace } from '../../redis/info.ts'
import { sweepTtl, type SweepResult, type TtlLimits } from '../../redis/sweep.ts'
import { presetFor } from '../../sessions/presets.ts'
import { storeUid } from '../names.ts'
import type { ObservedNode } from '../observe.ts'
import type { StoreRuntime } from '../runtime.ts'

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

/**
 * Sweeps a store if there is anything to be found that Redis' own counts do not tell, and it is time. Resolves with undefined when nobody looked. A paused
 * store is looked at, and left as it is.
 */
export const sweep = async (
  runtime: StoreRuntime,
  store: ReadSessionStore,
  node: ObservedNode,
  { keys, expires }: Keyspace,
  signal: AbortSignal,
): Promise<SweepResult | undefined> => {
  const { ttl, keyPrefix } = store.spec.sessions
  const limits = limitsOf(store)
  const act = ttl.enforcement === 'Enforce' && !store.spec.maintenance.paused
  if (ttl.enforcement === 'Disabled' || keys === 0) return undefined
  const limited = limits.maxMs !== undefined || limits.absoluteMs !== undefined
  // Without limits, only keys with no time to live need work, and INFO has just said whether there are any; how many, unless some of them may be right.
  if (!limited && (keys === expires || (!act && limits.exempt.length === 0))) return undefined
  const [uid, generation] = [storeUid(store), store.metadata.generation ?? 0]
  if (!runtime.sweeps.isDue(uid, generation)) return undefined
  return await runtime.sweeps.time(
    uid,
    generation,
    async () => await sweepTtl(node.connection, keyPrefix, limits, act, runtime.clock, { signal }),
  )
}
