// Copies whose queries PostgreSQL certainly accepts and shows in a known form, such as those of a mirror. One of them is tried out,
// and so is each that has an index like none before.

import type { DeclaredObject } from '../core/change.ts'
import { idOf, keyOf, type Relation } from '../core/object.ts'
import { trusted } from '../core/sql.ts'
import { hasEventTriggers } from '../introspector/event-triggers.ts'
import { readingPath } from '../introspector/transaction-settings.ts'
import type { CertainQuery, QueryStyle } from '../kinds/probing.ts'
import { kindOf } from '../kinds/registry.ts'
import { isNewObject, keepOrder, recordShown } from './representatives.ts'
import type { ProbeRun, QueryObject } from './run.ts'

interface Candidate {
  readonly query: QueryObject
  readonly certain: CertainQuery<unknown>
  readonly relation: Relation
  readonly columns: ReadonlyMap<string, string>
  /** The signatures of the children; undefined for a child that is like no other. */
  readonly signatures: ReadonlyMap<DeclaredObject, string | undefined>
}

export interface CertainQueries {
  readonly tried: readonly Candidate[]
  /** The copies that need not be tried out, if the server shows the tried ones as expected. */
  readonly untried: readonly Candidate[]
}

/** @param all all queries. A query that another one reads must be tried out */
export async function certainQueries(
  run: ProbeRun,
  queries: readonly QueryObject[],
  all: readonly QueryObject[],
): Promise<CertainQueries> {
  const read = new Set(all.flatMap(({ reads }) => reads))
  // With pg_catalog in search_path, a name without a schema could find an unmanaged type.
  const candidates = run.input.searchPath.includes('pg_catalog')
    ? []
    : queries.flatMap((query) => (read.has(keyOf(query.object.id)) ? [] : (candidateOf(run, query) ?? [])))
  if (candidates.length < 2 || (await hasEventTriggers(run.session))) return { tried: [], untried: [] }
  const known = new Set<string | undefined>()
  const tried = new Set<Candidate>()
  for (const candidate of candidates) {
    const signatures = [...candidate.signatures.values()]
    if (tried.size > 0 && signatures.every((each) => each !== undefined && known.has(each))) continue
    tried.add(candidate)
    for (const each of signatures) known.add(each)
  }
  return { tried: [...tried], untried: candidates.filter((each) => !tried.has(each)) }
}

function candidateOf(run: ProbeRun, query: QueryObject): Candidate | undefined {
  const { object, reads, children } = query
  const certain = kindOf(object.id).query?.certain
  const [key, ...more] = reads
  const table = key === undefined ? undefined : run.settled.get(key)
  const id = key === undefined ? undefined : idOf(key)
  const wanted = key === undefined ? undefined : run.wanted.get(key)
  if (!certain || !table || !wanted || !id || !('schema' in id) || more.length > 0) return undefined
  const { probe: how, columns: columnsOf } = kindOf(table.id)
  const isTableCertain = how.how === 'read-back' && how.certain?.formOf(table.spec) !== undefined
  if (!isTableCertain || ![object, table, ...children].every((each) => isNewObject(run, each))) return undefined
  const columns = columnsOf?.(wanted.spec) ?? new Map<string, string>()
  // JavaScript puts keys that are numbers first, so an object does not keep the order of such columns.
  const hasOrder = columns.size > 0 && ![...columns.keys()].some((name) => /^\d+$/.test(name))
  if (!hasOrder || !certain.isCertain(object.spec, id)) return undefined
  const parent = certain.shown(object.spec, id, columns, { quoted: (name) => name, hasPrefix: false })
  const signatures = new Map(
    children.map((child) => [child, kindOf(child.id).child?.alike?.signature(child.spec, parent)]),
  )
  return { query, certain, relation: id, columns, signatures }
}

/**
 * Records the form of the untried copies, once the others have been tried out.
 * @returns the copies that must be tried out after all
 */
export async function recordCertainQueries(
  run: ProbeRun,
  { tried, untried }: CertainQueries,
  queries: readonly QueryObject[],
): Promise<readonly QueryObject[]> {
  const style = untried.length > 0 ? await styleOf(run, tried, untried) : undefined
  const known = new Map(
    tried.flatMap(({ signatures }) =>
      Array.from(signatures, ([child, signature]) => [signature, plainSpec(run, child)] as const),
    ),
  )
  const uncertain: QueryObject[] = []
  for (const candidate of untried) {
    const { query, certain, relation, columns, signatures } = candidate
    const children = Array.from(signatures, ([object, signature]) => ({ object, shown: known.get(signature) }))
    if (!style || children.some(({ shown }) => shown === undefined)) {
      uncertain.push(query)
      continue
    }
    recordShown(run, query.object, certain.shown(query.object.spec, relation, columns, style))
    for (const { object, shown } of children)
      recordShown(run, object, kindOf(object.id).child?.alike?.shown(shown, object.spec))
  }
  if (untried.length > 0)
    keepOrder(
      run,
      queries.flatMap(({ object, children }) => [object, ...children]),
    )
  return uncertain
}

/** The wanted spec of an object, unless it failed or refers to user-defined code. */
function plainSpec(run: ProbeRun, { id }: DeclaredObject): unknown {
  const key = keyOf(id)
  return (run.code.get(key) ?? []).length === 0 ? run.wanted.get(key)?.spec : undefined
}

/** How the server shows such copies. Undefined if it does not show one of the tried ones as expected. */
async function styleOf(
  run: ProbeRun,
  tried: readonly Candidate[],
  untried: readonly Candidate[],
): Promise<QueryStyle | undefined> {
  const names = [...tried, ...untried].flatMap(({ relation, columns }) => [
    relation.schema,
    relation.name,
    ...columns.keys(),
  ])
  await run.session.run(readingPath)
  const rows = await run.session.query<{ name: string; quoted: string }>(
    trusted('SELECT name, quote_ident(name) AS quoted FROM unnest($1::text[]) AS name'),
    [[...new Set(names)]],
  )
  const quotedNames = new Map(rows.map(({ name, quoted }) => [name, quoted]))
  const quoted = (name: string) => quotedNames.get(name) ?? name
  let style: QueryStyle | undefined
  for (const {
    query: { object },
    certain,
    relation,
    columns,
  } of tried) {
    const wanted = plainSpec(run, object)
    const own = wanted === undefined ? undefined : certain.styleOf(wanted, relation, columns, quoted)
    if (!own || (style && own.hasPrefix !== style.hasPrefix)) return undefined
    style = own
  }
  return style
}
