import { expect, test } from 'vitest'
import { planRotation, unusedMs, type RotationFacts } from './plan-rotation.ts'

const since = '2026-11-24T00:00:00.000Z'
const known = { client: 'web', user: 'web-a', since, request: 'one', rotations: 1 }

const facts = (change: Partial<RotationFacts> = {}): RotationFacts => ({
  rotation: { request: 'one' },
  known,
  user: 'web-a',
  other: undefined,
  inUse: 0,
  unusedMs: 0,
  own: undefined,
  now: new Date('2026-11-24T00:30:00.000Z'),
  ...change,
})

/** After `web-b` was published: `web-a` is on its way out. */
const retiring = (change: Partial<RotationFacts> = {}): RotationFacts =>
  facts({ known: { ...known, user: 'web-b', retiring: 'web-a' }, user: 'web-b', other: 'web-a', ...change })

test.each([
  ['nothing is asked', facts(), { step: 'none' }],
  [
    'a new client is written down, and its first request asks for nothing',
    facts({ known: undefined }),
    { step: 'note', rotated: false },
  ],
  ['a new request asks for a new password', facts({ rotation: { request: 'two' } }), { step: 'rotate' }],
  ['so does an interval that has passed', facts({ rotation: { request: 'one', interval: '30m' } }), { step: 'rotate' }],
  ['and one that has not, does not', facts({ rotation: { request: 'one', interval: '31m' } }), { step: 'none' }],
  ['a password of its own that has changed is taken', facts({ own: 'other' }), { step: 'rotate' }],
  ['one that has not is left', facts({ own: 'same', rotation: { request: 'one', interval: '30m' } }), { step: 'none' }],
  [
    'one that cannot be used changes nothing',
    facts({ own: 'unusable', rotation: { request: 'two' } }),
    { step: 'none' },
  ],
  ['one more has to wait for the user before', retiring({ own: 'other', inUse: 1 }), { step: 'wait', due: true }],
  ['a request that was taken back asks for nothing', facts({ rotation: {} }), { step: 'none' }],
  [
    'what was published is written down, with the user that it replaces',
    facts({ user: 'web-b', other: 'web-a' }),
    { step: 'note', rotated: true, retiring: 'web-a' },
  ],
  [
    'a user that was made and never published is made again',
    facts({ other: 'web-b', rotation: { request: 'two' } }),
    { step: 'rotate' },
  ],
  ['or goes, when nobody asks any more', facts({ other: 'web-b' }), { step: 'retire', user: 'web-b', forced: false }],
  ['an old user that is in use stays', retiring({ inUse: 1 }), { step: 'wait', user: 'web-a' }],
  ['one that has only just no connection stays', retiring({ unusedMs: unusedMs - 1 }), { step: 'wait', user: 'web-a' }],
  [
    'one that nobody was seen with for a while goes',
    retiring({ unusedMs }),
    { step: 'retire', user: 'web-a', forced: false },
  ],
  [
    'one that a node cannot tell about stays',
    retiring({ inUse: undefined, unusedMs }),
    { step: 'wait', user: 'web-a' },
  ],
  [
    'one that is in use goes when it is forced',
    retiring({ inUse: 3, rotation: { request: 'one', force: 'one' } }),
    { step: 'retire', user: 'web-a', forced: true },
  ],
  [
    'a force for an earlier request cuts nobody',
    retiring({ inUse: 3, rotation: { request: 'one', force: 'zero' } }),
    { step: 'wait', user: 'web-a' },
  ],
  [
    'there is no third user: the next request waits for the old one to go',
    retiring({ inUse: 1, rotation: { request: 'two' } }),
    { step: 'wait', user: 'web-a', due: true },
  ],
] as const)('%s', (_sentence, given, expected) => {
  expect(planRotation(given)).toMatchObject(expected)
})
