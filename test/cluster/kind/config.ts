/** Where the control plane's node keeps what this machine mounts there. */
const inside = '/etc/kubernetes/audit'

/** kind's configuration: a control plane and so many workers, with an audit log in a folder of this machine. */
export const kindConfig = (
  workers: number,
  auditFolder: string,
  featureGates: Readonly<Record<string, boolean>>,
): string =>
  JSON.stringify({
    kind: 'Cluster',
    apiVersion: 'kind.x-k8s.io/v1alpha4',
    featureGates,
    nodes: [
      {
        role: 'control-plane',
        extraMounts: [{ hostPath: auditFolder, containerPath: inside }],
        kubeadmConfigPatches: [
          JSON.stringify({
            kind: 'ClusterConfiguration',
            apiVersion: 'kubeadm.k8s.io/v1beta4',
            apiServer: {
              extraArgs: [
                { name: 'audit-policy-file', value: `${inside}/policy.json` },
                { name: 'audit-log-path', value: `${inside}/audit.log` },
              ],
              extraVolumes: [{ name: 'audit', hostPath: inside, mountPath: inside, pathType: 'Directory' }],
            },
          }),
        ],
      },
      ...Array.from({ length: workers }, () => ({ role: 'worker' })),
    ],
  })
