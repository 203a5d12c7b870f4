import { z } from 'zod'
import { duration, objectName, quantity, rules } from './values.ts'

const claim = z
  .object({
    size: quantity()
      .optional()
      .describe(
        'Of each claim. Empty: what the mode needs for `maxmemory`, rounded up to a GiB. It can grow, not shrink.',
      ),
    storageClassName: objectName().optional().describe("Empty: the cluster's default."),
  })
  .meta(
    rules(
      {
        rule: '!has(oldSelf.size) || (has(self.size) && quantity(self.size).compareTo(quantity(oldSelf.size)) >= 0)',
        message: 'cannot shrink, and Kubernetes shrinks no volume: make a new SessionStore',
        fieldPath: '.size',
      },
      {
        rule: 'has(self.storageClassName) == has(oldSelf.storageClassName) && (!has(self.storageClassName) || self.storageClassName == oldSelf.storageClassName)',
        message: 'cannot change: a claim keeps its class. Make a new SessionStore',
        fieldPath: '.storageClassName',
      },
    ),
  )

/** What of a store outlasts its processes, and where it lies. */
export const persistence = z
  .object({
    mode: z
      .enum(['None', 'AppendOnly', 'Snapshot'])
      .default('None')
      .describe(
        'AppendOnly writes every change to a file, at most a second later: what was acknowledged survives the process. Snapshot writes all sessions each `snapshotInterval`: what came after the last one survives an orderly end alone.',
      ),
    snapshotInterval: duration()
      .optional()
      .describe('With Snapshot: how often, when anything has changed. Whole seconds; default 5m.'),
    claim: claim
      .optional()
      .describe(
        'Keep the files on a claim of each pod: sessions survive the loss of the pod. Without, they lie on an emptyDir and go with it.',
      ),
  })
  .meta(
    rules(
      {
        rule: "!has(self.claim) || self.mode != 'None'",
        message: 'say mode: AppendOnly or Snapshot beside persistence.claim: with None nothing is written to it',
        fieldPath: '.claim',
      },
      {
        rule: 'has(self.claim) == has(oldSelf.claim)',
        message: 'cannot be added or taken away: the sessions lie where they are. Make a new SessionStore',
        fieldPath: '.claim',
      },
      {
        rule: "self.mode == oldSelf.mode || self.mode == 'None' || oldSelf.mode == 'None'",
        message:
          'cannot go from one kind of file to the other: a process that ended between would find neither. Set None first, or make a new SessionStore',
        fieldPath: '.mode',
      },
      {
        rule: "!has(self.snapshotInterval) || self.mode == 'Snapshot'",
        message: 'say mode: Snapshot beside persistence.snapshotInterval',
        fieldPath: '.snapshotInterval',
      },
      {
        rule: "!has(self.snapshotInterval) || duration(self.snapshotInterval) >= duration('10s')",
        message: 'must be at least 10s: each snapshot is a copy of all sessions',
        fieldPath: '.snapshotInterval',
      },
    ),
  )
  .prefault({})
