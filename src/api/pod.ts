import { z } from 'zod'
import { embedded } from './values.ts'

/** What a store's pods may be told beside what follows from the rest of the spec. */
export const pod = z
  .object({
    resources: z
      .object({
        cpuRequest: z
          .string()
          .max(20)
          .regex(/^([0-9]+m|[0-9]+(\.[0-9]{1,3})?)$/)
          .default('50m'),
        cpuLimit: z
          .string()
          .max(20)
          .regex(/^([0-9]+m|[0-9]+(\.[0-9]{1,3})?)$/)
          .optional(),
      })
      .prefault({})
      .describe('CPU only: memory follows from maxmemory.'),
    nodeSelector: z.record(z.string(), z.string()).optional(),
    tolerations: z.array(embedded()).max(32).optional().describe('As in a Pod.'),
    affinity: embedded().optional().describe('As in a Pod.'),
    topologySpreadConstraints: z.array(embedded()).max(16).optional().describe('As in a Pod.'),
    priorityClassName: z.string().max(253).optional(),
    labels: z.record(z.string(), z.string().max(63)).optional().describe("Added to the pod's; the operator's own win."),
    annotations: z.record(z.string(), z.string()).optional(),
    imagePullSecrets: z
      .array(z.object({ name: z.string().min(1).max(253) }))
      .max(8)
      .optional(),
  })
  .prefault({})
