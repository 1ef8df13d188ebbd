// Records to whom the functions, operators and types belong that the SQL of probed objects refers to.

import { keyOf } from '../core/object.ts'
import { readReferencedCode } from '../introspector/referenced-code.ts'
import { parentOf } from '../kinds/registry.ts'
import type { ReadStandIn } from './deparse-again.ts'
import { probePath } from './namesakes.ts'
import type { ProbeRun } from './run.ts'

export async function recordCode(run: ProbeRun, standIns: readonly ReadStandIn[]): Promise<void> {
  const { session, input, settled } = run
  const users = standIns.map(({ object, read }) => {
    const parent = parentOf(object)
    return { object, catalog: read.catalog, oid: read.oid, parent: parent && settled.get(parent) }
  })
  const { trustedRoles, declared } = input
  const code = await readReferencedCode(session, users, { searchPath: probePath(run), trustedRoles, declared })
  for (const { object } of standIns) run.code.set(keyOf(object.id), code.get(keyOf(object.id)) ?? [])
}
