import type { ReadSessionStore } from '../api/resources.ts'
import { belowFloor } from './engine-floors.ts'
import type { Engines, ResolvedEngine } from './engines.ts'
import { answers, type Observed } from './observe.ts'
import type { Report } from './report.ts'

/** Says whether the spec's engine can be had, whether what runs has the fixes that we know of, by what the servers themselves say, and whether the operator knows a newer image. */
export const reportEngine = (
  { spec }: ReadSessionStore,
  { type, version, image, refused }: ResolvedEngine,
  engines: Engines,
  { nodes }: Observed,
  report: Report,
): void => {
  const running = nodes.filter((node) => answers(node)).map(({ state: { info } }) => info)
  const old = [...new Set(running.flatMap((info) => belowFloor(info.engine, info.version) ?? []))]
  const names = [...new Set(running.map((info) => `${info.engine} ${info.version}`))]
  const what = names.length > 0 ? names.join(', ') : `${type} ${version}`
  if (refused !== undefined) report.set('EngineSupported', 'False', 'FormatNotReadable', refused)
  else if (old.length === 0) report.set('EngineSupported', 'True', 'Known', what)
  else if (spec.engine.fixesBackported)
    report.set(
      'EngineSupported',
      'True',
      'FixesBackported',
      `${what}, whose fixes spec.engine.fixesBackported vouches for`,
    )
  else {
    const remedy =
      'Set spec.engine.version, and image if need be, to one that has them; or spec.engine.fixesBackported: true if a distribution built them in'
    report.set('EngineSupported', 'False', 'BelowFloor', `${old.join('; ')}. ${remedy}`)
  }
  const newest = engines[type][version]?.image
  if (newest === undefined || newest === image || spec.engine.image !== undefined)
    report.set('UpdateAvailable', 'False', 'Newest', `${image} is what this operator would choose`)
  else
    report.set(
      'UpdateAvailable',
      'True',
      'NewerImage',
      `${newest} is there, and ${image} runs. To change: spec.engine.version "${version}" and spec.engine.image ${newest}`,
    )
}
