// How to ask a server that may not exist yet, or not as declared. Everything is rolled back.

import type { DeclaredObject } from '../core/change.ts'
import { type IdOf, keyOf } from '../core/object.ts'
import type { Statement } from '../core/sql.ts'
import { withoutAccess } from '../kinds/facets/access.ts'
import { kindOf } from '../kinds/registry.ts'
import { type ServerSpec, server as serverKind } from '../kinds/server.ts'
import { asKind } from '../kinds/specs.ts'
import { differencesOf, isPostgresFdw, type ServerContext } from './server-context.ts'

export interface ServerSetup {
  /** The server to ask: the declared one, or a stand-in for it. */
  readonly name: string
  readonly wrapper: string
  readonly isPostgresFdw: boolean
  readonly options: ServerSpec['options']
  /** The statements to run first, in the transaction that asks. */
  readonly statements: readonly Statement[]
}

type ServerId = IdOf<'server'>
type MappingObject = DeclaredObject & { readonly id: IdOf<'userMapping'> }

/**
 * A server that is new, or has to be replaced, is created under the name `scratch`. One that differs is altered, so
 * that user mappings that the manifest does not declare still apply.
 * @param roles the roles whose user mappings are to be as declared
 * @returns undefined if the server is neither declared nor exists
 */
export function serverSetup(
  context: ServerContext,
  name: string,
  roles: readonly string[],
  scratch: string,
): ServerSetup | undefined {
  const id: ServerId = { kind: 'server', name }
  const declared = asKind(
    context.declared.find((object) => keyOf(object.id) === keyOf(id)),
    'server',
  )
  const live = asKind(context.reading.live.get(keyOf(id)), 'server')
  const found = declared ?? live
  if (!found) return undefined
  const { wrapper, options } = found.spec
  const common = { wrapper, isPostgresFdw: isPostgresFdw(context, wrapper), options }
  if (!declared) return { ...common, name, statements: [] }
  const fields = live && differencesOf(context, declared, live).filter(({ field }) => affectsImport(field))
  const mappings = [...new Set(roles.flatMap((role) => declaredMapping(context, name, role) ?? []))]
  if (!live || !fields || fields.some(({ effect }) => effect.how === 'replace')) {
    const standIn = { ...withoutAccess(declared.spec), comment: undefined }
    const create = serverKind.create({ kind: 'server', name: scratch }, standIn)
    const statements = [...create, ...mappings.flatMap((mapping) => createMapping(mapping, scratch))]
    return { ...common, name: scratch, statements }
  }
  const alter = fields.length > 0 ? serverKind.alter(id, fields, live.spec) : []
  const alterMappings = mappings.flatMap((mapping) => alterMapping(context, mapping))
  return { ...common, name, statements: [...alter, ...alterMappings] }
}

/**
 * Whether a field of a server affects what is imported. Other fields, such as the owner, stay: this role may not be allowed to
 * change them.
 */
function affectsImport(field: string): boolean {
  return field.startsWith('option ') || ['version', 'type', 'foreign-data wrapper'].includes(field)
}

/** The mapping that PostgreSQL uses for a role: its own, otherwise that for PUBLIC. */
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

function alterMapping(context: ServerContext, mapping: DeclaredObject): readonly Statement[] {
  const kind = kindOf(mapping.id)
  const live = context.reading.live.get(keyOf(mapping.id))
  if (!live) return kind.create(mapping.id, mapping.spec)
  const fields = differencesOf(context, mapping, live)
  if (fields.some(({ effect }) => effect.how === 'replace')) {
    return [...kind.drop(mapping.id), ...kind.create(mapping.id, mapping.spec)]
  }
  return fields.length > 0 ? kind.alter(mapping.id, fields, live.spec) : []
}
