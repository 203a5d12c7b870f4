import type { ReadSessionStore } from '../../api/resources.ts'
import type { Json } from '../../audit/record.ts'
import { recordOwnAct } from '../record-own-act.ts'
import type { StoreRuntime } from '../runtime.ts'
import { writePrimary } from './term.ts'

/** Tells of a change of the primary, and puts it on record, once; in a pass after the change, so that nobody waits for it. */
export const recordChange = async (
  runtime: StoreRuntime,
  store: ReadSessionStore,
  signal: AbortSignal,
): Promise<ReadSessionStore> => {
  const { primary } = store.status ?? {}
  if (!primary || primary.current !== primary.target || primary.recorded === primary.term) return store
  const { change, term, target } = primary
  const details = JSON.parse(JSON.stringify({ term, node: target, ...change })) as Record<string, Json>
  const act = { type: 'PrimaryChanged', reason: change.cause, details } as const
  await recordOwnAct(runtime, store, act, (earlier) => earlier['term'] === term, signal)
  announce(runtime, store)
  runtime.log.info({ term, node: target, ...change }, 'The primary has changed')
  return await writePrimary(runtime, store, { ...primary, recorded: term }, signal)
}

const announce = (runtime: StoreRuntime, store: ReadSessionStore): void => {
  const { primary } = store.status ?? {}
  if (!primary) return
  const { basis, cause, planned, mayBeLostBytes, mayBeLostSeconds } = primary.change
  const who = `${primary.target} is the primary of term ${primary.term}: ${cause}`
  if (basis === 'First') {
    runtime.events.record(store, { type: 'Normal', reason: 'PrimaryChosen', message: who })
  } else if (planned) {
    runtime.events.record(store, { type: 'Normal', reason: 'HandedOver', message: `${who}. Nothing was lost.` })
  } else if (basis === 'Empty') {
    const message = `${who}, and no process or file of this store is left: every session is lost. Everybody logs in again.`
    runtime.events.record(store, { type: 'Warning', reason: 'SessionsLost', message })
  } else {
    const lost = `Sessions written in the last ${mayBeLostSeconds} s before (${mayBeLostBytes} bytes known) may be lost.`
    runtime.events.record(store, { type: 'Warning', reason: 'PrimaryPromoted', message: `${who}. ${lost}` })
  }
}
