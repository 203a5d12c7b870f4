import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Cluster } from '../cluster/cluster.ts'
import { CommandFailed } from '../cluster/command.ts'
import { AppUsers, otherThan, printOutcomes, type Cookie, type HeldRequests } from '../clients/driver.ts'
import { createFlush, followFlush, isSet, policiesInForce, type Flush, type FlushStatus } from '../clients/flush.ts'
import { expressImage } from '../clients/images.ts'
import { reach } from '../clients/reach.ts'
import { installOperator, operatorImage } from '../e2e/install.ts'
import { Kubectl, type As } from '../e2e/kubectl.ts'
import { detail, say, show } from './say.ts'
import { verifyRecords } from './verify-records.ts'

const users = 1_000
const inFlight = 50
const namespace = 'shop'
const operatorNamespace = 'session-store-operator'
const alice: As = { user: 'alice', groups: ['responders'] }

const manifest = (name: string): Promise<string> => readFile(join(import.meta.dirname, `${name}.yaml`), 'utf8')

/** Goes through all of it; throws when anything does not hold. */
export const story = async (cluster: Cluster): Promise<void> => {
  say('A cluster of three nodes (real Kubernetes, on this machine alone)')
  await cluster.up()
  const kubectl = new Kubectl(cluster)
  await prepare(cluster, kubectl)
  await makeStore(kubectl)
  const people = await startApplication(cluster, kubectl)
  try {
    await incident(kubectl, people)
  } finally {
    await people.close()
  }
  say('Done.')
}

const prepare = async (cluster: Cluster, kubectl: Kubectl): Promise<void> => {
  say('Images of the operator, from src, and of an express application')
  const image = await operatorImage(detail)
  await cluster.loadImage((await expressImage(detail)).archive)
  await kubectl.apply(await manifest('namespace'))
  say(`helm install: two replicas of the operator, which serve the namespace ${namespace} and nothing else`)
  await installOperator(cluster, { namespace: operatorNamespace, watch: [namespace], image, values: { replicas: 2 } })
  await kubectl.apply(await manifest('responder'))
}

const makeStore = async (kubectl: Kubectl): Promise<void> => {
  say('kubectl apply -f store.yaml: a private Redis for sessions')
  const startedMs = performance.now()
  await kubectl.apply(await manifest('store'))
  await kubectl.run(['wait', '--for=condition=Ready', 'sessionstore/web', `--namespace=${namespace}`, '--timeout=60s'])
  say(
    `  Ready, a write through its Service succeeded: ${((performance.now() - startedMs) / 1000).toFixed(1)} s after apply`,
  )
}

const startApplication = async (cluster: Cluster, kubectl: Kubectl): Promise<AppUsers> => {
  say('kubectl apply -f app.yaml: the application, two pods, with the Secret that the operator made')
  await kubectl.apply(await manifest('app'))
  await kubectl.run(['rollout', 'status', 'deployment/frontend', `--namespace=${namespace}`, '--timeout=60s'])
  return new AppUsers(await reach(cluster, kubectl, namespace, 'frontend'))
}

const incident = async (kubectl: Kubectl, people: AppUsers): Promise<void> => {
  const cookies = await people.logIn(users)
  const before = await people.check(cookies)
  show(`${users} users are logged in, each with a cookie that works`, before.alive === users)
  const held = await people.hold(cookies.slice(0, inFlight))
  say(`${inFlight} requests are under way: their sessions are loaded, and will be written back when they end`)

  await policiesInForce(kubectl)
  for (const [verb, what] of [
    ['get', 'secrets'],
    ['create', 'pods/exec'],
  ] as const)
    show(`Alice may not ${verb} ${what} here`, await isDenied(kubectl, verb, what))
  say('The cookies have leaked. Alice ends all sessions: kubectl --as=alice create -f flush.yaml')
  const flush = await createFlush(kubectl, await manifest('flush'), alice)
  const final = await follow(kubectl, people, flush, { held, cookies: cookies.slice(0, inFlight) })
  show(`it ended as Completed (it says: ${final.phase})`, final.phase === 'Completed')
  await checkUsers(people, cookies)
  await checkRequester(kubectl, flush)
  await verifyRecords(kubectl, namespace, operatorNamespace)
  for (const gap of final.guarantee?.notCovered ?? []) detail(`not covered, says the flush: ${gap}`)
}

/** `kubectl auth can-i` says no, and ends with code 1. */
const isDenied = (kubectl: Kubectl, verb: string, what: string): Promise<boolean> =>
  kubectl.run(['auth', 'can-i', verb, what, `--namespace=${namespace}`], { as: alice }).then(
    () => false,
    (error: unknown) => error instanceof CommandFailed && error.stdout.trim() === 'no',
  )

interface UnderWay {
  readonly held: HeldRequests
  readonly cookies: readonly Cookie[]
}

/** Prints each step as it comes. The requests in flight end while writes are refused, as they would in an incident. */
const follow = async (kubectl: Kubectl, people: AppUsers, flush: Flush, underWay: UnderWay): Promise<FlushStatus> => {
  let printed = ''
  let released = false
  let last: FlushStatus = {}
  for await (const status of followFlush(kubectl, flush)) {
    last = status
    const line = progressLine(status)
    if (line !== printed) say(`  ${line}`)
    printed = line
    if (released || !isSet(status, 'Deleted')) continue
    released = true
    await endRequests(people, underWay)
  }
  return last
}

const progressLine = ({ phase, progress, nodes = [] }: FlushStatus): string => {
  const revoked = nodes.reduce((sum, node) => sum + node.revoked, 0)
  return `${(progress?.step ?? phase ?? 'Pending').padEnd(12)} ${String(progress?.percent ?? 0).padStart(3)} %   ${revoked} sessions revoked`
}

const endRequests = async (people: AppUsers, { held, cookies }: UnderWay): Promise<void> => {
  const ended = printOutcomes(await held.release())
  say(
    `  now the ${inFlight} requests end, and write their sessions back (answered ${ended}: express-session does so even when the save fails)`,
  )
  const { alive } = await people.check(cookies)
  show(`of those ${inFlight} sessions ${alive} came back`, alive === 0)
}

const checkUsers = async (people: AppUsers, cookies: readonly Cookie[]): Promise<void> => {
  const after = await people.check(cookies)
  show(`${after.refused} of ${users} old cookies are refused`, after.refused === users)
  const logins = await people.tryLogins(50)
  show(`logins work again (50 of 50, ${printOutcomes(logins)})`, otherThan(logins, 200) === 0)
}

const checkRequester = async (kubectl: Kubectl, { metadata }: Flush): Promise<void> => {
  const { spec } = await kubectl.get<Flush>(['flushsessions', metadata.name, `--namespace=${namespace}`])
  const { username = 'nobody', groups = [] } = spec.requestedBy ?? {}
  show(
    `on record is who asked, ${username} (${groups.join(', ')}), though the manifest said "somebody-else"`,
    username === alice.user,
  )
}
