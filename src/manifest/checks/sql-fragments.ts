// Checks each piece of SQL in a manifest with PostgreSQL's grammar, so that it cannot break out of the statement it is
// put into.

import { FdwsyncError, type Problem } from '../../core/errors.ts'
import { noDefault } from '../../core/refresh-policy.ts'
import { withoutSemicolon } from '../../core/sql.ts'
import { isSqlNode, parseSql, type SqlNode, statementsOf } from '../../parser/parse-sql.ts'
import type { Manifest, ParsedManifest, Path } from '../manifest.ts'
import { textAt } from '../yaml/references.ts'
import { hintForClauses } from './column-clauses.ts'
import { notConstant } from './partition-bounds.ts'
import { isSimpleType } from './simple-type.ts'
import { refreshStanzas } from './walk.ts'

type FragmentKind = 'type' | 'expression' | 'query' | 'bound'

export interface Fragment {
  readonly kind: FragmentKind
  readonly path: Path
  readonly text: string
}

/**
 * Checks that each piece of SQL is exactly one type, one expression, one query or one partition bound. Pieces with
 * unresolved references are skipped.
 * @throws FdwsyncError with all problems and their places
 */
export async function checkFragments(parsed: ParsedManifest): Promise<void> {
  const problems: Problem[] = []
  const known = new Map<string, Mistake | undefined>()
  for (const fragment of fragmentsOf(parsed.manifest)) {
    const { kind, path, text } = fragment
    if (kind === 'type' && isSimpleType(text)) continue
    if (parsed.isUnresolved && text.includes('${')) continue
    // Thousands of tables may have the same few defaults and checks.
    const key = `${kind} ${text}`
    if (!known.has(key)) known.set(key, await check(fragment, parsed.manifest.search_path ?? []))
    const mistake = known.get(key)
    if (mistake)
      problems.push({
        code: 'manifest/invalid-sql',
        // A message of the parser quotes a part of the text, which may be a secret that was put in a wrong place.
        message: hasReference(parsed, fragment)
          ? `invalid ${kindNames[kind]}, with what its references resolve to`
          : mistake.message,
        place: parsed.placeInside(path, mistake.offset),
        ...(isTypeOfColumn(fragment) && !hasReference(parsed, fragment) && (await hintForClauses(text))),
      })
  }
  if (problems.length > 0) throw new FdwsyncError(problems)
}

function isTypeOfColumn({ kind, path }: Fragment): boolean {
  return kind === 'type' && (path.at(-2) === 'columns' || path.at(-3) === 'columns')
}

function hasReference({ withReferences }: ParsedManifest, { path, text }: Fragment): boolean {
  const reference = textAt(withReferences, path)
  return reference !== undefined && reference !== text
}

/** Sequentially, since a large manifest has hundreds of thousands. */
export function* fragmentsOf(manifest: Manifest): Iterable<Fragment> {
  const { schemas = {}, mirrors = {} } = manifest
  for (const [name, schema] of Object.entries(schemas)) yield* schemaFragments(['schemas', name], schema)
  for (const [name, mirror] of Object.entries(mirrors)) yield* mirrorFragments(['mirrors', name], mirror)
  for (const { path, stanza } of refreshStanzas(manifest)) {
    if (stanza.skip_if_same !== noDefault) yield* part('query', [...path, 'skip_if_same'], stanza.skip_if_same)
    const deletes = stanza.watermark?.deletes
    if (typeof deletes === 'object') yield* part('expression', [...path, 'watermark', 'deletes', 'soft'], deletes.soft)
  }
}

type Schema = NonNullable<Manifest['schemas']>[string]
type View = NonNullable<Schema['materialized_views']>[string]
type Type = NonNullable<Schema['types']>[string]

function* schemaFragments(path: Path, schema: Schema): Iterable<Fragment> {
  const { foreign_tables = {}, materialized_views = {}, tables = {}, imports = [], types = {} } = schema
  for (const [name, type] of Object.entries(types)) yield* typeFragments([...path, 'types', name], type)
  for (const [at, { tables = {} }] of imports.entries()) {
    for (const [name, table] of Object.entries(tables))
      yield* tableFragments([...path, 'imports', at, 'tables', name], table)
  }
  for (const [name, table] of Object.entries(foreign_tables))
    yield* tableFragments([...path, 'foreign_tables', name], table)
  for (const [name, view] of Object.entries(materialized_views))
    yield* viewFragments([...path, 'materialized_views', name], view)
  for (const [name, table] of Object.entries(tables)) yield* viewFragments([...path, 'tables', name], table)
}

function* typeFragments(path: Path, type: Type): Iterable<Fragment> {
  const { domain, range, default: value, checks, composite = {} } = type
  yield* part('type', [...path, 'domain'], domain)
  yield* part('type', [...path, 'range'], range)
  yield* part('expression', [...path, 'default'], value)
  yield* checkFragmentsOf([...path, 'checks'], checks)
  for (const [name, attribute] of Object.entries(composite)) {
    const at = [...path, 'composite', name]
    yield* typeof attribute === 'string' ? part('type', at, attribute) : part('type', [...at, 'type'], attribute.type)
  }
}

function part(kind: FragmentKind, path: Path, text: string | undefined): readonly Fragment[] {
  return text === undefined ? [] : [{ kind, path, text }]
}

function* checkFragmentsOf(path: Path, checks: Table['checks'] = {}): Iterable<Fragment> {
  for (const [name, check] of Object.entries(checks)) yield* expressionFragments([...path, name], check)
}

/** An expression, on its own or as part of a map. */
function expressionFragments(path: Path, value: string | { readonly expression: string } | undefined) {
  return typeof value === 'object'
    ? part('expression', [...path, 'expression'], value.expression)
    : part('expression', path, value)
}

type Indexes = NonNullable<View['indexes']>
type Mirror = NonNullable<Manifest['mirrors']>[string]

function* mirrorFragments(path: Path, { indexes, tables = {} }: Mirror): Iterable<Fragment> {
  for (const [at, index] of (indexes?.each ?? []).entries())
    yield* indexFragments([...path, 'indexes', 'each', at], index)
  for (const [name, view] of Object.entries(tables)) yield* viewFragments([...path, 'tables', name], view)
}

/** A foreign table, or the overrides of an imported one. */
interface Table extends Pick<NonNullable<Schema['foreign_tables']>[string], 'checks'> {
  readonly columns?: Readonly<Record<string, string | Column>>
  readonly partition_of?: { readonly for_values?: string }
}

interface Column {
  readonly type?: string
  readonly default?: string
  readonly generated?: string | { readonly expression: string }
}

function* tableFragments(path: Path, { columns = {}, checks, partition_of }: Table): Iterable<Fragment> {
  yield* part('bound', [...path, 'partition_of', 'for_values'], partition_of?.for_values)
  for (const [name, column] of Object.entries(columns)) {
    const at = [...path, 'columns', name]
    if (typeof column === 'string') yield* part('type', at, column)
    else {
      yield* part('type', [...at, 'type'], column.type)
      yield* part('expression', [...at, 'default'], column.default)
      yield* expressionFragments([...at, 'generated'], column.generated)
    }
  }
  yield* checkFragmentsOf([...path, 'checks'], checks)
}

function* viewFragments(
  path: Path,
  { query, indexes = {}, statistics = {} }: Pick<Partial<View>, 'query' | 'indexes' | 'statistics'>,
): Iterable<Fragment> {
  yield* part('query', [...path, 'query'], query)
  for (const [name, index] of Object.entries(indexes)) yield* indexFragments([...path, 'indexes', name], index)
  for (const [name, { expressions = [] }] of Object.entries(statistics)) {
    for (const [at, text] of expressions.entries())
      yield* part('expression', [...path, 'statistics', name, 'expressions', at], text)
  }
}

function* indexFragments(path: Path, { columns, where }: Indexes[string]): Iterable<Fragment> {
  for (const [at, column] of columns.entries()) {
    if (typeof column !== 'string') yield* part('expression', [...path, 'columns', at, 'expression'], column.expression)
  }
  yield* part('expression', [...path, 'where'], where)
}

interface Mistake {
  readonly message: string
  /** A string index into the fragment. */
  readonly offset: number
}

/** Statements to parse a fragment in. It must parse in each of its frames, so that it cannot close a bracket of one. */
const frames: Readonly<Record<FragmentKind, readonly (readonly [before: string, after: string])[]>> = {
  type: [
    ['SELECT NULL::', '\n'],
    ['SELECT CAST(NULL AS ', '\n)'],
  ],
  expression: [
    ['SELECT ', '\n'],
    ['SELECT (', '\n)'],
  ],
  query: [['', '\n']],
  bound: [
    ['ALTER TABLE p ATTACH PARTITION t FOR VALUES ', '\n'],
    ['CREATE FOREIGN TABLE t PARTITION OF p FOR VALUES ', '\nSERVER s'],
  ],
}

async function check({ kind, text }: Fragment, searchPath: readonly string[]): Promise<Mistake | undefined> {
  if (text.trim() === '') return { message: `expected ${a(kind)}, found an empty text`, offset: 0 }
  for (const [before, after] of frames[kind]) {
    const result = await parseSql(`${before}${text}${after}`)
    if ('message' in result) {
      const offset = Math.min(Math.max(result.offset - before.length, 0), text.length)
      return { message: `invalid ${kindNames[kind]}: ${result.message}`, offset }
    }
    const statements = statementsOf(result.tree)
    const reason = mismatch(kind, statements)
    if (reason !== undefined) return { message: reason, offset: 0 }
    const [statement] = statements
    const wrong = kind === 'bound' && statement ? notConstant(statement, searchPath) : undefined
    if (wrong) return { message: wrong.message, offset: offsetAt(text, wrong.location - before.length) }
  }
  return kind === 'query' ? asView(text) : undefined
}

/** The string index of a byte of a text's UTF-8. */
function offsetAt(text: string, bytes: number): number {
  return Buffer.from(text).subarray(0, Math.max(bytes, 0)).toString().length
}

/** The query must also parse inside CREATE MATERIALIZED VIEW, where a semicolon followed by anything does not. */
async function asView(text: string): Promise<Mistake | undefined> {
  const result = await parseSql(`CREATE MATERIALIZED VIEW v AS ${withoutSemicolon(text)}\nWITH NO DATA`)
  const isOne = 'tree' in result && statementsOf(result.tree).length === 1
  return isOne ? undefined : { message: 'a query cannot contain a semicolon', offset: text.lastIndexOf(';') }
}

const kindNames: Readonly<Record<FragmentKind, string>> = {
  type: 'type',
  expression: 'expression',
  query: 'query',
  bound: 'partition bound',
}

function a(kind: FragmentKind): string {
  return kind === 'expression' ? 'an expression' : `a ${kindNames[kind]}`
}

function mismatch(kind: FragmentKind, statements: readonly SqlNode[]): string | undefined {
  const [statement] = statements
  if (statements.length !== 1 || !statement) return `expected exactly one ${kindNames[kind]}`
  if (kind === 'bound') return undefined // both frames admit nothing else
  const select = statement.SelectStmt
  if (!isSqlNode(select)) return 'a query must be a SELECT'
  if (kind === 'query') return queryMismatch(select)
  const target = onlyTarget(select)
  if (!target) return `expected exactly one ${kindNames[kind]}`
  return kind === 'type' && !isPlainCast(target) ? 'expected exactly one type' : undefined
}

/** INTO may be in the first SELECT of a UNION, and WITH may contain statements that change data. */
function queryMismatch(select: SqlNode): string | undefined {
  if (contains(select, 'intoClause')) return 'a query cannot have INTO'
  const changes = ['InsertStmt', 'UpdateStmt', 'DeleteStmt', 'MergeStmt'].some((type) => contains(select, type))
  return changes ? 'a query cannot change data' : undefined
}

function contains(value: unknown, key: string): boolean {
  if (Array.isArray(value)) return value.some((item) => contains(item, key))
  return isSqlNode(value) && (key in value || Object.values(value).some((child) => contains(child, key)))
}

/** The expression of a SELECT that consists of nothing else. */
function onlyTarget(select: SqlNode): SqlNode | undefined {
  const allowed = new Set(['targetList', 'limitOption', 'op'])
  if (Object.keys(select).some((key) => !allowed.has(key)) || select.op !== 'SETOP_NONE') return undefined
  const [first, ...others] = Array.isArray(select.targetList) ? select.targetList : []
  const target = isSqlNode(first) ? first.ResTarget : undefined
  return others.length === 0 && isSqlNode(target) && target.name === undefined && isSqlNode(target.val)
    ? target.val
    : undefined
}

function isPlainCast(value: SqlNode): boolean {
  const cast = value.TypeCast
  if (!isSqlNode(cast) || !isSqlNode(cast.arg) || !isSqlNode(cast.typeName)) return false
  const constant = cast.arg.A_Const
  return isSqlNode(constant) && constant.isnull === true && cast.typeName.setof !== true
}
