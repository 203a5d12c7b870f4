/** One line of the result: what was measured, beside what it is to be compared with. */
export interface Figure {
  readonly name: string
  readonly value: number
  readonly unit: string
  /** What the baseline is, and its value in the same unit, from the same run. */
  readonly baseline?: { readonly what: string; readonly value: number }
}

const shown = (value: number): string => (Math.abs(value) < 10 ? value.toFixed(2) : value.toFixed(0))

/** A table for people. */
export const table = (figures: readonly Figure[]): string => {
  const rows = [
    ['figure', 'value', 'baseline'],
    ...figures.map(({ name, value, unit, baseline }) => [
      name,
      `${shown(value)} ${unit}`,
      baseline ? `${shown(baseline.value)} ${unit}: ${baseline.what}` : '',
    ]),
  ]
  const widths = [0, 1, 2].map((column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)))
  return rows.map((row) => row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ')).join('\n')
}
