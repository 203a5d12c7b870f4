/** An object that a store needs exists and belongs to somebody else. It is left alone; a person must rename one of the two. */
export class NameTakenError extends Error {
  override readonly name = 'NameTakenError'

  constructor(kind: string, name: string) {
    super(
      `${kind} ${name} exists and does not belong to this SessionStore: delete or rename it, or give the SessionStore another name`,
    )
  }
}
