// Copies the types of a source: creates them in the transaction of the import, so that the imported tables find them,
// and reads them back as a manifest would declare them.

import type { DeclaredObject, LiveObject } from '../../core/change.ts'
import { type DbObject, type IdOf, keyOf } from '../../core/object.ts'
import type { Undetermined, Warning } from '../../core/plan.ts'
import { someOf } from '../../core/some-of.ts'
import { ident, join, type Sql, type Statement, sql, statement, trusted } from '../../core/sql.ts'
import { type DatabaseError, isDatabaseError, isTransient } from '../../db/database-error.ts'
import type { Session } from '../../db/session.ts'
import { evaluationReason, readEvaluatingCode, runByStatements } from '../../introspector/evaluation/evaluation.ts'
import { readCatalog } from '../../introspector/read-catalog.ts'
import { manifestPath, readingPath } from '../../introspector/transaction-settings.ts'
import { asKind } from '../../kinds/specs.ts'
import { type TypeSpec, type as typeKind } from '../../kinds/type/type.ts'
import type { CopiedType } from '../../manifest/expansion/imports.ts'
import { isSqlNode, parseSql, statementsOf } from '../../parser/parse-sql.ts'
import { inSavepoint, statementsToCreate } from '../imports/prerequisites.ts'
import { typeStanza } from '../imports/stanzas.ts'
import { type Reason, reasonOf } from '../reasons.ts'
import type { ServerContext } from '../server-context.ts'
import { foreignExpressions } from '../stored-expressions.ts'
import { missingTypes } from './missing-types.ts'
import type { RemoteType } from './remote-types.ts'
import { evaluatedParts, type OmittedPart, omissionWarning, partsToOmit, withoutParts } from './type-expressions.ts'
import { obstaclesToReplacing } from './uses-of-type.ts'

export interface Copied {
  readonly types: readonly CopiedType[]
  /** Types that cannot be created here, by title. */
  readonly failed: ReadonlyMap<string, Reason>
  readonly undetermined: readonly Undetermined[]
  readonly warnings: readonly Warning[]
}

export const nothingCopied: Copied = { types: [], failed: new Map(), undetermined: [], warnings: [] }

interface CopyRun {
  readonly session: Session
  readonly context: ServerContext
  /** A schema for stand-ins, which no search path contains. Names of other scratch schemas begin with this one. */
  readonly scratch: string
}

interface CreatedType {
  readonly id: TypeId
  readonly spec: TypeSpec
  /** Read back instead of `spec` if that contains SQL of the source, which this server must parse first. */
  readonly standIn: TypeId | undefined
}

type TypeId = IdOf<'type'>

/**
 * @param all the types of the source, each after those that it consists of. The types that the manifest declares
 * exist already.
 */
export async function copyTypes(run: CopyRun, all: readonly RemoteType[]): Promise<Copied> {
  const { session, context } = run
  const declared = new Set(context.declared.map(({ id }) => keyOf(id)))
  const wanted = all.filter((type) => !declared.has(keyOf(idOf(type))) && type.spec)
  const others = all.filter((type) => !wanted.includes(type))
  const reading = await readCatalog(session, [...wanted.map(idOf), ...schemasOf(wanted)], context.digests.salt)
  const at = { ...run, context: { ...context, reading } }
  const failed = new Map(await missingTypes(session, others))
  const undetermined: Undetermined[] = []
  const created: CreatedType[] = []
  const rejected = await partsToOmit(session, wanted)
  const warnings: Warning[] = []
  for (const type of wanted) {
    const id = idOf(type)
    const failedPart = type.parts.find((part) => failed.has(part))
    const occupied = reading.occupied.get(keyOf(id))
    if (occupied) failed.set(type.title, { reason: `a ${occupied} has the name ${type.title} here`, hint: '' })
    else if (failedPart) failed.set(type.title, partFailure(type.title, failedPart, failed.get(failedPart)))
    if (failed.has(type.title) || !type.spec) continue
    const named = rejected.get(type) ?? []
    const stored = await foreignParts(at, id, withoutParts(type.spec, named))
    if ('reason' in stored) {
      failed.set(type.title, stored)
      continue
    }
    const omitted = [...named, ...stored]
    const wantedSpec = withoutParts(type.spec, omitted)
    const live = asKind(reading.live.get(keyOf(id)), 'type')
    const kept = live && (await reasonToKeep(at, id, wantedSpec, live))
    if (kept)
      undetermined.push({ code: 'source/type', key: keyOf(id), title: typeKind.title(id), ...kept, follows: false })
    const spec = kept ? live.spec : wantedSpec
    const failure = await createType(at, id, spec, created.length)
    if (failure) failed.set(type.title, failure)
    else created.push({ id, spec, standIn: hasSql(spec) ? standInOf(at, created.length) : undefined })
    if (!failure && !kept) warnings.push(...omitted.map((part) => omissionWarning(type, part)))
  }
  const types = await readBack(at, created)
  return { types, failed, undetermined, warnings: [...warningsOf(wanted, created), ...warnings] }
}

/** Finds on a stand-in the parts of a type that are not what their names suggest. Returns the reason if it cannot be created. */
async function foreignParts(run: CopyRun, id: TypeId, spec: TypeSpec): Promise<readonly OmittedPart[] | Reason> {
  if (!hasSql(spec)) return []
  const { session, scratch } = run
  const standIn: TypeId = { kind: 'type', schema: scratch, name: 'checked_type' }
  const evaluated = await evaluatedParts(session, spec, (part) => typeKind.create(standIn, part))
  const rest = withoutParts(spec, evaluated)
  await session.run(trusted('SAVEPOINT checked'))
  const failure = await runForType(run, id, rest, typeKind.create(standIn, rest))
  const foreign = failure ? [] : await foreignExpressions(session, scratch, standIn.name)
  await session.run(trusted('ROLLBACK TO checked; RELEASE checked'))
  return failure ?? [...evaluated, ...foreign.map(({ part, reason }) => ({ part: part === '' ? null : part, reason }))]
}

function idOf({ schema, name }: RemoteType): TypeId {
  return { kind: 'type', schema, name }
}

function partFailure(title: string, part: string, failure: Reason | undefined): Reason {
  return { reason: `type ${title} consists of ${part}: ${failure?.reason ?? ''}`, hint: failure?.hint ?? '' }
}

function schemasOf(types: readonly RemoteType[]) {
  return [...new Set(types.map(({ schema }) => schema))].map((name) => ({ kind: 'schema' as const, name }))
}

function warningsOf(types: readonly RemoteType[], created: readonly CreatedType[]): readonly Warning[] {
  const keys = new Set(created.map(({ id }) => keyOf(id)))
  return types.flatMap((type) => {
    if (!keys.has(keyOf(idOf(type)))) return []
    return type.omissions.map((omission) => ({
      code: 'source/type',
      message: `type ${type.title} of the source: ${omission}`,
    }))
  })
}

/** Creates a type, and a stand-in for it if that has to be read back. Returns why it cannot be created. */
function createType(run: CopyRun, id: TypeId, spec: TypeSpec, at: number): Promise<Reason | undefined> {
  const { context, scratch } = run
  const object: DeclaredObject = { id, spec, path: [], needs: [] }
  return runForType(run, id, spec, [
    ...(context.reading.live.has(keyOf({ kind: 'schema', name: id.schema })) ? [] : [schemaStatement(id.schema)]),
    ...statementsToCreate(context, object, `${scratch}_${at}`),
    ...(hasSql(spec) ? typeKind.create(standInOf(run, at), spec) : []),
  ])
}

/** Runs statements that contain the SQL of a type. Returns why they fail. */
async function runForType(
  { session, context }: CopyRun,
  id: TypeId,
  spec: TypeSpec,
  statements: readonly Statement[],
): Promise<Reason | undefined> {
  if (hasSql(spec) && !(await isOneDomain(id, spec))) {
    return { reason: `fdwsync cannot parse the definition of ${typeKind.title(id)}`, hint: '' }
  }
  const code = await runByStatements(session, await readEvaluatingCode(session), statements)
  if (code.length > 0) return { reason: `${typeKind.title(id)}: ${evaluationReason(code)}`, hint: '' }
  // The source shows checks with qualified names, but a default as it was written, under an unknown search_path.
  const paths = [readingPath, ...(spec.default === null ? [] : [manifestPath([id.schema, ...context.searchPath])])]
  let firstFailure: Reason | undefined
  for (const path of paths) {
    const failure = await failureOf(session, join([path, ...statements.map((each) => each.sql), readingPath], '; '))
    if (!failure) return undefined
    const { reason, hint } = failure.sqlstate === '42501' ? lackedPrivilege(session, id, failure) : reasonOf(failure)
    firstFailure ??= { reason: `${typeKind.title(id)} cannot be created here: ${reason}`, hint }
  }
  return firstFailure
}

function lackedPrivilege({ user }: Session, { schema }: TypeId, { message }: DatabaseError): Reason {
  const grant = `GRANT USAGE, CREATE ON SCHEMA ${ident(schema)} TO ${ident(user)}`
  return { reason: message, hint: `${grant}. Or create the types of the source in another schema: types_schema: NAME.` }
}

function schemaStatement(name: string): Statement {
  return statement(sql`CREATE SCHEMA IF NOT EXISTS ${ident(name)}`)
}

function hasSql(spec: TypeSpec): boolean {
  return spec.default !== null || Object.keys(spec.checks).length > 0
}

function standInOf({ scratch }: CopyRun, at: number): TypeId {
  return { kind: 'type', schema: scratch, name: `type_${at}` }
}

/** The text of the source is not trusted: it must parse as one CREATE DOMAIN statement and nothing else. */
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

/**
 * Whether PostgreSQL refuses to alter a type that is in use. Then the type is kept as it is, so that the rest can be
 * applied, unless it can be replaced with everything that uses it.
 */
async function reasonToKeep(
  { session, context }: CopyRun,
  id: TypeId,
  wanted: TypeSpec,
  live: LiveObject & DbObject<'type', TypeSpec>,
): Promise<Reason | undefined> {
  const entry = context.ledger.entries.get(keyOf(id))
  const last = entry && asKind({ id, spec: entry.declared }, 'type')
  const from = live.spec
  const spec = typeKind.settle(wanted, last?.spec, from)
  const fields = typeKind.compare(id, from, spec, { declared: spec, last: undefined, digests: context.digests })
  const replaced = fields.filter(({ effect }) => effect.how === 'replace')
  const altered = fields.filter(({ effect, from: before }) => effect.how === 'clause' && before !== undefined)
  const attempt = replaced.length > 0 ? typeKind.drop(id) : typeKind.alter(id, altered, from)
  if (replaced.length + altered.length === 0) return undefined
  const failure = await failureOfAttempt(session, attempt)
  if (!failure) return undefined
  const mayBeReplaced = replaced.length > 0 || altered.some(({ rewritesValues }) => rewritesValues)
  const isReplaceable = mayBeReplaced && typeKind.aside?.isPossible?.(from) !== false
  const obstacles = isReplaceable ? await obstaclesToReplacing(session, live.oid, context.ledger.entries) : undefined
  if (obstacles?.length === 0) return undefined
  const differences = [...replaced, ...altered].map(({ field, from: was, to }) => `${field} ${was} → ${to ?? 'none'}`)
  const because = obstacles
    ? `it cannot be replaced because of ${someOf(obstacles, 5)}`
    : `PostgreSQL cannot alter it while it is in use: ${reasonOf(failure).reason}`
  return {
    reason: `it is kept as it is. It has changed at the source (${differences.join('; ')}), and ${because}`,
    hint: obstacles
      ? 'Drop that, apply, and create it again. Or declare the type below "types" of its schema.'
      : 'Drop what uses it, and apply. Or declare the type below "types" of its schema.',
  }
}

async function failureOfAttempt(
  session: Session,
  statements: readonly Statement[],
): Promise<DatabaseError | undefined> {
  await session.run(trusted('SAVEPOINT attempt'))
  try {
    return await failureOf(
      session,
      join(
        statements.map((each) => each.sql),
        '; ',
      ),
    )
  } finally {
    if (!session.isLost()) await session.run(trusted('ROLLBACK TO attempt; RELEASE attempt'))
  }
}

async function readBack(
  { session, context }: CopyRun,
  created: readonly CreatedType[],
): Promise<readonly CopiedType[]> {
  const standIns = created.flatMap(({ standIn }) => standIn ?? [])
  const { live } = await readCatalog(session, standIns, context.digests.salt)
  return created.map(({ id, spec, standIn }) => {
    const read = standIn && asKind(live.get(keyOf(standIn)), 'type')
    return { schema: id.schema, name: id.name, stanza: typeStanza(id.schema, id.name, read?.spec ?? spec) }
  })
}
