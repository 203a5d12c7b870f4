import { expect, test } from 'vitest'
import { sessionStoreSpec } from '../api/session-store.ts'
import type { ReadSessionStore } from '../api/resources.ts'
import { resolveEngine, type Engines } from './engines.ts'

const engines: Engines = {
  Redis: { '8.8': { image: 'redis:8.8.3' }, '8.6': { image: 'redis:8.6.7' } },
  Valkey: { '9.1': { image: 'valkey:9.1.3' } },
}

const store = (engine: object, status?: ReadSessionStore['status']): ReadSessionStore => ({
  apiVersion: '',
  kind: '',
  metadata: {},
  spec: sessionStoreSpec.parse({
    engine,
    memory: { maxmemory: '64Mi' },
    sessions: { client: 'express', keyPrefix: 'a' },
    clients: [{ name: 'web', from: [{ podSelector: {} }] }],
  }),
  ...(status ? { status } : {}),
})

test('a store that says nothing runs the first line of its type', () => {
  expect(resolveEngine(store({}), engines)).toEqual({ type: 'Redis', version: '8.8', image: 'redis:8.8.3' })
})

test('what is pinned in status stays when the table moves on', () => {
  const pinned = { engine: { type: 'Redis', version: '8.8', image: 'redis:8.8.1' } }
  expect(resolveEngine(store({}, pinned), engines)).toMatchObject({ image: 'redis:8.8.1' })
  expect(resolveEngine(store({ version: '8.6' }, pinned), engines)).toMatchObject({ image: 'redis:8.6.7' })
})

const spec = { memory: { maxmemory: '64Mi' }, sessions: { client: 'express', keyPrefix: 'a' } }

test.each([
  ['replicates', { topology: { mode: 'Replicated' } }],
  ['has a claim', { persistence: { mode: 'AppendOnly', claim: { size: '1Gi' } } }],
])('a store that %s keeps its engine where another could not read what is there', (_what, kind) => {
  const clients = [{ name: 'web', from: [{ podSelector: {} }] }]
  const at = (engine: object, status: object): ReadSessionStore => ({
    ...store({}),
    spec: sessionStoreSpec.parse({ ...spec, ...kind, clients, engine }),
    status: { engine: { type: 'Redis', version: '8.8', image: 'redis:8.8.3' }, ...status },
  })
  const run = { sessions: { live: 1 } }
  const kept = resolveEngine(at({ type: 'Valkey' }, run), engines)
  expect(kept).toMatchObject({ type: 'Redis', version: '8.8', image: 'redis:8.8.3' })
  expect(kept).toHaveProperty('refused', expect.stringContaining('Valkey 9.1 cannot read what Redis 8.8 has written'))
  expect(resolveEngine(at({ version: '8.6' }, run), engines)).toHaveProperty('refused')
  expect(resolveEngine(at({ version: '8.10', image: 'r:1' }, run), engines)).toMatchObject({ version: '8.10' })
  // Nothing has run yet, so nothing can be lost.
  expect(resolveEngine(at({ type: 'Valkey' }, {}), engines)).toMatchObject({ type: 'Valkey', version: '9.1' })
})

test('a store that loses its sessions in any restart takes every engine', () => {
  const pinned = { engine: { type: 'Redis', version: '8.8', image: 'redis:8.8.3' }, sessions: { live: 1 } } as never
  expect(resolveEngine(store({ type: 'Valkey' }, pinned), engines)).toEqual({
    type: 'Valkey',
    version: '9.1',
    image: 'valkey:9.1.3',
  })
})

test('an image of the spec wins over everything', () => {
  expect(resolveEngine(store({ version: '8.9', image: 'mine:1' }), engines)).toEqual({
    type: 'Redis',
    version: '8.9',
    image: 'mine:1',
  })
})

test('an unknown line names the field, the lines that are known and the remedy', () => {
  const message = resolveEngine(store({ version: '8.9' }), engines)
  expect(message).toContain('spec.engine.version')
  expect(message).toContain('8.8, 8.6')
  expect(message).toContain('spec.engine.image')
})

test('a line before 7.2 is refused: its deletions cannot be waited for', () => {
  expect(resolveEngine(store({ version: '7.0', image: 'old:1' }), engines)).toContain('WAITAOF')
})
