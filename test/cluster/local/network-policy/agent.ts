// Enforces NetworkPolicies at the nodes of a local cluster: agent.ts KUBECONFIG NETWORK_NAMESPACE...
import { readFileSync } from 'node:fs'
import type { ApiAccess } from '../../api-request.ts'
import { run } from '../../command.ts'
import type { Namespace, NetworkPolicy, Pod } from './objects.ts'
import { rulesOf } from './rules.ts'
import { watchAll } from './watch.ts'

const [kubeconfig = '', ...nodes] = process.argv.slice(2)

const accessOf = (path: string): ApiAccess => {
  // as written by kubeconfigText, which is JSON
  const { clusters, users } = JSON.parse(readFileSync(path, 'utf8')) as {
    clusters: { cluster: { server: string; 'certificate-authority-data': string } }[]
    users: { user: { token: string } }[]
  }
  const [cluster, user] = [clusters[0]?.cluster, users[0]?.user]
  if (cluster === undefined || user === undefined) throw new Error(`${path}: no cluster or no user`)
  return {
    url: cluster.server,
    ca: Buffer.from(cluster['certificate-authority-data'], 'base64').toString(),
    token: user.token,
  }
}

/** What has been heard of; nothing is enforced before all three lists have come. */
const known: { namespaces?: readonly Namespace[]; pods?: readonly Pod[]; policies?: readonly NetworkPolicy[] } = {}
let applied = ''
let applying = false

/** Brings the nodes to what is known now; changes that come meanwhile are one more round. */
const apply = async (): Promise<void> => {
  if (applying) return
  applying = true
  try {
    for (;;) {
      const { namespaces, pods, policies } = known
      if (namespaces === undefined || pods === undefined || policies === undefined) return
      const script = rulesOf({ namespaces, pods, policies })
      if (script === applied) return
      await Promise.all(
        nodes.map((node) => run('nsenter', [`--net=${node}`, 'nft', '-f', '-'], { input: script, timeoutMs: 10_000 })),
      )
      applied = script
    }
  } catch (error) {
    console.error(error instanceof Error ? error.message : String(error))
    setTimeout(() => void apply(), 500)
  } finally {
    applying = false
  }
}

const access = accessOf(kubeconfig)
await Promise.all([
  watchAll(access, '/api/v1/namespaces', (items) => {
    known.namespaces = items as readonly Namespace[]
    void apply()
  }),
  watchAll(access, '/api/v1/pods', (items) => {
    known.pods = items as readonly Pod[]
    void apply()
  }),
  watchAll(access, '/apis/networking.k8s.io/v1/networkpolicies', (items) => {
    known.policies = items as readonly NetworkPolicy[]
    void apply()
  }),
])
