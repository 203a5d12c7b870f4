import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { run } from '../cluster/command.ts'

/** An authority that is not the operator's, as PEM. */
export interface Authority {
  readonly certificate: string
  readonly key: string
}

const inFolder = async <T>(work: (folder: string) => Promise<T>): Promise<T> => {
  const folder = mkdtempSync(join(tmpdir(), 'openssl-'))
  try {
    return await work(folder)
  } finally {
    rmSync(folder, { recursive: true })
  }
}

/** Without a file of its own, openssl adds extensions that the machine's configuration names. */
const request = (folder: string): readonly string[] => {
  const config = join(folder, 'openssl.cnf')
  writeFileSync(config, '[req]\ndistinguished_name = name\n[name]\n')
  return ['req', '-x509', '-config', config, '-newkey', 'rsa:2048', '-nodes']
}

/** Makes an authority with an RSA key, as most companies have. */
export const makeAuthority = (name: string): Promise<Authority> =>
  inFolder(async (folder) => {
    const [key, certificate] = [join(folder, 'ca.key'), join(folder, 'ca.crt')]
    const subject = ['-subj', `/CN=${name}`, '-days', '30']
    const extension = ['-addext', 'basicConstraints=critical,CA:TRUE']
    await run('openssl', [...request(folder), '-keyout', key, '-out', certificate, ...subject, ...extension])
    return { certificate: readFileSync(certificate, 'utf8'), key: readFileSync(key, 'utf8') }
  })

/** Makes a certificate for a server in the form that cert-manager's Secrets have. */
export const makeServerCertificate = (authority: Authority, names: readonly string[]) =>
  inFolder(async (folder) => {
    const path = (name: string) => join(folder, name)
    writeFileSync(path('ca.crt'), authority.certificate)
    writeFileSync(path('ca.key'), authority.key)
    const extensions = [
      `subjectAltName=${names.map((name) => `DNS:${name}`).join(',')}`,
      'extendedKeyUsage=serverAuth,clientAuth',
    ].flatMap((extension) => ['-addext', extension])
    const signed = ['-CA', path('ca.crt'), '-CAkey', path('ca.key'), '-days', '10', '-subj', '/CN=server']
    const files = ['-keyout', path('tls.key'), '-out', path('tls.crt')]
    await run('openssl', [...request(folder), ...files, ...signed, ...extensions])
    const read = (name: string) => readFileSync(path(name), 'utf8')
    return { 'tls.crt': read('tls.crt'), 'tls.key': read('tls.key'), 'ca.crt': authority.certificate }
  })
