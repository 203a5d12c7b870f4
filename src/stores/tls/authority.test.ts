import { createPrivateKey, X509Certificate } from 'node:crypto'
import { connect, createServer } from 'node:tls'
import { expect, test } from 'vitest'
import { authorityCertificate, authorityOf, hasSigned, issue } from './authority.ts'

const masterKey = Buffer.alloc(32, 7)
const now = new Date('2026-11-25T12:00:00Z')
const authority = authorityOf(masterKey, 'uid-1', 1)
const names = ['web.shop.svc', '*.web-nodes.shop.svc']
const server = (at = now) =>
  issue(authority, { purpose: 'Server', commonName: 'web', dnsNames: names, lifetimeMs: 3_600_000, now: at })

test('a server certificate says what it is for, and its key fits', () => {
  const { certificate, key } = server()
  const parsed = new X509Certificate(certificate)
  expect(parsed.checkPrivateKey(createPrivateKey(key))).toBe(true)
  expect(parsed.subjectAltName).toBe('DNS:web.shop.svc, DNS:*.web-nodes.shop.svc')
  expect(parsed.keyUsage).toEqual(['1.3.6.1.5.5.7.3.1', '1.3.6.1.5.5.7.3.2'])
  expect(parsed.ca).toBe(false)
  expect(parsed.validFromDate.toISOString()).toBe('2026-11-25T11:55:00.000Z')
  expect(parsed.validToDate.toISOString()).toBe('2026-11-25T13:00:00.000Z')
  expect(parsed.checkHost('web.shop.svc')).toBe('web.shop.svc')
})

test('the authority is the same whenever it is asked for, and another one for another store, generation or master key', () => {
  const leaf = server().certificate
  expect(hasSigned(authorityOf(masterKey, 'uid-1', 1), leaf)).toBe(true)
  for (const other of [
    authorityOf(masterKey, 'uid-2', 1),
    authorityOf(masterKey, 'uid-1', 2),
    authorityOf(Buffer.alloc(32, 8), 'uid-1', 1),
  ])
    expect(hasSigned(other, leaf)).toBe(false)
})

test('a year beyond 2049 is written as one', () => {
  const late = new Date('2049-06-01T00:00:00Z')
  const parsed = new X509Certificate(authorityCertificate(authority, late))
  expect(parsed.validToDate.getUTCFullYear()).toBe(2054)
})

test('serial numbers are positive, long and never the same', () => {
  const serials = Array.from({ length: 50 }, () => new X509Certificate(server().certificate).serialNumber)
  expect(new Set(serials).size).toBe(50)
  for (const serial of serials) expect(serial).toMatch(/^[4-7][0-9A-F]{31}$/)
})

test('a client that trusts the authority connects, one that trusts another does not', async () => {
  const { certificate, key } = server(new Date())
  const listener = createServer({ cert: certificate, key }, (socket) => socket.end())
  listener.on('tlsClientError', () => undefined)
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve))
  const { port } = listener.address() as { port: number }
  const tried = (ca: string) =>
    new Promise<string>((resolve) => {
      const socket = connect({ host: '127.0.0.1', port, ca, servername: 'web.shop.svc' }, () => resolve('connected'))
      socket.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message))
    })
  try {
    expect(await tried(authorityCertificate(authority, new Date()))).toBe('connected')
    expect(await tried(authorityCertificate(authorityOf(masterKey, 'uid-1', 2), new Date()))).toMatch(
      /UNABLE_TO_VERIFY|SELF_SIGNED|SIGNATURE/,
    )
  } finally {
    listener.close()
  }
})
