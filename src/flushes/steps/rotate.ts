import { otherTurn, turnOf, userName } from '../../stores/client-secret.ts'
import { ensureAccess } from '../../stores/access.ts'
import { newPassword } from '../../stores/credentials.ts'
import { changeCredentials, giveCredentials, type ChangeContext } from '../../stores/rotation/change-credentials.ts'
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
    // Who is no client any more has no user either.
    await replaceUsers(
      context,
      flush.status.rotation.filter(({ client }) => turns.has(client)),
    )
    flush.set('Rotated', 'True', 'CredentialsReplaced', 'Every client has a new user', runtime.clock.now())
    flush.progress('Verifying', 50)
    return proceed
  })

type Replaced = NonNullable<Flush['status']['rotation']>

/** Of all clients at once: the fence is up. */
const replaceUsers = async (context: ChangeContext, replaced: Replaced): Promise<void> => {
  const { runtime, store, engine, signal } = context
  const { turns, clientUsers } = await ensureAccess(runtime, store, engine, { signal })
  const missing = replaced.filter(({ client, user }) => turns.get(client) !== turnOf(client, user))
  const users = new Set(missing.map(({ user }) => user))
  // In a rotation that is under way it is still there, with connections of before: only who is taken away loses those.
  const retiring = clientUsers.filter((user) => users.has(user))
  if (retiring.length > 0) await changeCredentials(context, { retire: retiring })
  const given = missing.map(({ client, user }) => ({
    client,
    credential: { turn: turnOf(client, user), password: newPassword() },
  }))
  if (given.length > 0) await giveCredentials(context, given)
  const retire = replaced.map(({ client, user }) => userName(client, otherTurn(turnOf(client, user))))
  const access = await changeCredentials(context, { retire })
  for (const { client } of replaced) await restartWorkloads(runtime, store, access, client, signal)
}
