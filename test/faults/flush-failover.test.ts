import { expect, test } from 'vitest'
import { clusterWithoutOperator } from './without-operator.ts'
import { flushDisturbed, type Strike } from './flush-disturbed.ts'
import { everybody, guarded, rotated } from './flush-run.ts'

const cluster = clusterWithoutOperator()

const kill =
  (role: 'primary' | 'replica'): Strike =>
  async (lane, { nodes = [], primary }) => {
    const pod = role === 'primary' ? primary?.current : nodes.find((node) => node.role === 'replica')?.name
    process.kill(await lane.cluster.containerPid(lane.namespace, pod ?? '', 'redis'), 'SIGKILL')
  }

// At least so often: how often a store's own status is written depends on what its passes happen to see.
test.each([
  ['primary', 'every write of a flush', 'faults-flush-failover', {}, 1, 8],
  ['primary', 'every other write of a guarded flush', 'faults-guard-failover', guarded, 2, 3],
  ['primary', 'every third write of one with new passwords', 'faults-rotated-failover', rotated, 3, 3],
  ['primary', 'every third write of a guarded flush of everybody', 'faults-aside-failover', everybody, 3, 2],
  ['replica', 'every third write of a flush', 'faults-flush-replica', {}, 3, 3],
  ['replica', 'every third write of a guarded flush', 'faults-guard-replica', guarded, 3, 2],
] as const)(
  'a %s is killed at %s: it completes, and then no node has a session of before',
  async (role, _, namespace, spec, step, atLeast) => {
    expect(await flushDisturbed(cluster(), namespace, { spec, step, strike: kill(role) })).toBeGreaterThanOrEqual(
      atLeast,
    )
  },
)
