type Value = string | number | boolean | readonly string[]

/** Command line arguments `--name=value`; a list becomes one value with commas. */
export const flags = (values: Readonly<Record<string, Value | undefined>>): readonly string[] =>
  Object.entries(values).flatMap(([name, value]) =>
    value === undefined ? [] : [`--${name}=${Array.isArray(value) ? value.join(',') : String(value)}`],
  )

/** The value of `--feature-gates`; `undefined`, thus no argument, when there are none. */
export const featureGates = (gates: Readonly<Record<string, boolean>> = {}): string | undefined => {
  const pairs = Object.entries(gates).map(([gate, on]) => `${gate}=${on}`)
  return pairs.length === 0 ? undefined : pairs.join(',')
}
