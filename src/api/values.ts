import { z } from 'zod'

/** A Kubernetes quantity of bytes that a person would write for memory: whole numbers with a binary or decimal suffix. */
const quantityPattern = /^[1-9][0-9]{0,17}(Ki|Mi|Gi|Ti|k|M|G|T)?$/

const quantityFactors: Readonly<Record<string, number>> = {
  '': 1,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
}

/** Bytes of a quantity such as `256Mi`. Throws a `RangeError` that names the value when it is not one. */
export const parseBytes = (quantity: string): number => {
  const match = /^([0-9]+)([A-Za-z]*)$/.exec(quantity)
  const factor = quantityFactors[match?.[2] ?? '']
  if (!match || factor === undefined) throw new RangeError(`"${quantity}" is not a quantity of bytes such as 256Mi`)
  return Number(match[1]) * factor
}

const durationUnitsMs: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 }

/** Milliseconds of a duration such as `30s`, `12h` or `1h30m` (Go's notation, as Kubernetes uses it). Throws a `RangeError`. */
export const parseDurationMs = (duration: string): number => {
  if (!/^([0-9]+(ms|s|m|h))+$/.test(duration))
    throw new RangeError(`"${duration}" is not a duration such as 30s or 12h`)
  let total = 0
  for (const [, count, unit] of duration.matchAll(/([0-9]+)(ms|s|m|h)/g)) {
    total += Number(count) * (durationUnitsMs[unit ?? ''] ?? 0)
  }
  return total
}

/** A duration in Go's notation. */
export const duration = () =>
  z
    .string()
    .max(20)
    .regex(/^([0-9]+(ms|s|m|h))+$/)

/** A quantity of bytes. */
export const quantity = () => z.string().max(20).regex(quantityPattern)

/** A name of one DNS label, as Kubernetes takes it. */
export const label = (maxLength = 63) =>
  z
    .string()
    .min(1)
    .max(maxLength)
    .regex(/^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/)

/** The name of an object of the same namespace, as Kubernetes takes it for Secrets: it cannot lead anywhere else. */
export const objectName = () =>
  z
    .string()
    .min(1)
    .max(253)
    .regex(/^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/)

/** A moment, RFC 3339. */
export const time = () => z.string().meta({ format: 'date-time' })

/** A CEL rule of a CRD, with what a person is told when it does not hold. */
export interface CelRule {
  readonly rule: string
  readonly message?: string
  readonly messageExpression?: string
  readonly fieldPath?: string
}

/** Attaches CEL rules to a schema; `src/api/crd.ts` passes them on. */
export const rules = (...list: readonly CelRule[]) => ({ 'x-kubernetes-validations': list })

/** A standard `metav1.Condition`. */
export const condition = z.object({
  type: z.string().max(316),
  status: z.enum(['True', 'False', 'Unknown']),
  observedGeneration: z.int().optional(),
  lastTransitionTime: time(),
  reason: z.string().max(1024),
  message: z.string().max(32_768),
})
export type Condition = Readonly<z.infer<typeof condition>>

/** Conditions, one of each type. */
export const conditions = () =>
  z
    .array(condition)
    .max(32)
    .meta({ 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['type'] })
    .describe('What is true now, and since when; each message says what to do next.')

/** Objects whose shape is Kubernetes' own; the API server of the workload checks them when we apply. */
export const embedded = () => z.record(z.string(), z.unknown()).meta({ 'x-kubernetes-preserve-unknown-fields': true })
