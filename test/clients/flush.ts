import { waitUntil } from '../cluster/wait-until.ts'
import type { As, Kubectl } from '../e2e/kubectl.ts'

/** The part of a FlushSessions that these tests look at. */
export interface Flush {
  readonly metadata: { readonly name: string; readonly namespace: string }
  readonly spec: { readonly requestedBy?: { readonly username: string; readonly groups?: readonly string[] } }
  readonly status?: FlushStatus
}

export interface FlushStatus {
  readonly phase?: string
  readonly conditions?: readonly { readonly type: string; readonly status: string; readonly message: string }[]
  readonly plan?: { readonly matched: number }
  readonly outcome?: { readonly reason: string; readonly message: string }
  readonly progress?: { readonly percent: number; readonly keysRevoked: number; readonly step: string }
  readonly nodes?: readonly { readonly before: number; readonly revoked: number; readonly remaining?: number }[]
  readonly resurrections?: { readonly removed: number }
  readonly guarantee?: { readonly notCovered: readonly string[] }
  readonly auditRecords?: readonly string[]
}

/** `kubectl create`, which gives it the name. Resolves with the object as the API server keeps it. */
export const createFlush = async (kubectl: Kubectl, manifest: string | object, as?: As): Promise<Flush> => {
  const input = typeof manifest === 'string' ? manifest : JSON.stringify(manifest)
  const args = ['create', '--filename=-', '--output=json']
  return JSON.parse(await kubectl.run(args, as ? { as, input } : { input })) as Flush
}

export const isSet = (status: FlushStatus | undefined, condition: string): boolean =>
  status?.conditions?.some(({ type, status }) => type === condition && status === 'True') ?? false

export const isFinished = (status: FlushStatus | undefined): boolean =>
  ['Completed', 'Failed', 'Aborted'].includes(status?.phase ?? '')

/** Each status as it comes, until the flush has finished; the last one is final. Throws when it has not within `timeoutMs`. */
export async function* followFlush(
  kubectl: Kubectl,
  { metadata }: Flush,
  { timeoutMs = 90_000 }: { readonly timeoutMs?: number } = {},
): AsyncGenerator<FlushStatus, void> {
  const what = ['flushsessions', metadata.name, `--namespace=${metadata.namespace}`]
  let last = ''
  for await (const line of kubectl.watch([...what, '--output=jsonpath={.status}{"\\n"}'], { timeoutMs })) {
    if (line === '') continue
    last = line
    const status = JSON.parse(line) as FlushStatus
    yield status
    if (isFinished(status)) return
  }
  throw new Error(
    `FlushSessions ${metadata.namespace}/${metadata.name} has not finished in ${timeoutMs} ms; its status: ${last || 'none, so the operator has not begun: see its log'}`,
  )
}

/** Waits until a step of a flush is done. Throws when the flush ends without it. */
export const untilSet = async (kubectl: Kubectl, flush: Flush, condition: string): Promise<void> => {
  for await (const status of followFlush(kubectl, flush)) if (isSet(status, condition)) return
  throw new Error(`FlushSessions ${flush.metadata.name} ended before it was ${condition}`)
}

/** What the operator waits for after the admission policies were made; see src/flushes/requester.ts. */
const activationMs = 10_000

/** Waits until the policies that prove who asks have been there long enough for the operator to trust them. */
export const policiesInForce = async (kubectl: Kubectl): Promise<void> => {
  const names = ['validatingadmissionpolicy', 'validatingadmissionpolicybinding'].map(
    (kind) => `${kind}/flushsessions.sessionstore.dev`,
  )
  await waitUntil(
    'the admission policies to be in force',
    async () => {
      const { items } = await kubectl.get<{ items: readonly { metadata: { creationTimestamp: string } }[] }>(names)
      return (
        items.length > 0 &&
        items.every((item) => Date.now() - Date.parse(item.metadata.creationTimestamp) > activationMs + 1_000)
      )
    },
    { timeoutMs: 30_000, intervalMs: 500 },
  )
}
