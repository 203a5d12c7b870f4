// node test/cluster/cli.ts up [--nodes N] [--name NAME] | down | status | ensure-tools
import { parseArgs } from 'node:util'
import { run } from './command.ts'
import { describeCluster } from './open-cluster.ts'
import { ensureTools } from './tools/ensure-tools.ts'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { nodes: { type: 'string' }, name: { type: 'string' } },
})
const options = {
  ...(values.nodes === undefined ? {} : { nodes: Number(values.nodes) }),
  ...(values.name === undefined ? {} : { name: values.name }),
}
const started = performance.now()
const seconds = (): string => `${((performance.now() - started) / 1000).toFixed(1)} s`

const up = async (): Promise<void> => {
  const cluster = await describeCluster(options)
  await cluster.up()
  console.log(`cluster with ${cluster.nodes().length} nodes up: ${seconds()}`)
  console.log(`export KUBECONFIG=${cluster.kubeconfig}`)
}

const down = async (): Promise<void> => {
  await (await describeCluster(options)).down()
  console.log(`cluster down: ${seconds()}`)
}

const status = async (): Promise<void> => {
  const cluster = await describeCluster(options)
  if (!(await cluster.isUp())) {
    console.log('cluster is not up')
    process.exitCode = 1
    return
  }
  const listed = await run(cluster.kubectl, [
    '--kubeconfig',
    cluster.kubeconfig,
    'get',
    'nodes,pods',
    '-A',
    '-o',
    'wide',
  ])
  console.log(`${listed.stdout}\nexport KUBECONFIG=${cluster.kubeconfig}`)
}

const commands: Readonly<Record<string, () => Promise<void>>> = {
  up,
  down,
  status,
  'ensure-tools': async () => {
    await ensureTools((line) => console.log(line))
    console.log(`tools are there: ${seconds()}`)
  },
}

const command = commands[positionals[0] ?? '']
if (command === undefined) {
  console.error('usage: cli.ts up [--nodes 1..3] [--name NAME] | down [--name NAME] | status | ensure-tools')
  process.exitCode = 2
} else {
  await command().catch((error: unknown) => {
    console.error(
      error instanceof Error
        ? `${error.message}${error.cause instanceof Error ? `: ${error.cause.message}` : ''}`
        : error,
    )
    process.exitCode = 1
  })
}
