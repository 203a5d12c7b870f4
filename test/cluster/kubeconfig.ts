import type { ApiAccess } from './api-request.ts'

/** A kubeconfig with one cluster, one user by token and one context. JSON is YAML. */
export const kubeconfigText = ({ url, ca, token }: ApiAccess, name = 'session-store-test'): string =>
  JSON.stringify(
    {
      apiVersion: 'v1',
      kind: 'Config',
      clusters: [{ name, cluster: { server: url, 'certificate-authority-data': Buffer.from(ca).toString('base64') } }],
      users: [{ name: 'user', user: { token } }],
      contexts: [{ name, context: { cluster: name, user: 'user' } }],
      'current-context': name,
    },
    undefined,
    2,
  )
