const startedMs = performance.now()

/** One line with the time since the start, in seconds. */
export const say = (text: string): void => {
  console.log(`[${((performance.now() - startedMs) / 1000).toFixed(1).padStart(5)} s] ${text}`)
}

/** A line that belongs to the one before. */
export const detail = (text: string): void => console.log(`          ${text}`)

/** Something that the demo shows did not hold. */
export class DoesNotHold extends Error {
  override readonly name = 'DoesNotHold'
}

/** Says what holds; throws `DoesNotHold` when it does not. */
export const show = (what: string, holds: boolean): void => {
  if (!holds) throw new DoesNotHold(what)
  say(`  yes: ${what}`)
}
