import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { authorityCertificate, authorityOf, issue } from '../../../src/stores/tls/authority.ts'
import { run } from '../../cluster/command.ts'

const now = new Date('2026-11-25T12:00:00Z')
const authority = authorityOf(Buffer.alloc(32, 7), 'uid-1', 1)

test('OpenSSL verifies it by the strict rules of RFC 5280, for a server and for a client', async () => {
  const options = {
    purpose: 'Server',
    commonName: 'web',
    dnsNames: ['web.shop.svc', '*.web-nodes.shop.svc'],
    lifetimeMs: 3_600_000,
    now,
  } as const
  const folder = mkdtempSync(join(tmpdir(), 'tls-'))
  try {
    writeFileSync(join(folder, 'ca.crt'), authorityCertificate(authority, now))
    writeFileSync(join(folder, 'tls.crt'), issue(authority, options).certificate)
    for (const purpose of ['sslserver', 'sslclient']) {
      const at = ['-x509_strict', '-attime', String(now.getTime() / 1000), '-purpose', purpose]
      const args = ['verify', ...at, '-CAfile', join(folder, 'ca.crt'), join(folder, 'tls.crt')]
      expect((await run('openssl', args)).stdout).toMatch(/: OK$/m)
    }
  } finally {
    rmSync(folder, { recursive: true })
  }
})
