// Bundles what runs outside of this repository: one ESM file each, with a source map beside it.
//   node build/bundle.ts [out-folder]
import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { build, type Plugin } from 'esbuild'

const root = join(import.meta.dirname, '..')

export interface BundleOptions {
  /** The module that is started, such as `src/main.ts`; relative to the repository. */
  readonly entry: string
  /** Where the bundle goes; its source map goes beside it, with `.map` at the end. */
  readonly outfile: string
  /** Modules that others stand in for, both relative to the repository: how a test builds an operator with one part replaced. */
  readonly alias?: Readonly<Record<string, string>>
}

/**
 * Writes one ESM file for Node 24 that needs nothing but Node. Throws when a module cannot be found, and when a module in `alias` is not part
 * of what is bundled: a variant that is no variant would prove nothing.
 */
export const bundle = async ({ entry, outfile, alias = {} }: BundleOptions): Promise<void> => {
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string }
  const stand = standIns(alias)
  await build({
    absWorkingDir: root,
    entryPoints: [resolve(root, entry)],
    outfile: resolve(root, outfile),
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node24',
    sourcemap: 'linked',
    // The sources are public, and a stack trace needs only their names and lines.
    sourcesContent: false,
    define: { BUNDLED_VERSION: JSON.stringify(version) },
    // Packages that are CommonJS ask for Node's own modules by require.
    banner: {
      js: "import { createRequire as bundledRequire } from 'node:module'; const require = bundledRequire(import.meta.url);",
    },
    plugins: [stand.plugin],
    logLevel: 'warning',
  })
  const unused = stand.unused()
  if (unused.length > 0) throw new Error(`${entry} does not use ${unused.join(', ')}: nothing was replaced`)
}

/** Resolves a replaced module to its stand-in for everybody but the stand-in itself, which may build on it. */
const standIns = (alias: Readonly<Record<string, string>>): { plugin: Plugin; unused: () => readonly string[] } => {
  const byPath = new Map(Object.entries(alias).map(([from, to]) => [resolve(root, from), resolve(root, to)]))
  const used = new Set<string>()
  const plugin: Plugin = {
    name: 'stand-ins',
    setup: (build) => {
      build.onResolve({ filter: /^\.{1,2}\// }, ({ path, resolveDir, importer }) => {
        const wanted = resolve(resolveDir, path)
        const standIn = byPath.get(wanted)
        if (standIn === undefined || importer === standIn) return undefined
        used.add(wanted)
        return { path: standIn }
      })
    },
  }
  return { plugin, unused: () => [...byPath.keys()].filter((path) => !used.has(path)) }
}

if (import.meta.main) {
  const out = process.argv[2] ?? 'dist'
  await bundle({ entry: 'src/main.ts', outfile: join(out, 'main.mjs') })
  await bundle({ entry: 'src/verify.ts', outfile: join(out, 'verify.mjs') })
}
