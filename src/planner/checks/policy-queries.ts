// Finds SQL of new and changed policies that PostgreSQL rejects: queries `skip_if_same`, and conditions `soft` of watermarks. It is tried
// on empty tables in place of what the plan changes, and none of it is run.

import type { Change, WantedObject } from '../../core/change.ts'
import { groupBy } from '../../core/data.ts'
import type { ProbeFinding } from '../../core/finding.ts'
import { type Key, namespaceOf, type Relation } from '../../core/object.ts'
import { ownerOfReservedSchema } from '../../core/reserved-schemas.ts'
import { fragment, ident, join, qualified, type Sql, sql } from '../../core/sql.ts'
import { isDatabaseError } from '../../db/database-error.ts'
import { rolledBack } from '../../db/transaction.ts'
import {
  createEmptyTables,
  createScratchSchemas,
  type Place,
  type RelationToCreate,
  requalifyForScratch,
  tryStatements,
  usesChangedRows,
} from '../../dependents/stand-ins.ts'
import { beginTrial, manifestPath, readingPath } from '../../introspector/transaction-settings.ts'
import { kindOf } from '../../kinds/registry.ts'
import { asKind } from '../../kinds/specs.ts'
import { type RelationName, relationsRead } from '../../parser/relations-read.ts'
import type { ChangeSet } from '../change-set.ts'
import type { PlanContext } from '../context.ts'
import { throwProblems } from '../findings.ts'

interface PolicyQuery {
  readonly key: Key
  readonly query: string
  readonly code: 'refresh/skip-if-same' | 'refresh/watermark'
  /** What the manifest calls it. */
  readonly name: string
}

/** @throws FdwsyncError with each query that would fail at every refresh */
export async function checkPolicyQueries(context: PlanContext, { impact: { changes } }: ChangeSet): Promise<void> {
  const asked = groupBy(changes.flatMap(queriesOf), ({ query }) => query)
  if (asked.size === 0 || changes.some(mayDefineFunctions)) return
  const { session } = context
  try {
    const reasons = await rolledBack(session, beginTrial(session), () =>
      rejected(context, [...asked.keys()], changes.flatMap(relationOf)),
    )
    throwProblems(
      context,
      [...asked].flatMap(([query, copies]) => {
        const reason = reasons.get(query)
        return reason === undefined ? [] : copies.map((copy) => findingOf(copy, reason))
      }),
    )
  } catch (error) {
    // This role may not create anything, which the probe has reported, or a new type is not there yet.
    if (!isDatabaseError(error) || session.isLost()) throw error
  }
}

function findingOf({ key, code, name }: PolicyQuery, reason: string): ProbeFinding {
  return { code, key, status: 'problem', reason: `${name}: ${reason}`, hint: '' }
}

function queriesOf(change: Change): readonly PolicyQuery[] {
  if ((change.op !== 'create' && change.op !== 'alter') || change.to.id.kind !== 'refreshPolicy') return []
  const { skipIfSame, watermark } = asKind(change.to, 'refreshPolicy')?.spec ?? {}
  const { key } = change
  const soft = watermark?.soft
  return [
    ...(skipIfSame === undefined
      ? []
      : [{ key, query: skipIfSame, code: 'refresh/skip-if-same', name: 'skip_if_same' } as const]),
    ...(soft === undefined
      ? []
      : [{ key, query: conditionOn(change.to.id, soft), code: 'refresh/watermark', name: 'soft' } as const]),
  ]
}

/** What a refresh asks of the rows that the query of a table returns, which have the columns of the table. */
function conditionOn({ schema, name }: Relation, soft: string): string {
  return `SELECT FROM ${ident(schema)}.${ident(name)} WHERE (${soft}\n) IS NOT TRUE`
}

/** A query may use functions and operators that only the apply creates. Those of wrappers are for servers alone. */
function mayDefineFunctions(change: Change): boolean {
  if (change.op === 'drop' || !('to' in change)) return false
  const { id } = change.to
  return id.kind === 'type' || (id.kind === 'extension' && !id.name.endsWith('_fdw'))
}

/** A relation as the plan leaves it. */
function relationOf(change: Change): readonly RelationToCreate[] {
  if (change.op !== 'create' && change.op !== 'alter' && change.op !== 'replace') return []
  const { id, spec }: WantedObject = change.to
  const columns = kindOf(id).columns?.(spec)
  const schema = namespaceOf(id)
  return columns && schema !== undefined && 'name' in id ? [{ id: { schema, name: id.name }, columns }] : []
}

/** Why each query is rejected, of those that are. */
async function rejected(
  context: PlanContext,
  queries: readonly string[],
  changed: readonly RelationToCreate[],
): Promise<ReadonlyMap<string, string>> {
  const { session, trustedRoles, options } = context
  const known = await queriesWithoutLedger(queries)
  const names = new Set([...known.values()].flat().map(({ name }) => name))
  const read = changed.filter(({ id }) => names.has(id.name))
  const schemas = new Set([...read.map(({ id }) => id.schema), ownSchema])
  const { mayEvaluate = 'nothing' } = options
  const place = await createScratchSchemas(session, schemas, { mayEvaluate, trustedRoles })
  await createEmptyTables(session, read, place)
  const trials = await trialsOf([...known.keys()], place, context)
  const reasons = new Map<string, string>()
  const together = await tryStatements(session, join([...trials.values()], ';\n'), place)
  if (!together?.isProof) return reasons
  for (const [query, trial] of trials) {
    const failed = await tryStatements(session, trial, place)
    if (failed?.isProof && failed.reason !== usesChangedRows) reasons.set(query, failed.reason)
  }
  return reasons
}

/** The relations that each query reads. What an apply creates in the schemas of fdwsync is not known here. */
async function queriesWithoutLedger(queries: readonly string[]): Promise<ReadonlyMap<string, readonly RelationName[]>> {
  const known = new Map<string, readonly RelationName[]>()
  for (const query of queries) {
    const relations = await relationsRead(query)
    const isOfLedger = relations.some(({ schema }) => ownerOfReservedSchema(schema ?? '') === 'fdwsync')
    if (!isOfLedger) known.set(query, relations)
  }
  return known
}

/** The schema of the views: no query finds them by a name that it uses itself. */
const ownSchema = 'fdwsync_question'

async function trialsOf(
  queries: readonly string[],
  place: Place,
  { searchPath }: PlanContext,
): Promise<ReadonlyMap<string, Sql>> {
  const path = searchPath.flatMap((schema) => [place.scratch.get(schema) ?? [], schema].flat())
  const trials = new Map<string, Sql>()
  for (const query of queries) {
    const view = qualified(place.scratch.get(ownSchema) ?? '', String(trials.size))
    const rows = fragment(await requalifyForScratch(query, place))
    trials.set(
      query,
      sql`${manifestPath(path)}; CREATE VIEW ${view} AS SELECT FROM (${rows}) AS answer; ${readingPath}`,
    )
  }
  return trials
}
