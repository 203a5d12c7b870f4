import { createPublicKey, type KeyObject } from 'node:crypto'
import { z } from 'zod'
import { readKubernetesYaml } from './kubernetes-yaml.ts'

const configMap = z.object({ kind: z.literal('ConfigMap'), data: z.object({ 'public.pem': z.string() }) })

/**
 * Reads the public key that records are verified with: PEM, or the ConfigMap `<operator>-audit-public-key` as `kubectl get -o json` or
 * `-o yaml` prints it. Throws an `Error` when there is no Ed25519 public key in it.
 */
export const readPublicKey = (text: string): KeyObject => {
  const pem = text.trimStart().startsWith('-----') ? text : fromConfigMap(text)
  // Node would derive the public key from it: but nobody who verifies should hold it.
  if (pem.includes('PRIVATE KEY'))
    throw new Error("a private key: verify with the public one, from the operator's ConfigMap, field public.pem")
  let key: KeyObject
  try {
    key = createPublicKey(pem)
  } catch (error) {
    throw new Error('not a public key in PEM', { cause: error })
  }
  if (key.asymmetricKeyType !== 'ed25519') throw new Error('not an Ed25519 key')
  return key
}

const fromConfigMap = (text: string): string => {
  let documents: readonly unknown[]
  try {
    // JSON is YAML.
    documents = readKubernetesYaml(text)
  } catch (error) {
    throw new Error('neither PEM nor a ConfigMap in JSON or YAML', { cause: error })
  }
  const parsed = configMap.safeParse(documents[0])
  if (parsed.success && documents.length === 1) return parsed.data.data['public.pem']
  throw new Error('neither PEM nor one ConfigMap with the field data["public.pem"]')
}
