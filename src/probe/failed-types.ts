// Errors of objects that only repeat that a declared type could not be created.

import { idOf, type Key } from '../core/object.ts'
import { dependencyFinding } from './findings.ts'
import type { ProbeRun } from './run.ts'

const unknownType = /^type "(.+?)(?:\[\])*" does not exist$/

/** Turns them into findings that follow from that of the type. What types need of each other is known before they are created. */
export function followFailedTypes(run: ProbeRun): void {
  const failed = failedTypes(run)
  if (failed.size === 0) return
  for (const [at, { key, status, reason }] of run.findings.entries()) {
    const id = idOf(key)
    const [, name = ''] = unknownType.exec(reason) ?? []
    const type = failed.get(name)
    if (id && id.kind !== 'type' && status === 'problem' && type !== undefined) {
      run.findings[at] = dependencyFinding(run, id, type)
    }
  }
}

/** The declared types that have findings, by their names in errors. */
function failedTypes({ findings, input: { searchPath } }: ProbeRun): ReadonlyMap<string, Key> {
  return new Map(
    findings.flatMap(({ key }): readonly (readonly [string, Key])[] => {
      const id = idOf(key)
      if (id?.kind !== 'type') return []
      const qualified = [`${id.schema}.${id.name}`, key] as const
      return searchPath.includes(id.schema) ? [qualified, [id.name, key]] : [qualified]
    }),
  )
}
