/** `8.8` of `8.8.3`. */
export const lineOf = (version: string): string => version.split('.').slice(0, 2).join('.')

/** Less than 0 when `a` is older than `b`; a part that is missing counts as 0. */
export const compareVersions = (a: string, b: string): number => {
  const [left, right] = [a, b].map((version) => version.split('.').map((part) => Number.parseInt(part, 10) || 0))
  for (let at = 0; at < Math.max(left?.length ?? 0, right?.length ?? 0); at += 1) {
    const difference = (left?.[at] ?? 0) - (right?.[at] ?? 0)
    if (difference !== 0) return difference
  }
  return 0
}
