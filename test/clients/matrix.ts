// Ends everybody's session while a request is in flight, with every client, and prints what came of it:  node test/clients/matrix.ts [--only koa] [--replicated]
// The cluster must be up (`make cluster-up`).
import { setTimeout as delay } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { presetOf, type PresetName } from '../../src/sessions/presets.ts'
import { openCluster } from '../cluster/open-cluster.ts'
import { waitUntil } from '../cluster/wait-until.ts'
import {
  clientPod,
  flush,
  operatorNamespace,
  restrictedNamespace,
  store,
  untilReady,
  untilRunning,
} from '../e2e/fixtures.ts'
import { installOperator } from '../e2e/install.ts'
import { Kubectl } from '../e2e/kubectl.ts'
import { Objects } from '../e2e/objects.ts'
import type { Suite } from '../e2e/suite.ts'
import { deploy, frameworks, loadApplications, restart } from './application.ts'
import { printOutcomes, type AppUsers, type Cookie, type HeldRequests, type Outcomes } from './driver.ts'
import { createFlush, followFlush, isSet, policiesInForce, type FlushStatus } from './flush.ts'
import { programNames, type ProgramName } from './programs.ts'
import { mustEnd, startClient, storeFor } from './run-program.ts'
import { openServer, type Server } from './server.ts'

const { values } = parseArgs({ options: { only: { type: 'string' }, replicated: { type: 'boolean', default: false } } })

const requests = ['reads', 'changes'] as const
type RequestKind = (typeof requests)[number]

const ways = ['deletion alone', 'Guarded', 'Fenced', 'Rotated'] as const
type Way = (typeof ways)[number]

/** An application that keeps its sessions in a store. */
interface Subject {
  readonly preset: PresetName
  readonly people: AppUsers
  readonly server: Server
  /** Begins a request that has loaded its session and not answered; one that says nothing more to Redis has ended by itself. */
  begin(kind: RequestKind, cookie: Cookie): Promise<HeldRequests>
  /** Starts it anew; its users are others then. */
  restart(): Promise<void>
  close(): Promise<void>
}

const program = async (suite: Suite, preset: ProgramName): Promise<Subject> => {
  const client = await startClient(suite, preset)
  return {
    preset,
    get people() {
      return client.people
    },
    server: client.server,
    restart: () => client.restart(),
    close: () => client.close(),
    begin: async (kind, cookie) => {
      const hold = client.recorder.holdAfterRead()
      const answer = kind === 'reads' ? client.people.read([cookie]) : client.people.change([cookie])
      let ended = false
      void answer.then(() => (ended = true))
      await waitUntil('the request is held, or has ended', () => Promise.resolve(hold.isHolding() || ended), {
        timeoutMs: 10_000,
        intervalMs: 5,
      })
      return {
        release: async () => {
          hold.release()
          return await answer
        },
      }
    },
  }
}

const pod = async (suite: Suite, preset: PresetName): Promise<Subject> => {
  const framework = preset === 'express' ? 'express' : preset === 'rails-cache-store' ? 'rails-cache' : 'rails'
  let people = await deploy(suite, {
    framework,
    store: preset,
    env: { RESAVE: 'true', EXPIRE_AFTER_SECONDS: '1800' },
  })
  const server = await openServer(suite, preset)
  return {
    preset,
    get people() {
      return people
    },
    server,
    begin: async (kind, cookie) => await people.hold([cookie], { change: kind === 'changes' }),
    restart: async () => {
      await people.close()
      people = await restart(suite, preset)
    },
    close: async () => {
      await server.close()
      await people.close()
      await suite.objects.delete('deployment', `${preset}-app`, suite.namespace)
    },
  }
}

/** Ends everybody's session in one way; resolves when they are gone, with what is to be waited for. */
const end = async (
  { objects, namespace }: Suite,
  { preset, server }: Subject,
  way: Way,
): Promise<{ readonly finished: () => Promise<FlushStatus | undefined> }> => {
  if (way === 'deletion alone') {
    await server.deleteSessions()
    return { finished: () => Promise.resolve(undefined) }
  }
  const name = `${preset}-${Date.now().toString(36)}`
  const created = await createFlush(
    objects.kubectl,
    flush(namespace, name, preset, { drain: '3s', spec: { guarantee: way } }),
  )
  let last: FlushStatus = {}
  const statuses = followFlush(objects.kubectl, created)
  for (;;) {
    const { value, done } = await statuses.next()
    if (done === true) break
    last = value
    if (isSet(last, 'Deleted')) break
  }
  return {
    finished: async () => {
      for await (const status of statuses) last = status
      return last
    },
  }
}

const firstOf = (outcomes: Outcomes): string => printOutcomes(outcomes).split(':')[0] ?? ''

/** What came of one request in flight, in a few words. */
const cell = async (suite: Suite, subject: Subject, kind: RequestKind, way: Way): Promise<string> => {
  const { server, preset } = subject
  await server.deleteSessions()
  const [cookie = ''] = await subject.people.logIn(1)
  const held = await subject.begin(kind, cookie)
  const ended = await end(suite, subject, way)
  const answer = await held.release()
  await delay(300)
  const there = await server.sessions(mustEnd(preset))
  const logins = await subject.people.tryLogins(1)
  const status = await ended.finished()
  if (status?.outcome && status.phase !== 'Completed') return `${status.phase}: ${status.outcome.reason}`
  if (way === 'Rotated') await subject.restart()
  const { alive } = await subject.people.check([cookie])
  const restarted = way === 'Rotated' ? `, restarted ${firstOf(await subject.people.tryLogins(1))}` : ''
  const again = status?.resurrections?.removed ?? 0
  const back = again > 0 ? `${again} came back, deleted again` : there > 0 ? `**${there} came back**` : 'none came back'
  return [
    alive === 0 ? 'dead' : '**alive**',
    back,
    `request ${firstOf(answer)}`,
    `login ${firstOf(logins)}${restarted}`,
  ].join('; ')
}

const cluster = await openCluster()
await installOperator(cluster, { namespace: operatorNamespace, watch: 'all' })
const objects = new Objects(new Kubectl(cluster))
await policiesInForce(objects.kubectl)
await loadApplications({ cluster })
const namespace = 'clients-matrix'
const suite: Suite = { cluster, objects, namespace }
await objects.run(['delete', 'namespace', namespace, '--ignore-not-found', '--wait=true'])
await objects.apply(restrictedNamespace(namespace), clientPod(namespace, 'client', { app: 'web' }))
await untilRunning(objects, namespace, 'client')
const topology = values.replicated ? { topology: { mode: 'Replicated', replicas: 2 } } : {}
const pods = Object.values(frameworks).map(({ preset }) => preset)
const isProgram = (preset: PresetName): preset is ProgramName => (programNames as readonly string[]).includes(preset)
const rows: string[] = []
for (const preset of [...pods, ...programNames].filter((name) => values.only === undefined || name === values.only)) {
  console.log(`${preset} …`)
  const made = isProgram(preset)
    ? storeFor(namespace, preset, 'Redis', topology)
    : store(namespace, preset, { spec: { sessions: { client: preset, keyPrefix: 'shop:session' }, ...topology } })
  await objects.apply(made)
  await untilReady(objects, namespace, preset)
  const subject = isProgram(preset) ? await program(suite, preset) : await pod(suite, preset)
  try {
    for (const kind of requests) {
      const cells: string[] = []
      for (const way of ways) cells.push(await cell(suite, subject, kind, way))
      rows.push(`| ${preset}: ${presetOf(preset).library} | ${kind} | ${cells.join(' | ')} |`)
    }
  } finally {
    await subject.close()
  }
  await objects.delete('sessionstore', preset, namespace)
}
await objects.run(['delete', 'namespace', namespace, '--wait=false'])
console.log(
  [
    `| ${values.replicated ? 'Replicated' : 'Standalone'} | request in flight | ${ways.join(' | ')} |`,
    `|---|---|${ways.map(() => '---|').join('')}`,
    ...rows,
  ].join('\n'),
)
