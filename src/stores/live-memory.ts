import type { ReadSessionStore } from '../api/resources.ts'
import { parseBytes } from '../api/values.ts'
import type { Client } from '../kubernetes/client.ts'
import type { Pod } from '../kubernetes/kinds.ts'
import type { ServerConfig } from '../redis/config.ts'
import { ensureLiveConfig } from './live-config.ts'
import type { ObservedNode } from './observe.ts'
import { hasClaims } from './plan/claim.ts'
import type { MaxmemoryDecision } from './plan/memory.ts'
import { resources } from './plan/stateful-set.ts'
import type { Report } from './report.ts'
import { actualLimitBytes, resizePod, type ResizeState } from './resize-pod.ts'

/**
 * Brings memory and the other live settings into force, in the order that never lets Redis grow past its container: up, the limit first and
 * `maxmemory` when the kubelet says it holds; down, `maxmemory` first.
 */
export const ensureLiveMemory = async (
  client: Client,
  store: ReadSessionStore,
  pod: Pod | undefined,
  node: ObservedNode,
  config: ServerConfig,
  signal: AbortSignal,
): Promise<ResizeState> => {
  if (!pod) return { state: 'Done' }
  const address = pod.status?.podIP
  const wanted = resources(store, config.maxmemoryBytes)
  const grows = (actualLimitBytes(pod) ?? 0) < parseBytes(wanted.limits.memory)
  if (!grows) {
    await ensureLiveConfig(node.connection, config, address, { signal })
    return await resizePod(client, pod, wanted, signal)
  }
  const state = await resizePod(client, pod, wanted, signal)
  // Everything but the limit takes effect now, under the `maxmemory` that fits the limit in force.
  const maxmemoryBytes =
    state.state === 'Done' ? config.maxmemoryBytes : Math.min(config.maxmemoryBytes, node.info.maxmemoryBytes)
  await ensureLiveConfig(node.connection, { ...config, maxmemoryBytes }, address, { signal })
  return state
}

/**
 * What the configuration file may say: a larger `maxmemory` only when the container has the limit for it, since a container that restarts reads
 * the file, and one that the node has no room for would be killed at its old limit.
 */
export const bytesToConfigure = (
  store: ReadSessionStore,
  wantedBytes: number,
  configuredBytes: number | undefined,
  pods: readonly Pod[],
): number => {
  const limits = pods.map(actualLimitBytes).filter((bytes) => bytes !== undefined)
  if (configuredBytes === undefined || limits.length === 0) return wantedBytes
  const fits = Math.min(...limits) >= parseBytes(resources(store, wantedBytes).limits.memory)
  return fits ? wantedBytes : Math.min(wantedBytes, configuredBytes)
}

/** Says what is in force, and what holds the rest back. */
export const reportMemory = (
  report: Report,
  store: ReadSessionStore,
  decision: MaxmemoryDecision,
  resize: ResizeState,
): void => {
  const { maxmemory } = store.spec.memory
  if (decision.held !== undefined) {
    const why =
      decision.held === 'BelowUsedMemory' ? 'Redis uses more than that' : 'Redis cannot be asked how much it uses'
    report.set(
      'MemorySafe',
      'False',
      decision.held,
      `spec.memory.maxmemory ${maxmemory} is held back: ${why}, and sessions would be evicted or refused. ${decision.bytes} bytes stay in force until it fits.`,
    )
    return
  }
  if (resize.state === 'Refused') {
    report.set(
      'MemorySafe',
      'False',
      'LimitNotChanged',
      `The container's memory limit could not be changed in place (${resize.message}), so maxmemory ${maxmemory} waits for the pod to be recreated.${hasClaims(store) ? '' : ' That ends every session.'}`,
    )
    return
  }
  report.set('MemorySafe', 'True', 'WithinLimit', `maxmemory ${maxmemory} fits the container's limit`)
}
