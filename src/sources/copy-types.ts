import type { DeclaredObject, LiveObject } from '../core/change.ts'
import { type IdOf, keyOf } from '../core/object.ts'
import type { Undetermined, Warning } from '../core/plan.ts'
import { ident, join, type Sql, type Statement, sql, statement, trusted } from '../core/sql.ts'
import { type DatabaseError, isDatabaseError, isTransient } from '../db/database-error.ts'
import type { Session } from '../db/session.ts'
import { readCatalog } from '../introspector/read-catalog.ts'
import { manifestPath, readingPath } from '../introspector/transaction-settings.ts'
import { type TypeSpec, type as typeKind } from '../kinds/type/type.ts'
import type { CopiedType } from '../manifest/expansion/imports.ts'
import { isSqlNode, parseSql, statementsOf } from '../parser/parse-sql.ts'
import { missingTypes } from './missing-types.ts'
import { type Reason, reasonOf } from './reasons.ts'
import type { RemoteType } from './remote-types.ts'
import { creationStatements, inSavepoint, type ServerContext } from './server-setup.ts'
import { typeStanza } from './stanzas.ts'

/** What a source's types are as declarations. */
export interface Copied {
  readonly types: readonly CopiedType[]
  /** By title: those that can't be made here. */
  readonly failed: ReadonlyMap<string, Reason>
  readonly undetermined: readonly Undetermined[]
  readonly warnings: readonly Warning[]
}

export const nothingCopied: Copied = { types: [], failed: new Map(), undetermined: [], warnings: [] }

/** `scratch` is a schema for what is not to be found by its name, and the beginning of the names of others. */
interface Run {
  readonly session: Session
  readonly context: ServerContext
  readonly scratch: string
}

interface Made {
  readonly id: TypeId
  readonly spec: TypeSpec
  /** Read back instead of `spec`: what the source wrote as SQL means something here only when it was made here. */
  readonly standIn: TypeId | undefined
}

type TypeId = IdOf<'type'>

/**
 * Makes types of a source, so that what is imported finds them, in the order given, in a transaction that is rolled back.
 * Those that the manifest spells out are there already.
 */
export async function copyTypes(run: Run, all: readonly RemoteType[]): Promise<Copied> {
  const { session, context } = run
  const spelled = new Set(context.declared.map(({ id }) => keyOf(id)))
  const wanted = all.filter((type) => !spelled.has(keyOf(idOf(type))) && type.spec)
  const others = all.filter((type) => !wanted.includes(type))
  const reading = await readCatalog(session, [...wanted.map(idOf), ...schemasOf(wanted)], context.digests.salt)
  const at = { ...run, context: { ...context, reading } }
  const failed = new Map(await missingTypes(session, others))
  const undetermined: Undetermined[] = []
  const made: Made[] = []
  for (const type of wanted) {
    const id = idOf(type)
    const stopped = type.parts.find((part) => failed.has(part))
    const occupied = reading.occupied.get(keyOf(id))
    if (occupied) failed.set(type.title, { reason: `there is a ${occupied} of the name ${type.title} here`, hint: '' })
    else if (stopped) failed.set(type.title, madeOf(type.title, stopped, failed.get(stopped)))
    if (failed.has(type.title) || !type.spec) continue
    const live = reading.live.get(keyOf(id))
    const kept = live && (await whyKept(at, id, type.spec, live))
    if (kept)
      undetermined.push({ code: 'source/type', key: keyOf(id), title: typeKind.title(id), ...kept, follows: false })
    const spec = kept ? specOf(live) : type.spec
    const why = await make(at, id, spec, made.length)
    if (why) failed.set(type.title, why)
    else made.push({ id, spec, standIn: hasSql(spec) ? standInOf(at, made.length) : undefined })
  }
  return { types: await readBack(at, made), failed, undetermined, warnings: warningsOf(wanted, made) }
}

function idOf({ schema, name }: RemoteType): TypeId {
  return { kind: 'type', schema, name }
}

function madeOf(title: string, part: string, why: Reason | undefined): Reason {
  return { reason: `type ${title} is made of ${part}: ${why?.reason ?? ''}`, hint: why?.hint ?? '' }
}

function schemasOf(types: readonly RemoteType[]) {
  return [...new Set(types.map(({ schema }) => schema))].map((name) => ({ kind: 'schema' as const, name }))
}

// A kind's objects carry its specs.
function specOf({ spec }: { readonly spec: unknown }): TypeSpec {
  return spec as TypeSpec
}

function warningsOf(types: readonly RemoteType[], made: readonly Made[]): readonly Warning[] {
  const keys = new Set(made.map(({ id }) => keyOf(id)))
  return types.flatMap((type) => {
    if (!keys.has(keyOf(idOf(type)))) return []
    return type.left.map((left) => ({ code: 'source/type', message: `type ${type.title} of the source: ${left}` }))
  })
}

/** Makes a type, and a stand-in for it, to be read. Tells why that can't be. */
async function make(run: Run, id: TypeId, spec: TypeSpec, at: number): Promise<Reason | undefined> {
  const { session, context, scratch } = run
  const object: DeclaredObject = { id, spec, path: [], needs: [] }
  const statements = [
    ...(context.reading.live.has(keyOf({ kind: 'schema', name: id.schema })) ? [] : [schemaStatement(id.schema)]),
    ...creationStatements(context, object, `${scratch}_${at}`),
    ...(hasSql(spec) ? typeKind.create(standInOf(run, at), spec) : []),
  ]
  if (hasSql(spec) && !(await isOneDomain(id, spec))) {
    return { reason: `the definition of ${typeKind.title(id)} is none that fdwsync can read`, hint: '' }
  }
  // Checks are written for the first path. A default is written for whatever path its domain was made under.
  const paths = [readingPath, ...(spec.default === null ? [] : [manifestPath([id.schema, ...context.searchPath])])]
  let why: Reason | undefined
  for (const path of paths) {
    const failure = await failureOf(session, join([path, ...statements.map((each) => each.sql)], '; '))
    if (!failure) return undefined
    why ??= { ...reasonOf(failure), reason: `${typeKind.title(id)} can not be made here: ${reasonOf(failure).reason}` }
  }
  return why
}

function schemaStatement(name: string): Statement {
  return statement(sql`CREATE SCHEMA IF NOT EXISTS ${ident(name)}`)
}

function hasSql(spec: TypeSpec): boolean {
  return spec.default !== null || Object.keys(spec.checks).length > 0
}

function standInOf({ scratch }: Run, at: number): TypeId {
  return { kind: 'type', schema: scratch, name: `type_${at}` }
}

/** What comes from elsewhere is made sure to be one CREATE DOMAIN and nothing more. */
async function isOneDomain(id: TypeId, spec: TypeSpec): Promise<boolean> {
  const parsed = await parseSql(
    join(
      typeKind.create(id, spec).map((each) => each.sql),
      '; ',
    ),
  )
  if (!('tree' in parsed)) return false
  const [only, ...others] = statementsOf(parsed.tree)
  return others.length === 0 && isSqlNode(only?.CreateDomainStmt)
}

async function failureOf(session: Session, text: Sql): Promise<DatabaseError | undefined> {
  try {
    await inSavepoint(session, () => session.run(text))
    return undefined
  } catch (error) {
    if (!isDatabaseError(error) || isTransient(error)) throw error
    return error
  }
}

/** What can't be done to a type that is in use: then it is left as it is, rather than that everything is refused. */
async function whyKept(
  { session, context }: Run,
  id: TypeId,
  wanted: TypeSpec,
  live: LiveObject,
): Promise<Reason | undefined> {
  const last = context.ledger.entries.get(keyOf(id))?.declared
  const from = specOf(live)
  const spec = typeKind.settle(wanted, last === undefined ? undefined : specOf({ spec: last }), from)
  const fields = typeKind.compare(id, from, spec, { declared: spec, last: undefined, digests: context.digests })
  const replaced = fields.filter(({ effect }) => effect.how === 'replace')
  const altered = fields.filter(({ effect, from: before }) => effect.how === 'clause' && before !== undefined)
  const tried = replaced.length > 0 ? typeKind.drop(id) : typeKind.alter(id, altered, from)
  if (replaced.length + altered.length === 0) return undefined
  const failure = await failureOfTrial(session, tried)
  if (!failure) return undefined
  const differences = [...replaced, ...altered].map(({ field, from: was, to }) => `${field} ${was} → ${to ?? 'none'}`)
  const why = 'PostgreSQL can not make it in place while something uses the type'
  return {
    reason: `it stays as it is here. At the source it has changed (${differences.join('; ')}), and ${why}: ${reasonOf(failure).reason}`,
    hint: 'Drop here what uses it, and apply; or spell the type out under types of its schema.',
  }
}

async function failureOfTrial(session: Session, statements: readonly Statement[]): Promise<DatabaseError | undefined> {
  await session.run(trusted('SAVEPOINT trial'))
  try {
    return await failureOf(
      session,
      join(
        statements.map((each) => each.sql),
        '; ',
      ),
    )
  } finally {
    if (!session.isLost()) await session.run(trusted('ROLLBACK TO trial; RELEASE trial'))
  }
}

async function readBack({ session, context }: Run, made: readonly Made[]): Promise<readonly CopiedType[]> {
  const standIns = made.flatMap(({ standIn }) => standIn ?? [])
  const { live } = await readCatalog(session, standIns, context.digests.salt)
  return made.map(({ id, spec, standIn }) => {
    const read = standIn && live.get(keyOf(standIn))
    return { schema: id.schema, name: id.name, stanza: typeStanza(id.schema, id.name, read ? specOf(read) : spec) }
  })
}
