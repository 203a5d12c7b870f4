import type { AnsweringNode } from '../observe.ts'

/** Addresses of the connections that a user has open, on all nodes; one for each connection. */
export const connectionsOf = async (
  nodes: readonly AnsweringNode[],
  user: string,
  signal: AbortSignal,
): Promise<readonly string[]> => {
  const lists = await Promise.all(
    nodes.map(({ state }) => state.connection.call(['CLIENT', 'LIST', 'TYPE', 'NORMAL'], { signal })),
  )
  return lists.flatMap((list) =>
    String(list)
      .split('\n')
      .filter((line) => line.split(' ').includes(`user=${user}`))
      .map((line) => / addr=(\S+):[0-9]+ /.exec(line)?.[1] ?? ''),
  )
}
