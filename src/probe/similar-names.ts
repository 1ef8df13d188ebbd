// Suggests a relation or a server in place of one that does not exist.

import { didYouMean, nearestOf } from '../core/nearest.ts'
import { idOf, isCopyId, type Relation } from '../core/object.ts'
import { trusted } from '../core/sql.ts'
import type { ProbeRun } from './run.ts'

const unknownRelation = /^relation "(.+)" does not exist$/

const relationsQuery = trusted(`
  SELECT n.nspname AS schema, c.relname AS name
    FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
   WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND n.nspname !~ '^(pg_|fdwsync|information_schema$)'`)

const serversQuery = trusted('SELECT srvname AS name FROM pg_catalog.pg_foreign_server')

const unknownServer = /^server "(.+)" does not exist$/

/** Completes the findings that name a relation or a server that does not exist. Call it in the probe's transaction. */
export async function suggestNames(run: ProbeRun): Promise<void> {
  await suggestRelations(run)
  await suggestServers(run)
}

async function suggestServers(run: ProbeRun): Promise<void> {
  if (!run.findings.some(({ reason }) => unknownServer.test(reason))) return
  const existing = await run.session.query<{ name: string }>(serversQuery)
  const declared = Array.from(run.settled.values(), ({ id }) => (id.kind === 'server' ? id.name : []))
  const names = [...declared.flat(), ...existing.map(({ name }) => name)]
  for (const [at, finding] of run.findings.entries()) {
    const [, name] = unknownServer.exec(finding.reason) ?? []
    if (name !== undefined) run.findings[at] = { ...finding, reason: `${finding.reason}${didYouMean(name, names)}` }
  }
}

async function suggestRelations(run: ProbeRun): Promise<void> {
  if (!run.findings.some(({ reason }) => unknownRelation.test(reason))) return
  const existing = await run.session.query<Relation>(relationsQuery)
  const declared = Array.from(run.settled.values(), ({ id }) => id).flatMap((id) =>
    id.kind === 'foreignTable' || isCopyId(id) ? [id] : [],
  )
  const relations = [...declared, ...existing]
  for (const [at, finding] of run.findings.entries()) {
    const [, name] = unknownRelation.exec(finding.reason) ?? []
    if (name === undefined) continue
    const others = relations.filter((relation) => !isNamed(relation, idOf(finding.key)))
    const suggestion = similarRelation(name, others, run.input.searchPath)
    if (suggestion === undefined) continue
    run.findings[at] = { ...finding, reason: `${finding.reason}; did you mean "${suggestion}"?` }
  }
}

function isNamed({ schema, name }: Relation, id: ReturnType<typeof idOf>): boolean {
  return id !== undefined && 'schema' in id && id.schema === schema && id.name === name
}

/** @param name as PostgreSQL reports it, without quotes: `orders` or `shop.orders` */
function similarRelation(
  name: string,
  relations: readonly Relation[],
  searchPath: readonly string[],
): string | undefined {
  const full = ({ schema, name: own }: Relation) => `${schema}.${own}`
  const unqualified = name.slice(name.indexOf('.') + 1)
  const elsewhere = relations.find((relation) => relation.name === unqualified)
  if (name.includes('.')) return nearestOf(name, relations.map(full)) ?? (elsewhere && full(elsewhere))
  if (elsewhere) return full(elsewhere)
  const visible = relations.filter(({ schema }) => searchPath.includes(schema)).map((relation) => relation.name)
  const found = nearestOf(name, visible)
  if (found !== undefined) return found
  const nearest = nearestOf(
    name,
    relations.map((relation) => relation.name),
  )
  const relation = relations.find((each) => each.name === nearest)
  return relation && full(relation)
}
