import { everyKey } from '../../redis/visit-keys.ts'
import type { FlushOutcome } from '../../api/conditions.ts'
import { parseDurationMs } from '../../api/values.ts'
import type { Preset } from '../../sessions/preset.ts'
import { presetFor } from '../../sessions/presets.ts'
import { readers } from '../../sessions/readers.ts'
import { fail, type Flush, type StepResult } from '../flush.ts'
import type { FlushRuntime } from '../runtime.ts'
import { byIndex, indexFirst } from './by-index.ts'
import { byReader } from './by-reader.ts'
import { fingerprint, readListed, type Listed } from './listed.ts'
import { inServer, withReader, type Selection } from './selection.ts'

/** Which sessions a flush is about. */
export interface Scope {
  readonly selection: Selection
  /** As it goes on record: without names of people. */
  readonly recorded: Readonly<Record<string, unknown>>
  /** Of the list that it was made from; undefined: it needs none. */
  readonly fingerprint: string | undefined
}

type Fail = StepResult & { readonly next: 'fail' }

/** More owners than this are compared here: each page would carry them to the server (300 bytes of JSON, Redis 7.0.15: 235 k a second with 1,000). */
const mostOwnersInServer = 2_000

/** A longer session is read here: a page of such must not hold the server up. */
const maxBytesInServer = 65_536

/** Finds out what `spec.scope` means for the store, or says why it cannot be carried out. What it lists is read again by each step, and must be what was planned. */
export const resolveScope = async (runtime: FlushRuntime, flush: Flush, signal: AbortSignal): Promise<Scope | Fail> => {
  const { scope } = flush.object.spec
  const { keyPrefix } = flush.store.spec.sessions
  if (scope.all) return open(inServer(everyKey(keyPrefix)), { all: {} })
  if (scope.keyPattern !== undefined) return byPattern(keyPrefix, scope.keyPattern)
  if (scope.createdBefore !== undefined) return byBirth(flush, scope.createdBefore)
  if (scope.idleLongerThan !== undefined) return byIdleTime(flush, scope.idleLongerThan)
  const { principals, sessionIds } = scope
  const from = principals?.secretRef ?? sessionIds?.secretRef
  const listed: Listed = from
    ? await readListed(runtime, flush, from, signal)
    : { entries: [...new Set(principals?.values)] }
  if (listed.problem !== undefined) return refuse('ListMissing', listed.problem)
  const { entries } = listed
  const path = principals ? pathOf(flush) : []
  const print = fingerprint(runtime, flush, entries, path)
  if ((flush.status.plan?.scopeFingerprint ?? print) !== print) {
    const what = from ? `Secret ${from.name} or spec.sessions.principalPath` : 'spec.sessions.principalPath'
    return refuse('ScopeChanged', `${what} is not what it was when the flush was planned. Create another one`)
  }
  const recorded = { count: entries.length, fingerprint: print, ...(from ? { secretRef: from } : {}) }
  if (sessionIds) {
    const { keysOfId } = presetFor(flush.store.spec.sessions)
    const names = entries.flatMap(keysOfId).map((key) => `${keyPrefix}:${key}`)
    return { selection: inServer({ by: 'names', names }), recorded: { sessionIds: recorded }, fingerprint: print }
  }
  const selection = byOwner(flush, entries, path)
  if ('next' in selection) return selection
  const exhaustive = principals?.exhaustive ?? true
  return { selection, recorded: { principals: { ...recorded, path, exhaustive } }, fingerprint: print }
}

export const isFail = (scope: Scope | Fail): scope is Fail => 'next' in scope

const refuse = (reason: FlushOutcome, message: string): Fail => fail(reason, message) as Fail

const open = (selection: Selection, recorded: Scope['recorded']): Scope => ({
  selection,
  recorded,
  fingerprint: undefined,
})

const byPattern = (keyPrefix: string, keyPattern: string): Scope | Fail =>
  keyPattern.startsWith(`${keyPrefix}:`)
    ? open(inServer({ by: 'glob', glob: keyPattern }), { keyPattern })
    : refuse(
        'OutsideThePrefix',
        `spec.scope.keyPattern must begin with ${keyPrefix}: (spec.sessions.keyPrefix of the store): nothing else is touched`,
      )

const byBirth = (flush: Flush, createdBefore: string): Scope | Fail => {
  const { keyPrefix, client } = flush.store.spec.sessions
  const { birth } = presetFor(flush.store.spec.sessions)
  if (!birth)
    return refuse(
      'NoClock',
      `Sessions of ${client} do not say when they began: end those of some people (principals), or all of them`,
    )
  const takeUndecodable = flush.object.spec.onUndecodable === 'Revoke'
  const beforeMs = Date.parse(createdBefore)
  return open(inServer({ by: 'time', keyPrefix, time: birth, beforeMs, takeUndecodable }), { createdBefore })
}

/** Counted back from the creation of the flush: whoever comes back while it is under way does not become idle by that. */
const byIdleTime = (flush: Flush, idleLongerThan: string): Scope | Fail => {
  const { keyPrefix, client } = flush.store.spec.sessions
  const { lastAccess, endless = [] } = presetFor(flush.store.spec.sessions)
  const { clock, onUndecodable } = flush.object.spec
  const recorded = { idleLongerThan, clock }
  const beforeMs = Date.parse(flush.object.metadata.creationTimestamp ?? '') - parseDurationMs(idleLongerThan)
  if (clock === 'Exact') {
    if (!lastAccess)
      return refuse(
        'NoClock',
        `Sessions of ${client} do not say when they were used: create the flush again with clock: Derived, to go by what Redis remembers`,
      )
    const takeUndecodable = onUndecodable === 'Revoke'
    return open(inServer({ by: 'time', keyPrefix, time: lastAccess, beforeMs, takeUndecodable }), recorded)
  }
  if (flush.store.spec.memory.evictionPolicy.endsWith('-lfu'))
    return refuse('NoClock', 'With an lfu eviction policy Redis counts how often keys are used, not when')
  return open(inServer({ by: 'idle', keyPrefix, beforeMs, except: endless }), recorded)
}

/** Where sessions of the store say whose they are; empty: nobody knows. */
const pathOf = ({ store }: Flush): readonly string[] =>
  store.spec.sessions.principalPath ?? presetFor(store.spec.sessions).principalPath ?? []

const byOwner = (flush: Flush, owners: readonly string[], path: readonly string[]): Selection | Fail => {
  const { keyPrefix, client } = flush.store.spec.sessions
  const preset = presetFor(flush.store.spec.sessions)
  if (path.length === 0)
    return refuse(
      'NoPrincipal',
      `${client} leaves it to the application where a session says whose it is: set spec.sessions.principalPath of the store, such as [user, id], and create the flush again`,
    )
  const read = readers[preset.payload]
  if (!read)
    return refuse('NoReader', `Sessions of ${client} cannot be read: revoke by sessionIds, keyPattern, or all of them`)
  const takeUndecodable = flush.object.spec.onUndecodable === 'Revoke'
  const inHash = preset.payload === 'Java serialization, in a hash'
  const [field, ...rest] = path
  const reader = {
    keyPrefix,
    read,
    field: inHash ? field : undefined,
    path: inHash ? rest : path,
    owners: new Set(owners),
    takeUndecodable,
  }
  const { principalIndex: index, keysOfId } = preset
  const indexed = index && byIndex({ ...reader, index, keysOfId })
  if (flush.object.spec.scope.principals?.exhaustive === false) {
    return (
      indexed ??
      refuse(
        'NoIndex',
        `${client} keeps no index of a person's sessions: create the flush again without exhaustive: false`,
      )
    )
  }
  const scan = byScan(preset, byReader(reader), { keyPrefix, path, owners })
  return indexed ? indexFirst(indexed, scan) : scan
}

/** Every session is looked at: by Redis itself where it can read them. */
const byScan = (
  { payload }: Preset,
  here: Selection,
  {
    keyPrefix,
    path,
    owners,
  }: { readonly keyPrefix: string; readonly path: readonly string[]; readonly owners: readonly string[] },
): Selection => {
  if (payload !== 'JSON' || owners.length > mostOwnersInServer) return here
  const there = {
    by: 'jsonOwner',
    keyPrefix,
    path,
    owners,
    maxBytes: maxBytesInServer,
    takeUndecodable: false,
  } as const
  return withReader(inServer(there), here)
}
