// Compares declared foreign tables with the tables of their sources, for `plan --check-source`.

import type { WantedObject } from '../core/change.ts'
import { groupBy, uniqueBy } from '../core/data.ts'
import { idOf, type Key, keyOf } from '../core/object.ts'
import type { Undetermined, Warning } from '../core/plan.ts'
import type { SourceFinding, SourceReport } from '../core/source.ts'
import { ident, qualified } from '../core/sql.ts'
import type { Session } from '../db/session.ts'
import type { RunDigests } from '../introspector/digests.ts'
import { plainOption } from '../kinds/facets/options.ts'
import type { ForeignTableSpec } from '../kinds/foreign-table/spec.ts'
import { titleOf } from '../kinds/registry.ts'
import { asKind } from '../kinds/specs.ts'
import type { ImportRequest } from '../manifest/manifest.ts'
import { withoutUnresolvedServers } from '../manifest/unresolved.ts'
import type { Answer } from './imports/answers.ts'
import { askSources, type SourceAccess } from './imports/ask-sources.ts'
import type { ResolvedImports } from './imports/resolve-imports.ts'
import { isPostgresFdw, readServerContext, type ServerContext, wrapperOf } from './server-context.ts'

export interface SourceCheckInput {
  readonly wanted: ReadonlyMap<Key, WantedObject>
  readonly resolved: ResolvedImports
  readonly digests: RunDigests
  readonly sources: SourceAccess
}

export interface SourceCheck {
  readonly report: SourceReport
  readonly undetermined: readonly Undetermined[]
  readonly warnings: readonly Warning[]
}

/** Compares the foreign tables that the manifest or its lock declares. Tables that were just imported cannot differ. */
export async function checkSources(session: Session, input: SourceCheckInput): Promise<SourceCheck> {
  const { wanted, resolved, digests, sources } = input
  const all = [...wanted.values()].flatMap(tableOf)
  const servers = new Set(all.map(({ spec }) => spec.server))
  const known = unreachableServers(resolved)
  const requests = requestsFor(all.filter(({ key, spec }) => !resolved.fresh.has(key) && !known.has(spec.server)))
  const context = await readServerContext(session, withoutUnresolvedServers(resolved.expanded), servers, { digests })
  const comparable = new Map([...requests].filter(([{ server }]) => isPostgres(context, server)))
  const answers = await askSources(session, context, [...comparable.keys()], sources)
  const unanswered = [...comparable.keys()].flatMap((request) => {
    const answer = answers.get(request)
    return answer?.status === 'unanswered' ? [{ ...answer, server: request.server }] : []
  })
  const failed = new Set([...known, ...unanswered.map(({ server }) => server)])
  const notComparable = [...servers].filter((server) => !isPostgres(context, server))
  return {
    report: {
      findings: [...comparable].flatMap(([request, tables]) => findingsOf(request, answers.get(request), tables)),
      servers: [...servers].toSorted().map((name) => ({
        name,
        reachable: notComparable.includes(name) ? undefined : !failed.has(name),
      })),
    },
    undetermined: uniqueBy(unanswered, ({ server }) => server).map(({ server, code, reason, hint }) => ({
      code,
      key: keyOf({ kind: 'server', name: server }),
      title: `source of server ${ident(server)}`,
      reason: `it could not be asked, so its foreign tables were not compared: ${reason}`,
      hint,
      follows: false,
    })),
    warnings: notComparable.map((server) => ({
      code: 'source/not-comparable',
      message: `server ${ident(server)}: its wrapper cannot list the columns of its source, so its foreign tables were not compared`,
    })),
  }
}

interface Table {
  readonly key: Key
  readonly title: string
  readonly spec: ForeignTableSpec
  /** The remote names: from the options, otherwise the local names, as for postgres_fdw. */
  readonly remoteSchema: string
  readonly remoteName: string
}

function tableOf(object: WantedObject): readonly Table[] {
  const table = asKind(object, 'foreignTable')
  if (!table) return []
  const { id, spec } = table
  const remoteSchema = plainOption(spec.options, 'schema_name') ?? id.schema
  const remoteName = plainOption(spec.options, 'table_name') ?? id.name
  return [{ key: keyOf(id), title: titleOf(id), spec, remoteSchema, remoteName }]
}

/** Servers whose imports have already shown that their sources cannot be asked. */
export function unreachableServers({
  refusals,
  undetermined,
}: Pick<ResolvedImports, 'refusals' | 'undetermined'>): ReadonlySet<string> {
  return new Set(
    [...refusals, ...undetermined].flatMap(({ key }) => {
      const id = idOf(key)
      return id?.kind === 'server' ? [id.name] : []
    }),
  )
}

/** Creates one request for each schema of a source. */
function requestsFor(tables: readonly Table[]): ReadonlyMap<ImportRequest, readonly Table[]> {
  const groups = groupBy(tables, ({ spec, remoteSchema }) => JSON.stringify([spec.server, remoteSchema]))
  return new Map(
    [...groups.values()].flatMap((group) => {
      const [first] = group
      const names = [...new Set(group.map(({ remoteName }) => remoteName))]
      return first ? [[requestOf(first.spec.server, first.remoteSchema, names), group] as const] : []
    }),
  )
}

function requestOf(server: string, remoteSchema: string, limitTo: readonly string[]): ImportRequest {
  return {
    path: [],
    server,
    remoteSchema,
    schema: '',
    limitTo,
    except: [],
    listedExceptions: 0,
    // These attributes are not compared, so their collations and functions need not exist here.
    options: { import_default: 'false', import_collate: 'false', import_not_null: 'false', import_generated: 'false' },
    tables: {},
    withIndexes: false,
    withKeys: false,
    copiesTypes: false,
    typesSchema: undefined,
    mirrored: undefined,
    withColumnNames: true,
  }
}

function isPostgres(context: ServerContext, name: string): boolean {
  const wrapper = wrapperOf(context, name)
  return wrapper !== undefined && isPostgresFdw(context, wrapper)
}

function findingsOf(
  request: ImportRequest,
  answer: Answer | undefined,
  tables: readonly Table[],
): readonly SourceFinding[] {
  if (!answer || answer.status === 'unanswered') return []
  if (answer.status === 'rejected') return tables.map((table) => missing(table, answer.reason))
  return tables.flatMap((table): readonly SourceFinding[] => {
    const found = answer.tables.get(table.remoteName)
    if (found) return compare(table, typesAtSource(found))
    const failure = answer.failed.get(table.remoteName)
    const name = qualified(request.remoteSchema, table.remoteName)
    if (!failure) return [missing(table, `the source has no table ${name}`)]
    const names = answer.columnNames.get(table.remoteName) ?? []
    const message = `the types of its columns were not compared: ${failure.reason}`
    return [
      ...compare(table, new Map(names.map((column) => [column, undefined]))),
      finding(table, 'types not compared', message),
    ]
  })
}

/** The types by the remote names of columns, which an import sets as an option. */
function typesAtSource({ columns }: ForeignTableSpec): ReadonlyMap<string, string> {
  return new Map(
    Object.entries(columns).map(([name, { type, options }]) => [plainOption(options, 'column_name') ?? name, type]),
  )
}

/** @param remote the type of each remote column; undefined if it is not known */
function compare(table: Table, remote: ReadonlyMap<string, string | undefined>): readonly SourceFinding[] {
  const own = Object.entries(table.spec.columns).map(([name, { type, options }]) => ({
    name,
    type,
    remoteName: plainOption(options, 'column_name') ?? name,
  }))
  const read = new Set(own.map(({ remoteName }) => remoteName))
  return [
    ...own.flatMap(({ name, type, remoteName }): readonly SourceFinding[] => {
      if (!remote.has(remoteName)) {
        const message = `column ${ident(name)}: the source's table has no column ${ident(remoteName)}, so reading it fails`
        return [{ ...finding(table, 'column gone', message), column: name, here: type, readsFail: true }]
      }
      const other = remote.get(remoteName)
      if (other === undefined || other === type) return []
      const message = `column ${ident(name)} is ${type} here, and ${other} at the source`
      return [{ ...finding(table, 'column type', message), column: name, here: type, there: other }]
    }),
    ...[...remote].flatMap(([column, type]): readonly SourceFinding[] => {
      if (read.has(column)) return []
      const message = `the source's table has another column: ${ident(column)}${type === undefined ? '' : ` ${type}`}`
      return [{ ...finding(table, 'column new', message), column, there: type }]
    }),
  ]
}

function missing(table: Table, reason: string): SourceFinding {
  return { ...finding(table, 'table gone', `${reason}, so reading it fails`), readsFail: true }
}

function finding({ key, title }: Table, what: SourceFinding['finding'], message: string): SourceFinding {
  return { key, title, finding: what, column: undefined, here: undefined, there: undefined, readsFail: false, message }
}
