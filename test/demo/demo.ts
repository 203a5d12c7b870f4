// The main job on a real cluster, from nothing: a private session store, an application with users logged in, and every session of theirs
// ended by somebody who is no administrator, with proof.
//   node test/demo/demo.ts        KEEP=1 leaves everything running
import type { Cluster } from '../cluster/cluster.ts'
import { describeCluster } from '../cluster/open-cluster.ts'
import { DoesNotHold, detail, say } from './say.ts'
import { story } from './story.ts'

const name = 'demo'
const keep = process.env['KEEP'] === '1'

const fail = (error: unknown): void => {
  process.exitCode = 1
  if (error instanceof DoesNotHold) return say(`FAILED: this does not hold: ${error.message}`)
  say(`FAILED: ${error instanceof Error ? error.message : String(error)}`)
  for (let cause = error instanceof Error ? error.cause : undefined; cause instanceof Error; cause = cause.cause)
    detail(`because: ${cause.message}`)
}

const hints = ({ kubeconfig, kubectl }: Cluster): string => `
To try it by hand:
  export KUBECONFIG=${kubeconfig}
  alias kubectl=${kubectl}
  kubectl get sessions --namespace shop                          # stores, flushes and audit records
  kubectl describe flushsessions --namespace shop                # what was done, what it does not cover
  kubectl --as=alice create -f test/demo/flush.yaml              # do it again
  kubectl logs --namespace session-store-operator deploy/session-store-operator
  node test/cluster/cli.ts down --name ${name}                      # when you are done
`

const run = async (): Promise<void> => {
  const cluster = await describeCluster({ name, log: detail })
  const clear = async () => {
    if (keep) return console.log(hints(cluster))
    await cluster.down()
    say('The cluster is gone. KEEP=1 make demo would have left it, to try things by hand.')
  }
  process.once('SIGINT', () => {
    say('interrupted')
    void clear().finally(() => process.exit(130))
  })
  try {
    await story(cluster)
  } catch (error) {
    fail(error)
  } finally {
    await clear()
  }
}

await run().catch(fail)
