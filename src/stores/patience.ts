import type { Clock } from '../kubernetes/clock.ts'
import type { NodeState } from './observe.ts'

/** How long a node that was silent when it was last asked is waited for, in ms. */
const patienceMs = 50

/**
 * Asks nodes how they are. One that did not answer the last time holds nobody up: it is asked all the same, and when it has answered, whoever asks next is
 * told. Without this each pass would wait for the address of a pod that was deleted by force weeks ago, and a failover with it.
 */
export class Patience {
  readonly #clock: Clock
  /** By the UID of the pod: what it was when it was last heard of, if that was nothing. */
  readonly #silent = new Map<string, NodeState>()
  /** Questions that are under way to those. */
  readonly #open = new Map<string, Promise<NodeState>>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** The state of a pod's process, by `ask`; or that it is silent, still. */
  async state(podUid: string, ask: () => Promise<NodeState>, signal: AbortSignal): Promise<NodeState> {
    const silent = this.#silent.get(podUid)
    if (!silent) return this.#note(podUid, await ask())
    const answer = this.#open.get(podUid) ?? this.#ask(podUid, ask)
    return await Promise.race([answer, this.#clock.sleep(patienceMs, signal).then(() => silent)])
  }

  #ask(podUid: string, ask: () => Promise<NodeState>): Promise<NodeState> {
    const answer = ask().then((state) => this.#note(podUid, state))
    this.#open.set(podUid, answer)
    const done = () => this.#open.delete(podUid)
    // Who is not waited for any more fails unseen: the next one to ask asks anew.
    answer.then(done, done)
    return answer
  }

  #note(podUid: string, state: NodeState): NodeState {
    if (state.is === 'silent') this.#silent.set(podUid, state)
    else this.#silent.delete(podUid)
    return state
  }

  forget(podUid: string): void {
    this.#silent.delete(podUid)
  }
}
