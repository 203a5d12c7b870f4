import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { canonicalize, hashOf } from './canonical.ts'

const double = (hex: string): number => {
  const bytes = Buffer.from(hex, 'hex')
  return bytes.readDoubleBE()
}

// RFC 8785, appendix B.
test.each([
  ['0000000000000000', '0'],
  ['8000000000000000', '0'],
  ['0000000000000001', '5e-324'],
  ['8000000000000001', '-5e-324'],
  ['7fefffffffffffff', '1.7976931348623157e+308'],
  ['4340000000000000', '9007199254740992'],
  ['4430000000000000', '295147905179352830000'],
  ['44b52d02c7e14af5', '9.999999999999997e+22'],
  ['44b52d02c7e14af6', '1e+23'],
  ['44b52d02c7e14af7', '1.0000000000000001e+23'],
  ['444b1ae4d6e2ef4e', '999999999999999700000'],
  ['444b1ae4d6e2ef50', '1e+21'],
  ['3eb0c6f7a0b5ed8c', '9.999999999999997e-7'],
  ['3eb0c6f7a0b5ed8d', '0.000001'],
  ['41b3de4355555557', '333333333.33333343'],
  ['becbf647612f3696', '-0.0000033333333333333333'],
  ['43143ff3c1cb0959', '1424953923781206.2'],
])('writes the number %s as RFC 8785 does', (hex, text) => {
  expect(canonicalize(double(hex))).toBe(text)
})

test('writes the example of RFC 8785, section 3.2.2', () => {
  const input = String.raw`{"numbers":[333333333.33333329,1E30,4.50,2e-3,0.000000000000000000000000001],"string":"\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/","literals":[null,true,false]}`
  expect(canonicalize(JSON.parse(input))).toBe(
    String.raw`{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],"string":"€$\u000f\nA'B\"\\\\\"/"}`,
  )
})

test('sorts keys by UTF-16 code units, as in RFC 8785, section 3.2.3', () => {
  const keys = ['\u20ac', '\r', '\ufb33', '1', '\ud83d\ude00', '\u0080', '\u00f6']
  const text = canonicalize(Object.fromEntries(keys.map((key) => [key, 0])))
  const sorted = ['\r', '1', '\u0080', '\u00f6', '\u20ac', '\ud83d\ude00', '\ufb33']
  expect(text).toBe(`{${sorted.map((key) => `${JSON.stringify(key)}:0`).join(',')}}`)
})

test.each([
  ['NaN', Number.NaN],
  ['Infinity', [Number.POSITIVE_INFINITY]],
  ['half of a Unicode pair', { a: '\ud800' }],
  ['half of a Unicode pair as a key', { '\udc00': 1 }],
  ['nothing', undefined],
  ['a big integer', { a: 1n }],
])('refuses %s', (_, value) => {
  expect(() => canonicalize(value)).toThrow(Error)
})

test('neither the order of keys nor a way through JSON changes the hash; any other value does', () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string({ unit: 'grapheme' }), fc.jsonValue()), (value) => {
      const turned = Object.fromEntries(Object.entries(value).toReversed())
      expect(hashOf(turned)).toBe(hashOf(value))
      expect(hashOf(JSON.parse(JSON.stringify(value)))).toBe(hashOf(value))
      expect(hashOf({ ...value, 'one more': 1 })).not.toBe(hashOf({ ...value, 'one more': '1' }))
    }),
  )
})
