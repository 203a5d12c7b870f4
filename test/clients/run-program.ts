import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { request } from 'undici'
import { presetOf, type PresetName } from '../../src/sessions/presets.ts'
import { freePorts } from '../cluster/free-ports.ts'
import { waitUntil } from '../cluster/wait-until.ts'
import { flush, store, untilReady } from '../e2e/fixtures.ts'
import { secretData } from '../e2e/objects.ts'
import type { Suite } from '../e2e/suite.ts'
import { openTunnel } from '../e2e/tunnel.ts'
import { AppUsers, otherThan, printOutcomes, userNames, type CookieCheck } from './driver.ts'
import { createFlush, followFlush, policiesInForce, untilSet, type FlushStatus } from './flush.ts'
import { readyProgram, type ProgramName } from './programs.ts'
import { startRecorder, type Recorder } from './recorder.ts'
import { openServer, type Server } from './server.ts'

/** How long the applications let a session live, in s. */
export const lifetimeSeconds = 1800
const users = 20

/** What one client did with a store, and what the server saw of it. Numbers are of 20 users. */
export interface Run {
  readonly preset: ProgramName
  /** Such as `Valkey 8.1.4`. */
  readonly server: string
  readonly loggedIn: CookieCheck
  readonly changesFailed: number
  readonly logoutsFailed: number
  readonly loggedOut: CookieCheck
  /** Of the keys that must end, the least and the greatest time to live, in s; -1: one had none. */
  readonly timeToLive: readonly [number, number]
  /** How requests ended while the right to write was taken, and how many keys came to be meanwhile. */
  readonly fenced: { readonly reads: string; readonly logins: string; readonly newKeys: number }
  /** The cookies of those who were logged in, when the right was given back. */
  readonly afterFence: CookieCheck
  readonly revoked: Revoked
  /** The cookies of sessions whose time had come. */
  readonly ended: CookieCheck
  readonly commands: readonly string[]
  readonly refusals: readonly string[]
}

/** Where these applications say whose a session is. */
const principalPath = (preset: ProgramName): readonly string[] | undefined => {
  if (preset === 'lucia') return undefined
  if (preset === 'scs') return ['Values', 'user']
  return preset.startsWith('spring') ? ['sessionAttr:user'] : ['user']
}

/** Makes a store for a preset; await `untilReady` before it is used. */
export const storeFor = (namespace: string, preset: ProgramName, engine: 'Redis' | 'Valkey', spec: object = {}) => {
  const sessions = { client: preset, keyPrefix: 'shop:session', principalPath: principalPath(preset) }
  return store(namespace, preset, { engine, spec: { sessions, ...spec } })
}

/** Two of the users who are logged in, and the others, after a flush of those two. */
export interface Revoked {
  /** How it ended, such as `Completed, Verified`. */
  readonly flush: string
  readonly found: number
  readonly those: CookieCheck
  readonly others: CookieCheck
}

/** Does something while a flush holds writes back that ends nobody's session; then aborts it. */
const whileFenced = async <T>(
  { objects, namespace }: Suite,
  preset: ProgramName,
  during: () => Promise<T>,
): Promise<T> => {
  await policiesInForce(objects.kubectl)
  const spec = { scope: { keyPattern: 'shop:session:nobody-has-this:*' }, guarantee: 'Fenced' }
  const created = await createFlush(objects.kubectl, flush(namespace, `${preset}-fence`, preset, { drain: '2m', spec }))
  await untilSet(objects.kubectl, created, 'Deleted')
  const result = await during()
  await objects.patch('flushsessions', created.metadata.name, namespace, { spec: { abort: { reason: 'Seen enough' } } })
  for await (const { phase } of followFlush(objects.kubectl, created))
    if (phase === 'Completed') throw new Error('it was not aborted')
  return result
}

/** Ends the sessions of the first two users, by name. */
const revokeTwo = async (
  { objects, namespace }: Suite,
  preset: ProgramName,
  people: AppUsers,
  cookies: readonly string[],
): Promise<Revoked> => {
  await policiesInForce(objects.kubectl)
  const scope = { principals: { values: userNames(2) } }
  // Where a library takes over the id of an old cookie, a guard would end new sessions.
  const guarantee = presetOf(preset).reusesIds ? { guarantee: 'Fenced' } : {}
  const created = await createFlush(
    objects.kubectl,
    flush(namespace, `${preset}-two`, preset, { drain: '1s', spec: { scope, ...guarantee } }),
  )
  let last: FlushStatus = {}
  for await (const status of followFlush(objects.kubectl, created)) last = status
  return {
    flush: `${last.phase ?? ''}, ${last.outcome?.reason ?? ''}`,
    found: last.plan?.matched ?? 0,
    those: await people.check(cookies.slice(0, 2)),
    others: await people.check(cookies.slice(2)),
  }
}

/** A preset's application that runs, and what its store's server says. Close it at the end. */
export interface Client {
  readonly people: AppUsers
  readonly server: Server
  readonly recorder: Recorder
  /** Starts the application anew, with what the Secret says now; `people` are its users from then on. */
  restart(): Promise<void>
  close(): Promise<void>
}

/** Starts the application of a preset, by the Secret of the store that has the preset's name. */
export const startClient = async (suite: Suite, preset: ProgramName): Promise<Client> => {
  const { cluster, objects, namespace } = suite
  await untilReady(objects, namespace, preset)
  const readSecret = async () => secretData(await objects.get('secret', `${preset}-web`, namespace))
  const secret = await readSecret()
  const { clusterIP } = (await objects.get('service', preset, namespace))['spec'] as { clusterIP: string }
  const tunnel = await openTunnel(cluster, namespace, 'client', clusterIP, Number(secret['port']))
  const recorder = await startRecorder(tunnel.path)
  const state = mkdtempSync(join(tmpdir(), 'state-'))
  const server = await openServer(suite, preset)
  const stopRest = async () => {
    await server.close()
    await recorder.close()
    await tunnel.close()
    rmSync(state, { recursive: true, force: true })
  }
  try {
    const start = (login: Readonly<Record<string, string>>) => startApplication(preset, login, recorder.port, state)
    let application = await start(secret)
    let people = new AppUsers({ url: application.url, podUrls: [] })
    const stop = async () => {
      await people.close()
      await application.stop()
    }
    return {
      get people() {
        return people
      },
      server,
      recorder,
      restart: async () => {
        await stop()
        application = await start(await readSecret())
        people = new AppUsers({ url: application.url, podUrls: [] })
      },
      close: async () => {
        await stop()
        await stopRest()
      },
    }
  } catch (error) {
    await stopRest()
    throw error
  }
}

/** Users of the preset's application log in, read, change their sessions and log out; then the time of others comes. */
export const runProgram = async (suite: Suite, preset: ProgramName): Promise<Run> => {
  const client = await startClient(suite, preset)
  const { people, server, recorder } = client
  try {
    const cookies = await people.logIn(users)
    const changesFailed = otherThan(await people.change(cookies), 200)
    const loggedIn = await people.check(cookies)
    const times = await server.timesToLive(mustEnd(preset))
    const refusals = recorder.refusals()
    const fenced = await whileFenced(suite, preset, async () => {
      const keys = await server.keys()
      const reads = printOutcomes(await people.read(cookies))
      const logins = printOutcomes(await people.tryLogins(users))
      return { reads, logins, newKeys: (await server.keys()) - keys }
    })
    const afterFence = await people.check(cookies)
    const logoutsFailed = otherThan(await people.logOut(cookies), 200)
    const loggedOut = await people.check(cookies)
    const others = await people.logIn(users)
    const revoked = await revokeTwo(suite, preset, people, others)
    await server.endAll()
    const seconds = times.map((ms) => (ms < 0 ? ms : ms / 1000))
    return {
      preset,
      server: await server.version(),
      loggedIn,
      changesFailed,
      logoutsFailed,
      loggedOut,
      revoked,
      fenced,
      afterFence,
      timeToLive: [Math.min(...seconds), Math.max(...seconds)],
      ended: await people.check(others),
      commands: recorder.commands(),
      refusals,
    }
  } finally {
    await client.close()
  }
}

/** True of a key that the preset does not say may be without an end. */
export const mustEnd = (preset: PresetName) => {
  const endless = (presetOf(preset).endless ?? []).map((pattern) => pattern.split('*')[0] ?? '')
  return (key: string): boolean => !endless.some((start) => key.startsWith(`shop:session:${start}`))
}

interface Application {
  readonly url: string
  stop(): Promise<void>
}

/** Starts the application as a process of this machine, with the Secret as files, Redis at that port of loopback, and a folder for what it keeps beside. */
const startApplication = async (
  preset: ProgramName,
  secret: Readonly<Record<string, string>>,
  redisPort: number,
  state: string,
): Promise<Application> => {
  const { command, env, folder } = await readyProgram(preset, console.log)
  const binding = mkdtempSync(join(tmpdir(), 'binding-'))
  const address = `${secret['host']}:${secret['port']}`
  const here = {
    host: '127.0.0.1',
    port: String(redisPort),
    uri: secret['uri']?.replace(address, `127.0.0.1:${redisPort}`) ?? '',
  }
  for (const [name, value] of Object.entries({ ...secret, ...here })) writeFileSync(join(binding, name), value)
  const [port = 0] = await freePorts(1)
  const [file, ...args] = command(port)
  const child = spawn(file, args, {
    cwd: folder,
    env: {
      ...process.env,
      ...env,
      BINDING_DIR: binding,
      STATE_DIR: state,
      PORT: String(port),
      EXPIRE_AFTER_SECONDS: String(lifetimeSeconds),
    },
    stdio: ['ignore', 'pipe', 'pipe'],
    // A group of its own: PHP's server has workers.
    detached: true,
  })
  let said = ''
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => (said = `${said}${String(chunk)}`.slice(-2000)))
  const exited = once(child, 'close')
  const stop = async () => {
    if (child.pid !== undefined && child.exitCode === null) process.kill(-child.pid, 'SIGKILL')
    await exited
    rmSync(binding, { recursive: true, force: true })
  }
  const url = `http://127.0.0.1:${port}`
  try {
    await waitUntil(
      `the application of ${preset} serves`,
      async () => {
        if (child.exitCode !== null) throw new Error(`it ended with ${child.exitCode}`)
        const { statusCode, body } = await request(`${url}/healthz`)
        await body.dump()
        return statusCode === 200
      },
      { timeoutMs: 60_000 },
    )
  } catch (error) {
    await stop()
    throw new Error(`${String(error)}; it said: ${said}`, { cause: error })
  }
  return { url, stop }
}
