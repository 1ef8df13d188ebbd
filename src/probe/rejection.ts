// The finding for an object that the server refused to create.

import type { DeclaredObject } from '../core/change.ts'
import type { ProbeFinding, SqlPosition } from '../core/finding.ts'
import { keyOf } from '../core/object.ts'
import { ident } from '../core/sql.ts'
import type { DatabaseError } from '../db/database-error.ts'
import { adviceOnEventTriggers, isRaisedByEventTrigger } from '../introspector/event-triggers.ts'
import { describeLockHolders, readLockHolders } from '../introspector/lock-holders.ts'
import { missingRoleAdvice } from '../introspector/preconditions.ts'
import { kindOf } from '../kinds/registry.ts'
import type { ProbeRun } from './run.ts'

const lockNotAvailable = '55P03'

/** `invalid input value for enum`, and an attribute that a composite type lacks. This plan may add either. */
const missingInType: readonly string[] = ['22P02', '42703']

/** A lock or a missing privilege proves nothing about the declaration. Any other error does. */
export async function errorFinding(
  run: ProbeRun,
  object: DeclaredObject,
  error: DatabaseError,
  position?: SqlPosition,
): Promise<ProbeFinding> {
  const key = keyOf(object.id)
  const serverHint = [error.detail, error.hint].filter((part) => part !== undefined).join(' ')
  if (error.sqlstate === lockNotAvailable) {
    const holders = describeLockHolders(await readLockHolders(run.session))
    const reason = `what it reads is locked by another session${holders === '' ? ', for example by a REFRESH' : `: ${holders}`}`
    return { code: 'object/locked', key, status: 'undetermined', reason, hint: 'Plan again when that is done.' }
  }
  if (missingInType.includes(error.sqlstate ?? '')) run.needsFutureTypes = true
  const hint = adviceOnExtension(run, object, error) ?? adviceFor(error, run.session.user) ?? serverHint
  if (error.sqlstate === '42501') {
    return {
      code: 'object/not-probed',
      key,
      status: 'undetermined',
      reason: `it cannot be checked on the server: ${error.message}`,
      hint,
    }
  }
  const reason = withDeclaredNames(run, object, error.message)
  if (await isRaisedByEventTrigger(run.session, error)) {
    const advice = [adviceOnEventTriggers, serverHint].filter((part) => part !== '').join(' ')
    return { code: 'server/rejected', key, status: 'problem', reason, hint: advice }
  }
  return { code: 'server/rejected', key, status: 'problem', reason, hint, ...(position && { position }) }
}

/** Names of stand-ins and of scratch schemas mean nothing to a reader. */
function withDeclaredNames(run: ProbeRun, { id }: DeclaredObject, message: string): string {
  const standIn = new RegExp(`${run.scratchSchema}_s\\d+`, 'g')
  const named = 'name' in id ? message.replaceAll(standIn, () => id.name) : message
  return withDeclaredSchemas(run, named, (schema) => schema)
}

/** `shown` is how the text shows names: in quotes where SQL needs them, or as they are. */
export function withDeclaredSchemas({ namesakes }: ProbeRun, text: string, shown: (schema: string) => string): string {
  return [...namesakes].reduce(
    (replaced, [schema, scratch]) => replaced.replaceAll(new RegExp(`${scratch}(?!\\d)`, 'g'), () => shown(schema)),
    text,
  )
}

/** The advice on an extension that this role may not create. Once a superuser has created it, an apply adopts it as it is. */
function adviceOnExtension(
  { session }: ProbeRun,
  { id, spec }: DeclaredObject,
  error: DatabaseError,
): string | undefined {
  if (id.kind !== 'extension' || error.sqlstate !== '42501') return undefined
  // PostgreSQL gives this hint for trusted extensions.
  if (error.hint?.includes('CREATE privilege')) {
    return `GRANT CREATE ON DATABASE ${ident(session.database)} TO ${ident(session.user)};`
  }
  const [create] = kindOf(id).create(id, spec)
  return create && `Have a superuser run: ${create.sql};`
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
    (name, role) =>
      `GRANT USAGE ON SCHEMA ${ident(name)} TO ${role}; and CREATE, if ${role} is to create objects there.`,
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
    (name) =>
      `Declare its extension: extensions: { ${name}: {} }. Or have a superuser run: CREATE EXTENSION ${ident(name)};`,
  ],
  ['42704', /^server "(.+)" does not exist$/, (name) => `Declare it: servers: { ${name}: { options: { … } } }.`],
  ['42704', /^role "(.+)" does not exist$/, missingRoleAdvice],
]

/** What to do about an error, if its message is known. If the server uses another language, it is not. */
function adviceFor({ sqlstate, message }: DatabaseError, role: string): string | undefined {
  for (const [state, pattern, advise] of advice) {
    const [, name] = pattern.exec(message) ?? []
    if (state === sqlstate && name !== undefined) return advise(name, ident(role))
  }
  return undefined
}
