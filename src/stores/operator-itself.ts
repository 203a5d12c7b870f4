/** Who is on record for what the operator does by itself. */
export const operatorItself = { username: 'sessionstore.dev/operator', groups: [] } as const
