/** Holds requests until somebody opens it; whoever comes after that waits for the next opening. */
export class Gate {
  #open = () => undefined
  #opened
  waiting = 0

  constructor() {
    this.#next()
  }

  /** Resolves when the gate is opened. */
  async wait() {
    this.waiting += 1
    await this.#opened
  }

  /** Lets everybody through; returns how many that are. */
  open() {
    const released = this.waiting
    this.waiting = 0
    this.#open()
    this.#next()
    return released
  }

  #next() {
    this.#opened = new Promise((resolve) => {
      this.#open = resolve
    })
  }
}
