/** Pods that are remembered; an older one can only be asked for by a status that nobody wrote since. */
const mostRemembered = 1_000

/** UIDs of deleted pods whose last state said that nothing of them runs any more: proof that their processes have ended. */
export class EndedPods {
  readonly #uids = new Set<string>()

  add(uid: string): void {
    if (this.#uids.size >= mostRemembered) {
      const [oldest = ''] = this.#uids
      this.#uids.delete(oldest)
    }
    this.#uids.add(uid)
  }

  has(uid: string): boolean {
    return this.#uids.has(uid)
  }
}
