// Probes children of copies. Of children that are alike, such as indexes on columns of the same types, one is tried out.

import type { DeclaredObject } from '../core/change.ts'
import { groupBy } from '../core/data.ts'
import { hasEventTriggers } from '../introspector/event-triggers.ts'
import { kindOf, parentOf } from '../kinds/registry.ts'
import { isNewObject, probeByRepresentatives, type Represented } from './representatives.ts'
import type { ProbeRun } from './run.ts'
import { probeInScratch } from './stand-ins.ts'

export async function probeAlike(run: ProbeRun, children: readonly DeclaredObject[]): Promise<void> {
  const groups = groupsOf(run, children)
  if (groups.length === 0 || (await hasEventTriggers(run.session))) await probeInScratch(run, children)
  else await probeByRepresentatives(run, children, groups)
}

function groupsOf(run: ProbeRun, children: readonly DeclaredObject[]): readonly (readonly Represented[])[] {
  const bySignature = groupBy(children, (object) => signatureOf(run, object))
  return [...bySignature].flatMap(([signature, alike]) =>
    signature === undefined || alike.length === 1 ? [] : [alike.map(representedBy)],
  )
}

function signatureOf(run: ProbeRun, object: DeclaredObject): string | undefined {
  const { child } = kindOf(object.id)
  const parent = parentOf(object)
  const wanted = parent === undefined ? undefined : run.wanted.get(parent)
  return wanted && isNewObject(run, object) ? child?.alike?.signature(object.spec, wanted.spec) : undefined
}

function representedBy(object: DeclaredObject): Represented {
  const alike = kindOf(object.id).child?.alike
  return { object, shown: (representative) => alike?.shown(representative, object.spec) }
}
