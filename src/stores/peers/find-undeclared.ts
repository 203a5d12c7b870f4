import type { StoreReason } from '../../api/conditions.ts'
import type { ReadSessionStore } from '../../api/resources.ts'
import type { Condition } from '../../api/values.ts'
import { otherTurn, userName } from '../client-secret.ts'
import { storeNamespace } from '../names.ts'
import { answers, type StoreNode } from '../observe.ts'
import type { StoreRuntime } from '../runtime.ts'
import { connectedPeers, type Peer } from './connected.ts'
import { isDeclared, type Verdict } from './declared.ts'

export type PeerFinding = Pick<Condition, 'status' | 'message'> & { readonly reason: StoreReason<'ClientsDeclared'> }

/** Named in a message at most. */
const mostNamed = 5
/** Addresses looked up at once. */
const atOnce = 4

/**
 * Compares who is connected with who is declared, and says so. With enforcement the connections of those who are not are closed: a NetworkPolicy that is made
 * later may leave them open. Throws a `RedisError`.
 */
export const findUndeclared = async (
  runtime: StoreRuntime,
  store: ReadSessionStore,
  nodes: readonly StoreNode[],
  signal: AbortSignal,
): Promise<PeerFinding> => {
  const { enforcement } = store.spec.network
  if (enforcement === 'Disabled')
    return { status: 'Unknown', reason: 'Disabled', message: 'spec.network.enforcement is Disabled: nobody looks' }
  const users = store.spec.clients.flatMap(({ name }) => [userName(name, 'a'), userName(name, otherTurn('a'))])
  const peers = await connectedPeers(
    nodes.filter((node) => answers(node)),
    new Set(users),
    signal,
  )
  // A pool of connections has one address, and each look-up asks the API server for a list.
  const addresses = [...new Set(peers.map(({ address }) => address))]
  const verdicts = new Map<string, Judgement>()
  for (let from = 0; from < addresses.length; from += atOnce) {
    const some = addresses.slice(from, from + atOnce)
    const found = await Promise.all(some.map((address) => judge(runtime, store, address, signal)))
    for (const [index, address] of some.entries()) verdicts.set(address, found[index] ?? unseen(address))
  }
  const judged = peers.map((peer) => ({ peer, ...(verdicts.get(peer.address) ?? unseen(peer.address)) }))
  const of = (verdict: Verdict) => judged.filter((each) => each.verdict === verdict)
  const undeclared = of('undeclared')
  if (enforcement === 'Enforce') for (const { peer } of undeclared) await cut(runtime, store, peer, signal)
  const names = (list: readonly { readonly peer: Peer; readonly name: string }[]): string => {
    const all = [...new Set(list.map(({ peer, name }) => `${name} (${peer.user})`))].toSorted()
    return `${all.slice(0, mostNamed).join(', ')}${all.length > mostNamed ? ` and ${all.length - mostNamed} more` : ''}`
  }
  if (undeclared.length > 0) {
    const message =
      enforcement === 'Audit'
        ? `${names(undeclared)}: connected, and not in spec.clients[].from. Declare them there, or spec.network.enforcement: Enforce cuts them off.`
        : `${names(undeclared)}: connected, though not in spec.clients[].from, and cut off. If this comes again, the network plugin does not enforce NetworkPolicies.`
    return { status: 'False', reason: 'UndeclaredClients', message }
  }
  const unknown = of('unknown')
  if (unknown.length > 0) {
    return {
      status: 'Unknown',
      reason: 'NotAllKnown',
      message: `${names(unknown)}: the operator cannot see which pod that is, or the labels of its namespace. Nobody else is undeclared.`,
    }
  }
  return { status: 'True', reason: 'Declared', message: 'Every connection comes from a pod of spec.clients[].from' }
}

interface Judgement {
  readonly verdict: Verdict
  /** As people know it: a pod or an address. */
  readonly name: string
}

const unseen = (address: string): Judgement => ({ verdict: 'unknown', name: address })

const judge = async (
  runtime: StoreRuntime,
  store: ReadSessionStore,
  address: string,
  signal: AbortSignal,
  options: { readonly fresh?: boolean } = {},
): Promise<Judgement> => {
  const namespace = storeNamespace(store)
  const pod = await runtime.knownPods.find(runtime.client, address, signal, options)
  if (!pod) return unseen(address)
  const { name = '', namespace: there = namespace, labels = {} } = pod.metadata
  const verdict = isDeclared(store.spec.clients, namespace, { namespace: there, labels })
  return { verdict, name: there === namespace ? `pod ${name}` : `pod ${there}/${name}` }
}

/** By what the API server says now: the address may have been another pod's a minute ago. */
const cut = async (runtime: StoreRuntime, store: ReadSessionStore, peer: Peer, signal: AbortSignal): Promise<void> => {
  const { verdict } = await judge(runtime, store, peer.address, signal, { fresh: true })
  if (verdict !== 'undeclared') return
  runtime.guard()
  await peer.node.state.connection.call(['CLIENT', 'KILL', 'ADDR', peer.connection, 'USER', peer.user], { signal })
}
