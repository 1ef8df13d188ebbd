// Tries out one of several objects that the server certainly treats alike.

import type { DeclaredObject } from '../core/change.ts'
import { keyOf } from '../core/object.ts'
import { kindOf } from '../kinds/registry.ts'
import { type ProbeRun, recordWanted } from './run.ts'
import { probeInScratch } from './stand-ins.ts'

/** A member of a group that one of its objects represents. */
export interface Represented {
  readonly object: DeclaredObject
  /** How the server shows this object, derived from the wanted spec of the representative. */
  shown(representative: unknown): unknown
}

/**
 * Probes the first object of each group, and all objects without a group. If it fails, or finds user-defined code, the rest of its
 * group is probed too.
 */
export async function probeByRepresentatives(
  run: ProbeRun,
  objects: readonly DeclaredObject[],
  groups: readonly (readonly Represented[])[],
): Promise<void> {
  const represented = new Set(groups.flatMap(([, ...rest]) => rest.map(({ object }) => object)))
  await probeInScratch(
    run,
    objects.filter((object) => !represented.has(object)),
  )
  const uncertain: DeclaredObject[] = []
  for (const [first, ...rest] of groups) {
    const key = first && keyOf(first.object.id)
    const wanted = key && run.wanted.get(key)
    const isPlain = wanted && (run.code.get(key) ?? []).length === 0
    for (const other of rest) {
      if (isPlain) recordShown(run, other.object, other.shown(wanted.spec))
      else uncertain.push(other.object)
    }
  }
  await probeInScratch(run, uncertain)
  if (represented.size > 0) keepOrder(run, objects)
}

/** Records an object that was not tried out, from how the server would show it. */
export function recordShown(run: ProbeRun, object: DeclaredObject, shown: unknown): void {
  const { probe: how } = kindOf(object.id)
  if (how.how !== 'read-back') return
  run.code.set(keyOf(object.id), [])
  recordWanted(run, object, how.wanted(shown, object.spec, undefined, undefined))
}

/** Restores the order of the declarations, in which plans list objects. */
export function keepOrder({ wanted }: ProbeRun, objects: readonly DeclaredObject[]): void {
  for (const key of objects.map(({ id }) => keyOf(id))) {
    const object = wanted.get(key)
    if (!object) continue
    wanted.delete(key)
    wanted.set(key, object)
  }
}

/** Whether nothing exists yet that the object would alter. */
export function isNewObject({ elsewhere, input: { reading } }: ProbeRun, { id }: DeclaredObject): boolean {
  const key = keyOf(id)
  return !reading.live.has(key) && !elsewhere.has(key)
}
