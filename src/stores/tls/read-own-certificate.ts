import type { X509Certificate } from 'node:crypto'
import type { ReadSessionStore } from '../../api/resources.ts'
import { objectNames, primaryHost, storeName } from '../names.ts'
import type { StoreRuntime } from '../runtime.ts'
import { decode, findSecret } from '../secret-data.ts'
import { isTrusted, keyFits, leafOf, splitPem, type Material } from './material.ts'

/** A certificate that somebody brings, or why what they bring cannot be used. */
export type OwnCertificate =
  | { readonly material: Material; readonly problem?: undefined }
  | { readonly material?: undefined; readonly problem: string }

const clientAuth = '1.3.6.1.5.5.7.3.2'
const serverAuth = '1.3.6.1.5.5.7.3.1'

/** Reads the Secret that `tls.secret` names. What Redis would not start with, or nobody could connect to, is refused here. */
export const readOwnCertificate = async (
  runtime: Pick<StoreRuntime, 'client' | 'clock'>,
  store: ReadSessionStore,
  call: { readonly signal?: AbortSignal },
): Promise<OwnCertificate> => {
  const name = store.spec.tls.secret?.name ?? ''
  const where = `tls.secret: Secret ${name}`
  if (name === objectNames(storeName(store)).tls)
    return { problem: `${where} is the one that the operator writes for the servers. Name another` }
  const secret = await findSecret(runtime, store, name, call)
  if (!secret) return { problem: `${where} is not there. Create it, or a cert-manager Certificate that does` }
  const missing = ['tls.crt', 'tls.key', 'ca.crt'].find((key) => decode(secret, key).trim() === '')
  if (missing !== undefined) return { problem: `${where} has no ${missing}. Add it, in PEM` }
  const material = {
    certificate: splitPem(decode(secret, 'tls.crt')).join(''),
    key: decode(secret, 'tls.key'),
    authorities: splitPem(decode(secret, 'ca.crt')),
  }
  const problem = problemOf(material, store, runtime.clock.now())
  return problem === undefined ? { material } : { problem: `${where} ${problem}` }
}

const problemOf = (material: Material, store: ReadSessionStore, now: Date): string | undefined => {
  let leaf: X509Certificate
  try {
    leaf = leafOf(material)
  } catch {
    return 'has no certificate in tls.crt: it must be in PEM'
  }
  try {
    if (!keyFits(material)) return 'has a tls.key that is not the one of tls.crt'
  } catch {
    return 'has no private key in tls.key that can be read: it must be in PEM, without a passphrase'
  }
  try {
    if (!isTrusted(material.certificate, material.authorities))
      return 'has a tls.crt that none in its ca.crt has signed: put the authority there, and those in between into tls.crt'
  } catch {
    return 'has something in ca.crt that is no certificate'
  }
  const { validFromDate, validToDate } = leaf
  // Of a certificate for every use there is none, whatever the types say.
  const usages = (leaf.keyUsage as readonly string[] | undefined) ?? [serverAuth, clientAuth]
  if (validToDate <= now) return `has a certificate that ended at ${validToDate.toISOString()}. Renew it`
  if (validFromDate > now) return `has a certificate that begins at ${validFromDate.toISOString()}`
  const host = primaryHost(store)
  if (leaf.checkHost(host) === undefined)
    return `has a certificate that is not for ${host}, where applications connect: add that DNS name`
  if (!usages.includes(serverAuth)) return 'has a certificate without the usage "server auth"'
  if (store.spec.tls.clientCertificates !== 'None' && !usages.includes(clientAuth))
    return 'has a certificate without the usage "client auth": replicas and the operator show it when they connect, and tls.clientCertificates asks for one'
  return undefined
}
