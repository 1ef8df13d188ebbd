// Finds watermarks that a refresh cannot use: columns that the query does not return, or whose values do not grow.

import type { WantedObject } from '../../core/change.ts'
import type { ProbeFinding } from '../../core/finding.ts'
import { type DbObject, type Key, keyOf, type Relation } from '../../core/object.ts'
import type { Warning } from '../../core/plan.ts'
import type { RefreshPolicy } from '../../core/refresh-policy.ts'
import { ident } from '../../core/sql.ts'
import { titleOf } from '../../kinds/registry.ts'
import { asKind } from '../../kinds/specs.ts'
import { watermarkMistake } from '../../kinds/table/refresh/watermark-column.ts'
import type { Manifest } from '../../manifest/manifest.ts'
import type { ChangeSet } from '../change-set.ts'
import type { PlanContext } from '../context.ts'
import { throwProblems } from '../findings.ts'

/**
 * A mirror or a manifest declares one column for all of its tables. Not every table has it, and `auto` refreshes those that lack it
 * by another strategy.
 * @throws FdwsyncError with each watermark that was declared for its table, or that the declared strategy needs
 */
export function checkWatermarks(context: PlanContext, { comparison }: ChangeSet): readonly Warning[] {
  const { wanted } = comparison.probed
  const { manifest } = context.resolved.asWritten
  const mistakes = Array.from(wanted.values(), (object) => {
    const policy = asKind(object, 'refreshPolicy')
    return (policy && mistakeIn(policy, wanted)) ?? []
  }).flat()
  const isProblem = ({ table, strategy }: Mistake) => strategy === 'watermark' || declaresWatermark(manifest, table)
  throwProblems(
    context,
    mistakes.filter(isProblem).map(({ finding }) => finding),
  )
  return mistakes
    .filter((mistake) => !isProblem(mistake))
    .map(({ finding: { code, key, reason }, table, title }) => {
      const hint = `auto takes another strategy. Or declare a watermark of ${ident(table.name)} itself.`
      return { code, key, title, message: `${title}: ${reason}`, hint }
    })
}

interface Mistake {
  readonly table: Relation
  /** The title of the policy. */
  readonly title: string
  readonly strategy: RefreshPolicy['strategy']
  readonly finding: ProbeFinding
}

function mistakeIn(
  policy: DbObject<'refreshPolicy', RefreshPolicy>,
  wanted: ReadonlyMap<Key, WantedObject>,
): Mistake | undefined {
  const { id, spec } = policy
  const { watermark, strategy } = spec
  const table = asKind(wanted.get(keyOf({ ...id, kind: 'table' })), 'table')?.spec
  if (!watermark || !table) return undefined
  const { columns } = table
  const reason = watermarkMistake(columns, watermark)
  if (reason === undefined) return undefined
  const hint = `The columns of its query: ${columns.map(({ name, type }) => `${ident(name)} ${type}`).join(', ')}.`
  const finding = { code: 'refresh/watermark', key: keyOf(id), status: 'problem', reason, hint } as const
  return { table: id, title: titleOf(id), strategy, finding }
}

/** Whether the table has a watermark of its own. */
function declaresWatermark({ schemas = {}, mirrors = {} }: Manifest, { schema, name }: Relation): boolean {
  const own = schemas[schema]?.tables?.[name]
  const mirrored = Object.values(mirrors).flatMap(({ schema: into, tables = {} }) =>
    into === schema && Object.hasOwn(tables, name) ? [tables[name]] : [],
  )
  return [own, ...mirrored].some((each) => each?.refresh?.watermark !== undefined)
}
