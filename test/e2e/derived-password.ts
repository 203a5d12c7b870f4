import { createHmac } from 'node:crypto'
import { operatorNamespace } from './fixtures.ts'
import { secretData, type Objects } from './objects.ts'

/** The master key, as somebody reads it who may read Secrets of the operator's namespace. */
export const readMasterKey = async (objects: Objects): Promise<Buffer> => {
  const secret = await objects.get('secret', 'session-store-operator-master-key', operatorNamespace)
  return Buffer.from(secretData(secret)['key'] ?? '', 'base64')
}

/** A password that is in no Secret, derived by hand as the runbook does it. */
export const derivedPassword = (
  masterKey: Buffer,
  user: 'operator' | 'replication',
  storeUid: string | undefined,
  generation = 1,
): string =>
  createHmac('sha256', masterKey)
    .update(`sessionstore.dev/${user}/${storeUid ?? ''}/${generation}`)
    .digest('hex')
