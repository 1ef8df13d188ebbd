// Whose code the SQL of a manifest would run, and what the plan reports about it. Whoever may create objects in a schema of
// search_path can plant a function or an operator there, which would run as the role that applies, or as the owner of a view.

import type { Change } from '../../core/change.ts'
import { groupBy } from '../../core/data.ts'
import { type Key, keyOf } from '../../core/object.ts'
import type { Hazard, Warning } from '../../core/plan.ts'
import {
  type CodeOfObjects,
  declaredParent,
  type ReferencedCode,
  readReferencedCode,
} from '../../introspector/referenced-code.ts'
import { inReadOnlyTransaction } from '../../introspector/transaction-settings.ts'
import { kindOf, parentOf, titleOf } from '../../kinds/registry.ts'
import type { ProbeInput, ProbeResult } from '../../probe/run.ts'
import type { PlanContext } from '../context.ts'

/**
 * The code that the declared objects refer to. The probe has found it for the objects that it created; all others exist as
 * declared, and are looked up here.
 */
export async function readCode(
  { session }: PlanContext,
  { searchPath, trustedRoles, declared }: ProbeInput,
  { wanted, live, code }: ProbeResult,
): Promise<CodeOfObjects> {
  const users = Array.from(wanted.values(), ({ id, declared: spec }) => {
    const existing = live.get(keyOf(id))
    if (!existing || code.has(keyOf(id)) || kindOf(id).probe.how !== 'read-back') return []
    const object = { id, spec }
    return [{ object, catalog: existing.catalog, oid: existing.oid, parent: declaredParent(object, wanted) }]
  }).flat()
  if (users.length === 0) return code
  const found = await inReadOnlyTransaction(session, () =>
    readReferencedCode(session, users, { searchPath, trustedRoles, declared }),
  )
  return new Map([...code, ...found])
}

/**
 * The hazards by the change that has to be allowed or announced: that of the object, or of the parent with which it is replaced.
 */
export function codeHazards(
  code: CodeOfObjects,
  wanted: ProbeResult['wanted'],
  changes: readonly Change[],
): ReadonlyMap<Key, readonly Hazard[]> {
  const changed = changedKeys(changes)
  const hazards = [...code].flatMap(([key, references]) => {
    const object = wanted.get(key)
    const parent = object && parentOf(object)
    if (changed.has(key)) return references.map((each) => ({ key, hazard: hazardOf(each, '') }))
    if (!object || parent === undefined || !changed.has(parent)) return []
    return references.map((each) => ({ key: parent, hazard: hazardOf(each, `${titleOf(object.id)}: `) }))
  })
  return new Map(
    Array.from(
      groupBy(hazards, ({ key }) => key),
      ([key, all]) => [key, all.map(({ hazard }) => hazard)],
    ),
  )
}

function hazardOf({ title, owner, isTrusted, isNamed }: ReferencedCode, prefix: string): Hazard {
  if (isTrusted)
    return {
      name: 'hides-built-in',
      detail: `${prefix}an unqualified name or an operator finds ${title}, which hides a built-in one`,
    }
  if (isNamed) return { name: 'names-untrusted-code', detail: `${prefix}it names ${title}, which belongs to ${owner}` }
  return {
    name: 'untrusted-code',
    detail: `${prefix}an unqualified name or an operator finds ${title}, which belongs to ${owner}`,
  }
}

/** Warnings for objects that stay as they are: whoever allowed the code once should still know of it. */
export function codeWarnings(
  code: CodeOfObjects,
  wanted: ProbeResult['wanted'],
  changes: readonly Change[],
): readonly Warning[] {
  const changed = changedKeys(changes)
  return [...code].flatMap(([key, references]) => {
    const object = wanted.get(key)
    if (!object || changed.has(key)) return []
    return references
      .filter(({ isTrusted, isNamed }) => !isTrusted && !isNamed)
      .map((each) => ({
        code: 'object/untrusted-code' as const,
        message: `${titleOf(object.id)}: ${hazardOf(each, '').detail}`,
      }))
  })
}

function changedKeys(changes: readonly Change[]): ReadonlySet<Key> {
  return new Set(changes.flatMap(({ op, key }) => (op === 'drop' || op === 'release' ? [] : [key])))
}
