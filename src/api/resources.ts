import type { z } from 'zod'
import type { SignedRecord } from '../audit/record.ts'
import type { KubernetesObject, Resource } from '../kubernetes/objects.ts'
import type { flushSessionsSpec, FlushSessionsSpec } from './flush-sessions.ts'
import type { FlushSessionsStatus } from './flush-sessions-status.ts'
import type { sessionStoreSpec, SessionStoreSpec } from './session-store.ts'
import type { SessionStoreStatus } from './session-store-status.ts'

/** The API group. Its domain must be owned, or changed, before a public release. */
export const group = 'sessionstore.dev'
export const version = 'v1alpha1'
export const apiVersion = `${group}/${version}`

/** A SessionStore as the API server keeps it: `spec` as written, with the defaults of the CRD that admitted it. */
export interface SessionStore extends KubernetesObject {
  readonly spec: z.input<typeof sessionStoreSpec>
  readonly status?: SessionStoreStatus
}

/** A FlushSessions as the API server keeps it. */
export interface FlushSessions extends KubernetesObject {
  readonly spec: z.input<typeof flushSessionsSpec>
  readonly status?: FlushSessionsStatus
}

export interface AuditRecordObject extends KubernetesObject {
  readonly spec: SignedRecord
}

const resource = <T extends KubernetesObject>(kind: string, plural: string): Resource<T> => ({
  group,
  version,
  plural,
  kind,
  namespaced: true,
})

export const sessionStores = resource<SessionStore>('SessionStore', 'sessionstores')
export const flushSessions = resource<FlushSessions>('FlushSessions', 'flushsessions')
export const auditRecords = resource<AuditRecordObject>('AuditRecord', 'auditrecords')

/** A SessionStore whose spec has been read and completed. */
export interface ReadSessionStore extends KubernetesObject {
  readonly spec: SessionStoreSpec
  readonly status?: SessionStoreStatus
}

/** A FlushSessions whose spec has been read and completed. */
export interface ReadFlushSessions extends KubernetesObject {
  readonly spec: FlushSessionsSpec
  readonly status?: FlushSessionsStatus
}
