import { run } from '../command.ts'
import type { NodeLayout } from './layout.ts'

const ctr = async (node: NodeLayout, ...args: readonly string[]): Promise<string> =>
  (await run('ctr', ['--address', node.socket, '--namespace', 'k8s.io', ...args], { timeoutMs: 120_000 })).stdout

export const importImage = async (node: NodeLayout, archive: string): Promise<void> => {
  await ctr(node, 'images', 'import', archive)
}

/** Process ids of the node's running tasks, by container id. */
const tasks = async (node: NodeLayout): Promise<ReadonlyMap<string, number>> => {
  const rows = (await ctr(node, 'tasks', 'list')).split('\n').map((line) => line.trim().split(/\s+/))
  return new Map(
    rows.flatMap(([id, pid, status]) => (id !== undefined && status === 'RUNNING' ? [[id, Number(pid)]] : [])),
  )
}

/** The process id of the running container whose labels are these; several attempts of one container have one that runs. */
export const taskPid = async (
  node: NodeLayout,
  labels: Readonly<Record<string, string>>,
): Promise<number | undefined> => {
  const filter = Object.entries(labels)
    .map(([label, value]) => `labels."${label}"==${value}`)
    .join(',')
  const ids = (await ctr(node, 'containers', 'list', '--quiet', filter)).split('\n').filter((id) => id !== '')
  const running = await tasks(node)
  return ids.map((id) => running.get(id)).find((pid) => pid !== undefined)
}
