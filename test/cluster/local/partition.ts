import { run } from '../command.ts'
import { insideNode, type Layout, type NodeLayout } from './layout.ts'

interface Side {
  readonly addresses: readonly string[]
  readonly node: NodeLayout | undefined
}

const sideOf = (layout: Layout, name: string): Side => {
  if (name === 'control-plane') return { addresses: [layout.hostIp], node: undefined }
  const node = layout.nodes.find((each) => each.name === name)
  if (node === undefined) {
    const names = [...layout.nodes.map((each) => each.name), 'control-plane'].join(', ')
    throw new Error(`partition: no ${name} here, only ${names}`)
  }
  return { addresses: [node.ip, node.podRange], node }
}

const nft = async (node: NodeLayout, script: string): Promise<void> => {
  const [nsenter = '', ...args] = insideNode(node)
  await run(nsenter, [...args, 'nft', '-f', '-'], { input: script })
}

/**
 * Drops what passes between the two at one of them. Before the address translation of Services on the way in, after it
 * on the way out, so that it is the real peer that is looked at; established connections are cut too.
 */
export const partition = async (layout: Layout, a: string, b: string): Promise<() => Promise<void>> => {
  const [one, other] = [sideOf(layout, a), sideOf(layout, b)]
  const [near, far] = one.node === undefined ? [other, one] : [one, other]
  if (near.node === undefined || near === far || a === b) throw new Error(`partition: ${a} and ${b} are one side`)
  const { node } = near
  const table = `inet partition-${a}-${b}`
  const addresses = `{ ${far.addresses.join(', ')} }`
  await nft(
    node,
    `table ${table} {}
delete table ${table}
table ${table} {
  chain in { type filter hook prerouting priority -400; ip saddr ${addresses} drop; }
  chain out { type filter hook postrouting priority 400; ip daddr ${addresses} drop; }
}
`,
  )
  return () => nft(node, `table ${table} {}\ndelete table ${table}\n`)
}
