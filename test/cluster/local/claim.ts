import { mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { cacheDirectory, stateDirectory } from '../directories.ts'
import { withLock } from '../lock.ts'
import { layoutOf, mostInstances, type Layout } from './layout.ts'

/** Kept by `clear`, removed by `down`: whose the addresses are. */
export const layoutFile = 'layout.json'

/** The layout that a cluster was started with, be it by an older version of this code; `undefined` when it was not. */
export const storedLayout = (name: string): Layout | undefined => {
  try {
    return JSON.parse(readFileSync(join(stateDirectory(name), layoutFile), 'utf8')) as Layout
  } catch {
    return undefined
  }
}

const others = (name: string): readonly number[] => {
  const folder = dirname(stateDirectory(name))
  mkdirSync(folder, { recursive: true })
  return readdirSync(folder)
    .filter((other) => other !== name)
    .flatMap((other) => storedLayout(other)?.instance ?? [])
}

/** The first free addresses for a cluster, or those that it has; they are its own until `down`. */
export const claimLayout = (name: string, nodes: number): Promise<Layout> =>
  withLock(join(cacheDirectory, 'instances.lock'), () => {
    const taken = new Set(others(name))
    // whoever asks first for anything else must not take the place of the cluster that everyone shares
    if (name !== 'cluster') taken.add(0)
    const all = Array.from({ length: mostInstances }, (_, instance) => instance)
    const instance = storedLayout(name)?.instance ?? all.find((each) => !taken.has(each))
    if (instance === undefined) {
      throw new Error(`cluster ${name}: ${mostInstances} clusters are on this machine already, take one down first`)
    }
    const layout = layoutOf(name, instance, nodes)
    mkdirSync(layout.state, { recursive: true })
    writeFileSync(join(layout.state, layoutFile), JSON.stringify(layout))
    return Promise.resolve(layout)
  })
