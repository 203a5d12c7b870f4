import { z } from 'zod'
import { tlsStatus } from './tls.ts'
import { conditions, time } from './values.ts'

const primary = z
  .object({
    term: z
      .int()
      .meta({ format: 'int64' })
      .describe('Counts changes of the primary. Written before a node is promoted, so that no two are for one term.'),
    target: z.string().describe('The pod that is to be the primary of this term.'),
    current: z
      .string()
      .optional()
      .describe('The pod that is the primary. Differs from target while a change is under way.'),
    pod: z.string().describe('UID of the target.'),
    runId: z.string().describe('Its process.'),
    replicationId: z.string().optional().describe('The history of writes that began with this term.'),
    earlierReplicationId: z.string().optional().describe('The history of the term before, where this one began.'),
    bounded: z
      .boolean()
      .optional()
      .describe('The primary acknowledges writes only while a replica answers: when nobody can reach it, it stops.'),
    change: z
      .object({
        cause: z.string(),
        planned: z.boolean(),
        at: time(),
        from: z.string().optional(),
        basis: z
          .string()
          .describe('What the new primary is chosen by: Replica, EarlierHistory, Disk, Empty, First or Handover.'),
        knownOffset: z
          .int()
          .meta({ format: 'int64' })
          .optional()
          .describe('How far the primary before was known to be, in bytes of its history.'),
        offset: z.int().meta({ format: 'int64' }).describe('How far the new primary was.'),
        mayBeLostBytes: z.int().meta({ format: 'int64' }),
        mayBeLostSeconds: z.number().describe('What was acknowledged in so many seconds before may be lost.'),
      })
      .describe('How this term began.'),
    recorded: z.int().meta({ format: 'int64' }).optional().describe('The last term that is in an AuditRecord.'),
  })
  .describe('Who the primary of a Replicated store is.')
export type PrimaryStatus = Readonly<z.infer<typeof primary>>

export const sessionStoreStatus = z.object({
  observedGeneration: z.int().optional(),
  conditions: conditions().optional(),
  engine: z
    .object({
      type: z.string(),
      version: z.string(),
      image: z.string().describe('Pinned: an upgrade of the operator moves no pod.'),
    })
    .optional(),
  nodes: z
    .array(
      z.object({
        name: z.string(),
        role: z.enum(['primary', 'replica']),
        runId: z.string().describe('Changes with each start of the process.'),
        version: z.string(),
        usedMemoryBytes: z.int().meta({ format: 'int64' }),
        pod: z.string().optional().describe('UID of the pod.'),
        address: z.string().optional().describe('Address of the pod.'),
        synced: z.boolean().optional().describe('A replica that has the whole data and follows the primary.'),
        certificate: z.string().optional().describe('Serial number of the certificate that it shows, hex.'),
        appendOnlyFile: z.boolean().optional().describe('Its disk may hold an append-only file, of now or of before.'),
        snapshotFile: z.boolean().optional().describe('Its disk may hold a snapshot, of now or of before.'),
      }),
    )
    .max(64)
    .meta({ 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['name'] })
    .optional(),
  primary: primary.optional(),
  unaccounted: z
    .array(
      z.object({
        pod: z.string().describe('UID of the pod.'),
        name: z.string(),
        address: z.string(),
        runId: z.string(),
        since: time(),
      }),
    )
    .max(64)
    .meta({ 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['pod'] })
    .optional()
    .describe(
      'Redis processes whose pods are gone from the API server, by force, without proof that they ended: they may still run and hold sessions.',
    ),
  credentials: z
    .array(
      z.object({
        client: z.string(),
        user: z.string().describe("The ACL user that the client's Secret names."),
        since: time(),
        request: z.string().optional().describe('The last `rotation.request` that was carried out.'),
        rotations: z.int().describe('How many there were.'),
        retiring: z
          .string()
          .optional()
          .describe('The ACL user of before, for applications that have not read the new Secret.'),
      }),
    )
    .max(32)
    .meta({ 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['client'] })
    .optional()
    .describe('Which password each client has, by its user; never the password.'),
  ownCredentials: z
    .object({
      generation: z.int().describe('Counts rotations on request.'),
      key: z.string().describe('Tells which master key they are derived from.'),
      request: z.string().optional().describe('The last `ownCredentials.rotation.request` that was taken up.'),
      changing: z.boolean().optional().describe('Those of before are still let in by a node.'),
    })
    .optional()
    .describe("The operator's own password and that of replicas; never a password."),
  tls: tlsStatus.optional().describe('The certificate; absent without TLS.'),
  endpoints: z
    .object({ primary: z.string(), replicas: z.string().optional().describe('For reads that may be a moment old.') })
    .optional(),
  binding: z.object({ name: z.string() }).optional().describe('servicebinding.io: the Secret of the first client.'),
  sessions: z
    .object({
      live: z.int().meta({ format: 'int64' }).describe('Keys in the database.'),
      immortal: z
        .int()
        .meta({ format: 'int64' })
        .describe('Keys with no time to live, without those that rightly have none.'),
      overMax: z
        .int()
        .meta({ format: 'int64' })
        .optional()
        .describe('Keys with more time to live than `ttl.max`, when the last sweep began to look.'),
      tooOld: z
        .int()
        .meta({ format: 'int64' })
        .optional()
        .describe('Sessions that had begun longer ago than `ttl.absolute`, when the last sweep began to look.'),
      correctedTotal: z.int().meta({ format: 'int64' }).describe('Times to live that sweeps have set or shortened.'),
      correctedAt: time().optional().describe('When a sweep last had to.'),
      endedTotal: z
        .int()
        .meta({ format: 'int64' })
        .optional()
        .describe('Sessions that sweeps have ended because of `ttl.absolute`.'),
      evictedTotal: z
        .int()
        .meta({ format: 'int64' })
        .optional()
        .describe('Sessions that Redis dropped for lack of memory: so many people were logged out.'),
      evictedSeen: z
        .object({ runId: z.string(), count: z.int().meta({ format: 'int64' }) })
        .optional()
        .describe("The primary's own count, which begins anew with each process."),
      recorded: z
        .object({
          corrected: z.int().meta({ format: 'int64' }),
          ended: z.int().meta({ format: 'int64' }),
          at: time(),
        })
        .optional()
        .describe('What of it is on record: an AuditRecord an hour at most.'),
      observedAt: time().describe('When these numbers last changed.'),
    })
    .optional(),
  confined: z
    .object({
      value: z.boolean().describe('Every user this data ever had could reach the key prefix alone: FLUSHDB is exact.'),
      reason: z.string(),
    })
    .optional(),
  revocation: z
    .object({
      flush: z.string().describe('UID of the FlushSessions.'),
      replicationId: z.string(),
      earlierReplicationId: z.string().optional(),
      offset: z.int().meta({ format: 'int64' }),
      number: z
        .int()
        .meta({ format: 'int64' })
        .optional()
        .describe('Stands in the data itself since that deletion: a file with a smaller one is from before it.'),
      earlierNumber: z
        .int()
        .meta({ format: 'int64' })
        .optional()
        .describe('That of the last flush before: what this one works on must have it.'),
    })
    .optional()
    .describe(
      "Where the last deletion of a flush lies in the store's history: a node that has not come so far holds ended sessions, and is emptied before it is promoted.",
    ),
  lastFlush: z.string().optional().describe('UID of the FlushSessions that was counted last.'),
  everybodyFlushedAt: time()
    .optional()
    .describe('When a flush of `all` completed last: flushes.cooldown counts from here.'),
  flushEpoch: z.int().meta({ format: 'int64' }).optional().describe('How many flushes have completed.'),
  audit: z
    .object({ sequence: z.int().meta({ format: 'int64' }), head: z.string() })
    .optional()
    .describe('The newest AuditRecord of this store: its place in the chain and its hash.'),
})
export type TlsStatus = NonNullable<SessionStoreStatus['tls']>
export type OwnCredentialStatus = NonNullable<SessionStoreStatus['ownCredentials']>
export type CredentialStatus = NonNullable<SessionStoreStatus['credentials']>[number]
export type SessionStoreStatus = Readonly<z.infer<typeof sessionStoreStatus>>
