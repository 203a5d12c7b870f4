import { beforeAll, expect, test } from 'vitest'
import { connectClient, store, untilReady } from '../e2e/fixtures.ts'
import { suite } from '../e2e/suite.ts'
import { deploy, frameworks, loadApplications, type Framework } from './application.ts'
import { otherThan } from './driver.ts'
import { openServer } from './server.ts'

const at = suite('clients-presets')

beforeAll(async () => loadApplications(at()))

const encrypted = { topology: { mode: 'Replicated', replicas: 1 }, tls: { mode: 'Managed' } }

const cases: readonly (readonly [Framework, 'Redis' | 'Valkey', string, object])[] = [
  ['express', 'Redis', '', {}],
  ['express', 'Valkey', ', Replicated and by TLS,', encrypted],
  ['rails', 'Redis', ', Replicated and by TLS,', encrypted],
  ['rails', 'Valkey', '', {}],
  ['rails-cache', 'Redis', '', {}],
]

test.each(cases)(
  '%s on %s%s logs in, reads, changes and logs out with the rights of its preset, and asks for no others',
  async (framework, engine, _, spec) => {
    const { objects, namespace } = at()
    const name = `${framework}-${engine.toLowerCase()}`
    const { preset } = frameworks[framework]
    await objects.apply(
      store(namespace, name, { engine, spec: { sessions: { client: preset, keyPrefix: 'shop:session' }, ...spec } }),
    )
    await untilReady(objects, namespace, name)
    const server = await openServer(at(), name)
    const users = await deploy(at(), { framework, store: name, env: { EXPIRE_AFTER_SECONDS: '1800' } })
    try {
      const cookies = await users.logIn(20)
      expect(otherThan(await users.change(cookies), 200), 'changes that failed').toBe(0)
      expect(await users.check(cookies)).toEqual({ alive: 20, refused: 0, errors: 0 })
      expect(await server.keys(), 'keys').toBe(20)
      expect(otherThan(await users.logOut(cookies), 200), 'logouts that failed').toBe(0)
      // Rails leaves an empty session behind, so the cookies are asked, not the keys.
      expect(await users.check(cookies)).toEqual({ alive: 0, refused: 20, errors: 0 })
      expect(await server.deniedCommands()).toEqual([])
      // What is refused is seen there.
      const keysClient = await connectClient(at().cluster, objects, namespace, name)
      await expect(keysClient.redis.keys('*')).rejects.toThrow('NOPERM')
      keysClient.redis.disconnect()
      await keysClient.close()
      expect(await server.deniedCommands()).toEqual(['keys'])
    } finally {
      await server.close()
      await users.close()
    }
  },
)
