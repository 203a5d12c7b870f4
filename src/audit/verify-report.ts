import { placeOf } from './record-name.ts'
import type { Verdict, VerifiedStore } from './verify.ts'

/** A verdict in a few lines for people. Control characters in names are escaped: an export may come from anybody. */
export const describe = (verdict: Verdict): string =>
  `${lines(verdict)
    .map((line) => line.replaceAll(/\p{C}/gu, (character) => JSON.stringify(character).slice(1, -1)))
    .join('\n')}\n`

const lines = (verdict: Verdict): readonly string[] => {
  if (!verdict.ok)
    return [
      `DOES NOT HOLD: ${verdict.record}`,
      verdict.reason,
      placeOf(verdict.record)
        ? 'This record and those after it in its chain prove nothing until that is explained; those before it in its chain hold.'
        : 'Where it belongs cannot be told, so the chains were not looked at.',
    ]
  const total = verdict.stores.reduce((sum, store) => sum + store.records, 0)
  if (total === 0) return ['No records: nothing to verify.', withoutWitness]
  return [
    `${count(total, 'record')} of ${count(verdict.stores.length, 'store')} hold.`,
    ...verdict.stores.map(describeStore),
    ...warnings(verdict.stores),
  ]
}

const withoutWitness =
  'A deleted tail cannot be seen without the stream (--stream) or a head written down earlier (--head storeUid:sequence:hash).'

const count = (number: number, noun: string): string => `${number} ${noun}${number === 1 ? '' : 's'}`

const describeStore = (store: VerifiedStore): string =>
  `  ${store.namespace}/${store.storeName}: ${count(store.records, 'record')}, ${store.firstTime} to ${store.lastTime}, ` +
  `head ${store.storeUid}:${store.head.sequence}:${store.head.hash}`

/** What this verdict cannot say. */
export const warnings = (stores: readonly VerifiedStore[]): readonly string[] => {
  const unseen = stores.filter(({ witnessed }) => witnessed === 0)
  if (unseen.length === stores.length) return [withoutWitness]
  return stores.flatMap(({ namespace, storeName, witnessed, head }) =>
    witnessed === head.sequence
      ? []
      : [
          witnessed === 0
            ? `${namespace}/${storeName}: neither the stream nor the head knows this store: a deleted tail cannot be seen.`
            : `${namespace}/${storeName}: confirmed from outside up to ${witnessed} of ${head.sequence}: deletions after ${head.sequence} cannot be seen.`,
        ],
  )
}
