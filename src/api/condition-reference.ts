import { flushConditions, flushOutcomes, storeConditions } from './conditions.ts'

type Conditions = Readonly<
  Record<string, { readonly says: string; readonly reasons: Readonly<Record<string, readonly [string, string]>> }>
>

const section = (conditions: Conditions): readonly string[] =>
  Object.entries(conditions).flatMap(([type, { says, reasons }]) => [
    `### ${type}`,
    '',
    says,
    '',
    '| reason | status | |',
    '|---|---|---|',
    ...Object.entries(reasons).map(([reason, [status, means]]) => `| \`${reason}\` | ${status} | ${means} |`),
    '',
  ])

/** `docs/reference/conditions.md`. */
export const conditionReference = (): string =>
  [
    '# Conditions and reasons',
    '',
    'Generated from `src/api/conditions.ts` by `npm run generate`. Messages say more: `kubectl describe`.',
    '',
    '## SessionStore',
    '',
    "In Ready and Degraded the kubelet's own reasons come as they are (`ImagePullBackOff`, `CrashLoopBackOff`, …).",
    '',
    ...section(storeConditions),
    '## FlushSessions',
    '',
    ...section(flushConditions),
    '### How it ends',
    '',
    '`status.outcome`; a step that it ended in has the same reason.',
    '',
    '| reason | phase | |',
    '|---|---|---|',
    ...Object.entries(flushOutcomes).map(([reason, [phase, means]]) => `| \`${reason}\` | ${phase} | ${means} |`),
    '',
  ].join('\n')
