import { X509Certificate } from 'node:crypto'
import { z } from 'zod'
import { group, type ReadSessionStore } from '../../api/resources.ts'
import { secrets, type Secret } from '../../kubernetes/kinds.ts'
import { NameTakenError } from '../name-taken-error.ts'
import { isOwnedBy, objectNames, ownedMetadata, storeName, storeNamespace } from '../names.ts'
import type { StoreRuntime } from '../runtime.ts'
import { decode, encode, findSecret } from '../secret-data.ts'
import { keyFits, splitPem, versionOf, type Material } from './material.ts'

/** What is known of a store's certificate beside the certificate. On the Secret itself, so that both change in one write. */
const stateSchema = z.object({
  since: z.string(),
  /** Fingerprints of certificates that servers may show, the last one first. */
  served: z.array(z.string()),
  /** Generation of the authority that is to be trusted in the end. */
  authority: z.int().optional(),
  request: z.string().optional(),
  authorityRequest: z.string().optional(),
  /** Every server speaks TLS: applications are told to. */
  published: z.boolean(),
})
export type CertificateState = Readonly<z.infer<typeof stateSchema>>

/** The Secret that a store's servers read their certificate from. */
export interface TlsSecret {
  readonly secret: Secret
  /** Undefined when somebody has put something else there. */
  readonly material: Material | undefined
  readonly state: CertificateState | undefined
}

const stateAnnotation = `${group}/certificate`

/** Reads it live; undefined when there is none. Throws `NameTakenError` when it belongs to somebody else. */
export const readTlsSecret = async (
  runtime: Pick<StoreRuntime, 'client'>,
  store: ReadSessionStore,
  call: { readonly signal?: AbortSignal },
): Promise<TlsSecret | undefined> => {
  const name = objectNames(storeName(store)).tls
  const secret = await findSecret(runtime, store, name, call)
  if (!secret) return undefined
  if (!isOwnedBy(secret, store)) throw new NameTakenError('Secret', name)
  return { secret, material: materialIn(secret), state: stateIn(secret) }
}

const materialIn = (secret: Secret): Material | undefined => {
  const material = {
    certificate: decode(secret, 'tls.crt'),
    key: decode(secret, 'tls.key'),
    authorities: splitPem(decode(secret, 'ca.crt')),
  }
  try {
    const isWhole = keyFits(material) && material.authorities.length > 0
    return isWhole && material.authorities.every((pem) => new X509Certificate(pem)) ? material : undefined
  } catch {
    return undefined
  }
}

const stateIn = ({ metadata }: Secret): CertificateState | undefined => {
  try {
    return stateSchema.parse(JSON.parse(metadata.annotations?.[stateAnnotation] ?? ''))
  } catch {
    return undefined
  }
}

/**
 * Writes it, over exactly what was read. Each file is there twice: under the name that a server reads when it starts, and under one that names this version, so
 * that a server can say which it has loaded, and refuses one that has not come to its pod yet.
 */
export const writeTlsSecret = async (
  runtime: Pick<StoreRuntime, 'client'>,
  store: ReadSessionStore,
  before: TlsSecret | undefined,
  material: Material,
  state: CertificateState,
  call: { readonly signal?: AbortSignal },
): Promise<TlsSecret> => {
  const files = {
    'tls.crt': material.certificate,
    'tls.key': material.key,
    'ca.crt': material.authorities.join(''),
  }
  const version = versionOf(material)
  const ofVersion = Object.fromEntries(Object.entries(files).map(([name, text]) => [`${version}.${name}`, text]))
  const annotations = { [stateAnnotation]: JSON.stringify(state) }
  const { resourceVersion, uid } = before?.secret.metadata ?? {}
  const object = {
    apiVersion: 'v1',
    kind: 'Secret',
    type: 'kubernetes.io/tls',
    metadata: {
      ...ownedMetadata(store, objectNames(storeName(store)).tls, annotations),
      ...(resourceVersion === undefined ? {} : { resourceVersion }),
      ...(uid === undefined ? {} : { uid }),
    },
    data: encode({ ...files, ...ofVersion }),
  }
  const secret = before
    ? await runtime.client.replace(secrets, object, call)
    : await runtime.client.create(secrets, object, call)
  return { secret, material, state }
}

/** Deletes it, when no server reads it any more. */
export const deleteTlsSecret = async (
  runtime: Pick<StoreRuntime, 'client'>,
  store: ReadSessionStore,
  { secret }: TlsSecret,
  call: { readonly signal?: AbortSignal },
): Promise<void> => {
  const { uid } = secret.metadata
  const name = { namespace: storeNamespace(store), name: objectNames(storeName(store)).tls }
  await runtime.client.delete(secrets, name, { ...call, ...(uid === undefined ? {} : { uid }) })
}
