import { operatorNamespace } from './fixtures.ts'
import type { Objects } from './objects.ts'

interface LogLine {
  readonly level?: string
  readonly msg?: string
}

/** Lines of the operators' logs since `since` that a person would be woken for. */
export const alarmingLines = async (objects: Objects, since: Date): Promise<readonly string[]> => {
  const pods = await objects.list('pods', operatorNamespace, '-l', 'app.kubernetes.io/name=session-store-operator')
  const logs = await Promise.all(
    pods.map(({ metadata }) =>
      objects.run(['logs', metadata.name, '-n', operatorNamespace, `--since-time=${since.toISOString()}`]),
    ),
  )
  return logs.flatMap((log) => log.split('\n')).filter((line) => isAlarming(line))
}

const isAlarming = (line: string): boolean => {
  if (line.trim() === '') return false
  // The kubelet's words, not the operator's: the container of a pod that goes is gone already.
  if (line.startsWith('unable to retrieve container logs')) return false
  try {
    const { level } = JSON.parse(line) as LogLine
    return level === 'error' || level === 'fatal'
  } catch {
    // What is not JSON was not logged: a crash, or a library that writes to the console.
    return true
  }
}
