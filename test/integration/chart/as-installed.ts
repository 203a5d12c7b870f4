/** Where the tests install the chart, and how they call it. */
export const release = { fullname: 'session-store-operator', namespace: 'session-store-system' } as const

/** A file of the chart with the words filled in that its templates fill in. */
export const asInstalled = (text: string): string =>
  text.replaceAll('RELEASE_FULLNAME', release.fullname).replaceAll('RELEASE_NAMESPACE', release.namespace)
