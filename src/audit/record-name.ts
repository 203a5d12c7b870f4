/** The name of a record's object: the store's UID and its place in the chain, in eight digits. */
export const nameOf = (storeUid: string, sequence: number): string => `${storeUid}-${String(sequence).padStart(8, '0')}`

/** What a name made by `nameOf` says; undefined for any other name. */
export const placeOf = (name: string): { readonly storeUid: string; readonly sequence: number } | undefined => {
  const [, storeUid, digits] = /^(.+)-(\d{8,16})$/.exec(name) ?? []
  if (storeUid === undefined || digits === undefined) return undefined
  const sequence = Number(digits)
  return nameOf(storeUid, sequence) === name ? { storeUid, sequence } : undefined
}
