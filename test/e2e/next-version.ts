/** For the variant of the operator that an upgrade goes to: `operatorImage(log, nextVersion)`. */
export const nextVersion = { 'src/version.ts': 'test/e2e/next-version.ts' } as const

/** Stands in for src/version.ts. */
export const version = '0.2.0-next'
