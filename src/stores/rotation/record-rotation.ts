import type { ReadSessionStore } from '../../api/resources.ts'
import { storeName, storeNamespace, storeUid } from '../names.ts'
import type { StoreRuntime } from '../runtime.ts'
import { operatorItself } from '../operator-itself.ts'
import { writeAuditHead } from '../write-audit-head.ts'

export interface Rotation {
  readonly client: string
  readonly user: string
  readonly retiring: string | undefined
  /** How many there were of this client, this one included: tells it from the others. */
  readonly rotations: number
}

/** Puts a rotation on record, once. */
export const recordRotation = async (
  runtime: StoreRuntime,
  store: ReadSessionStore,
  { client, user, retiring, rotations }: Rotation,
  signal: AbortSignal,
): Promise<void> => {
  const { entry, hash } = await runtime.audit.record(
    {
      storeUid: storeUid(store),
      storeName: storeName(store),
      namespace: storeNamespace(store),
      type: 'CredentialRotated',
      subject: { kind: 'SessionStore', name: storeName(store), uid: storeUid(store) },
      requestedBy: operatorItself,
      reason: `client ${client} got a new password`,
      details: { client, user, rotations, ...(retiring === undefined ? {} : { retiring }) },
    },
    signal,
    ({ details }) => details['client'] === client && details['rotations'] === rotations,
  )
  await writeAuditHead(runtime.client, store, { sequence: entry.sequence, head: hash }, signal)
}
