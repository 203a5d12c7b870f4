import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { stringify } from 'yaml'
import { presets } from '../sessions/presets.ts'
import { conditionReference } from './condition-reference.ts'
import { customResourceDefinition } from './crd.ts'
import { kinds } from './kinds.ts'
import { presetReference } from './preset-reference.ts'
import { reference } from './reference.ts'
import { group } from './resources.ts'

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..')

/** Every generated file, by its path in the repository. In YAML 1.1, which is what kubectl and Helm read. */
export const generated = (): ReadonlyMap<string, string> => {
  const files = new Map<string, string>()
  for (const kind of kinds) {
    const text = `# Generated from src/api by \`npm run generate\`.\n${stringify(customResourceDefinition(kind), { version: '1.1', lineWidth: 0, aliasDuplicateObjects: false })}`
    const name = `${group}_${kind.plural}.yaml`
    files.set(`crds/${name}`, text)
    files.set(`charts/session-store-operator/files/crds/${name}`, text)
  }
  files.set('docs/reference/api.md', reference(kinds))
  files.set('docs/reference/conditions.md', conditionReference())
  files.set('docs/reference/presets.md', presetReference(Object.values(presets)))
  return files
}

/** Paths of generated files that differ from what `src/api` says now. */
export const stale = (): readonly string[] =>
  [...generated()].filter(([path, text]) => !sameText(join(root, path), text)).map(([path]) => path)

const sameText = (path: string, text: string): boolean => {
  try {
    return readFileSync(path, 'utf8') === text
  } catch {
    return false
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const [path, text] of generated()) {
    mkdirSync(dirname(join(root, path)), { recursive: true })
    writeFileSync(join(root, path), text)
    console.log(path)
  }
}
