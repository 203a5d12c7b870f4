const binary: Readonly<Record<string, bigint>> = {
  Ki: 1n << 10n,
  Mi: 1n << 20n,
  Gi: 1n << 30n,
  Ti: 1n << 40n,
  Pi: 1n << 50n,
  Ei: 1n << 60n,
}

const decimalExponents: Readonly<Record<string, number>> = {
  n: -9,
  u: -6,
  m: -3,
  '': 0,
  k: 3,
  M: 6,
  G: 9,
  T: 12,
  P: 15,
  E: 18,
}

/** Kubernetes' quantity syntax: a decimal number and a binary suffix, an SI suffix or an exponent. */
const syntax = /^([+-]?)(\d+(?:\.\d*)?|\.\d+)(?:(Ki|Mi|Gi|Ti|Pi|Ei)|([numkMGTPE])|[eE]([+-]?\d{1,2}))?$/

/** A quantity in billionths, the finest that Kubernetes keeps (`n`); undefined when the text is no quantity. */
export const parseQuantity = (text: string): bigint | undefined => {
  const match = syntax.exec(text)
  if (!match) return undefined
  const [, sign = '', digits = '0', binarySuffix, decimalSuffix, exponent] = match
  const [whole = '0', fraction = ''] = digits.split('.')
  const scaled = (power: number): bigint => {
    const places = power - fraction.length
    const value = BigInt(`${whole}${fraction}`)
    if (places >= 0) return value * 10n ** BigInt(places)
    // Kubernetes rounds up what is finer than a billionth
    const divisor = 10n ** BigInt(-places)
    return (value + divisor - 1n) / divisor
  }
  const unsigned =
    binarySuffix === undefined
      ? scaled(9 + (exponent === undefined ? (decimalExponents[decimalSuffix ?? ''] ?? 0) : Number(exponent)))
      : scaled(9) * (binary[binarySuffix] ?? 1n)
  return sign === '-' ? -unsigned : unsigned
}

/** True when both are quantities of the same amount, such as `1Gi` and `1024Mi`. */
export const sameQuantity = (left: string | number, right: string | number): boolean => {
  const parsed = parseQuantity(String(left))
  return parsed !== undefined && parsed === parseQuantity(String(right))
}
