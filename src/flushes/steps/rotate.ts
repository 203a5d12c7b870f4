import { otherTurn, turnOf, userName } from '../../stores/client-secret.ts'
import { ensureAccess } from '../../stores/access.ts'
import { newPassword } from '../../stores/credentials.ts'
import { changeCredentials, giveTurn, type ChangeContext } from '../../stores/rotation/change-credentials.ts'
import { restartWorkloads } from '../../stores/rotation/restart-workloads.ts'
import { proceed, type Flush, type StepResult } from '../flush.ts'
import { onNode } from '../node.ts'
import type { FlushRuntime } from '../runtime.ts'
import { writeStatus } from '../write-status.ts'
import { backToFence, brokenFence } from './back-to-fence.ts'

/**
 * While nobody can write, every client gets its other user with a new password, and the one of before goes: no request that was under way can write any
 * more, however long it takes. Which user each Secret is to name is written down first, so another process goes on and does not begin anew.
 */
export const rotate = async (runtime: FlushRuntime, flush: Flush, signal: AbortSignal): Promise<StepResult> =>
  await onNode(runtime, flush, signal, async (node) => {
    const broken = await brokenFence(runtime, flush, node, signal)
    if (broken !== undefined) return backToFence(runtime, flush, broken)
    const { store, engine } = flush
    const context: ChangeContext = { runtime, store, engine, nodes: [...node.replicas, node], signal }
    const { turns } = await ensureAccess(runtime, store, engine, { signal })
    if (!flush.status.rotation) {
      flush.status.rotation = [...turns].map(([client, turn]) => ({ client, user: userName(client, otherTurn(turn)) }))
      await writeStatus(runtime, flush, signal)
    }
    for (const { client, user } of flush.status.rotation) {
      // Who is no client any more has no user either.
      if (turns.has(client)) await replace(context, client, user)
    }
    flush.set('Rotated', 'True', 'CredentialsReplaced', 'Every client has a new user', runtime.clock.now())
    flush.progress('Verifying', 50)
    return proceed
  })

const replace = async (context: ChangeContext, client: string, user: string): Promise<void> => {
  const { runtime, store, engine, signal } = context
  const turn = turnOf(client, user)
  const { turns } = await ensureAccess(runtime, store, engine, { signal })
  if (turns.get(client) !== turn) await giveTurn(context, client, turn, newPassword())
  const access = await changeCredentials(context, { retire: userName(client, otherTurn(turn)) })
  await restartWorkloads(runtime, store, access, client, signal)
}
