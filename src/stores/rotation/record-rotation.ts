import type { ReadSessionStore } from '../../api/resources.ts'
import type { AuditEntry } from '../../audit/record.ts'
import { recordOwnAct } from '../record-own-act.ts'
import type { StoreRuntime } from '../runtime.ts'

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
  const act = {
    type: 'CredentialRotated',
    reason: `client ${client} got a new password`,
    details: { client, user, rotations, ...(retiring === undefined ? {} : { retiring }) },
  } as const
  const isSame = (details: AuditEntry['details']) => details['client'] === client && details['rotations'] === rotations
  await recordOwnAct(runtime, store, act, isSame, signal)
}
