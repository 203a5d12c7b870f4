import { existsSync, lstatSync, readFileSync, readdirSync, readlinkSync, rmSync, rmdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { attempt } from '../command.ts'
import { identify, type ProcessIdentity } from '../process-identity.ts'
import { recordedProcesses, stopAll } from '../recorded-process.ts'
import { layoutFile } from './claim.ts'
import { mostNodes, type Layout } from './layout.ts'

const quietly = <T>(read: () => T, otherwise: T): T => {
  try {
    return read()
  } catch {
    return otherwise
  }
}

const lines = (path: string): readonly string[] =>
  quietly(() => readFileSync(path, 'utf8'), '')
    .split('\n')
    .filter((line) => line !== '')

const entries = (folder: string): readonly string[] => quietly(() => readdirSync(folder), [])

const devicesOf = (layout: Layout): readonly string[] =>
  Array.from({ length: mostNodes }, (_, index) => `${layout.bridge}-node${index + 1}`)

/** Mount points under the cluster's folders, the innermost first. */
const mountsOf = (layout: Layout): readonly string[] =>
  lines('/proc/self/mounts')
    .map((line) => (line.split(' ')[1] ?? '').replaceAll('\\040', ' '))
    .filter((path) => [layout.state, layout.run].some((folder) => path.startsWith(`${folder}/`)))
    .toReversed()

const cgroupsOf = (layout: Layout): readonly string[] => {
  const root = '/sys/fs/cgroup'
  const roots = existsSync(join(root, 'cgroup.controllers')) ? [root] : entries(root).map((name) => join(root, name))
  return roots
    .flatMap((folder) => devicesOf(layout).map((device) => join(folder, device)))
    .filter((path) => existsSync(path))
}

const foldersBelow = (folder: string): readonly string[] => [
  ...entries(folder)
    .map((name) => join(folder, name))
    .filter((path) => quietly(() => lstatSync(path).isDirectory(), false))
    .flatMap(foldersBelow),
  folder,
]

/**
 * Every process of the cluster, without trusting the records alone, as these may be lost or stale: in one of its
 * cgroups, in one of its network namespaces, or a shim that names its folder.
 */
const processesOf = (layout: Layout): readonly ProcessIdentity[] => {
  const namespaceFiles = [
    ...devicesOf(layout).map((device) => `/run/netns/${device}`),
    ...mountsOf(layout).filter((path) => path.includes('/netns/')),
  ]
  const namespaces = new Set(namespaceFiles.flatMap((path) => quietly(() => [`net:[${statSync(path).ino}]`], [])))
  const inCgroups = new Set(
    cgroupsOf(layout)
      .flatMap(foldersBelow)
      .flatMap((path) => lines(join(path, 'cgroup.procs'))),
  )
  const isOurs = (pid: string): boolean => {
    if (inCgroups.has(pid)) return true
    if (namespaces.has(quietly(() => readlinkSync(`/proc/${pid}/ns/net`), ''))) return true
    const command = quietly(() => readFileSync(`/proc/${pid}/cmdline`, 'utf8'), '')
    return command.includes('containerd-shim') && command.includes(`${layout.run}/`)
  }
  return entries('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid && isOurs(name))
    .flatMap((pid) => identify(Number(pid)) ?? [])
}

const removeCgroups = (layout: Layout): void => {
  for (const folder of cgroupsOf(layout).flatMap(foldersBelow)) quietly(() => rmdirSync(folder), undefined)
}

/** Files that programs put where no option of theirs can change it. */
const removeStrays = (layout: Layout): void => {
  for (const device of entries(layout.run)) {
    const shims = join(layout.run, device, 'containerd', 'io.containerd.runtime.v2.task', 'k8s.io')
    for (const shim of entries(shims)) {
      const address = lines(join(shims, shim, 'address'))[0]
      if (address?.startsWith('unix:///run/containerd/s/') === true)
        rmSync(address.slice('unix://'.length), { force: true })
    }
  }
  for (const name of entries('/var/log/containers')) {
    const link = join('/var/log/containers', name)
    if (quietly(() => readlinkSync(link), '').startsWith(`${layout.state}/`)) rmSync(link, { force: true })
  }
  for (const name of entries('/var/lib/cni/results')) {
    if (name.startsWith(`${layout.bridge}-`)) rmSync(join('/var/lib/cni/results', name), { force: true })
  }
}

/**
 * Removes every process, mount, namespace, link, route, cgroup and file of the cluster, whatever state an interrupted
 * run or a reboot left them in; its claim to its addresses stays. A process id that belongs to someone else by now is
 * left alone.
 */
export const clear = async (layout: Layout): Promise<void> => {
  // first those that would start others
  await stopAll(recordedProcesses(layout.state), 0)
  for (let rest = processesOf(layout); rest.length > 0; rest = processesOf(layout)) await stopAll(rest, 0)
  for (const path of mountsOf(layout)) await attempt('umount', ['--lazy', path])
  for (const device of devicesOf(layout)) {
    if (existsSync(`/run/netns/${device}`)) await attempt('ip', ['netns', 'del', device])
    if (existsSync(`/sys/class/net/${device}`)) await attempt('ip', ['link', 'del', device])
  }
  if (existsSync(`/sys/class/net/${layout.bridge}`)) await attempt('ip', ['link', 'del', layout.bridge])
  await attempt('ip', ['route', 'flush', 'root', layout.range])
  removeCgroups(layout)
  removeStrays(layout)
  rmSync(layout.run, { recursive: true, force: true })
  for (const name of entries(layout.state)) {
    if (name !== layoutFile) rmSync(join(layout.state, name), { recursive: true, force: true })
  }
}
