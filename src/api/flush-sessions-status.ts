import { z } from 'zod'
import { conditions, time } from './values.ts'

/** Where a flush is. The last three are final. */
export const flushPhases = ['Pending', 'AwaitingApproval', 'Running', 'Completed', 'Failed', 'Aborted'] as const

export const flushSessionsStatus = z.object({
  observedGeneration: z.int().optional(),
  phase: z.enum(flushPhases).optional(),
  conditions: conditions().optional(),
  startedAt: time().optional(),
  finishedAt: time().optional(),
  plan: z
    .object({
      digest: z
        .string()
        .describe("Of the spec, the list that it names, the store, its flush epoch and its nodes' run ids."),
      matched: z.int().meta({ format: 'int64' }).describe('Sessions in scope when the plan was made.'),
      percent: z.int(),
      undecodable: z
        .int()
        .meta({ format: 'int64' })
        .optional()
        .describe('Sessions of which it cannot be said whether they are in scope.'),
      clock: z
        .string()
        .max(64)
        .optional()
        .describe('With createdBefore and idleLongerThan: what says when a session began, or was used.'),
      confidence: z.enum(['Exact', 'Derived']).optional().describe('How far that can be trusted.'),
      scopeFingerprint: z
        .string()
        .optional()
        .describe('A keyed hash of the list in scope: who has the same list and the master key gets the same.'),
      method: z.enum(['FlushDatabase', 'SetAside', 'ScanAndUnlink', 'ByName', 'ByIndex']),
      estimatedSeconds: z.int(),
      costs: z.array(z.string().max(1024)).max(16),
    })
    .optional(),
  outcome: z
    .object({ phase: z.enum(['Completed', 'Failed', 'Aborted']), reason: z.string(), message: z.string() })
    .optional()
    .describe('How it ends, written before the fence is lifted: what was decided is not decided again.'),
  progress: z.object({ percent: z.int(), keysRevoked: z.int().meta({ format: 'int64' }), step: z.string() }).optional(),
  fence: z
    .object({
      startedAt: time().describe("When the fence first went up, by the operator's clock: maxFence counts from here."),
      runId: z.string().optional().describe('The process that the fence and the deletion were acknowledged by.'),
      deletedAt: time()
        .optional()
        .describe("The deletion, by the operator's clock: both clocks must say that the drain is over."),
      deletedAtMs: z
        .int()
        .meta({ format: 'int64' })
        .optional()
        .describe("The deletion, in ms of the Redis server's clock: the drain counts from here."),
    })
    .optional(),
  rotation: z
    .array(z.object({ client: z.string(), user: z.string() }))
    .max(32)
    .meta({ 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['client'] })
    .optional()
    .describe('With Rotated: the user that each client has from now on.'),
  rewrites: z
    .array(
      z.object({
        name: z.string(),
        file: z.enum(['AppendOnly', 'Snapshot']).optional().describe('Default AppendOnly.'),
        runId: z.string(),
        count: z.int().describe('How many its process had made when another one was asked for.'),
        at: z.int().meta({ format: 'int64' }).optional().describe('When that was, in s of the server.'),
        off: z.boolean().describe('Nothing is to be written there any more: it was switched on for this.'),
      }),
    )
    .max(64)
    .optional()
    .describe('Files that are being written anew, by node.'),
  guard: z
    .object({
      startedAt: time().optional().describe("When the last session in scope was deleted, by the operator's clock."),
      startedAtMs: z
        .int()
        .meta({ format: 'int64' })
        .optional()
        .describe("The same, in ms of the Redis server's clock."),
      runId: z.string().describe('The process that remembers.'),
      names: z.int().meta({ format: 'int64' }).describe('How many keys are remembered.'),
    })
    .optional()
    .describe('Keys that were deleted and are deleted again whenever they come back.'),
  nodes: z
    .array(
      z.object({
        name: z.string(),
        runId: z.string(),
        before: z.int().meta({ format: 'int64' }),
        revoked: z.int().meta({ format: 'int64' }),
        remaining: z.int().meta({ format: 'int64' }).optional(),
        acknowledged: z.boolean(),
      }),
    )
    .max(64)
    .meta({ 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['name'] })
    .optional(),
  resurrections: z
    .object({ removed: z.int().meta({ format: 'int64' }) })
    .optional()
    .describe('Sessions that came back and were removed: by the second pass, or by the guard.'),
  guarantee: z
    .object({
      assumptions: z.array(z.string().max(1024)).max(16),
      notCovered: z.array(z.string().max(1024)).max(16),
    })
    .optional(),
  auditRecords: z.array(z.string()).max(16).optional(),
})
export type FlushSessionsStatus = Readonly<z.infer<typeof flushSessionsStatus>>
