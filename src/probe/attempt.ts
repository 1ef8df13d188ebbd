// Creates many probed objects at once, and finds those that fail.

import type { DeclaredObject } from '../core/change.ts'
import type { ProbeFinding } from '../core/finding.ts'
import { topologicalOrder } from '../core/graph.ts'
import { type Key, keyOf, relationKey } from '../core/object.ts'
import { ident, join, type Sql, type Statement, sql, trusted } from '../core/sql.ts'
import { type DatabaseError, isDatabaseError } from '../db/database-error.ts'
import { manifestPath } from '../introspector/transaction-settings.ts'
import { dependencyFinding, leakFinding } from './findings.ts'
import { describeLockHolders } from './lock-holders.ts'
import { inScratchSchemas, probePath } from './namesakes.ts'
import { hasUnmanagedUsers } from './references.ts'
import type { ProbeRun } from './run.ts'

interface Unit {
  readonly object: DeclaredObject
  readonly statements: readonly Statement[]
}

/**
 * Runs the statements of many objects in one batch. If the batch fails, it tries each half by itself, so that objects
 * that fail do not affect the others. Returns the objects that were created, and adds a finding for each other one.
 */
export async function createOrBisect(run: ProbeRun, all: readonly Unit[]): Promise<readonly DeclaredObject[]> {
  const units = all.filter(({ object }) => !hasFailedDependency(run, object))
  if (units.length === 0) return []
  const failed = await attempt(
    run,
    units.flatMap(({ statements }) => statements),
  )
  if (!failed) return units.map(({ object }) => object)
  if (units.length === 1) {
    const mayBeUnmanaged = mismatches.has(failed.sqlstate) && (await hasUnmanagedUsers(run))
    const holders = failed.sqlstate === lockNotAvailable ? await describeLockHolders(run.session) : ''
    run.findings.push(
      ...units.map(({ object }) =>
        mayBeUnmanaged ? leakFinding(keyOf(object.id)) : finding(run, object, failed, holders),
      ),
    )
    return []
  }
  const middle = units.length >> 1
  const created = await createOrBisect(run, units.slice(0, middle))
  return [...created, ...(await createOrBisect(run, units.slice(middle)))]
}

/** Skips an object if something that it needs has failed: its own error would be misleading. */
function hasFailedDependency(run: ProbeRun, { id, needs }: DeclaredObject): boolean {
  const failed = new Set(run.findings.map(({ key }) => key))
  const missing = needs.find((need) => failed.has(need) && !isUsable(run, need))
  if (missing === undefined) return false
  if (!failed.has(keyOf(id))) run.findings.push(dependencyFinding(run, id, missing))
  return true
}

/** Whether other objects can use the live one, because SQL need not find a changed one in its place. */
function isUsable(run: ProbeRun, key: Key): boolean {
  const live = run.input.reading.live.get(key)
  if (!live || !('schema' in live.id)) return live !== undefined
  return !run.ownNames.has(relationKey(live.id.schema, live.id.name))
}

async function attempt(run: ProbeRun, all: readonly Statement[]): Promise<DatabaseError | undefined> {
  const statements: readonly Sql[] = (await inScratchSchemas(run, all)).map((statement) => statement.sql)
  try {
    await run.session.run(trusted('SAVEPOINT attempt'))
    await run.session.run(join([manifestPath(probePath(run)), ...statements, trusted('RELEASE attempt')], ';\n'))
    return undefined
  } catch (error) {
    if (!isDatabaseError(error)) throw error
    await run.session.run(sql`ROLLBACK TO attempt`)
    return error
  }
}

/** Whether the server rejects the statements. Nothing of them remains. */
export async function isRejected(run: ProbeRun, statements: readonly Statement[]): Promise<boolean> {
  await run.session.run(trusted('SAVEPOINT trial'))
  const error = await attempt(run, statements)
  await run.session.run(trusted('ROLLBACK TO trial'))
  return error !== undefined
}

/** Errors for a function, operator or cast that does not exist, and for a value of the wrong type. */
const mismatches: ReadonlySet<string | undefined> = new Set(['42883', '42804', '42846', '42725'])

const lockNotAvailable = '55P03'

/** One case is `invalid input value for enum`. This plan may add the value. */
const invalidText = '22P02'

/** A lock or a missing privilege proves nothing about the declaration. Any other error does. */
function finding(run: ProbeRun, object: DeclaredObject, error: DatabaseError, holders: string): ProbeFinding {
  const key = keyOf(object.id)
  const serverHint = [error.detail, error.hint].filter((part) => part !== undefined).join(' ')
  if (error.sqlstate === lockNotAvailable) {
    const reason = `what it reads is locked by another session${holders === '' ? ', for example by a REFRESH' : `: ${holders}`}`
    return { code: 'object/locked', key, status: 'undetermined', reason, hint: 'Plan again when that is done.' }
  }
  if (error.sqlstate === invalidText) run.lacksValues = true
  const hint = adviceFor(error, run.session.user) ?? serverHint
  if (error.sqlstate === '42501') {
    return {
      code: 'object/not-probed',
      key,
      status: 'undetermined',
      reason: `it cannot be checked on the server: ${error.message}`,
      hint,
    }
  }
  return { code: 'server/rejected', key, status: 'problem', reason: error.message, hint }
}

const advice: readonly (readonly [
  sqlstate: string,
  message: RegExp,
  advice: (name: string, role: string) => string,
])[] = [
  [
    '42501',
    /^permission denied for foreign-data wrapper (.+)$/,
    (name, role) => `GRANT USAGE ON FOREIGN DATA WRAPPER ${ident(name)} TO ${role};`,
  ],
  [
    '42501',
    /^permission denied for foreign server (.+)$/,
    (name, role) => `GRANT USAGE ON FOREIGN SERVER ${ident(name)} TO ${role};`,
  ],
  [
    '42501',
    /^permission denied for schema (.+)$/,
    (name, role) => `GRANT USAGE, CREATE ON SCHEMA ${ident(name)} TO ${role};`,
  ],
  [
    '42501',
    /^permission denied for database (.+)$/,
    (name, role) => `GRANT CREATE ON DATABASE ${ident(name)} TO ${role};`,
  ],
  [
    '42501',
    /^permission denied for table (.+)$/,
    (name, role) =>
      `${role} needs SELECT on table ${ident(name)}. Only its owner can create a child or a partition of it.`,
  ],
  [
    '42704',
    /^foreign-data wrapper "(.+)" does not exist$/,
    (name) => `Declare its extension: extensions: { ${name}: {} }`,
  ],
  ['42704', /^role "(.+)" does not exist$/, (name) => `Create it: CREATE ROLE ${ident(name)};`],
]

/** What to do about an error, if its message is a known one. It is not if the server uses another language. */
function adviceFor({ sqlstate, message }: DatabaseError, role: string): string | undefined {
  for (const [state, pattern, advise] of advice) {
    const [, name] = pattern.exec(message) ?? []
    if (state === sqlstate && name !== undefined) return advise(name, ident(role))
  }
  return undefined
}

/** A batch with all objects that it needs, dependencies first. The stand-ins of earlier batches no longer exist. */
export function withNeeded(
  batch: readonly DeclaredObject[],
  all: readonly DeclaredObject[],
): readonly DeclaredObject[] {
  const byKey = new Map(all.map((object) => [keyOf(object.id), object]))
  const needed = new Set(batch)
  for (const { needs } of needed) {
    for (const object of needs.flatMap((need) => byKey.get(need) ?? [])) needed.add(object)
  }
  return topologicalOrder(
    needed,
    ({ id }) => keyOf(id),
    ({ needs }) => needs,
  )
}
