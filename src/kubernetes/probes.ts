import { monitorEventLoopDelay } from 'node:perf_hooks'
import type { Registry } from 'prom-client'
import { type HealthCheck, serveHealth, serveMetrics } from './health.ts'
import type { Informer } from './informer.ts'
import type { KubernetesObject } from './objects.ts'
import { resourceLabel } from './resource-path.ts'

/** Where a manager stands in its life. */
export type Phase = 'new' | 'standby' | 'leading' | 'stopping' | 'stopped'

export interface ProbeOptions {
  readonly healthPort: number | undefined
  readonly metricsPort: number | undefined
  readonly registry: Registry
  /** Brings gauges up to date before a scrape. */
  readonly collect: () => void
  readonly phase: () => Phase
  readonly informers: () => readonly Pick<Informer<KubernetesObject>, 'resource' | 'hasSynced' | 'health'>[]
  readonly live: readonly HealthCheck[]
}

export interface Probes {
  readonly ports: { readonly health: number | undefined; readonly metrics: number | undefined }
  close(): Promise<void>
}

/** An informer whose loop did nothing for this long hangs, in ms: its longest step, a stalled watch, takes 90 s. */
const hungInformerMs = 300_000
/** An event loop that was blocked for this long at once no longer keeps its lease, in ms. */
const stuckEventLoopMs = 10_000

/** Opens the ports that a manager answers probes and scrapes on. */
export const serveProbes = async (options: ProbeOptions): Promise<Probes> => {
  const loop = monitorEventLoopDelay({ resolution: 100 })
  loop.enable()
  const eventLoop = () => {
    const blockedMs = loop.max / 1e6
    loop.reset()
    return blockedMs > stuckEventLoopMs ? `the event loop was blocked for ${Math.round(blockedMs)} ms` : undefined
  }
  const { collect, healthPort, metricsPort, registry } = options
  const health =
    healthPort === undefined
      ? undefined
      : await serveHealth({
          port: healthPort,
          live: [eventLoop, () => hungInformer(options), () => firstProblem(options.live)],
          ready: [() => notReady(options)],
        })
  const metrics = metricsPort === undefined ? undefined : await serveMetrics(registry, { port: metricsPort, collect })
  return {
    ports: { health: health?.port, metrics: metrics?.port },
    close: async () => {
      loop.disable()
      await Promise.all([health?.close(), metrics?.close()])
    },
  }
}

const firstProblem = (checks: readonly HealthCheck[]): string | undefined =>
  checks.map((check) => check()).find((problem) => problem !== undefined)

/** An API server that is away is no reason to restart us; a loop of ours that stands still is. */
const hungInformer = ({ informers, phase }: ProbeOptions): string | undefined => {
  if (phase() !== 'leading') return undefined
  const hung = informers()
    .flatMap((informer) => informer.health())
    .find(({ idleMs }) => idleMs > hungInformerMs)
  return hung && `the informer of ${hung.resource} did nothing for ${Math.round(hung.idleMs / 1000)} s`
}

/** A standby is ready: it does all that it has to, and a rollout must not wait for it to lead. */
const notReady = ({ informers, phase }: ProbeOptions): string | undefined => {
  const now = phase()
  switch (now) {
    case 'standby':
      return undefined
    case 'leading': {
      const waiting = informers().filter((informer) => !informer.hasSynced)
      const names = waiting.map((informer) => resourceLabel(informer.resource)).join(', ')
      return waiting.length === 0 ? undefined : `not yet synced: ${names}`
    }
    case 'new':
    case 'stopping':
    case 'stopped':
      return `the manager is ${now}`
    default:
      return now satisfies never
  }
}
