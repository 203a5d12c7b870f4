import type { ReadSessionStore } from '../../api/resources.ts'
import type { CredentialStatus } from '../../api/session-store-status.ts'
import { pods } from '../../kubernetes/kinds.ts'
import { passwordHash } from '../../redis/acl.ts'
import type { Access } from '../access.ts'
import { otherTurn, turnOf, userName } from '../client-secret.ts'
import { newPassword } from '../credentials.ts'
import type { ResolvedEngine } from '../engines.ts'
import { storeNamespace, storeUid } from '../names.ts'
import { readOwnPassword, type OwnPassword } from '../own-password.ts'
import { answers, type AnsweringNode, type StoreNode } from '../observe.ts'
import { connectedPeers } from '../peers/connected.ts'
import type { Report } from '../report.ts'
import type { StoreRuntime } from '../runtime.ts'
import { changeCredentials, giveCredentials, type ChangeContext } from './change-credentials.ts'
import { planRotation, type RotationStep } from './plan-rotation.ts'
import { recordRotation } from './record-rotation.ts'
import { restartWorkloads } from './restart-workloads.ts'

/** How soon a rotation that is under way is looked at again, in ms; and one that waits for applications. */
const soonMs = 200
const waitMs = 10_000

export interface Rotated {
  readonly credentials: readonly CredentialStatus[]
  readonly requeueAfterMs: number | undefined
}

/**
 * Gives clients new passwords: the other of a client's two users is made on every node, then the Secret names it, and the old one goes when nobody uses
 * it any more. Each step can be done again by another process, which goes on from what the Secrets say.
 */
export const rotateCredentials = async (
  runtime: StoreRuntime,
  store: ReadSessionStore,
  engine: ResolvedEngine,
  nodes: readonly StoreNode[],
  access: Access,
  report: Report,
  signal: AbortSignal,
): Promise<Rotated> => {
  const answering = nodes.filter((node) => answers(node))
  const changed = answering.map(({ uid, state: { connection, info } }) => ({ uid, connection, info }))
  const context: ChangeContext = { runtime, store, engine, nodes: changed, signal }
  // A user that one node does not know would lock out who is led there.
  const complete = nodes.every((node) => answers(node) || node.state.is === 'gone')
  const inUse = new Map<string, readonly string[]>()
  const credentials: CredentialStatus[] = []
  const problems: string[] = []
  let requeueAfterMs: number | undefined
  for (const { name, rotation } of store.spec.clients) {
    const turn = access.turns.get(name) ?? 'a'
    const user = userName(name, turn)
    const other = access.clientUsers.find((each) => each === userName(name, otherTurn(turn)))
    const peers = other === undefined ? [] : await addressesOf(answering, other, signal)
    const known = store.status?.credentials?.find(({ client }) => client === name)
    const quiet = complete && peers.length === 0
    const unusedMs = runtime.silences.note(`${storeUid(store)} ${other ?? name}`, other !== undefined && quiet)
    const own = await readOwnPassword(runtime, store, name, { signal })
    if (own?.problem !== undefined) problems.push(own.problem)
    const step = planRotation({
      rotation,
      known,
      user,
      other,
      inUse: complete ? peers.length : undefined,
      unusedMs,
      own: own && compare(own, access, user),
      now: runtime.clock.now(),
    })
    const credential = await carryOut(context, step, {
      client: name,
      user,
      known,
      request: rotation.request,
      own: own?.password,
      complete,
      access,
    })
    credentials.push(credential)
    if (step.step === 'wait') inUse.set(step.user, peers)
    // The one of before is there from now on: this pass says so already.
    if (step.step === 'note' && step.retiring !== undefined) inUse.set(step.retiring, peers)
    if (step.step === 'rotate' && complete) inUse.set(user, await addressesOf(answering, user, signal))
    if (step.step !== 'none')
      requeueAfterMs = Math.min(requeueAfterMs ?? waitMs, step.step === 'wait' ? waitMs : soonMs)
  }
  const [problem] = problems
  if (problem !== undefined)
    report.set(
      'CredentialsCurrent',
      'False',
      'PasswordSecretUnusable',
      `${problem}. Until then its password stays as it is.`,
    )
  else await reportCredentials(context, inUse, report)
  return { credentials, requeueAfterMs }
}

/** Where those who are logged in as a user connect from; one for each connection. */
const addressesOf = async (nodes: readonly AnsweringNode[], user: string, signal: AbortSignal) =>
  (await connectedPeers(nodes, new Set([user]), signal)).map(({ address }) => address)

const compare = (own: OwnPassword, access: Access, user: string): 'same' | 'other' | 'unusable' => {
  if (own.password === undefined) return 'unusable'
  const rules = access.users.find(({ name }) => name === user)?.rules ?? []
  return rules.includes(passwordHash(own.password)) ? 'same' : 'other'
}

interface Client {
  readonly client: string
  readonly user: string
  readonly known: CredentialStatus | undefined
  readonly request: string | undefined
  /** The password that it brings. */
  readonly own: string | undefined
  readonly complete: boolean
  readonly access: Access
}

const carryOut = async (context: ChangeContext, step: RotationStep, about: Client): Promise<CredentialStatus> => {
  const { runtime, store } = context
  const { client, user, known, request, own, complete, access } = about
  const unchanged = known ?? { client, user, since: runtime.clock.now().toISOString(), rotations: 0 }
  switch (step.step) {
    case 'none':
    case 'wait':
      return unchanged
    case 'note': {
      const { retiring: _gone, ...rest } = unchanged
      const now = { ...rest, user, ...(step.retiring === undefined ? {} : { retiring: step.retiring }) }
      if (!step.rotated) return known ? now : { ...now, ...(request === undefined ? {} : { request }) }
      const rotations = now.rotations + 1
      await restartWorkloads(runtime, store, access, client, context.signal)
      await recordRotation(runtime, store, { client, user, retiring: step.retiring, rotations }, context.signal)
      const message = `Client ${client} has a new password: its Secret names ${user}`
      runtime.events.record(store, { type: 'Normal', reason: 'CredentialRotated', message })
      const since = runtime.clock.now().toISOString()
      return { ...now, since, rotations, ...(request === undefined ? {} : { request }) }
    }
    case 'rotate': {
      if (!complete) return unchanged
      const turn = otherTurn(turnOf(client, user))
      await giveCredentials(context, [{ client, credential: { turn, password: own ?? newPassword() } }])
      return unchanged
    }
    case 'retire': {
      await changeCredentials(context, { retire: [step.user] })
      const { retiring: _gone, ...rest } = unchanged
      const how = step.forced
        ? 'although it was in use, as spec.clients[].rotation.force says'
        : 'nobody used it any more'
      const message = `User ${step.user} of client ${client} is gone: ${how}`
      runtime.events.record(store, { type: 'Normal', reason: 'OldCredentialRetired', message })
      return rest
    }
    default:
      return step satisfies never
  }
}

const reportCredentials = async (
  { runtime, store, signal }: ChangeContext,
  inUse: ReadonlyMap<string, readonly string[]>,
  report: Report,
): Promise<void> => {
  const used = [...inUse].filter(([, addresses]) => addresses.length > 0)
  const [first] = used
  if (!first) {
    const waits = [...inUse.keys()].join(', ')
    const message =
      waits === '' ? 'Every client has one password' : `Waiting until nobody is seen with ${waits} for a while`
    report.set('CredentialsCurrent', waits === '' ? 'True' : 'False', waits === '' ? 'Current' : 'Retiring', message)
    return
  }
  const [user, addresses] = first
  const found = await runtime.client.list(pods, { namespace: storeNamespace(store), signal })
  const names = addresses.map(
    (address) => found.find(({ status }) => status?.podIP === address)?.metadata.name ?? address,
  )
  const message = `${[...new Set(names)].join(', ')} still use ${user}: have them read the Secret again (most libraries read it when they start). To cut them off, set rotation.force to the value of rotation.request.`
  report.set('CredentialsCurrent', 'False', 'OldCredentialInUse', message)
}
