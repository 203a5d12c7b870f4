import { auditRecordSpec } from './audit-record.ts'
import type { Kind } from './crd.ts'
import { flushSessionsSpec } from './flush-sessions.ts'
import { flushSessionsStatus } from './flush-sessions-status.ts'
import { sessionStoreSpec } from './session-store.ts'
import { sessionStoreStatus } from './session-store-status.ts'

const ready = (field: 'status' | 'reason') => `.status.conditions[?(@.type=="Ready")].${field}`

/** The kinds that we serve, in the order of the reference. */
export const kinds: readonly Kind[] = [
  {
    kind: 'SessionStore',
    plural: 'sessionstores',
    singular: 'sessionstore',
    shortNames: ['sstore'],
    description: 'A private Redis for web sessions: memory, time to live, clients and network in one manifest.',
    spec: sessionStoreSpec,
    status: sessionStoreStatus,
    columns: [
      { name: 'Ready', type: 'string', jsonPath: ready('status') },
      { name: 'Reason', type: 'string', jsonPath: ready('reason') },
      { name: 'Client', type: 'string', jsonPath: '.spec.sessions.client' },
      { name: 'Sessions', type: 'integer', jsonPath: '.status.sessions.live' },
      { name: 'Immortal', type: 'integer', jsonPath: '.status.sessions.immortal' },
      { name: 'Maxmemory', type: 'string', jsonPath: '.spec.memory.maxmemory', priority: 1 },
      { name: 'Image', type: 'string', jsonPath: '.status.engine.image', priority: 1 },
      { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' },
    ],
    rules: [
      {
        // The StatefulSet's name and a hash of eleven characters make a label, which takes 63.
        rule: "self.metadata.name.size() <= 52 && !self.metadata.name.contains('.')",
        message:
          'metadata.name must be at most 52 characters of a-z, 0-9 and "-": pods and Services are named after it',
      },
    ],
  },
  {
    kind: 'FlushSessions',
    plural: 'flushsessions',
    singular: 'flushsessions',
    shortNames: ['flush'],
    description:
      'Ends sessions of a SessionStore, and proves it. Create it with `kubectl create`; it cannot be changed, only aborted.',
    spec: flushSessionsSpec,
    status: flushSessionsStatus,
    columns: [
      { name: 'Store', type: 'string', jsonPath: '.spec.storeRef.name' },
      { name: 'Phase', type: 'string', jsonPath: '.status.phase' },
      { name: 'Step', type: 'string', jsonPath: '.status.progress.step' },
      { name: 'Revoked', type: 'integer', jsonPath: '.status.progress.keysRevoked' },
      { name: 'Requester', type: 'string', jsonPath: '.spec.requestedBy.username' },
      { name: 'Reference', type: 'string', jsonPath: '.spec.reference', priority: 1 },
      { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' },
    ],
    rules: [
      {
        rule: 'self.metadata.name.size() <= 63',
        message: 'metadata.name must be at most 63 characters: AuditRecords carry it as a label',
      },
      {
        // Once the intent is on record with who approved, the object says nothing else.
        rule: "!has(self.spec.approval) || (has(oldSelf.spec.approval) && self.spec.approval == oldSelf.spec.approval) || !has(self.status) || !has(self.status.phase) || self.status.phase in ['Pending', 'AwaitingApproval']",
        message: 'spec.approval: it is not waited for any more',
      },
    ],
  },
  {
    kind: 'AuditRecord',
    plural: 'auditrecords',
    singular: 'auditrecord',
    shortNames: ['audit'],
    description:
      'One link of the signed chain of what was done to a SessionStore. Written by the operator, changed by nobody.',
    spec: auditRecordSpec,
    columns: [
      { name: 'Store', type: 'string', jsonPath: '.spec.entry.storeName' },
      { name: 'Sequence', type: 'integer', jsonPath: '.spec.entry.sequence' },
      { name: 'Type', type: 'string', jsonPath: '.spec.entry.type' },
      { name: 'Requester', type: 'string', jsonPath: '.spec.entry.requestedBy.username' },
      { name: 'Time', type: 'string', jsonPath: '.spec.entry.time' },
    ],
    rules: [{ rule: 'self.spec == oldSelf.spec', message: 'an AuditRecord cannot change' }],
  },
]
