import { operatorNamespace } from './fixtures.ts'
import type { Objects } from './objects.ts'

const deployment = 'session-store-operator'

/** Starts or stops the operator that the chart installed; with none, waits until its pods are gone. */
export const scaleOperator = async (objects: Objects, replicas: number): Promise<void> => {
  await objects.run(['scale', 'deployment', deployment, '-n', operatorNamespace, `--replicas=${replicas}`])
  if (replicas > 0) {
    await objects.run(['rollout', 'status', 'deployment', deployment, '-n', operatorNamespace, '--timeout=60s'])
    return
  }
  const pods = ['pod', '-l', 'app.kubernetes.io/name=session-store-operator', '-n', operatorNamespace]
  await objects.run(['wait', '--for=delete', ...pods, '--timeout=60s'])
}

/** Replaces its pods one after another, and waits until the new ones are there and the old ones gone. */
export const restartOperator = async (objects: Objects): Promise<void> => {
  await objects.run(['rollout', 'restart', 'deployment', deployment, '-n', operatorNamespace])
  await objects.run(['rollout', 'status', 'deployment', deployment, '-n', operatorNamespace, '--timeout=60s'])
}
