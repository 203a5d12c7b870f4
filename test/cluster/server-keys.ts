import { generateKeyPairSync } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { auditPolicy } from './audit-policy.ts'
import { flags } from './flags.ts'

/** A line of kube-apiserver's token file: a static bearer token and who it stands for. */
export interface TokenUser {
  readonly token: string
  readonly user: string
  readonly group?: string
}

/** Writes what a kube-apiserver reads at its start, and returns the arguments that name it. */
export const writeServerKeys = (folder: string, users: readonly TokenUser[]): readonly string[] => {
  mkdirSync(folder, { recursive: true })
  const at = (file: string): string => join(folder, file)
  const pair = generateKeyPairSync('rsa', { modulusLength: 2048 })
  writeFileSync(at('sa.key'), pair.privateKey.export({ type: 'pkcs1', format: 'pem' }), { mode: 0o600 })
  writeFileSync(at('sa.pub'), pair.publicKey.export({ type: 'spki', format: 'pem' }))
  const lines = users.map(
    ({ token, user, group }) => `${token},${user},${user}${group === undefined ? '' : `,${group}`}`,
  )
  writeFileSync(at('tokens.csv'), `${lines.join('\n')}\n`, { mode: 0o600 })
  writeFileSync(at('audit-policy.yaml'), auditPolicy)
  return flags({
    'cert-dir': folder,
    'token-auth-file': at('tokens.csv'),
    'service-account-issuer': 'https://kubernetes.default.svc',
    'service-account-key-file': at('sa.pub'),
    'service-account-signing-key-file': at('sa.key'),
    'audit-policy-file': at('audit-policy.yaml'),
  })
}

/** kube-apiserver's own certificate (made by it at its start, with its CA): what clients verify it with. */
export const serverCertificate = (folder: string): string => join(folder, 'apiserver.crt')
