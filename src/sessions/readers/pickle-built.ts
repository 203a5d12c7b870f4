import { mapOfPairs } from './keys.ts'
import type { Links } from './links.ts'
import type { SessionValue } from './value.ts'

/** What is on the stack: may still be added to, by whoever finds it in the memo. */
export type Built = Exclude<SessionValue, readonly SessionValue[] | ReadonlyMap<string, SessionValue>> | Part

type Part =
  | { readonly is: 'list'; readonly items: Built[] }
  | { readonly is: 'dict'; readonly pairs: Built[] }
  | { readonly is: 'object'; state: Built }

/** Goes each way to each value, so that what comes of it is no larger for one who walks it; cycles end in undefined. */
export const plain = (built: Built, depth: number, links: Links, inside: Set<Built>): SessionValue => {
  links.count(depth)
  if (typeof built !== 'object' || built === null) return built
  if (inside.has(built)) return undefined
  inside.add(built)
  const each = (value: Built) => plain(value, depth + 1, links, inside)
  const value =
    built.is === 'list'
      ? built.items.map(each)
      : built.is === 'dict'
        ? mapOfPairs(built.pairs.map(each))
        : stateOf(built.state, each)
  inside.delete(built)
  return value
}

/** A state is a dict, or that and one of slots, in a tuple. */
const stateOf = (state: Built, each: (value: Built) => SessionValue): SessionValue => {
  if (typeof state !== 'object' || state === null) return undefined
  const value = each(
    state.is === 'list' ? state.items.find((item) => typeof item === 'object' && item !== null) : state,
  )
  return value instanceof Map ? value : undefined
}
