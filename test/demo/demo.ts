// The main job on a real cluster, from nothing: a private session store, an application with users logged in, and every session of theirs
// ended by somebody who is no administrator, with proof.
//   node test/demo/demo.ts        KEEP=1 leaves everything running
import type { Cluster } from '../cluster/cluster.ts'
import { describeCluster } from '../cluster/open-cluster.ts'
import { DoesNotHold, detail, say } from './say.ts'
import { story } from './story.ts'

const name = 'demo'
const keep = process.env['KEEP'] === '1'

const clear = async (cluster: Cluster): Promise<void> => {
  if (keep) return
  await cluster.down()
  say('The cluster is gone. KEEP=1 make demo would have left it, to try things by hand.')
}

const explain = (error: unknown): void => {
  if (error instanceof DoesNotHold) return say(`FAILED: this does not hold: ${error.message}`)
  say(`FAILED: ${error instanceof Error ? error.message : String(error)}`)
  for (let cause = error instanceof Error ? error.cause : undefined; cause instanceof Error; cause = cause.cause)
    detail(`because: ${cause.message}`)
}

const cluster = await describeCluster({ name, log: detail })
process.once('SIGINT', () => {
  say('interrupted')
  void clear(cluster).finally(() => process.exit(130))
})
try {
  await story(cluster)
  if (keep) {
    console.log(`
To try it by hand:
  export KUBECONFIG=${cluster.kubeconfig}
  alias kubectl=${cluster.kubectl}
  kubectl get sessions --namespace shop                          # stores, flushes and audit records
  kubectl describe flushsessions --namespace shop                # what was done, what it does not cover
  kubectl --as=alice create -f test/demo/flush.yaml              # do it again
  kubectl logs --namespace session-store-operator deploy/session-store-operator
  node test/cluster/cli.ts down --name ${name}                      # when you are done
`)
  }
} catch (error) {
  explain(error)
  process.exitCode = 1
} finally {
  await clear(cluster)
}
