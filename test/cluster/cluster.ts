export interface ClusterNode {
  readonly name: string
  /** The node's address, which pods and other nodes reach. */
  readonly ip: string
}

export type NodeProcess = 'kubelet' | 'containerd' | 'kube-proxy'

/** A real Kubernetes cluster for tests, whatever it is made from. */
export interface Cluster {
  /** Path of an administrator's kubeconfig. */
  readonly kubeconfig: string
  /** Paths of the programs. */
  readonly kubectl: string
  readonly helm: string
  /** Path of the API server's audit log: one JSON event a line, level Metadata. */
  readonly auditLog: string
  /**
   * Starts it unless it runs and is well. Processes of it that died are started again; what an interrupted run left
   * behind is cleared first.
   */
  up(): Promise<void>
  /** Whether it was started completely, every process of it lives and the API server is ready. */
  isUp(): Promise<boolean>
  /** Ends it, with everything that it put on this machine. */
  down(): Promise<void>
  nodes(): readonly ClusterNode[]
  /** Puts the image of a docker-archive on every node; quick when it is there already. */
  loadImage(archive: string): Promise<void>
  /**
   * Drops all traffic between two nodes, their pods included, until the returned function is called. One of the names
   * may be `control-plane`.
   */
  partition(a: string, b: string): Promise<() => Promise<void>>
  /** SIGKILL. The process stays dead until {@link Cluster.revive}. */
  kill(node: string, process: NodeProcess): Promise<void>
  /** Starts a killed process again; nothing happens when it runs. */
  revive(node: string, process: NodeProcess): Promise<void>
  /** A file for `nsenter --net=FILE`, to run a program of this machine as if in the pod. */
  podNetns(namespace: string, pod: string): Promise<string>
  /** The process id on this machine of a container's first process, for `kill -9`. */
  containerPid(namespace: string, pod: string, container: string): Promise<number>
  /** Where a node's file system begins, seen from here: empty where it is this machine's. */
  nodeRoot(node: string): Promise<string>
  /** SIGKILL to the API server, then a new one. Resolves when that is ready. */
  restartApiServer(): Promise<void>
}

export interface ClusterOptions {
  /** 1 to 3. Default: as many as the running cluster has, otherwise 2. */
  readonly nodes?: number
  /** More than one cluster can run on a machine, each under its own name. Default: TEST_CLUSTER_NAME, or `cluster`. */
  readonly name?: string
  readonly featureGates?: Readonly<Record<string, boolean>>
  /** Told about each step. Default: console. */
  readonly log?: (line: string) => void
}
