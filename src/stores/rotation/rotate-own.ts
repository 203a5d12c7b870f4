import type { ReadSessionStore } from '../../api/resources.ts'
import type { AuditEntry } from '../../audit/record.ts'
import type { OwnCredentialStatus } from '../../api/session-store-status.ts'
import { operatorUser, replicationUser } from '../../redis/acl.ts'
import { cutStrangers, setReplicationLogin } from '../../redis/replication.ts'
import { masterKeyId } from '../credentials.ts'
import { answers, type StoreNode } from '../observe.ts'
import { replicationLogin } from '../own-credentials.ts'
import { recordOwnAct } from '../record-own-act.ts'
import type { StoreRuntime } from '../runtime.ts'
import { isReplicated } from '../topology/replicas.ts'

/** What is true of the operator's own passwords, and when to look again. */
export interface RotatedOwn {
  readonly credentials: OwnCredentialStatus
  readonly requeueAfterMs: number | undefined
}

/** How soon a rotation that is under way is looked at again, in ms. */
const soonMs = 500

/**
 * Changes the passwords that are derived: on request, or because the master key is another. What status says is what the ACL is made by, so it is written first; the pass
 * after that has given every node the new users, and replicas are told here. Then those of before are let in no more.
 */
export const rotateOwn = async (
  runtime: StoreRuntime,
  store: ReadSessionStore,
  nodes: readonly StoreNode[],
  signal: AbortSignal,
): Promise<RotatedOwn> => {
  const { request } = store.spec.ownCredentials.rotation
  const key = masterKeyId(runtime.masterKey)
  const asked = request === undefined ? {} : { request }
  const known = store.status?.ownCredentials
  if (!known) return { credentials: { generation: 1, key, ...asked }, requeueAfterMs: undefined }
  const isNewRequest = request !== undefined && request !== known.request
  if (known.changing !== true && (isNewRequest || known.key !== key)) {
    const generation = isNewRequest ? known.generation + 1 : known.generation
    return { credentials: { generation, key, ...asked, changing: true }, requeueAfterMs: soonMs }
  }
  if (known.changing !== true) return { credentials: known, requeueAfterMs: undefined }
  const { changing: _done, ...done } = known
  const answering = nodes.filter((node) => answers(node))
  // One that is away would be locked out: it waits.
  if (!nodes.every((node) => answers(node) || node.state.is === 'gone'))
    return { credentials: known, requeueAfterMs: soonMs }
  const addresses = answering.flatMap(({ address }) => (address === undefined ? [] : [address]))
  for (const { state } of answering) {
    if (isReplicated(store)) await setReplicationLogin(state.connection, replicationLogin(runtime, store), { signal })
    // Who had logged in with what was known before stays connected otherwise.
    await state.connection.call(['CLIENT', 'KILL', 'USER', operatorUser, 'SKIPME', 'yes'], { signal })
    await cutStrangers(state.connection, replicationUser, addresses, { signal })
  }
  await record(runtime, store, done, signal)
  return { credentials: done, requeueAfterMs: soonMs }
}

const record = async (
  runtime: StoreRuntime,
  store: ReadSessionStore,
  { generation, key }: OwnCredentialStatus,
  signal: AbortSignal,
): Promise<void> => {
  const message = "The operator's own password and that of replicas are new"
  const act = {
    type: 'CredentialRotated',
    reason: message,
    details: { user: operatorUser, generation, key },
  } as const
  const isSame = (details: AuditEntry['details']) =>
    details['user'] === operatorUser && details['generation'] === generation && details['key'] === key
  await recordOwnAct(runtime, store, act, isSame, signal)
  runtime.events.record(store, { type: 'Normal', reason: 'CredentialRotated', message })
}
