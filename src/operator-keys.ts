import { randomBytes } from 'node:crypto'
import { generateKey, publicKeyOf } from './audit/signature.ts'
import type { Client } from './kubernetes/client.ts'
import type { Clock } from './kubernetes/clock.ts'
import { isApiError } from './kubernetes/errors.ts'
import { configMaps, secrets, type Secret } from './kubernetes/kinds.ts'

/** What the operator keeps in its own namespace and nowhere else. */
export interface OperatorKeys {
  /** Every store's operator password is derived from it: 32 bytes. */
  readonly masterKey: Buffer
  /** The one before, while somebody replaces it. */
  readonly previousMasterKey: Buffer | undefined
  /** Signs AuditRecords: PKCS #8, PEM. */
  readonly auditPrivateKey: string
}

const retryMs = 1_000
const masterKeyField = 'key'
const auditKeyField = 'private.pem'

/**
 * Reads the operator's keys, and makes those that are not there: once, by whoever leads first. The public half of the audit key is put into
 * a ConfigMap, for those who verify. Throws when a Secret is there and does not hold a key: it is never replaced, since every store's
 * operator password, or the proof of every record, hangs on it.
 */
export const ensureOperatorKeys = async (
  client: Client,
  clock: Clock,
  namespace: string,
  name: string,
  signal: AbortSignal,
): Promise<OperatorKeys> => {
  for (;;) {
    try {
      return await readOrMakeKeys(client, namespace, name, signal)
    } catch (error) {
      // An API server that is busy, or another operator at the same time: no reason to end.
      if (!isApiError(error, 'retryable', 'conflict')) throw error
      await clock.sleep(retryMs, signal)
    }
  }
}

const readOrMakeKeys = async (
  client: Client,
  namespace: string,
  name: string,
  signal: AbortSignal,
): Promise<OperatorKeys> => {
  const at = { client, namespace, signal }
  const decodeKey = (secret: string, text: string): Buffer => {
    const key = Buffer.from(text, 'base64')
    if (key.length === 32) return key
    throw new Error(
      `Secret ${namespace}/${secret}: field ${masterKeyField} is not 32 bytes in base64. Restore it from a backup.`,
    )
  }
  const [current, previous] = [`${name}-master-key`, `${name}-previous-master-key`]
  const masterKey = decodeKey(
    current,
    await ensureSecret(at, current, masterKeyField, () => randomBytes(32).toString('base64')),
  )
  const before = await readSecret(at, previous)
  const previousMasterKey = before && decodeKey(previous, fieldOf(at, previous, before, masterKeyField))
  const auditPrivateKey = await ensureSecret(at, `${name}-audit-key`, auditKeyField, generateKey)
  await publish(at, `${name}-audit-public-key`, publicKeyOf(auditPrivateKey))
  return { masterKey, previousMasterKey, auditPrivateKey }
}

interface Place {
  readonly client: Client
  readonly namespace: string
  readonly signal: AbortSignal
}

const readSecret = async ({ client, namespace, signal }: Place, name: string): Promise<Secret | undefined> => {
  try {
    return await client.get(secrets, { namespace, name }, { signal })
  } catch (error) {
    if (isApiError(error, 'notFound')) return undefined
    throw error
  }
}

const ensureSecret = async (at: Place, name: string, field: string, make: () => string): Promise<string> => {
  const { client, namespace, signal } = at
  let secret = await readSecret(at, name)
  if (!secret) {
    const data = { [field]: Buffer.from(make()).toString('base64') }
    try {
      secret = await client.create(
        secrets,
        { apiVersion: 'v1', kind: 'Secret', metadata: { namespace, name }, type: 'Opaque', immutable: true, data },
        { signal },
      )
    } catch (error) {
      if (!isApiError(error, 'exists')) throw error
      secret = await readSecret(at, name)
    }
  }
  return fieldOf(at, name, secret, field)
}

const fieldOf = ({ namespace }: Place, name: string, secret: Secret | undefined, field: string): string => {
  const value = secret?.data?.[field]
  if (value === undefined)
    throw new Error(
      `Secret ${namespace}/${name} has no field ${field}: restore it from a backup, or delete it to start anew`,
    )
  return Buffer.from(value, 'base64').toString('utf8')
}

const publish = async ({ client, namespace, signal }: Place, name: string, publicKey: string): Promise<void> => {
  const object = {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { namespace, name },
    data: { 'public.pem': publicKey },
  }
  try {
    const current = await client.get(configMaps, { namespace, name }, { signal })
    if (current.data?.['public.pem'] === publicKey) return
  } catch (error) {
    if (!isApiError(error, 'notFound')) throw error
  }
  await client.apply(configMaps, object, { fieldManager: 'session-store-operator', signal })
}
