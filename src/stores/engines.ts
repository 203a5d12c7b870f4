import { z } from 'zod'
import type { ReadSessionStore } from '../api/resources.ts'
import type { ServerVersion } from '../sessions/preset.ts'
import { canRead } from './engine-formats.ts'
import { hasClaims } from './plan/claim.ts'
import { isReplicated } from './topology/replicas.ts'

const lines = z.record(z.string().regex(/^[0-9]+\.[0-9]+$/), z.object({ image: z.string().min(1) }))

/** The images that the operator knows, by type and line. The first line of a type is its default. */
export const enginesSchema = z.object({ Redis: lines, Valkey: lines })
export type Engines = Readonly<z.infer<typeof enginesSchema>>

/**
 * Newest lines with every fix known in October 2026, CVE-2026-81934 (TLS) and GHSA-f4q9-j22m-xqq9 (cluster bus) among them;
 * sources in docs/dependencies.md.
 */
export const defaultEngines: Engines = {
  Redis: { '8.8': { image: 'docker.io/library/redis:8.8.3' } },
  Valkey: { '9.1': { image: 'docker.io/valkey/valkey:9.1.3' } },
}

export interface ResolvedEngine {
  readonly type: 'Redis' | 'Valkey'
  /** The line, such as `8.8`. */
  readonly version: string
  readonly image: string
  /** Why this is not the engine that the spec asks for, but the one that the store has. */
  readonly refused?: string
}

/**
 * The engine a store runs: what it says, else what status has pinned, else the table's. Where that could not read the sessions that there are, it is the one that
 * wrote them. A string says what is wrong.
 */
export const resolveEngine = (store: ReadSessionStore, engines: Engines): ResolvedEngine | string => {
  const wanted = wantedEngine(store, engines)
  const pinned = pinnedEngine(store)
  if (typeof wanted === 'string' || !pinned || !carriesOver(store) || canRead(wanted, pinned)) return wanted
  const [from, to] = [pinned, wanted].map(({ type, version }) => `${type} ${version}`)
  const remedy = `Set spec.engine back to ${pinned.type} "${pinned.version}". To change all the same, make another SessionStore, move the application, and delete this one`
  return { ...pinned, refused: `${to} cannot read what ${from} has written, so the store stays with that. ${remedy}` }
}

/** True when another server takes over the sessions that there are: as a replica, or from a volume. */
const carriesOver = (store: ReadSessionStore): boolean => {
  const { nodes = [], primary, sessions } = store.status ?? {}
  const hasRun = nodes.length > 0 || primary !== undefined || sessions !== undefined
  return hasRun && (isReplicated(store) || hasClaims(store))
}

const wantedEngine = (store: ReadSessionStore, engines: Engines): ResolvedEngine | string => {
  const { type, version, image } = store.spec.engine
  const pinned = store.status?.engine
  const known = engines[type]
  const line = version ?? (pinned?.type === type ? pinned.version : undefined) ?? Object.keys(known)[0]
  if (line === undefined) return `the operator knows no ${type}: set spec.engine.version and spec.engine.image`
  if (!isServed(line)) {
    return `spec.engine.version: ${line} is older than 7.2, the oldest line whose deletions can be waited for on disk (WAITAOF): choose a newer one`
  }
  if (image !== undefined) return { type, version: line, image }
  // A pinned image stays when the operator's table moves on: an upgrade of the operator moves no pod.
  if (pinned?.type === type && pinned.version === line) return { type, version: line, image: pinned.image }
  const entry = known[line]
  if (!entry) {
    const choices = Object.keys(known).join(', ')
    return `spec.engine.version: ${type} ${line} is not known to this operator (it knows ${choices}): choose one of those, or set spec.engine.image too`
  }
  return { type, version: line, image: entry.image }
}

const isServed = (line: string): boolean => {
  const { major, minor } = serverVersion(line)
  return major > 7 || (major === 7 && minor >= 2)
}

/** What a store has been running, by its status. */
export const pinnedEngine = ({ status }: ReadSessionStore): ResolvedEngine | undefined => {
  const pinned = status?.engine
  if (pinned?.type !== 'Redis' && pinned?.type !== 'Valkey') return undefined
  return { type: pinned.type, version: pinned.version, image: pinned.image }
}

/** `8.8` as numbers. */
export const serverVersion = (line: string): ServerVersion => {
  const [major = 0, minor = 0] = line.split('.').map(Number)
  return { major, minor }
}
