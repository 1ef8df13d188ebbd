import type { DeclaredObject } from '../core/change.ts'
import { inOrderOfNeed } from '../core/graph.ts'
import { keyOf, type ObjectId } from '../core/object.ts'
import type { Statement } from '../core/sql.ts'
import type { ByName } from '../kinds/kind.ts'
import { kindOf } from '../kinds/registry.ts'
import { differences, type ProbeRun } from './probe.ts'
import { tryOut } from './probe-batch.ts'

/** Makes what others need under its own name: schemas and extensions that do not exist yet, or stand elsewhere. */
export async function makeByName(run: ProbeRun, toProbe: readonly DeclaredObject[]): Promise<void> {
  const ordered = inOrderOfNeed(
    toProbe.filter(({ id }) => byName(id) !== undefined),
    ({ id }) => keyOf(id),
    ({ needs }) => needs,
  )
  const units = ordered.map((object) => ({ object, statements: statementsByName(run, object) }))
  await tryOut(
    run,
    units.filter(({ statements }) => statements.length > 0),
  )
}

/** How others find it by its name, if they do. */
export function byName(id: ObjectId): ByName | undefined {
  const { probe: how } = kindOf(id)
  if (how.how === 'by-name') return how
  return how.how === 'read-back' ? how.byName : undefined
}

function statementsByName(run: ProbeRun, object: DeclaredObject): readonly Statement[] {
  const { create, alter } = kindOf(object.id)
  const live = run.input.reading.live.get(keyOf(object.id))
  if (!live) return create(object.id, object.spec)
  const fields = differences(run, object, live).filter((field) => byName(object.id)?.matters?.(field))
  return alter(object.id, fields, live.spec)
}
