import type { FlushSessionsStatus } from '../api/flush-sessions-status.ts'
import type { ReadFlushSessions, ReadSessionStore } from '../api/resources.ts'
import { presetFor } from '../sessions/presets.ts'
import { few } from './few.ts'
import { isGuarded, rotates, setsAside } from './flush.ts'

/** What the guarantee rests on, and what it does not reach: said in every flush, as it is for this store and the `snapshots` of its volumes. */
export const guaranteeOf = (
  flush: ReadFlushSessions,
  store: ReadSessionStore,
  snapshots: readonly string[] | string,
): NonNullable<FlushSessionsStatus['guarantee']> => ({
  assumptions: [
    'Everything that writes sessions logs in to Redis as one of spec.clients.',
    rotates(flush)
      ? 'No process takes a new password into a request that is under way: who reads the Secret again does so for new requests.'
      : `No request holds a session for longer than limits.drain (${flush.spec.limits.drain}).`,
    ...(isGuarded(flush)
      ? [
          'No request in flight gives its session a new id, as a login does: that one is not remembered. Fenced excludes it.',
        ]
      : []),
    ...(setsAside(flush)
      ? ['No name of a session is given to a new one: a key that is made again under the same name is deleted.']
      : []),
    store.spec.topology.mode === 'Replicated'
      ? 'Every process that held these sessions is in status.nodes: none was started by somebody else from a copy of the data.'
      : 'The pod that answers is the only one of this store: none was deleted by force while its node was out of reach.',
    'The application does not restore sessions from a second source, such as a copy in a database.',
  ],
  notCovered: [...presetFor(store.spec.sessions).notCovered, ...indexOf(flush), ...copiesOf(snapshots)],
})

const indexOf = ({ spec }: ReadFlushSessions): readonly string[] =>
  spec.scope.principals?.exhaustive === false
    ? ["Sessions that the library's index does not name: only those were looked at (exhaustive: false)."]
    : []

/** Copies of volumes are not reached. A store reads none of before a flush; whoever mounts one elsewhere does. */
const copiesOf = (snapshots: readonly string[] | string): readonly string[] => {
  if (typeof snapshots === 'string')
    return [`Whether there are VolumeSnapshots of its claims cannot be said: ${snapshots}`]
  if (snapshots.length === 0) return []
  return [
    `VolumeSnapshots of its claims keep what they were made of, ended sessions too: ${few(snapshots)}. Delete them. No store serves a volume of before a flush, but whoever mounts one can read it.`,
  ]
}

/** What the flush costs the people who use the application, before anybody agrees to it. */
export const costsOf = (flush: ReadFlushSessions, store: ReadSessionStore, matched: number): readonly string[] => [
  flush.spec.scope.all
    ? `${matched} sessions end. Everybody logs in again, you as well: expect a peak of logins.`
    : `${matched} sessions end. Who is not in scope stays logged in.`,
  isGuarded(flush) ? 'Nobody is held up: logins and other sessions go on.' : fenceCostOf(flush, store),
]

const fenceCostOf = (flush: ReadFlushSessions, store: ReadSessionStore): string =>
  `Writes are refused for ${rotates(flush) ? '' : `at least ${flush.spec.limits.drain} and `}at most ${flush.spec.limits.maxFence}. ${presetFor(store.spec.sessions).fenceCost}`
