import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { KubeConfig } from '@kubernetes/client-node'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { FakeClock } from '../../test/unit/fake-clock.ts'
import { CredentialSource } from './credentials.ts'

let folder: string
const file = (name: string, text: string): string => {
  writeFileSync(join(folder, name), text)
  return join(folder, name)
}
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'credentials-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

const sourceOf = (cluster: object, user: object) => {
  const kubeConfig = new KubeConfig()
  kubeConfig.loadFromOptions({
    clusters: [{ name: 'c', server: 'https://api.example:6443/prefix/', skipTLSVerify: false, ...cluster }],
    users: [{ name: 'u', ...user }],
    contexts: [{ name: 'x', cluster: 'c', user: 'u' }],
    currentContext: 'x',
  })
  const clock = new FakeClock()
  return { clock, source: new CredentialSource(kubeConfig, clock) }
}

describe('credentials', () => {
  test('come from the kubeconfig: server, path, token, CA', async () => {
    const { source } = sourceOf({ caData: Buffer.from('the CA').toString('base64') }, { token: 'secret' })
    const found = await source.get()
    expect(found).toMatchObject({
      origin: 'https://api.example:6443',
      pathPrefix: '/prefix',
      headers: { authorization: 'Bearer secret' },
      proxyUrl: undefined,
    })
    expect(String(found.tls.ca)).toBe('the CA')
  })

  test('say so when certificates are not to be verified', async () => {
    const { source } = sourceOf({ skipTLSVerify: true, tlsServerName: 'other' }, {})
    expect((await source.get()).tls).toMatchObject({ rejectUnauthorized: false, servername: 'other' })
  })

  test('follow a CA that is rotated, so that new connections are made', async () => {
    const { clock, source } = sourceOf({ caFile: file('ca.crt', 'old') }, { token: 'secret' })
    const before = await source.get()
    file('ca.crt', 'new')
    expect((await source.get()).connectionId).toBe(before.connectionId)
    await clock.advance(10_000)
    const after = await source.get()
    expect(String(after.tls.ca)).toBe('new')
    expect(after.connectionId).not.toBe(before.connectionId)
  })

  test('ask an exec plugin once, and again after it failed', async () => {
    const count = file('count', '')
    const credential = JSON.stringify({
      apiVersion: 'client.authentication.k8s.io/v1',
      kind: 'ExecCredential',
      status: { token: 'from-plugin' },
    })
    const script = `printf x >> ${count}; [ "$(wc -c < ${count})" -gt 1 ] || exit 1; printf '%s' '${credential}'`
    const { source } = sourceOf({}, { exec: { command: 'sh', args: ['-c', script] } })
    await expect(source.get()).rejects.toThrow()
    expect((await source.get()).headers).toEqual({ authorization: 'Bearer from-plugin' })
  })

  test('do not quote what a plugin wrote, which may be the token', async () => {
    const { source } = sourceOf({}, { exec: { command: 'sh', args: ['-c', 'echo token: t0ps3cret'] } })
    await expect(source.get()).rejects.toThrow('wrote no valid JSON')
    await expect(source.get()).rejects.not.toThrow('t0ps3cret')
  })

  test('without a context say what is missing', async () => {
    await expect(new CredentialSource(new KubeConfig(), new FakeClock()).get()).rejects.toThrow('no current cluster')
  })
})
