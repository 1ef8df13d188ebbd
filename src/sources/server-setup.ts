import type { DeclaredObject, LiveObject } from '../core/change.ts'
import { topologicalOrder } from '../core/graph.ts'
import { type IdOf, keyOf, type ObjectId } from '../core/object.ts'
import type { Secret } from '../core/secret.ts'
import { ident, type Statement, sql, statement, trusted } from '../core/sql.ts'
import { isDatabaseError, isTransient } from '../db/database-error.ts'
import type { Session } from '../db/session.ts'
import type { RunDigests } from '../introspector/digests.ts'
import type { CatalogReading } from '../introspector/read-catalog.ts'
import { manifestPath, readingPath } from '../introspector/transaction-settings.ts'
import { withoutAccess } from '../kinds/facets/access.ts'
import { kindOf } from '../kinds/registry.ts'
import { type ServerSpec, server as serverKind } from '../kinds/server.ts'
import type { Ledger } from '../ledger/read.ts'

/** What is declared of servers and of what they need, and what is there of it. */
export interface ServerContext {
  readonly declared: readonly DeclaredObject[]
  readonly searchPath: readonly string[]
  readonly reading: CatalogReading
  readonly ledger: Ledger
  readonly digests: RunDigests
}

/** The name of the server to ask, and what has to be done first in the transaction that asks it. */
export interface ServerSetup {
  readonly name: string
  readonly wrapper: string
  readonly options: ServerSpec['options']
  readonly statements: readonly Statement[]
}

type ServerId = IdOf<'server'>
type MappingObject = DeclaredObject & { readonly id: IdOf<'userMapping'> }

/**
 * How a server is asked that perhaps is not there yet, or is there otherwise: a new one is made under another name, one
 * that differs is altered where it stands, so that mappings that nobody declares go on to serve. All that is rolled back.
 * Undefined: there is no such server and none is declared.
 */
export function serverSetup(
  context: ServerContext,
  name: string,
  user: string,
  scratch: string,
): ServerSetup | undefined {
  const id: ServerId = { kind: 'server', name }
  const declared = context.declared.find((object) => keyOf(object.id) === keyOf(id))
  const live = context.reading.live.get(keyOf(id))
  if (!declared) return live && { ...specOf(live), name, statements: [] }
  const { wrapper, options } = specOf(declared)
  const fields = live && fieldsOf(context, declared, live).filter(({ field }) => !isIrrelevantForImport(field))
  const mapping = declaredMapping(context, name, user)
  if (!live || !fields || fields.some(({ effect }) => effect.how === 'replace')) {
    const standIn = { ...withoutAccess(specOf(declared)), comment: undefined }
    const create = serverKind.create({ kind: 'server', name: scratch }, standIn)
    return {
      name: scratch,
      wrapper,
      options,
      statements: [...create, ...(mapping ? createMapping(mapping, scratch) : [])],
    }
  }
  const alter = fields.length > 0 ? serverKind.alter(id, fields, specOf(live)) : []
  return { name, wrapper, options, statements: [...alter, ...(mapping ? mappingStatements(context, mapping) : [])] }
}

/** Undefined: there is no such server and none is declared. */
export function wrapperOf({ declared, reading }: ServerContext, name: string): string | undefined {
  const key = keyOf({ kind: 'server', name })
  const found = declared.find(({ id }) => keyOf(id) === key) ?? reading.live.get(key)
  return found && specOf(found).wrapper
}

export function secretsOf({ statements }: ServerSetup): readonly Secret[] {
  return statements.flatMap(({ secrets }) => secrets)
}

// A kind's objects carry its specs.
function specOf({ spec }: { readonly spec: unknown }): ServerSpec {
  return spec as ServerSpec
}

/** What does not matter to who asks, and may not be ours to change. */
function isIrrelevantForImport(field: string): boolean {
  return !field.startsWith('option ') && !['version', 'type', 'foreign-data wrapper'].includes(field)
}

function fieldsOf({ ledger, digests }: ServerContext, declared: DeclaredObject, live: LiveObject) {
  const kind = kindOf(declared.id)
  const last = ledger.entries.get(keyOf(declared.id))?.declared
  const spec = kind.settle(declared.spec, last, live.spec)
  return kind.compare(declared.id, live.spec, spec, { declared: spec, last, digests })
}

/** The mapping that PostgreSQL takes for the role: its own, else that for everybody. */
function declaredMapping({ declared }: ServerContext, server: string, user: string): MappingObject | undefined {
  const mappings = declared.flatMap((object) => (isMapping(object) && object.id.server === server ? [object] : []))
  return mappings.find(({ id }) => id.role === user) ?? mappings.find(({ id }) => id.role === null)
}

function isMapping(object: DeclaredObject): object is MappingObject {
  return object.id.kind === 'userMapping'
}

function createMapping({ id, spec }: MappingObject, server: string): readonly Statement[] {
  return kindOf(id).create({ ...id, server }, spec)
}

function mappingStatements(context: ServerContext, mapping: DeclaredObject): readonly Statement[] {
  const kind = kindOf(mapping.id)
  const live = context.reading.live.get(keyOf(mapping.id))
  if (!live) return kind.create(mapping.id, mapping.spec)
  const fields = fieldsOf(context, mapping, live)
  if (fields.some(({ effect }) => effect.how === 'replace')) {
    return [...kind.drop(mapping.id), ...kind.create(mapping.id, mapping.spec)]
  }
  return fields.length > 0 ? kind.alter(mapping.id, fields, live.spec) : []
}

/**
 * Makes schemas, extensions, types and such that are declared and not there yet, for what is imported may be of their types.
 * A type that grows is made anew: a value that is added can't be used before it is committed. Why one can't be made is for
 * the probe to say. What is in the way of a new type is put aside, into schemas whose names begin with `scratch`.
 */
export async function createMissing(session: Session, context: ServerContext, scratch: string): Promise<void> {
  const missing = topologicalOrder(
    context.declared.filter(({ id }) => isMade(id)),
    ({ id }) => keyOf(id),
    ({ needs }) => needs,
  )
  for (const [at, object] of missing.entries()) {
    const statements = creationStatements(context, object, `${scratch}_aside_${at}`)
    if (statements.length === 0) continue
    const path = object.id.kind === 'type' ? manifestPath(context.searchPath) : readingPath
    await inSavepoint(session, async () => {
      await session.run(path)
      for (const { sql: text } of statements) await session.run(text)
    }).catch((error: unknown) => {
      if (!isDatabaseError(error) || isTransient(error)) throw error
    })
  }
}

function isMade(id: ObjectId): boolean {
  return id.kind === 'type' || kindOf(id).probe.how === 'by-name'
}

/**
 * What it takes that others find such an object under its name, with all that they can use of it. One that is in the way
 * is put into the schema `aside`, which is made for that.
 */
export function creationStatements(
  context: ServerContext,
  object: DeclaredObject,
  aside: string,
): readonly Statement[] {
  const { id, spec } = object
  const kind = kindOf(id)
  const live = context.reading.live.get(keyOf(id))
  if (!live) return kind.create(id, spec)
  if (kind.probe.how !== 'read-back' || !kind.probe.byName?.intoSchema) return []
  const { affectsOthers } = kind.probe.byName
  const isOther = fieldsOf(context, object, live).some((field) => affectsOthers?.(field, live.spec))
  if (!isOther) return []
  return [
    statement(sql`CREATE SCHEMA ${ident(aside)}`),
    kind.probe.byName.intoSchema(id, aside),
    ...kind.create(id, spec),
  ]
}

/** Work that leaves the transaction usable when it fails. */
export async function inSavepoint<T>(session: Session, work: () => Promise<T>): Promise<T> {
  await session.run(trusted('SAVEPOINT part'))
  try {
    const done = await work()
    await session.run(trusted('RELEASE part'))
    return done
  } catch (error) {
    if (!session.isLost()) await session.run(sql`ROLLBACK TO part; RELEASE part`)
    throw error
  }
}

/** The objects that servers are made of, or stand on, and what columns are of. */
export function isServerPrerequisite(id: ObjectId): boolean {
  return id.kind === 'type' || kindOf(id).probe.how !== 'read-back'
}
