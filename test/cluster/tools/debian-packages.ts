import { existsSync, rmSync, writeFileSync } from 'node:fs'
import { attempt, run } from '../command.ts'
import { cacheDirectory } from '../directories.ts'
import { withLock } from '../lock.ts'
import type { Log } from './build-go-program.ts'
import { join } from 'node:path'

/** What each package is there for, beside the name of a program of it. */
const needed = [
  ['containerd', 'containerd'], // each node's container runtime, and ctr
  ['runc', 'runc'],
  ['containernetworking-plugins', '/usr/lib/cni/bridge'], // pod addresses
  ['nftables', 'nft'], // kube-proxy, NetworkPolicy, partitions
  ['conntrack', 'conntrack'], // kube-proxy
  ['iptables', 'iptables'], // kubelet marks its own chains
  ['iproute2', 'ip'],
  ['procps', 'sysctl'],
  ['util-linux', 'nsenter'],
  ['mount', 'mount'], // volumes
  ['tar', 'tar'], // image layers
  ['mmdebstrap', 'mmdebstrap'], // images' root file systems
  ['gcc', 'gcc'], // the pause program
  ['libc6-dev', '/usr/include/stdlib.h'],
  ['redis-server', 'redis-server'], // real servers of the integration tests
  ['redis-tools', 'redis-cli'],
  ['openssl', 'openssl'], // certificates that somebody brings
  ['python3', 'python3'], // commands of the runbook
  ['prometheus', 'prometheus'], // alerts, and what is scraped
  ['python3-venv', '/usr/share/doc/python3-venv'], // clients: Django, Flask
  ['php-cli', 'php'], // client: phpredis
  ['php-redis', '/usr/share/doc/php-redis'],
  ['default-jdk-headless', 'javac'], // client: Spring
  ['maven', 'mvn'],
] as const

const policy = '/usr/sbin/policy-rc.d'

const missing = async (): Promise<readonly string[]> => {
  const absent: string[] = []
  for (const [name, program] of needed) {
    const there = program.startsWith('/')
      ? existsSync(program)
      : (await attempt('sh', ['-c', 'command -v "$1"', 'sh', program], { env: { PATH: searchPath() } })) !== undefined
    if (!there) absent.push(name)
  }
  return absent
}

const searchPath = (): string => `${process.env['PATH'] ?? ''}:/usr/sbin:/sbin`

/** A package's daemon must not start: Debian asks policy-rc.d(8) before it starts one, and 101 means no. */
const withoutDaemons = async <T>(work: () => Promise<T>): Promise<T> => {
  if (existsSync(policy)) return work() // the machine has its own opinion, as containers and build machines do
  writeFileSync(policy, '#!/bin/sh\nexit 101\n', { mode: 0o755 })
  try {
    return await work()
  } finally {
    rmSync(policy)
  }
}

/** Installs what is missing, without starting any daemon; needs root and apt-get only when something is. */
export const ensureDebianPackages = async (log: Log): Promise<void> => {
  if ((await missing()).length === 0) return
  await withLock(join(cacheDirectory, 'apt.lock'), async () => {
    const names = await missing()
    if (names.length === 0) return
    const list = names.join(' ')
    if (process.getuid?.() !== 0) {
      throw new Error(`The test cluster needs Debian packages: run as root, or: sudo apt-get install ${list}`)
    }
    if ((await attempt('apt-get', ['--version'])) === undefined) {
      throw new Error(
        `The test cluster needs ${list} and there is no apt-get here: use Debian 12 or newer, or kind with Docker.`,
      )
    }
    log(`installing Debian packages, about a minute: ${list}`)
    await withoutDaemons(async () => {
      const options = { env: { DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' } }
      await run('apt-get', ['update', '-q'], options)
      await run('apt-get', ['install', '-q', '-y', '--no-install-recommends', ...names], options)
    })
  })
}
