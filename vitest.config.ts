import { defineConfig } from 'vitest/config'

/** What measures, or takes away from others: the operator of all, a node, the API server. One file at a time, after the rest of its tier. */
const e2eAlone = [
  'test/e2e/cluster.test.ts',
  'test/e2e/crash.test.ts',
  'test/e2e/master-key.test.ts',
  'test/e2e/runbook.test.ts',
  'test/e2e/session-store.test.ts',
  'test/e2e/uninstall.test.ts',
  'test/e2e/replicated/change.test.ts',
  'test/e2e/replicated/failover.test.ts',
  'test/e2e/replicated/loss.test.ts',
  'test/e2e/replicated/upgrade.test.ts',
]
const faultsAlone = [
  'test/faults/api-faults.test.ts',
  'test/faults/cut-off.test.ts',
  'test/faults/million.test.ts',
  'test/faults/stale-view.test.ts',
  'test/faults/two-leaders.test.ts',
]

interface ClusterTier {
  readonly testTimeout: number
  readonly alone: readonly string[]
  /** Files at a time. */
  readonly maxWorkers: number
}

/** A tier that needs the cluster: most files several at a time, those of `alone` by themselves. */
const clusterTier = (name: string, include: string[], { testTimeout, alone, maxWorkers }: ClusterTier) => {
  const globalSetup = [name === 'faults' ? 'test/faults/global-setup.ts' : 'test/e2e/global-setup.ts']
  const common = { globalSetup, testTimeout, hookTimeout: 600_000 }
  return [
    { test: { ...common, name, include, exclude: [...alone], maxWorkers, sequence: { groupOrder: 1 } } },
    {
      test: {
        ...common,
        name: `${name}-alone`,
        include: [...alone],
        fileParallelism: false,
        sequence: { groupOrder: 2 },
      },
    },
  ]
}

// One project per tier (see CONTRIBUTING.md), two where some files must be alone; `test/run.ts` runs them and adds up their results.
export default defineConfig({
  test: {
    projects: [
      { test: { name: 'unit', include: ['src/**/*.test.ts', 'test/unit/**/*.test.ts'], testTimeout: 20_000 } },
      {
        test: {
          name: 'integration',
          include: ['test/integration/**/*.test.ts'],
          globalSetup: ['test/integration/global-setup.ts'],
          testTimeout: 60_000,
          hookTimeout: 120_000,
          maxWorkers: 1,
        },
      },
      clusterTier('e2e', ['test/e2e/**/*.test.ts'], { testTimeout: 180_000, alone: e2eAlone, maxWorkers: 3 }),
      clusterTier('clients', ['test/clients/**/*.test.ts'], {
        testTimeout: 180_000,
        alone: ['test/clients/in-flight.test.ts'],
        maxWorkers: 2,
      }),
      clusterTier('faults', ['test/faults/**/*.test.ts'], { testTimeout: 600_000, alone: faultsAlone, maxWorkers: 2 }),
    ].flat(),
  },
})
