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

/** A state is a dict, or two in a tuple, the other of slots (`load_build` in pickle.py). A tuple of any other length is not gone through: many may look at one. */
const stateOf = (state: Built, each: (value: Built) => SessionValue): SessionValue => {
  if (typeof state !== 'object' || state === null) return undefined
  if (state.is !== 'list') return mapOrNothing(each(state))
  if (state.items.length !== 2) return undefined
  const maps = state.items.map(each).filter((part) => part instanceof Map)
  return maps.length > 0 ? new Map(maps.flatMap((map) => [...map])) : undefined
}

const mapOrNothing = (value: SessionValue): SessionValue => (value instanceof Map ? value : undefined)
